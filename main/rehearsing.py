"""Builds a rehearsal: a history, a database of its own, a replay clock, and the whole desk on top.

The rehearsal's database is a file of its own (or an empty one that is named), so that play money of
the past never mixes with the desk's book. The candles are copied into it, because the desk reads
its windows from its own database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config import Settings
from db.migrate import current, upgrade
from db.unit_of_work import SqlUnits
from engine.clock import ReplayClock, SecretTokens
from engine.desk.rehearsal import (
    Answer,
    Approver,
    Rehearsal,
    RehearsalReport,
    Watch,
    press_for_all,
)
from engine.domain.errors import UsageError
from engine.domain.views import ApprovalRow, Press
from engine.market.progress import Step
from engine.market.replay import ReplayMarket
from engine.ports import Units
from engine.strategy.version import StrategyVersion
from main.assembly import Assembled, Parts, assemble, fund
from main.compose import explain
from main.history import History
from main.output import progress_bar
from main.planning import Period, history_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to rehearse; ``database_url`` must be empty of a desk's records."""

    strategy: StrategyVersion
    period: Period
    database_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A rehearsal that is ready to run."""

    units: SqlUnits
    history: History
    clock: ReplayClock
    assembled: Assembled

    def run(
        self, approver: Approver, *, watch: Watch | None = None, answer: Answer | None = None
    ) -> RehearsalReport:
        """Replay the period."""
        rehearsal = Rehearsal(
            self.assembled.context,
            clock=self.clock,
            cycle=self.assembled.cycle,
            questions=self.assembled.questions,
            approver=approver,
            answer=answer,
        )
        return rehearsal.run(self.history.start, self.history.end, watch)


def stage(settings: Settings, stored: Units, plan: Plan) -> Staged:
    """Copy the candles, build the desk. Raises as ``history_of`` does, and ``UsageError``."""
    history = history_of(settings, stored, plan.strategy, plan.period)
    units = _empty_database(plan.database_url)
    with units() as unit:
        for symbol, series in history.candles.items():
            unit.candles.add(history.venue, symbol, history.timeframe, series)
        unit.commit()
    clock = ReplayClock(history.start)
    parts = Parts(
        venue=history.venue,
        quote=settings.trading.quote,
        units=units,
        clock=clock,
        wall=clock,
        market=ReplayMarket(
            venue=history.venue,
            timeframe=history.timeframe,
            candles=history.candles,
            clock=clock,
            rules=history.rules,
        ),
        rules=history.rules,
        tokens=SecretTokens(),
        explain=explain,
        start_equity_quote=settings.trading.start_equity_quote,
        policies=settings.policy,
        fills=settings.fills,
        strategy=plan.strategy,
    )
    assembled = assemble(parts)
    fund(parts, assembled)
    return Staged(units=units, history=history, clock=clock, assembled=assembled)


def fresh_file(settings: Settings, period: Period) -> str:
    """URL of a new database file for a period; an earlier one of the same period is replaced."""
    folder = settings.app.data_dir / "rehearsals"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    first = f"{period.start:%Y%m%d}" if period.start else "first"
    last = f"{period.end:%Y%m%d}" if period.end else "last"
    path = folder / f"{first}-{last}.db"
    for stale in _files_of(path):
        stale.unlink(missing_ok=True)
    return f"sqlite:///{path}"


def terminal_answer(assembled: Assembled) -> Answer:
    """Ask the person at the terminal each open question; an empty line says no."""

    def answer() -> None:
        for row in assembled.desk.approvals():
            intent = row.order.intent
            print(  # noqa: T201 - a question to the person at the terminal
                f"{intent.symbol}: buy {intent.quantity} at about {intent.reference_price} "
                f"({intent.notional_quote:,.2f}); stop {_stop(row)}"
            )
            word = input("approve? [y]es, [h]alf, anything else is no: ").strip().lower()[:1]
            press = {"y": Press.APPROVE, "h": Press.HALF}.get(word, Press.REJECT)
            outcome = press_for_all(
                assembled.context, assembled.questions, row.approval.token, press
            )
            print(f"→ {outcome.result} {outcome.reason}".rstrip())  # noqa: T201 - its answer

    return answer


@contextmanager
def watching(closes_per_s: float, *, quiet: bool) -> Iterator[Watch]:
    """A progress bar on stderr; ``closes_per_s`` slows the replay down, 0 does not."""
    with progress_bar(quiet=quiet) as show:
        began_s = time.monotonic()

        def watch(done: int, total: int, moment: datetime) -> None:
            elapsed_s = time.monotonic() - began_s
            if closes_per_s > 0 and done / closes_per_s > elapsed_s:
                time.sleep(done / closes_per_s - elapsed_s)
            show(
                Step(
                    label="rehearsing",
                    done=done,
                    total=total,
                    eta_s=elapsed_s * (total - done) / done,
                )
            )
            del moment

        yield watch


def _stop(row: ApprovalRow) -> str:
    plan = row.order.intent.exit_plan
    return str(plan.stop_price) if plan else "none"


def _files_of(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", ".lock"))


def _empty_database(url: str) -> SqlUnits:
    if current(url) is None:
        upgrade(url)
    units = SqlUnits(url)
    with units(read_only=True) as unit:
        if unit.audit.tail(1):
            units.close()
            raise UsageError("the rehearsal's database holds records already; name an empty one")
    return units
