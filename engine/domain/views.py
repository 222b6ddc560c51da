"""What a person is shown: frozen answers of the desk, without words, pictures or chat.

The desk's queries build them from stored records; ``bot/messages`` turns them into text and
``bot/charts`` into pictures. The same values are printed by the command line's ``--json``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
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
from engine.domain.research import Drift


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Bars and overlay columns for a picture.

    ``columns`` maps names (``bb_upper``, ``bb_middle``, ``bb_lower``, ``ma_fast``, ``ma_slow``,
    ``rsi``, ``macd``, ``macd_signal``, ``macd_histogram``) to sequences as long as ``bars``, with
    NaN during warm-up. ``levels`` holds ``entry``, ``stop``, ``target`` where they exist.
    ``projection`` goes on where the bars end.
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
    """

    mode: Mode
    simulated: bool
    portfolio: Portfolio
    start_equity_quote: Decimal
    pnl_quote: Mapping[str, Decimal]
    fees_quote: Decimal
    realised_quote: Decimal
    trades_closed: int
    trades_won: int
    drawdown_fraction: Decimal
    equity: tuple[EquityPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityRow:
    """One line of the ranked list."""

    symbol: Symbol
    timeframe: Timeframe
    closed_at: datetime
    signed_score: Decimal
    rank_fraction: Decimal
    threshold_rank_fraction: Decimal
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunitiesView:
    """The newest decision of every symbol, strongest first; ``page`` counts from 0."""

    rows: tuple[OpportunityRow, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """An open or recent question with its order."""

    approval: Approval
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyView:
    """A decision explained: the record, and the words about it.

    ``gate`` is the name of the check that stopped it and ``distance`` how far its value was from
    the limit, in the check's own unit; both ``None`` when nothing stopped it.
    """

    card: CardView
    gate: str | None
    gate_value: Decimal | None
    gate_limit: Decimal | None
    distance: Decimal | None
    text: str


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
    ASKED_AGAIN = "asked_again"
    REFUSED = "refused"
    ALREADY_DECIDED = "already_decided"
    EXPIRED = "expired"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - an outcome, not a secret
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PressOutcome:
    """Answer to a press. ``approval`` is the question as it stands now."""

    result: PressResult
    approval: Approval | None = None
    state: ApprovalState | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """Answer to ``/buy``, ``/close``, ``/pause``, ``/resume``, ``/kill``.

    ``reason`` is a reason code's label or an error text when not ``done``.
    """

    done: bool
    subject: str
    reason: str = ""
    fills: tuple[Fill, ...] = ()
    trade: Trade | None = None
