"""Positions, trades, the ledger, and the portfolio they add up to."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from engine.domain.decisions import ExitPlan
from engine.domain.ids import DecisionId, IntentId, TradeId
from engine.domain.market import Symbol
from engine.domain.values import require_not_negative, require_positive, require_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open long position. ``entry_price`` is the average; fees are kept apart.

    ``stop_price`` is the stop in force; trailing moves it.
    """

    venue: str
    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    entry_fees_quote: Decimal
    entry_slippage_quote: Decimal
    opened_at: datetime
    entry_order_id: IntentId
    decision_id: DecisionId | None
    exit_plan: ExitPlan
    stop_price: Decimal
    bars_held: int = 0
    protection_order_id: IntentId | None = None

    def __post_init__(self) -> None:
        """A position has a size and a price."""
        require_utc("opened_at", self.opened_at)
        require_positive("quantity", self.quantity)
        require_positive("entry_price", self.entry_price)
        require_positive("stop_price", self.stop_price)

    def pnl_quote(self, price: Decimal) -> Decimal:
        """Profit if closed at ``price`` without further cost; the entry fee is counted."""
        return (price - self.entry_price) * self.quantity - self.entry_fees_quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A closed round trip. ``pnl_quote`` is after all fees; slippage is contained in the prices."""

    id: TradeId
    venue: str
    symbol: Symbol
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    exit_price: Decimal
    quantity: Decimal
    fees_quote: Decimal
    slippage_quote: Decimal
    pnl_quote: Decimal
    exit_reason: str
    entry_order_id: IntentId
    exit_order_id: IntentId
    decision_id: DecisionId | None = None
    side: str = "long"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One change of one currency's balance; the balance is the sum of its entries.

    ``kind`` is ``deposit``, ``trade`` or ``fee``; ``reference`` the order or deposit it came from.
    """

    venue: str
    currency: str
    amount: Decimal
    kind: str
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position with its present price."""

    position: Position
    price: Decimal
    priced_at: datetime

    @property
    def value_quote(self) -> Decimal:
        """Worth at the present price."""
        return self.position.quantity * self.price

    @property
    def pnl_quote(self) -> Decimal:
        """Open profit, entry fee counted."""
        return self.position.pnl_quote(self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Cash and holdings of one venue at one moment, in one quote currency."""

    venue: str
    quote: str
    cash_quote: Decimal
    holdings: tuple[Holding, ...]
    at: datetime

    @property
    def equity_quote(self) -> Decimal:
        """Cash and the worth of all holdings."""
        return self.cash_quote + sum((h.value_quote for h in self.holdings), Decimal(0))

    def holding(self, symbol: Symbol) -> Holding | None:
        """The holding of ``symbol``, if any."""
        return next((h for h in self.holdings if h.position.symbol == symbol), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskState:
    """What the limits remember between closes; survives restarts.

    ``drawdown_latched`` stays until a person re-arms the desk; ``daily_paused`` until the next
    00:00 UTC.
    """

    day: date
    day_start_equity_quote: Decimal
    peak_equity_quote: Decimal
    entries_today: int = 0
    daily_paused: bool = False
    drawdown_latched: bool = False

    def __post_init__(self) -> None:
        """Counts and equity are not negative."""
        require_not_negative("peak_equity_quote", self.peak_equity_quote)
        require_not_negative("entries_today", Decimal(self.entries_today))


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityPoint:
    """Equity and cash of a venue at one moment."""

    venue: str
    at: datetime
    equity_quote: Decimal
    cash_quote: Decimal
