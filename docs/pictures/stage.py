"""A desk that has lived for some weeks on the embedded simulated market, the same every time.

invented candles → ``Rehearsal`` over them, its questions answered by a rule → shadows of what was
refused → a database as it was when a question was open, and one as its owner finds it at ``NOW`` →
desks on copies of them. No real candle, no network, no time of day: only seeds and the clock below.
"""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from config import Settings
from db.migrate import upgrade
from db.unit_of_work import SqlUnits
from engine.clock import ReplayClock
from engine.desk.rehearsal import Approver, Rehearsal
from engine.domain.desk import Person, Role
from engine.domain.market import Candle, CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms
from engine.domain.views import Press
from engine.market.policy import SimulationPolicy
from engine.market.simulated import VENUE, SimulatedMarket
from main.assembly import Assembled, Parts, assemble, fund
from main.compose import explain
from main.strategies import chosen_strategy

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 2, 25, 16, tzinfo=UTC)
"""A close at which five indicators of ``SHOWN`` speak, and do not agree."""
LIVED = timedelta(days=24)
SHOWN = "SOL"
DAYS = 110
ZONE = "Europe/Berlin"
_RANK = 0.95
_SEED = 20_260_225
_REJECTED_OF = 3
_LATE = timedelta(days=5)
_MARKET = SimulationPolicy(starts_at=BEGAN, history_days=DAYS)
_CHOSEN = {
    "strategy": {"min_rank_fraction": _RANK},
    "risk": {"max_open_positions": 4},
    "approval": {"ask_above_quote": 1},
    "app": {"timezone": ZONE},
    "venues": {VENUE: {"kind": "simulated"}},
}
"""What the owner has set; all else is as it comes."""


ANSWERS = Person(user_id=5003, role=Role.APPROVER, name="Ben", chat_id=5003)
"""Who answered before the owner of the pictures looked."""


class SeededTokens:
    """``TokenSource`` for pictures: whoever knows the seed knows them all."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(_SEED + seed)  # noqa: S311 - nothing here is secret

    def token(self) -> str:
        """Sixteen letters and digits."""
        return "".join(self._random.choices("abcdefghjkmnpqrstuvwxyz23456789", k=16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Databases of one desk: while a question was open, and at the end."""

    asked: Path
    asked_at: datetime
    ended: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A desk with a past. ``settings`` are those that its research runs with."""

    units: SqlUnits
    clock: ReplayClock
    assembled: Assembled
    settings: Settings


def live(folder: Path) -> Past:
    """Let a desk live from its first close to ``NOW``; its databases lie in ``folder``."""
    asked, ended = folder / "asked.db", folder / "ended.db"
    moments: list[datetime] = []
    with opened(ended, NOW - LIVED, seed=0) as stage:
        _fill(stage)

        def keep() -> None:
            moments.append(stage.clock.now())
            with sqlite3.connect(ended) as source, sqlite3.connect(asked) as target:
                source.backup(target)

        _rehearse(stage, keep)
        while "0 followed" not in stage.assembled.shadows.look():
            pass
    return Past(asked=asked, asked_at=moments[0], ended=ended)


@contextmanager
def copied(source: Path, moment: datetime, *, seed: int) -> Iterator[Stage]:
    """A desk on a copy of a database; what it does there leaves the original alone."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        target = Path(folder, "desk.db")
        shutil.copy(source, target)
        with opened(target, moment, seed=seed) as stage:
            yield stage


@contextmanager
def opened(path: Path, moment: datetime, *, seed: int) -> Iterator[Stage]:
    """A desk on a database at a moment; ``seed`` makes its tokens differ from another's."""
    url = f"sqlite:///{path}"
    upgrade(url)
    units = SqlUnits(url)
    clock = ReplayClock(moment)
    market = SimulatedMarket(policy=_MARKET, clock=clock)
    settings = Settings.model_validate({**_CHOSEN, "database": {"url": url}})
    parts = Parts(
        venue=VENUE,
        quote="USDT",
        units=units,
        clock=clock,
        wall=clock,
        market=market,
        rules={symbol: market.rules(symbol) for symbol in market.symbols},
        tokens=SeededTokens(seed),
        explain=explain,
        start_equity_quote=Decimal(10_000),
        simulated=True,
        strategy=chosen_strategy(settings, units, simulated=True),
        policies=settings.policy,
        fills=settings.fills,
    )
    assembled = assemble(parts)
    fund(parts, assembled)
    try:
        yield Stage(units=units, clock=clock, assembled=assembled, settings=settings)
    finally:
        units.close()


def _fill(stage: Stage) -> None:
    source = SimulatedMarket(policy=_MARKET, clock=ReplayClock(NOW))
    with stage.units() as unit:
        for symbol in source.symbols:
            for frame, days in ((Timeframe.H1, DAYS), (Timeframe.M15, 8)):
                unit.candles.add(VENUE, symbol, frame, _series(source, symbol, frame, days))
        unit.commit()


def _series(market: SimulatedMarket, symbol: Symbol, frame: Timeframe, days: int) -> CandleSeries:
    """Closed bars; the one that is forming is left out."""
    limit = days * Timeframe.D1.ms // frame.ms
    since = NOW - timedelta(days=days)
    rows = cast("list[list[Any]]", market.raw_candles(symbol, frame, since=since, limit=limit))
    candles = [
        Candle(opened_at=from_ms(int(ms)), open=o, high=h, low=low, close=c, volume=v)
        for ms, o, h, low, c, v in rows
    ]
    return CandleSeries.of([one for one in candles if one.closed_at(frame) <= NOW])


def _rehearse(stage: Stage, keep: Callable[[], None]) -> None:
    """Every third question is answered with no; ``keep`` is called at a late open one."""
    asked = 0
    is_kept = False
    with stage.units() as unit:
        unit.desk.put_person(ANSWERS)
        unit.commit()

    def answer() -> None:
        nonlocal asked, is_kept
        rows = stage.assembled.desk.approvals()
        if rows and not is_kept and stage.clock.now() >= NOW - _LATE:
            keep()
            is_kept = True
        for row in rows:
            asked += 1
            press = Press.REJECT if asked % _REJECTED_OF == 0 else Press.APPROVE
            stage.assembled.desk.press(
                row.approval.token, press, ANSWERS.user_id, request_id=row.approval.id
            )

    Rehearsal(
        stage.assembled.context,
        clock=stage.clock,
        cycle=stage.assembled.cycle,
        questions=stage.assembled.questions,
        approver=Approver.ASK,
        answer=answer,
    ).run(NOW - LIVED, NOW)
