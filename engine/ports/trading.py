"""Stores of what the desk decided and did: decisions, questions, orders, books."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.ids import ApprovalId, DecisionId, IntentId
from engine.domain.market import Symbol
from engine.domain.orders import Fill, Order, OrderIntent, OrderReport
from engine.domain.portfolio import EquityPoint, LedgerEntry, Position, RiskState, Trade


class DecisionStore(Protocol):
    """Decisions, refusals included."""

    def add(self, decision: Decision) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, decision_id: DecisionId) -> Decision | None:
        """One decision."""
        ...

    def latest(self, symbol: Symbol, limit: int = 1) -> Sequence[Decision]:
        """The newest decisions on a symbol, newest first."""
        ...

    def between(self, start: datetime, end: datetime) -> Sequence[Decision]:
        """Decisions whose bar closed in ``[start, end)``, oldest first, then by symbol."""
        ...

    def counts(self, start: datetime, end: datetime) -> Mapping[tuple[str, str, str], int]:
        """How many per (action, route, reason label) with a close in ``[start, end)``."""
        ...


class ApprovalStore(Protocol):
    """Questions to people."""

    def add(self, approval: Approval) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, approval_id: ApprovalId) -> Approval | None:
        """One question."""
        ...

    def by_token(self, token: str) -> Approval | None:
        """The question a button belongs to."""
        ...

    def pending(self) -> Sequence[Approval]:
        """Open questions, oldest first."""
        ...

    def replace(self, before: Approval, after: Approval) -> None:
        """Compare-and-set on state, hash and expiry; ``ConflictError`` if another was quicker."""
        ...

    def recent(self, limit: int) -> Sequence[Approval]:
        """Newest first."""
        ...

    def of_order(self, order_id: IntentId) -> Sequence[Approval]:
        """All questions about one order, oldest first."""
        ...


class OrderStore(Protocol):
    """Orders and their fills."""

    def add(self, order: Order) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, order_id: IntentId) -> Order | None:
        """One order."""
        ...

    def replace(self, before: Order, after: Order) -> None:
        """Compare-and-set on the state; ``ConflictError`` if another was quicker."""
        ...

    def unfinished(self) -> Sequence[Order]:
        """Orders in no final state, oldest first."""
        ...

    def add_fill(self, fill: Fill) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def fills(self, order_id: IntentId) -> Sequence[Fill]:
        """Fills of one order, oldest first."""
        ...

    def recent_fills(self, limit: int) -> Sequence[Fill]:
        """Newest first."""
        ...


class BookStore(Protocol):
    """The desk's own book: ledger, positions, trades, equity and what the limits remember."""

    def post(self, entries: Iterable[LedgerEntry]) -> None:
        """Append to the ledger."""
        ...

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Exact sum per currency; zero balances are absent."""
        ...

    def positions(self, venue: str) -> Sequence[Position]:
        """Open positions by symbol."""
        ...

    def put_position(self, position: Position) -> None:
        """Insert or replace the position of its symbol."""
        ...

    def drop_position(self, venue: str, symbol: Symbol) -> None:
        """Remove a closed position; absent is fine."""
        ...

    def add_trade(self, trade: Trade) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def trades(self, venue: str, limit: int | None = None) -> Sequence[Trade]:
        """Closed trades, newest first."""
        ...

    def snapshot(self, point: EquityPoint) -> None:
        """Remember equity; a second one for the same moment replaces the first."""
        ...

    def equity(self, venue: str, since: datetime | None = None) -> Sequence[EquityPoint]:
        """Snapshots, oldest first."""
        ...

    def risk(self, venue: str) -> RiskState | None:
        """What the limits remember, or ``None`` before the first close."""
        ...

    def put_risk(self, venue: str, state: RiskState) -> None:
        """Replace it."""
        ...

    def reset(self, venue: str) -> None:
        """Forget ledger, positions, equity, risk state and the paper venue (``paper reset``).

        Trades, orders, decisions and the audit trail stay.
        """
        ...


class PaperStore(Protocol):
    """The paper venue's own memory, apart from the desk's book as a real venue's would be."""

    def put(self, report: OrderReport, intent: OrderIntent) -> None:
        """Insert or replace an order of the paper venue."""
        ...

    def get(self, order_id: IntentId) -> tuple[OrderIntent, OrderReport] | None:
        """One order."""
        ...

    def open(self) -> Sequence[tuple[OrderIntent, OrderReport]]:
        """Orders still resting, oldest first."""
        ...

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Balance by currency of the account that stands for ``venue``."""
        ...

    def set_balance(self, venue: str, currency: str, amount: Decimal) -> None:
        """Replace one balance."""
        ...
