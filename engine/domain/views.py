"""What a person is shown: frozen answers of the desk, without words, pictures or chat.

The desk's queries build them from stored records; ``bot/messages`` turns them into text and
``bot/charts`` into pictures. The same values are printed by the command line's ``--json``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.desk import Controls, JobRun, MessageState, Mode, QuarantinedCandle
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import EquityPoint, Portfolio, RiskState, Trade
from engine.domain.projection import ChartProjection
from engine.domain.proof import Proof
from engine.domain.records import OwnMoney, PositionView, VenueMoney
from engine.domain.research import Drift
from engine.domain.values import require, require_positive

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Bars and overlay columns for a picture.

    ``columns`` maps names (``bb_upper``, ``bb_middle``, ``bb_lower``, ``ma_fast``, ``ma_slow``,
    ``rsi``, ``macd``, ``macd_signal``, ``macd_histogram``, ``stoch_k``, ``stoch_d``) to sequences
    as long as ``bars``, with NaN during warm-up. ``levels`` holds ``entry``, ``stop``, ``target``
    where they exist. ``projection`` goes on where the bars end.
    """

    venue: str
    symbol: Symbol
    timeframe: Timeframe
    bars: CandleSeries
    columns: Mapping[str, Sequence[float]]
    levels: Mapping[str, Decimal] = field(default_factory=dict)
    simulated: bool = False
    projection: ChartProjection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """Everything about one decision: the question, its answers, the order and what came of it.

    ``proof`` is the newest verdict about exactly the code and parameters that decided.
    ``narration_language`` is "" where it is not known.
    """

    decision: Decision
    approvals: tuple[Approval, ...]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    trade: Trade | None
    narration: str | None
    narration_is_from_model: bool
    names: Mapping[int, str]
    chart: ChartView | None
    simulated: bool
    alert_only: bool
    proof: Proof | None = None
    narration_language: str = ""

    @property
    def approval(self) -> Approval | None:
        """The latest question."""
        return self.approvals[-1] if self.approvals else None

    @property
    def order(self) -> Order | None:
        """The latest order."""
        return self.orders[-1] if self.orders else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """One order of a person's own purchase: its question if there is one, and what came of it.

    ``orders`` begins with the order itself; those that took its place follow it, unless people are
    asked about them in a message of their own. ``deciders`` is how many people may answer.
    """

    by: int
    approvals: tuple[Approval, ...]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    trade: Trade | None
    names: Mapping[int, str]
    deciders: int
    simulated: bool

    @property
    def approval(self) -> Approval | None:
        """The latest question."""
        return self.approvals[-1] if self.approvals else None

    @property
    def order(self) -> Order | None:
        """The latest order."""
        return self.orders[-1] if self.orders else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioView:
    """Equity, cash, holdings and results; ``pnl`` maps ``today``, ``week``, ``month``, ``all``.

    P&L is the change of equity since the start of the period; the only deposit is the first one.
    Trades, fees and slippage count since the account began; fees and slippage those of open
    positions too. ``at_risk_quote`` is what is lost if every stop is hit at its price. ``own`` is
    the owner's currency where one is set. ``equity`` is the curve, thinned out for drawing.
    """

    mode: Mode
    simulated: bool
    portfolio: Portfolio
    equity_quote: Decimal
    start_equity_quote: Decimal
    started_at: datetime | None
    pnl_quote: Mapping[str, Decimal]
    fees_quote: Decimal
    slippage_quote: Decimal
    realised_quote: Decimal
    trades_closed: int
    trades_won: int
    win_fraction: Decimal | None
    peak_equity_quote: Decimal
    drawdown_fraction: Decimal
    worst_drawdown_fraction: Decimal
    at_risk_quote: Decimal
    at_risk_fraction: Decimal
    positions: tuple[PositionView, ...]
    venues: tuple[VenueMoney, ...]
    own: OwnMoney | None
    equity: tuple[EquityPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """An open or recent question with its order."""

    approval: Approval
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """How the desk is.

    ``proof`` speaks of exactly the strategy version that is traded, ``drift`` of its results since.
    """

    version: str
    mode: Mode
    simulated: bool
    venue: str
    symbols: tuple[Symbol, ...]
    timeframe: Timeframe
    strategy_version: str
    calibrated: bool
    now: datetime
    started_at: datetime
    controls: Controls
    risk: RiskState | None
    last_close: datetime | None
    open_questions: int
    open_positions: int
    unfinished_orders: int
    jobs: tuple[JobRun, ...]
    outbox: Mapping[MessageState, int]
    quarantined: tuple[QuarantinedCandle, ...]
    equity_quote: Decimal
    quote: str
    proof: Proof | None = None
    drift: Drift | None = None


class Press(StrEnum):
    """What a button of a question says."""

    APPROVE = "approve"
    HALF = "half"
    REJECT = "reject"
    LATER = "later"


class PressResult(StrEnum):
    """What a press came to; every one has a polite sentence in the language files."""

    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    SENT = "sent"
    COUNTED = "counted"
    REJECTED = "rejected"
    POSTPONED = "postponed"
    MORE_THAN_ASKED = "more_than_asked"
    TOO_LATE_FOR_LATER = "too_late_for_later"
    VENUE_AWAY = "venue_away"
    NO_PRICE = "no_price"
    ASKED_AGAIN = "asked_again"
    REFUSED = "refused"
    ALREADY_DECIDED = "already_decided"
    EXPIRED = "expired"
    COUNTED_BEFORE = "counted_before"
    CODE_WANTED = "code_wanted"
    TERMINAL_WANTED = "terminal_wanted"
    CODE_WRONG = "code_wrong"
    CODE_USED = "code_used"
    CODE_LOCKED = "code_locked"
    CODE_LATE = "code_late"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - an outcome, not a secret
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A part of what was asked about: a share of it, or an amount of quote currency."""

    fraction: Decimal | None = None
    amount_quote: Decimal | None = None

    def __post_init__(self) -> None:
        """Exactly one of the two, above zero; a share is at most all of it."""
        given = [one for one in (self.fraction, self.amount_quote) if one is not None]
        require(len(given) == 1, "size", "a share or an amount", len(given))
        require_positive("size", given[0])
        require(self.fraction is None or self.fraction <= 1, "size", "<= 1", self.fraction)

    def is_above(self, notional_quote: Decimal) -> bool:
        """Whether it is more than an amount, which people are shown in whole cents."""
        shown = max(notional_quote, notional_quote.quantize(_CENT, rounding=ROUND_HALF_EVEN))
        return self.amount_quote is not None and self.amount_quote > shown

    def __str__(self) -> str:
        """A share with a percent sign, an amount as it is."""
        if self.fraction is not None:
            return f"{(self.fraction * 100).normalize():f}%"
        return f"{self.amount_quote:f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PressOutcome:
    """Answer to a press. ``approval`` is the question as it stands now."""

    result: PressResult
    approval: Approval | None = None
    state: ApprovalState | None = None
    reason: str = ""


PEOPLE_WANTED = "people_wanted"
UNCONFIRMED = "unconfirmed"
STOP_UNCLEAR = "stop_unclear"
WAITS = frozenset({PressResult.CODE_WANTED.value, PressResult.TERMINAL_WANTED.value, PEOPLE_WANTED})
"""What a purchase may wait for: its code, a word at the terminal, or other people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """Answer to ``/buy``, ``/close``, ``/pause``, ``/resume``, ``/kill``.

    ``reason`` is a reason code's label or an error text when not ``done``. What is neither done nor
    refused says ``UNCONFIRMED`` (sent; the venue has not answered and is asked what came of it), or
    for a purchase one of ``WAITS``. ``STOP_UNCLEAR``: nothing was sold, because the venue did not
    say whether the stop, which would sell the same, is cancelled.
    """

    done: bool
    subject: str
    reason: str = ""
    fills: tuple[Fill, ...] = ()
    trade: Trade | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyPreview:
    """What a purchase would meet now, looked at before anybody confirms it.

    ``reason`` is empty where it would go. ``minimum_quote`` is the smallest order, ``most_quote``
    the largest that cash and limits allow; ``None`` where nothing can be said, without a price or
    under a brake.
    """

    reason: str
    cash_quote: Decimal
    minimum_quote: Decimal | None = None
    most_quote: Decimal | None = None
