"""The scan of one close: bars → columns → the kernel's decision → records, in one commit.

window of every symbol → score → book → mark → ``decide`` → decisions, score history, risk state,
equity, questions, messages and audit committed together. What has to be sent afterwards is in the
report, made from the stored decisions: scanning a close again changes nothing and reports the same,
so that a crash between the commit and the sending is mended by doing it again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from engine.desk.bookview import read_book
from engine.desk.calibrated import calibration_of
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk
from engine.desk.queries import entry_id
from engine.desk.seen import Seen, record, see
from engine.desk.tell import card_subject, tell, tell_notice
from engine.domain.decisions import Decision
from engine.domain.desk import AuditEvent, Json, Mode, Priority, ScoreRow
from engine.domain.ids import IntentId
from engine.domain.market import Symbol
from engine.domain.portfolio import EquityPoint, RiskState
from engine.domain.proof import Calibration
from engine.domain.reasons import ActionCode, RouteCode
from engine.domain.seals import seal, window_seal
from engine.domain.values import to_ms
from engine.ports import UnitOfWork
from engine.strategy.book import new_rows
from engine.strategy.crossing import LastBar, mark, pack_book, put_absent, put_row
from engine.strategy.crossing_back import SymbolVerdict, decide

_RECENT = 50  # decisions on a symbol that are looked through for the one that told it


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitWish:
    """A position to be left at market."""

    symbol: Symbol
    reason: str
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMove:
    """A stop to be tightened."""

    symbol: Symbol
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What a close decided, and what is to be sent; ``automatic`` is best first."""

    decisions: tuple[Decision, ...] = ()
    exits: tuple[ExitWish, ...] = ()
    stops: tuple[StopMove, ...] = ()
    automatic: tuple[IntentId, ...] = ()
    is_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """What marking the book at a close gave."""

    risk: RiskState
    cash_quote: Decimal


class Scanner:
    """Decides one close at a time."""

    def __init__(self, context: DeskContext, entries: EntryDesk) -> None:
        self._context = context
        self._entries = entries

    def scan(
        self, closed_at: datetime, *, blocked: frozenset[Symbol] = frozenset(), decide: bool = True
    ) -> ScanReport:
        """Decide on the bars that closed at ``closed_at``; see the module for repeats.

        ``blocked`` symbols are held by the firewall. ``decide=False`` only marks the book and lets
        stops follow: for a close that is long past nothing else is decided.
        """
        with self._context.units(read_only=True) as unit:
            known = unit.decisions.between(closed_at, closed_at + self._context.timeframe.delta)
            ours = (closed_at, self._context.venue, self._context.timeframe)
            known = [d for d in known if (d.closed_at, d.venue, d.timeframe) == ours]
            seen = {} if known else self._look(unit, closed_at)
        if known:
            return _report(known, is_new=False)
        with self._context.units() as unit:
            report = self._decide(unit, closed_at, seen, blocked, decide=decide)
            unit.commit()
        return report

    def preview(self, closed_at: datetime) -> tuple[Decision, ...]:
        """What a scan would decide, without writing anything (``cryptotrader scan``)."""
        with self._context.units(read_only=True) as unit:
            seen = self._look(unit, closed_at)
            verdicts, _ = self._judge(unit, closed_at, seen, frozenset())
            controls = unit.desk.controls()
        return tuple(
            record(self._context, closed_at, v, seen[v.symbol], controls) for v in verdicts
        )

    def _look(self, unit: UnitOfWork, closed_at: datetime) -> dict[Symbol, Seen]:
        calibration = calibration_of(unit, self._context.strategy.made)
        return {
            symbol: self._see(unit, symbol, closed_at, calibration)
            for symbol in self._context.symbols
        }

    def _see(
        self,
        unit: UnitOfWork,
        symbol: Symbol,
        closed_at: datetime,
        calibration: Calibration | None,
    ) -> Seen:
        context, strategy = self._context, self._context.strategy
        series = unit.candles.window(
            context.venue,
            symbol,
            context.timeframe,
            until=closed_at,
            limit=strategy.made.window_bars,
        )
        return see(
            strategy.made,
            series,
            closed_at,
            threshold_rank_fraction=strategy.numbers.min_rank_fraction,
            calibration=calibration,
        )

    def _judge(
        self,
        unit: UnitOfWork,
        closed_at: datetime,
        seen: Mapping[Symbol, Seen],
        blocked: frozenset[Symbol],
    ) -> tuple[tuple[SymbolVerdict, ...], _Marked]:
        strategy = self._context.strategy
        rows = new_rows(len(strategy.rules))
        for place, symbol in enumerate(strategy.symbols):
            one = seen[symbol]
            if one.scored is None:
                put_absent(rows[place], blocked=symbol in blocked)
            else:
                index = len(one.series) - 1
                put_row(
                    rows[place],
                    bar=one.series.candle(-1),
                    scored=one.scored,
                    index=index,
                    exit_flag=one.exit_flag,
                    blocked=symbol in blocked,
                    edge=one.edge,
                )
                if one.score is None:
                    rows[place].score = math.nan
        bars = {
            symbol: LastBar(close=one.series.close[-1], volume=one.series.volume[-1])
            for symbol, one in seen.items()
            if len(one.series)
        }
        view = read_book(self._context, unit, last_bars=bars)
        book = pack_book(view, strategy.rules)
        risk = mark(book, strategy.markets, strategy.numbers, closed_at)
        verdicts = decide(
            rows, strategy.markets, book, strategy.numbers, rules=strategy.rules, now=closed_at
        )
        return verdicts, _Marked(risk=risk, cash_quote=view.cash_quote)

    def _decide(
        self,
        unit: UnitOfWork,
        closed_at: datetime,
        seen: Mapping[Symbol, Seen],
        blocked: frozenset[Symbol],
        *,
        decide: bool,
    ) -> ScanReport:
        is_repeat = self._is_marked(unit, closed_at)
        if not is_repeat:
            self._count_bars(unit, seen)
        before = unit.book.risk(self._context.venue)
        verdicts, marked = self._judge(unit, closed_at, seen, blocked)
        unit.book.put_risk(self._context.venue, marked.risk)
        self._tell_brakes(unit, before, marked.risk)
        if not is_repeat:
            unit.book.snapshot(
                EquityPoint(
                    venue=self._context.venue,
                    at=closed_at,
                    equity_quote=verdicts[0].equity_quote if verdicts else marked.cash_quote,
                    cash_quote=marked.cash_quote,
                )
            )
        if not decide:
            return ScanReport(stops=_moves((v.symbol, v.new_stop_price) for v in verdicts))
        unit.scores.add(self._score_rows(closed_at, seen))
        ranked = sorted(verdicts, key=lambda v: (v.rank is None, v.rank or 0, str(v.symbol)))
        controls = unit.desk.controls()
        decisions = tuple(
            record(self._context, closed_at, v, seen[v.symbol], controls) for v in ranked
        )
        for decision in decisions:
            unit.decisions.add(decision)
            self._propose(unit, decision)
        self._audit(unit, closed_at, decisions, seen)
        return _report(decisions, is_new=True)

    def _is_marked(self, unit: UnitOfWork, closed_at: datetime) -> bool:
        """Whether this close was marked before: a repeat must not count its bar twice."""
        points = unit.book.equity(self._context.venue, since=closed_at)
        return any(point.at == closed_at for point in points)

    def _count_bars(self, unit: UnitOfWork, seen: Mapping[Symbol, Seen]) -> None:
        for position in unit.book.positions(self._context.venue):
            one = seen.get(position.symbol)
            if one is not None and one.scored is not None:
                unit.book.put_position(replace(position, bars_held=position.bars_held + 1))

    def _tell_brakes(self, unit: UnitOfWork, before: RiskState | None, after: RiskState) -> None:
        """Say it once when a brake comes on; it also stands in every status."""
        brakes = {
            "daily_loss_reached": (before is not None and before.daily_paused, after.daily_paused),
            "drawdown_reached": (
                before is not None and before.drawdown_latched,
                after.drawdown_latched,
            ),
        }
        # The day that counts is UTC's; people are told its end in their own time.
        ends = datetime.combine(after.day + timedelta(days=1), time(0), UTC)
        for text, (was_on, is_on) in brakes.items():
            if is_on and not was_on:
                values: dict[str, Json] = {"until": ends.isoformat()}
                now = self._context.wall.now()
                tell_notice(unit, text, values, cause=str(after.day), at=now)

    def _propose(self, unit: UnitOfWork, decision: Decision) -> None:
        if not _is_granted(decision):
            return
        if self._context.mode is not Mode.ALERT:
            self._entries.propose(unit, decision)
            return
        if self._was_granted_before(unit, decision):
            return
        tell(
            unit,
            kind="card",
            subject=card_subject(decision.id),
            cause="alert",
            payload={"decision_id": decision.id},
            at=self._context.wall.now(),
            priority=Priority.OPPORTUNITY,
        )

    def _was_granted_before(self, unit: UnitOfWork, decision: Decision) -> bool:
        """Whether a market stands above its line since a close that told it, so that it is no news.

        Told again is what comes back: a market that fell below its line in between, or of which
        nothing is known because nobody looked. A gate that shut in between alone is no return.
        """
        place = (decision.venue, decision.timeframe, decision.strategy_version)
        due = decision.closed_at
        for one in unit.decisions.latest(decision.symbol, _RECENT):
            if one.id == decision.id or (one.venue, one.timeframe, one.strategy_version) != place:
                continue
            due -= decision.timeframe.delta
            if one.closed_at != due or one.action is not ActionCode.ENTER:
                return False
            if _is_granted(one):
                return True
        return False

    def _score_rows(self, closed_at: datetime, seen: Mapping[Symbol, Seen]) -> list[ScoreRow]:
        context = self._context
        return [
            ScoreRow(
                venue=context.venue,
                symbol=str(symbol),
                timeframe=context.timeframe.value,
                close_ms=to_ms(closed_at),
                strategy_version=context.strategy.version,
                signed_score=float(one.score.signed),
                rank_fraction=float(one.score.rank_fraction),
                sides="".join("-0+"[signal.side + 1] for signal in one.signals),
                strengths=tuple(round(signal.strength, 4) for signal in one.signals),
            )
            for symbol, one in seen.items()
            if one.score is not None
        ]

    def _audit(
        self,
        unit: UnitOfWork,
        closed_at: datetime,
        decisions: tuple[Decision, ...],
        seen: Mapping[Symbol, Seen],
    ) -> None:
        """One line; what was granted is sealed, with the bars that it was decided on."""
        told = [d for d in decisions if d.action is not ActionCode.NONE]
        granted = [d for d in told if d.route in (RouteCode.ASK, RouteCode.AUTO)]
        unit.audit.append(
            AuditEvent(
                at=self._context.wall.now(),
                actor="engine",
                action="scanned",
                subject=f"{self._context.timeframe}@{closed_at.isoformat()}",
                detail={
                    "decisions": len(decisions),
                    "acted": [f"{d.id} {d.action.label} {d.route.label}" for d in told],
                    "fingerprint": self._context.strategy.made.fingerprint,
                    "seals": {
                        d.id: {
                            "decision": seal(d),
                            **window_seal(seen[d.symbol].series, d.timeframe, d.closed_at),
                        }
                        for d in granted
                    },
                },
            )
        )


def _is_granted(decision: Decision) -> bool:
    routes = (RouteCode.ASK, RouteCode.AUTO)
    return decision.action is ActionCode.ENTER and decision.route in routes


def _report(decisions: Sequence[Decision], *, is_new: bool) -> ScanReport:
    exits = [d for d in decisions if d.action is ActionCode.EXIT]
    automatic = [d for d in decisions if d.action is ActionCode.ENTER and d.route is RouteCode.AUTO]
    return ScanReport(
        decisions=tuple(decisions),
        exits=tuple(
            ExitWish(symbol=d.symbol, reason=d.reason.label, price=d.close_price)
            for d in exits
            if d.close_price is not None
        ),
        stops=_moves((d.symbol, d.new_stop_price) for d in decisions),
        automatic=tuple(entry_id(d.id, 0) for d in automatic),
        is_new=is_new,
    )


def _moves(wanted: Iterable[tuple[Symbol, Decimal | None]]) -> tuple[StopMove, ...]:
    """The stops to be tightened; only such a verdict has a new one."""
    return tuple(StopMove(symbol=symbol, price=price) for symbol, price in wanted if price)
