"""The ranked list: newest scores, filtered, sorted, cut into pages.

On the desk's own timeframe the rows are its stored decisions. On others they are scored when asked
for and remembered until the next bar of theirs closes: a hundred markets take half a second. What
would have to be derived from more than six times as many bars takes too long for the one thread on
which people are answered, and is only listed where its own bars are stored.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.desk.explorer.gates import needed_score
from engine.desk.explorer.places import recomputed, version_on
from engine.desk.proofs import proof_of
from engine.domain.decisions import Decision
from engine.domain.explorer import (
    Direction,
    OpportunitiesView,
    OpportunityRow,
    Order,
    Place,
    Wish,
)
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import to_ms
from engine.ports import UnitOfWork

PAGE_ROWS = 8
_LISTED = (Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1)
_MOST_DERIVED = 6
_UNMEASURED = Decimal("-Infinity")


@dataclass(slots=True)
class Remembered:
    """Rows of one timeframe, and the version and bar they were made of."""

    made_of: tuple[str, int] = ("", -1)
    rows: tuple[OpportunityRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Makes the lists of one desk."""

    context: DeskContext
    _made: dict[Timeframe, Remembered] = field(default_factory=dict)

    def page(self, wish: Wish, first: Collection[Symbol] = ()) -> OpportunitiesView:
        """One page of the list a person wishes for; a page too far is the last one."""
        context = self.context
        frame = wish.timeframe or context.timeframe
        with context.units(read_only=True) as unit:
            frames = self._timeframes(unit)
            rows = self._rows(unit, frame) if frame in frames else ()
            proof = proof_of(context, unit, context.strategy.version)
        is_proven = proof is not None and proof.passed
        passing = [row for row in rows if _passes(row, wish, is_proven=is_proven)]
        passing.sort(key=_KEYS[wish.order])
        passing.sort(key=lambda row: row.symbol not in first)
        pages = max(1, -(-len(passing) // PAGE_ROWS))
        page = min(wish.page, pages - 1)
        return OpportunitiesView(
            wish=replace(wish, page=page),
            rows=tuple(passing[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]),
            page=page,
            pages=pages,
            count=len(passing),
            scored=len(rows),
            timeframe=frame,
            timeframes=frames,
            decided_on=context.timeframe,
            is_proven=is_proven,
            simulated=context.simulated,
        )

    def _rows(self, unit: UnitOfWork, frame: Timeframe) -> tuple[OpportunityRow, ...]:
        context = self.context
        if frame is context.timeframe:
            needed = needed_score(context.strategy.made)
            latest = [d for symbol in context.symbols for d in unit.decisions.latest(symbol)]
            return tuple(_row(d, needed) for d in latest if d.score is not None)
        known = self._made.setdefault(frame, Remembered())
        made_of = (context.strategy.version, to_ms(context.clock.now()) // frame.ms)
        if known.made_of != made_of or not known.rows:
            known.made_of, known.rows = made_of, self._scored(unit, frame)
        return known.rows

    def _scored(self, unit: UnitOfWork, frame: Timeframe) -> tuple[OpportunityRow, ...]:
        context = self.context
        needed = needed_score(version_on(context, frame))
        found = (
            recomputed(context, unit, Place(symbol=symbol, timeframe=frame))
            for symbol in context.symbols
        )
        return tuple(
            _row(one.decision, needed, is_traded=False)
            for one in found
            if one is not None and one.decision.score is not None
        )

    def charted(self, symbol: Symbol) -> tuple[Timeframe, ...]:
        """The timeframes a market can be drawn on: not below the desk's own, or stored."""
        own = self.context.timeframe
        with self.context.units(read_only=True) as unit:
            return tuple(
                frame
                for frame in Timeframe
                if frame.ms >= own.ms or self._has_bars(unit, symbol, frame)
            )

    def _timeframes(self, unit: UnitOfWork) -> tuple[Timeframe, ...]:
        """The desk's own, those that are stored, and those that are quickly derived."""
        own, symbols = self.context.timeframe, self.context.symbols
        return tuple(
            frame
            for frame in Timeframe
            if frame is own
            or own.ms < frame.ms <= _MOST_DERIVED * own.ms
            or (frame in _LISTED and symbols and self._has_bars(unit, symbols[0], frame))
        )

    def _has_bars(self, unit: UnitOfWork, symbol: Symbol, frame: Timeframe) -> bool:
        context = self.context
        now = context.clock.now()
        bars = unit.candles.window(context.venue, symbol, frame, until=now, limit=1)
        return len(bars) > 0


def _row(decision: Decision, needed: Decimal, *, is_traded: bool = True) -> OpportunityRow:
    score = decision.score
    assert score is not None  # the caller has looked
    return OpportunityRow(
        symbol=decision.symbol,
        timeframe=decision.timeframe,
        closed_at=decision.closed_at,
        signed_score=score.signed,
        rank_fraction=score.rank_fraction,
        threshold_rank_fraction=score.threshold_rank_fraction,
        decision=decision,
        needed_score=needed,
        is_traded=is_traded,
    )


def _passes(row: OpportunityRow, wish: Wish, *, is_proven: bool) -> bool:
    if wish.direction is Direction.LONG and row.signed_score <= 0:
        return False
    if wish.direction is Direction.SHORT and row.signed_score >= 0:
        return False
    if wish.proven_only and not (is_proven and row.is_traded and _low(row) > 0):
        return False
    return wish.search.upper() in str(row.symbol)


def _low(row: OpportunityRow) -> Decimal:
    """Lower bound of the edge, after costs where they are known."""
    edge = row.decision.edge
    if edge is None:
        return _UNMEASURED
    return edge.edge_low_bps if edge.net_edge_low_bps is None else edge.net_edge_low_bps


_KEYS: dict[Order, Callable[[OpportunityRow], tuple[Decimal, Decimal, str]]] = {
    Order.SCORE: lambda row: (Decimal(0), -abs(row.signed_score), str(row.symbol)),
    Order.EDGE: lambda row: (-_low(row), -abs(row.signed_score), str(row.symbol)),
    Order.NAME: lambda row: (Decimal(0), Decimal(0), str(row.symbol)),
}
