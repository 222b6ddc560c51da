"""Order intents, orders and fills.

An intent is what the desk wants; its id is the client order id, so the wish and the venue's order
can always be matched. An order is an intent and where it stands.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from engine.domain.decisions import ExitPlan
from engine.domain.ids import DecisionId, FillId, IntentId
from engine.domain.lifecycles import OrderState, advance_order
from engine.domain.market import Symbol
from engine.domain.values import require, require_not_negative, require_positive, require_utc


class OrderSide(StrEnum):
    """Which way the base currency moves."""

    BUY = "buy"
    SELL = "sell"


class OrderKind(StrEnum):
    """How it fills.

    ``PROTECT`` is a resting reduce-only order with a stop and, if given, a limit target: whichever
    comes first (a venue's OCO; the worse one when a bar holds both).
    """

    MARKET = "market"
    LIMIT = "limit"
    PROTECT = "protect"


class Purpose(StrEnum):
    """Why the order exists."""

    ENTRY = "entry"
    EXIT = "exit"
    PROTECTION = "protection"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """What the desk wants. Quantity in base currency, prices in quote per base.

    ``origin`` says in a word who wanted it: ``strategy``, ``person`` or ``desk``. ``exit_reason``
    names why a reducing order exists (``stop``, ``target``, ``exit_score``, ``manual`` …).
    """

    id: IntentId
    venue: str
    symbol: Symbol
    side: OrderSide
    kind: OrderKind
    purpose: Purpose
    quantity: Decimal
    reference_price: Decimal
    created_at: datetime
    origin: str
    decision_id: DecisionId | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    exit_plan: ExitPlan | None = None
    exit_reason: str | None = None

    def __post_init__(self) -> None:
        """Quantities and prices are positive and fit the kind."""
        require_utc("created_at", self.created_at)
        require_positive("quantity", self.quantity)
        require_positive("reference_price", self.reference_price)
        if self.kind is OrderKind.LIMIT:
            require(self.limit_price is not None, "limit_price", "given for a limit order", None)
        if self.kind is OrderKind.PROTECT:
            require(self.stop_price is not None, "stop_price", "given for a protection", None)
        for price in (self.limit_price, self.stop_price):
            if price is not None:
                require_positive("price", price)

    @property
    def is_reducing(self) -> bool:
        """Whether it can only make the position smaller: no check stops it."""
        return self.purpose is not Purpose.ENTRY

    @property
    def notional_quote(self) -> Decimal:
        """Quantity at the reference price."""
        return self.quantity * self.reference_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. ``fee_quote`` is in the quote currency; ``liquidity`` is maker or taker.

    ``slippage_quote`` is how much worse than ``reference`` the price was (negative: better).
    """

    id: FillId
    order_id: IntentId
    symbol: Symbol
    side: OrderSide
    quantity: Decimal
    price: Decimal
    fee_quote: Decimal
    slippage_quote: Decimal
    liquidity: str
    filled_at: datetime
    trigger: str | None = None

    def __post_init__(self) -> None:
        """Positive quantity and price; a fee may be a rebate but is finite."""
        require_utc("filled_at", self.filled_at)
        require_positive("quantity", self.quantity)
        require_positive("price", self.price)
        require(self.fee_quote.is_finite(), "fee_quote", "finite", self.fee_quote)

    @property
    def notional_quote(self) -> Decimal:
        """Price times quantity, before the fee."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An intent and where it stands."""

    intent: OrderIntent
    state: OrderState
    updated_at: datetime
    venue_order_id: str | None = None
    filled_quantity: Decimal = Decimal(0)
    note: str = ""

    def __post_init__(self) -> None:
        """Never filled beyond what was wanted."""
        require_utc("updated_at", self.updated_at)
        require_not_negative("filled_quantity", self.filled_quantity)
        require(
            self.filled_quantity <= self.intent.quantity,
            "filled_quantity",
            f"<= {self.intent.quantity}",
            self.filled_quantity,
        )

    @property
    def id(self) -> IntentId:
        """The intent's id, which is the client order id."""
        return self.intent.id

    def to(self, state: OrderState, at: datetime, **changes: object) -> "Order":
        """This order in another state; ``IllegalTransitionError`` if the table forbids it."""
        return replace(self, state=advance_order(self.state, state), updated_at=at, **changes)  # type: ignore[arg-type]  # the names are checked by replace


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """What a venue says about an order: its state and all of its fills so far."""

    order_id: IntentId
    state: OrderState
    venue_order_id: str | None = None
    fills: tuple[Fill, ...] = ()
    note: str = ""
