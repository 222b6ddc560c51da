"""The book's history and the shadow book in memory."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from engine.domain.approvals import Approval
from engine.domain.ids import ApprovalId, TradeId
from engine.domain.market import Symbol, Timeframe
from engine.domain.orders import Fill
from engine.domain.portfolio import EquityPoint, LedgerEntry, Trade
from engine.domain.records import EquitySlot, TradeTotals
from engine.domain.shadows import VETOES, ShadowResult, ShadowTrade
from tests.fakes.memory import Memory, Table
from tests.fakes.stores_market import FakeCandles
from tests.fakes.stores_trading import APPROVALS, EQUITY, FILLS, LEDGER, ORDERS, TRADES, FakeBook

SHADOWS = Table[ApprovalId, ShadowTrade]()

_QUOTE_STEP = Decimal("1e-8")


def _is_within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)


class FakeRecords:
    """See ``engine.ports.RecordStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def venues(self) -> Sequence[str]:
        names = {entry.venue for entry in self._memory.read(LEDGER).values()}
        return sorted(name for name in names if FakeBook(self._memory).balances(name))

    def trade(self, trade_id: TradeId) -> Trade | None:
        return self._memory.read(TRADES).get(trade_id)

    def trades(
        self,
        venue: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Trade]:
        found = FakeBook(self._memory).trades(venue)
        within = [trade for trade in found if _is_within(trade.closed_at, start, end)]
        return within[offset:][:limit]

    def totals(self, venue: str, since: datetime | None = None) -> TradeTotals:
        found = self.trades(venue, since)
        return TradeTotals(
            closed=len(found),
            won=sum(trade.pnl_quote > 0 for trade in found),
            pnl_quote=_sum(trade.pnl_quote for trade in found),
            fees_quote=_sum(trade.fees_quote for trade in found),
            slippage_quote=_sum(trade.slippage_quote for trade in found),
        )

    def fills(
        self, venue: str, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[Fill]:
        orders = self._memory.read(ORDERS)
        ours = {order.id for order in orders.values() if order.intent.venue == venue}
        found = [
            fill
            for fill in self._memory.read(FILLS).values()
            if fill.order_id in ours and _is_within(fill.filled_at, start, end)
        ]
        return sorted(found, key=lambda fill: fill.filled_at)

    def ledger(
        self, venue: str, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[LedgerEntry]:
        return [
            entry
            for entry in self._memory.read(LEDGER).values()
            if entry.venue == venue and _is_within(entry.at, start, end)
        ]

    def ledger_of(self, reference: str) -> Sequence[LedgerEntry]:
        return [e for e in self._memory.read(LEDGER).values() if e.reference == reference]

    def equity_at(self, venue: str, at: datetime) -> EquityPoint | None:
        before = [point for point in self._curve(venue) if point.at <= at]
        return before[-1] if before else None

    def equity_first(self, venue: str) -> EquityPoint | None:
        return next(iter(self._curve(venue)), None)

    def equity_slots(
        self, venue: str, start: datetime, end: datetime, slots: int
    ) -> Sequence[EquitySlot]:
        curve = self._curve(venue)
        span_ms = (end - start) // timedelta(milliseconds=1) + 1
        width = timedelta(microseconds=max(1, -(-span_ms * 1_000 // slots)))
        made: dict[int, EquitySlot] = {}
        for point, (fall, peak) in zip(curve, _falls(curve), strict=True):
            if start <= point.at <= end:
                slot = (point.at - start) // width
                before = made[slot].deepest_fraction if slot in made else 0.0
                made[slot] = EquitySlot(
                    point=point,
                    deepest_fraction=max(before, fall),
                    peak_equity_quote=Decimal(repr(peak)).quantize(_QUOTE_STEP),
                )
        return [made[slot] for slot in sorted(made)]

    def closes(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Sequence[datetime]
    ) -> Mapping[datetime, float]:
        candles = FakeCandles(self._memory)
        bars = (
            (at, candles.between(venue, symbol, timeframe, at, at + timeframe.delta))
            for at in open_times
        )
        return {at: found.close[0] for at, found in bars if len(found)}

    def _curve(self, venue: str) -> Sequence[EquityPoint]:
        rows = [row for row in self._memory.read(EQUITY).values() if row.venue == venue]
        return sorted(rows, key=lambda row: row.at)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _falls(curve: Sequence[EquityPoint]) -> list[tuple[float, float]]:
    """The fall from the peak so far, and that peak."""
    falls, peak = [], -math.inf
    for point in curve:
        equity = float(point.equity_quote)
        peak = max(peak, equity)
        falls.append(((peak - equity) / peak if peak else 0.0, peak))
    return falls


class FakeShadows:
    """See ``engine.ports.ShadowStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def missing(self, venue: str, limit: int) -> Sequence[Approval]:
        orders, known = self._memory.read(ORDERS), self._memory.read(SHADOWS)
        found = [
            row
            for row in self._memory.read(APPROVALS).values()
            if row.state in VETOES
            and row.id not in known
            and row.order_id in orders
            and orders[row.order_id].intent.venue == venue
        ]
        return sorted(found, key=lambda row: row.created_at)[:limit]

    def add(self, shadow: ShadowTrade) -> bool:
        return self._memory.add(SHADOWS, shadow.id, shadow)

    def put(self, shadow: ShadowTrade) -> None:
        self._memory.write(SHADOWS)[shadow.id] = shadow

    def unfinished(self, venue: str) -> Sequence[ShadowTrade]:
        rows = [row for row in self._memory.read(SHADOWS).values() if row.venue == venue]
        return sorted((row for row in rows if row.is_unfinished), key=lambda row: row.due_at)

    def results(self, venue: str) -> Sequence[ShadowResult]:
        rows = [row for row in self._memory.read(SHADOWS).values() if row.venue == venue]
        return [_result(row) for row in sorted(rows, key=lambda row: row.vetoed_at)]


def _result(shadow: ShadowTrade) -> ShadowResult:
    return ShadowResult(
        id=shadow.id,
        decision_id=shadow.intent.decision_id,
        symbol=shadow.symbol,
        veto=shadow.veto,
        decided_by=shadow.decided_by,
        note=shadow.note,
        vetoed_at=shadow.vetoed_at,
        state=shadow.state,
        opened_at=shadow.opened_at,
        closed_at=shadow.closed_at,
        pnl_quote=shadow.pnl_quote,
        fees_quote=shadow.fees_quote,
        exit_reason=shadow.exit_reason,
    )
