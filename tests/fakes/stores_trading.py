"""Decisions, questions, orders, the book and the paper venue in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal

from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.errors import ConflictError
from engine.domain.ids import ApprovalId, DecisionId, FillId, IntentId, TradeId
from engine.domain.lifecycles import ApprovalState, OrderState, is_final
from engine.domain.market import Symbol
from engine.domain.orders import Fill, Order, OrderIntent, OrderReport
from engine.domain.portfolio import EquityPoint, LedgerEntry, Position, RiskState, Trade
from tests.fakes.memory import Memory, Table

DECISIONS = Table[DecisionId, Decision]()
APPROVALS = Table[ApprovalId, Approval]()
ORDERS = Table[IntentId, Order]()
FILLS = Table[FillId, Fill]()
LEDGER = Table[int, LedgerEntry]()
POSITIONS = Table[tuple[str, Symbol], Position]()
TRADES = Table[TradeId, Trade]()
EQUITY = Table[tuple[str, datetime], EquityPoint]()
RISK = Table[str, RiskState]()
PAPER_ORDERS = Table[IntentId, tuple[OrderIntent, OrderReport]]()
PAPER_BALANCES = Table[tuple[str, str], Decimal]()

_EXACT = Context(prec=1_000)


class FakeDecisions:
    """See ``engine.ports.DecisionStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, decision: Decision) -> bool:
        return self._memory.add(DECISIONS, decision.id, decision)

    def get(self, decision_id: DecisionId) -> Decision | None:
        return self._memory.read(DECISIONS).get(decision_id)

    def latest(self, symbol: Symbol, limit: int = 1) -> Sequence[Decision]:
        rows = [row for row in self._memory.read(DECISIONS).values() if row.symbol == symbol]
        return sorted(rows, key=lambda row: row.closed_at)[::-1][:limit]

    def between(self, start: datetime, end: datetime) -> Sequence[Decision]:
        rows = [
            row for row in self._memory.read(DECISIONS).values() if start <= row.closed_at < end
        ]
        return sorted(rows, key=lambda row: (row.closed_at, str(row.symbol)))

    def counts(self, start: datetime, end: datetime) -> Mapping[tuple[str, str, str], int]:
        return Counter(
            (row.action.name.lower(), row.route.name.lower(), row.reason.name.lower())
            for row in self.between(start, end)
        )


class FakeApprovals:
    """See ``engine.ports.ApprovalStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, approval: Approval) -> bool:
        if self.by_token(approval.token) is not None:
            return False
        return self._memory.add(APPROVALS, approval.id, approval)

    def get(self, approval_id: ApprovalId) -> Approval | None:
        return self._memory.read(APPROVALS).get(approval_id)

    def by_token(self, token: str) -> Approval | None:
        return next((row for row in self._oldest() if row.token == token), None)

    def pending(self) -> Sequence[Approval]:
        return [row for row in self._oldest() if row.state is ApprovalState.PENDING]

    def replace(self, before: Approval, after: Approval) -> None:
        rows = self._memory.write(APPROVALS)
        known = rows.get(before.id)
        if known is None or _stand(known) != _stand(before):
            raise ConflictError(f"approval {before.id} is no longer {before.state}")
        rows[before.id] = after

    def recent(self, limit: int) -> Sequence[Approval]:
        return self._oldest()[::-1][:limit]

    def of_order(self, order_id: IntentId) -> Sequence[Approval]:
        return [row for row in self._oldest() if row.order_id == order_id]

    def _oldest(self) -> list[Approval]:
        return sorted(self._memory.read(APPROVALS).values(), key=lambda row: row.created_at)


def _stand(row: Approval) -> tuple[object, ...]:
    return (row.state, row.order_hash, row.expires_at, row.approvers)


class FakeOrders:
    """See ``engine.ports.OrderStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, order: Order) -> bool:
        return self._memory.add(ORDERS, order.id, order)

    def get(self, order_id: IntentId) -> Order | None:
        return self._memory.read(ORDERS).get(order_id)

    def replace(self, before: Order, after: Order) -> None:
        rows = self._memory.write(ORDERS)
        known = rows.get(before.id)
        if known is None or known.state is not before.state:
            raise ConflictError(f"order {before.id} is no longer {before.state}")
        rows[before.id] = after

    def unfinished(self) -> Sequence[Order]:
        rows = [row for row in self._memory.read(ORDERS).values() if not is_final(row.state)]
        return sorted(rows, key=lambda row: row.intent.created_at)

    def add_fill(self, fill: Fill) -> bool:
        return self._memory.add(FILLS, fill.id, fill)

    def fills(self, order_id: IntentId) -> Sequence[Fill]:
        return [row for row in self._oldest_fills() if row.order_id == order_id]

    def recent_fills(self, limit: int) -> Sequence[Fill]:
        return self._oldest_fills()[::-1][:limit]

    def _oldest_fills(self) -> list[Fill]:
        return sorted(self._memory.read(FILLS).values(), key=lambda row: row.filled_at)


class FakeBook:
    """See ``engine.ports.BookStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def post(self, entries: Iterable[LedgerEntry]) -> None:
        rows = self._memory.write(LEDGER)
        for entry in entries:
            rows[len(rows)] = entry

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self._memory.read(LEDGER).values():
            if entry.venue == venue:
                sums[entry.currency] = _EXACT.add(sums[entry.currency], entry.amount)
        return {currency: sums[currency] for currency in sorted(sums) if sums[currency]}

    def positions(self, venue: str) -> Sequence[Position]:
        rows = [row for row in self._memory.read(POSITIONS).values() if row.venue == venue]
        return sorted(rows, key=lambda row: str(row.symbol))

    def put_position(self, position: Position) -> None:
        self._memory.write(POSITIONS)[position.venue, position.symbol] = position

    def drop_position(self, venue: str, symbol: Symbol) -> None:
        self._memory.write(POSITIONS).pop((venue, symbol), None)

    def add_trade(self, trade: Trade) -> bool:
        return self._memory.add(TRADES, trade.id, trade)

    def trades(self, venue: str, limit: int | None = None) -> Sequence[Trade]:
        rows = [row for row in self._memory.read(TRADES).values() if row.venue == venue]
        return sorted(rows, key=lambda row: row.closed_at)[::-1][:limit]

    def snapshot(self, point: EquityPoint) -> None:
        self._memory.write(EQUITY)[point.venue, point.at] = point

    def equity(self, venue: str, since: datetime | None = None) -> Sequence[EquityPoint]:
        rows = [
            row
            for row in self._memory.read(EQUITY).values()
            if row.venue == venue and (since is None or row.at >= since)
        ]
        return sorted(rows, key=lambda row: row.at)

    def risk(self, venue: str) -> RiskState | None:
        return self._memory.read(RISK).get(venue)

    def put_risk(self, venue: str, state: RiskState) -> None:
        self._memory.write(RISK)[venue] = state

    def reset(self, venue: str) -> None:
        ledger = self._memory.write(LEDGER)
        kept = [entry for entry in ledger.values() if entry.venue != venue]
        ledger.clear()
        ledger.update(enumerate(kept))
        positions, equity = self._memory.write(POSITIONS), self._memory.write(EQUITY)
        for place in [key for key in positions if key[0] == venue]:
            del positions[place]
        for moment in [key for key in equity if key[0] == venue]:
            del equity[moment]
        self._memory.write(RISK).pop(venue, None)
        orders, purses = self._memory.write(PAPER_ORDERS), self._memory.write(PAPER_BALANCES)
        for order_id in [one for one, (intent, _) in orders.items() if intent.venue == venue]:
            del orders[order_id]
        for key in [key for key in purses if key[0] == venue]:
            del purses[key]


class FakePaper:
    """See ``engine.ports.PaperStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def put(self, report: OrderReport, intent: OrderIntent) -> None:
        self._memory.write(PAPER_ORDERS)[intent.id] = (intent, report)

    def get(self, order_id: IntentId) -> tuple[OrderIntent, OrderReport] | None:
        return self._memory.read(PAPER_ORDERS).get(order_id)

    def open(self) -> Sequence[tuple[OrderIntent, OrderReport]]:
        rows = self._memory.read(PAPER_ORDERS).values()
        resting = [row for row in rows if row[1].state is OrderState.OPEN]
        return sorted(resting, key=lambda row: row[0].created_at)

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        found = sorted(self._memory.read(PAPER_BALANCES).items())
        return {currency: amount for (where, currency), amount in found if where == venue}

    def set_balance(self, venue: str, currency: str, amount: Decimal) -> None:
        self._memory.write(PAPER_BALANCES)[venue, currency] = amount
