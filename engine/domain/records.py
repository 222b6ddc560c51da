"""The money as people are shown it: positions with their distances, curves, pages of trades.

The desk's records build these values from stored facts; ``bot/messages`` puts them into words,
``bot/charts`` into pictures, and the command line prints the same values with ``--json``. Whatever
a person may be told is a field, so that no reader computes a number of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from engine.domain.decisions import Decision
from engine.domain.ids import DecisionId, IntentId
from engine.domain.market import Symbol
from engine.domain.orders import Fill
from engine.domain.portfolio import EquityPoint, Trade
from engine.domain.values import require, require_positive, require_utc

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeTotals:
    """What closed trades add up to; fees and slippage are contained in ``pnl_quote``."""

    closed: int = 0
    won: int = 0
    pnl_quote: Decimal = Decimal(0)
    fees_quote: Decimal = Decimal(0)
    slippage_quote: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquitySlot:
    """A stretch of an equity curve: its last snapshot, the deepest fall in it, the peak so far.

    Falls are fractions of the highest equity before them in the whole history.
    """

    point: EquityPoint
    deepest_fraction: float
    peak_equity_quote: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyChoice:
    """The owner's currency and the market that tells what it is worth, as configured."""

    currency: str
    pair: Symbol | None = None

    def __post_init__(self) -> None:
        """The pair speaks of the currency."""
        sides = () if self.pair is None else (self.pair.base, self.pair.quote)
        require(not sides or self.currency in sides, "pair", f"one with {self.currency}", sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyView:
    """What the owner counts in beside ``quote``, "" for nothing else, and what could be chosen."""

    quote: str
    chosen: str
    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMoney:
    """What the quote currency is worth in the owner's; ``rate`` is per unit of quote.

    Without a fresh price ``rate`` is ``None``: amounts stay in the quote currency, and
    ``missing`` says why (``no_pair``, ``no_price``, ``stale``). ``price`` is the market's own.
    """

    currency: str
    pair: Symbol | None
    price: Decimal | None = None
    priced_at: datetime | None = None
    rate: Decimal | None = None
    missing: str = ""

    def of(self, amount_quote: Decimal) -> Decimal | None:
        """An amount in the owner's currency, to the cent; ``None`` without a rate."""
        return None if self.rate is None else (amount_quote * self.rate).quantize(CENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """An open position at the present price.

    ``*_fraction`` distances are of the present price, signed: a stop below it is negative.
    ``at_risk_quote`` is what is lost if the stop is hit at its price, from now on; R is the risk
    that the entry took (entry to first stop), ``r_multiple`` the open result in it, after the
    entry fee.
    """

    symbol: Symbol
    entry_order_id: IntentId
    decision_id: DecisionId | None
    opened_at: datetime
    quantity: Decimal
    entry_price: Decimal
    price: Decimal
    priced_at: datetime
    value_quote: Decimal
    pnl_quote: Decimal
    pnl_fraction: Decimal
    fees_quote: Decimal
    stop_price: Decimal
    stop_fraction: Decimal
    stop_r: Decimal | None
    target_price: Decimal | None
    target_fraction: Decimal | None
    target_r: Decimal | None
    at_risk_quote: Decimal
    risk_quote: Decimal
    r_multiple: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueMoney:
    """One venue's account; prices of venues that are not traded now are their last closes."""

    venue: str
    cash_quote: Decimal
    positions_quote: Decimal
    equity_quote: Decimal
    positions: int
    unpriced: int = 0


class Period(StrEnum):
    """How far back a curve reaches."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Equity at one moment beside buy-and-hold from the same start; ``None`` where unknown."""

    at: datetime
    equity_quote: Decimal
    deepest_fraction: float
    hold_quote: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveView:
    """An equity curve for a picture, and buy-and-hold of the traded symbols over the same dates.

    Buy-and-hold puts the same share into every symbol when the desk begins (not when the period
    does), without costs; it begins where the curve does, so both lines start at one value.
    ``held`` are the symbols whose prices are known from the start.
    """

    period: Period
    points: tuple[CurvePoint, ...]
    held: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesPage:
    """A page of closed trades, newest first, and what all of them add up to."""

    rows: tuple[Trade, ...]
    page: int
    pages: int
    quote: str
    totals: TradeTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """One closed trade with what led to it.

    ``risk_quote`` is the entry's risk (entry to first stop, of this part), ``r_multiple`` the
    result in it; ``None`` where the plan is not known.
    """

    trade: Trade
    decision: Decision | None
    stop_price: Decimal | None
    target_price: Decimal | None
    risk_quote: Decimal | None
    r_multiple: Decimal | None
    pnl_fraction: Decimal
    entries: tuple[Fill, ...] = ()
    exits: tuple[Fill, ...] = ()


class StopKind(StrEnum):
    """A choice of where a stop may go."""

    BREAK_EVEN = "break_even"
    HALF = "half"
    ATR = "atr"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChoice:
    """A stop that would be closer to the price than the present one."""

    kind: StopKind
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    """A position's stop and where it may go; choices that are not closer are left out."""

    position: PositionView
    choices: tuple[StopChoice, ...]


class StopResult(StrEnum):
    """What a wish to move a stop came to; each has a sentence in the language files."""

    MOVED = "moved"
    ALREADY_THERE = "already_there"
    FURTHER = "further"
    BEYOND_PRICE = "beyond_price"
    NO_PRICE = "no_price"
    BAD_PRICE = "bad_price"
    GONE = "gone"
    NOT_MOVED = "not_moved"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOutcome:
    """Answer to a wish to move a stop: the stop in force, and the price it was held against."""

    result: StopResult
    symbol: Symbol | None = None
    stop_price: Decimal | None = None
    price: Decimal | None = None


class ExportWhat(StrEnum):
    """What may be taken along as a table."""

    TRADES = "trades"
    FILLS = "fills"
    LEDGER = "ledger"
    DECISIONS = "decisions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """A table and a period ``[start, end)``; ``None`` leaves a side open."""

    what: ExportWhat = ExportWhat.TRADES
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        """Times are UTC and in order."""
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None:
                require_utc(name, moment)
        if self.start is not None and self.end is not None:
            require(self.start < self.end, "end", f"after {self.start}", self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A finished table as bytes of CSV (UTF-8, comma, CRLF), and how many rows it has."""

    wish: ExportWish
    name: str
    content: bytes = field(repr=False)
    rows: int


def risk_per_unit(entry_price: Decimal, first_stop: Decimal) -> Decimal | None:
    """What one unit risks at the entry, ``None`` where the stop is not below it."""
    require_positive("entry_price", entry_price)
    distance = entry_price - first_stop
    return distance if distance > 0 else None
