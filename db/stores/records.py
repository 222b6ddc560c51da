"""The book's history in pages, sums and slots, and the shadow book.

Sums of money are made in Python, exactly; only shapes of curves, which are drawn or told as
percentages, are worked out by the database in doubles. See ``db.types`` for why.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, cast, func, literal, select, type_coerce

from db.stores.base import Store, ValueMap, values_of
from db.tables.market import CandleRow, CandleSeriesRow
from db.tables.records import LedgerBalanceRow, ShadowRow
from db.tables.trading import ApprovalRow, EquityRow, FillRow, LedgerRow, OrderRow, TradeRow
from db.types import BIG_INTEGER
from engine.domain.approvals import Approval
from engine.domain.ids import TradeId
from engine.domain.market import Symbol, Timeframe
from engine.domain.orders import Fill
from engine.domain.portfolio import EquityPoint, LedgerEntry, Trade
from engine.domain.records import EquitySlot, TradeTotals
from engine.domain.shadows import VETOES, ShadowResult, ShadowState, ShadowTrade
from engine.domain.values import from_ms, to_ms

_TRADES = ValueMap(Trade, TradeRow)
_FILLS = ValueMap(Fill, FillRow)
_LEDGER = ValueMap(LedgerEntry, LedgerRow)
_EQUITY = ValueMap(EquityPoint, EquityRow)
_APPROVALS = ValueMap(Approval, ApprovalRow)
_SHADOWS = ValueMap(ShadowTrade, ShadowRow)
_RESULTS = ValueMap(ShadowResult, ShadowRow)

_QUOTE_STEP = Decimal("1e-8")
_UNFINISHED = (ShadowState.WAITING, ShadowState.OPEN)


class SqlRecords(Store):
    """See ``engine.ports.RecordStore``."""

    def venues(self) -> Sequence[str]:
        """Venues whose ledger holds anything now, sorted."""
        rows = self._tx.execute(select(LedgerBalanceRow.venue, LedgerBalanceRow.amount))
        return sorted({row.venue for row in rows if row.amount})

    def trade(self, trade_id: TradeId) -> Trade | None:
        """One closed trade."""
        return _TRADES.one(self._tx, TradeRow.id == trade_id)

    def trades(
        self,
        venue: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Trade]:
        """Trades that were closed in the period, newest first."""
        return _TRADES.all(
            self._tx,
            TradeRow.venue == venue,
            *_within(TradeRow.closed_at, start, end),
            order=(TradeRow.closed_at.desc(), TradeRow.row_no.desc()),
            limit=limit,
            offset=offset,
        )

    def totals(self, venue: str, since: datetime | None = None) -> TradeTotals:
        """What the trades closed since then add up to, exactly."""
        amounts = (TradeRow.pnl_quote, TradeRow.fees_quote, TradeRow.slippage_quote)
        where = (TradeRow.venue == venue, *_within(TradeRow.closed_at, since, None))
        rows = self._tx.execute(select(*amounts).where(*where)).all()
        return TradeTotals(
            closed=len(rows),
            won=sum(pnl > 0 for pnl, _, _ in rows),
            pnl_quote=sum((pnl for pnl, _, _ in rows), Decimal(0)),
            fees_quote=sum((fees for _, fees, _ in rows), Decimal(0)),
            slippage_quote=sum((slippage for _, _, slippage in rows), Decimal(0)),
        )

    def fills(
        self, venue: str, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[Fill]:
        """Fills of a venue's orders, oldest first."""
        ours = select(OrderRow.id).where(OrderRow.id == FillRow.order_id, OrderRow.venue == venue)
        return _FILLS.all(
            self._tx,
            ours.exists(),
            *_within(FillRow.filled_at, start, end),
            order=(FillRow.filled_at, FillRow.row_no),
        )

    def ledger(
        self, venue: str, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[LedgerEntry]:
        """Ledger lines as they were written."""
        within = _within(LedgerRow.at, start, end)
        return _LEDGER.all(self._tx, LedgerRow.venue == venue, *within, order=(LedgerRow.row_no,))

    def ledger_of(self, reference: str) -> Sequence[LedgerEntry]:
        """Ledger lines of one fill or deposit, as they were written."""
        return _LEDGER.all(self._tx, LedgerRow.reference == reference, order=(LedgerRow.row_no,))

    def equity_at(self, venue: str, at: datetime) -> EquityPoint | None:
        """The newest snapshot at or before a moment."""
        here = (EquityRow.venue == venue, EquityRow.at <= at)
        return next(iter(_EQUITY.all(self._tx, *here, order=(EquityRow.at.desc(),), limit=1)), None)

    def equity_first(self, venue: str) -> EquityPoint | None:
        """The first snapshot."""
        here = EquityRow.venue == venue
        return next(iter(_EQUITY.all(self._tx, here, order=(EquityRow.at,), limit=1)), None)

    def equity_slots(
        self, venue: str, start: datetime, end: datetime, slots: int
    ) -> Sequence[EquitySlot]:
        """The curve in ``[start, end]`` in at most ``slots`` parts, oldest first."""
        width_us = max(1, -(-(to_ms(end) - to_ms(start) + 1) * 1_000 // slots))
        curve = _falls(venue).subquery()
        slot = ((self._micros(curve.c.at) - to_ms(start) * 1_000) // width_us).label("slot")
        deepest, peak = func.max(curve.c.fall), func.max(curve.c.peak)
        statement = (
            select(func.max(curve.c.at), deepest, peak)
            .where(curve.c.at >= start, curve.c.at <= end)
            .group_by(slot)
        )
        found = {at: (fall or 0.0, peak) for at, fall, peak in self._tx.execute(statement)}
        points = _EQUITY.all(
            self._tx,
            EquityRow.venue == venue,
            EquityRow.at.in_(list(found)),
            order=(EquityRow.at,),
        )
        return [
            EquitySlot(
                point=one,
                deepest_fraction=float(found[one.at][0]),
                peak_equity_quote=Decimal(repr(float(found[one.at][1]))).quantize(_QUOTE_STEP),
            )
            for one in points
        ]

    def closes(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Sequence[datetime]
    ) -> Mapping[datetime, float]:
        """Closes of the bars that open at these times; those that are not stored are left out."""
        statement = (
            select(CandleRow.open_ms, CandleRow.close)
            .join(CandleSeriesRow, CandleSeriesRow.id == CandleRow.series_id)
            .where(
                CandleSeriesRow.venue == venue,
                CandleSeriesRow.symbol == symbol,
                CandleSeriesRow.timeframe == timeframe,
                CandleRow.open_ms.in_([to_ms(moment) for moment in open_times]),
            )
        )
        return {from_ms(open_ms): close for open_ms, close in self._tx.execute(statement)}

    def _micros(self, at: ColumnElement[Any]) -> ColumnElement[int]:
        """A moment as whole microseconds since 1970."""
        if not self._tx.is_postgres:
            return type_coerce(at, BIG_INTEGER)
        return cast(func.extract("epoch", at) * 1_000_000, BIG_INTEGER)


def _falls(venue: str) -> Select[Any]:
    """Every snapshot's moment, the peak so far, and the fall from it as a fraction."""
    equity = cast(EquityRow.equity_quote, Double)
    peak = func.max(equity).over(order_by=EquityRow.at)
    curve = (
        select(EquityRow.at.label("at"), equity.label("equity"), peak.label("peak"))
        .where(EquityRow.venue == venue)
        .subquery()
    )
    fall = (curve.c.peak - curve.c.equity) / func.nullif(curve.c.peak, literal(0.0))
    return select(curve.c.at, curve.c.peak, fall.label("fall"))


def _within(
    column: Any,  # noqa: ANN401 - a mapped column of moments
    start: datetime | None,
    end: datetime | None,
) -> tuple[ColumnElement[bool], ...]:
    later = () if start is None else (column >= start,)
    earlier = () if end is None else (column < end,)
    return (*later, *earlier)


class SqlShadows(Store):
    """See ``engine.ports.ShadowStore``."""

    def missing(self, venue: str, limit: int) -> Sequence[Approval]:
        """Questions about a venue's orders that ended in a no and have no shadow, oldest first."""
        ours = select(OrderRow.id).where(
            OrderRow.id == ApprovalRow.order_id, OrderRow.venue == venue
        )
        known = select(ShadowRow.id).where(ShadowRow.id == ApprovalRow.id)
        return _APPROVALS.all(
            self._tx,
            ApprovalRow.state.in_(list(VETOES)),
            ours.exists(),
            ~known.exists(),
            order=(ApprovalRow.created_at, ApprovalRow.row_no),
            limit=limit,
        )

    def add(self, shadow: ShadowTrade) -> bool:
        """Insert; ``False`` and no change if the question has one already."""
        return self._insert_new(ShadowRow, _row(shadow))

    def put(self, shadow: ShadowTrade) -> None:
        """Replace the shadow of its question."""
        self._put(ShadowRow, ("id",), _row(shadow))

    def unfinished(self, venue: str) -> Sequence[ShadowTrade]:
        """Those for which bars still count, oldest first."""
        here = (ShadowRow.venue == venue, ShadowRow.state.in_(_UNFINISHED))
        return _SHADOWS.all(self._tx, *here, order=(ShadowRow.due_at, ShadowRow.row_no))

    def results(self, venue: str) -> Sequence[ShadowResult]:
        """All of a venue's, in the order in which they were vetoed."""
        oldest = (ShadowRow.vetoed_at, ShadowRow.row_no)
        return _RESULTS.all(self._tx, ShadowRow.venue == venue, order=oldest)


def _row(shadow: ShadowTrade) -> dict[str, Any]:
    return {
        **values_of(shadow),
        "venue": shadow.venue,
        "symbol": shadow.symbol,
        "decision_id": shadow.intent.decision_id,
    }
