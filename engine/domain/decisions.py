"""A decision: what the engine made of one symbol at one close, refusals included.

``step`` → ``SymbolVerdict`` (plain numbers) → ``Decision`` (this record), which is stored, shown on
the card, explained by the narrator and asked about by ``/why``. It holds every number a person may
be told, so that no later reader has to compute one.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.domain.ids import DecisionId
from engine.domain.market import Symbol, Timeframe
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode, VerdictCode
from engine.domain.signals import Score, Signal
from engine.domain.values import require, require_positive, require_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """One routing check (`CheckCode.text_id`): the value it saw, its limit, and the verdict."""

    name: str
    value: Decimal | None
    limit: Decimal | None
    verdict: VerdictCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampRecord:
    """One limit that shrank the order, in base quantity."""

    rule: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """Expected round-trip cost at the size in question, in basis points of notional."""

    fee_bps: Decimal
    spread_bps: Decimal
    slippage_bps: Decimal
    funding_bps: Decimal
    transfer_bps: Decimal
    total_bps: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeEstimate:
    """Calibrated outcome in bps: mean and 95 % interval over ``n`` independent trades.

    ``edge_*`` are before costs. ``net_edge_*`` are after them, ``None`` where no cost was reckoned:
    nothing was proposed, or it was refused before it had a size.
    """

    edge_bps: Decimal
    edge_low_bps: Decimal
    edge_high_bps: Decimal
    net_edge_bps: Decimal | None
    net_edge_low_bps: Decimal | None
    n: int

    def __post_init__(self) -> None:
        """The interval holds the mean; both net figures are there or neither."""
        inside = self.edge_low_bps <= self.edge_bps <= self.edge_high_bps
        require(inside, "edge_bps", "inside its interval", self.edge_bps)
        both = (self.net_edge_bps is None) == (self.net_edge_low_bps is None)
        require(both, "net edge", "with its lower bound", self.net_edge_bps)

    @property
    def interval_bps(self) -> tuple[Decimal, Decimal, Decimal]:
        """Mean, lower and upper bound before costs."""
        return self.edge_bps, self.edge_low_bps, self.edge_high_bps

    @property
    def net_interval_bps(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """Mean, lower and upper bound after costs, ``None`` where these are not known."""
        if self.net_edge_bps is None or self.net_edge_low_bps is None:
            return None
        high = self.edge_high_bps - self.edge_bps + self.net_edge_bps
        return self.net_edge_bps, self.net_edge_low_bps, high


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlan:
    """How the position will be left. Approving an entry approves this.

    ``trail_distance`` is in quote currency per unit; ``max_bars`` closes by time.
    """

    stop_price: Decimal
    take_profit_price: Decimal | None = None
    trail_distance: Decimal | None = None
    max_bars: int | None = None

    def __post_init__(self) -> None:
        """Prices are positive."""
        require_positive("stop_price", self.stop_price)
        if self.take_profit_price is not None:
            require_positive("take_profit_price", self.take_profit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlan:
    """The order an entry would place, sized and clamped."""

    quantity: Decimal
    reference_price: Decimal
    notional_quote: Decimal
    risk_quote: Decimal
    exit_plan: ExitPlan

    def __post_init__(self) -> None:
        """Everything is positive."""
        require_positive("quantity", self.quantity)
        require_positive("reference_price", self.reference_price)
        require_positive("notional_quote", self.notional_quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The record of one decision. ``score`` is ``None`` while data are late or warming up.

    ``edge`` is ``None`` while the strategy version is uncalibrated, where too few outcomes stand
    behind a score, and for scores that propose nothing on spot. ``new_stop_price`` belongs to
    ``AMEND_STOP``. ``equity_quote`` is the equity the sizing saw.
    """

    id: DecisionId
    venue: str
    symbol: Symbol
    timeframe: Timeframe
    closed_at: datetime
    strategy_version: str
    action: ActionCode
    route: RouteCode
    reason: ReasonCode
    close_price: Decimal | None
    equity_quote: Decimal
    score: Score | None = None
    signals: tuple[Signal, ...] = ()
    plan: OrderPlan | None = None
    cost: CostEstimate | None = None
    edge: EdgeEstimate | None = None
    checks: tuple[CheckRecord, ...] = ()
    clamps: tuple[ClampRecord, ...] = ()
    new_stop_price: Decimal | None = None

    def __post_init__(self) -> None:
        """An entry that may happen has a plan; time is UTC."""
        require_utc("closed_at", self.closed_at)
        proposed = self.action is ActionCode.ENTER and self.route in (RouteCode.ASK, RouteCode.AUTO)
        require(not proposed or self.plan is not None, "plan", "present for an entry", self.plan)

    @property
    def is_calibrated(self) -> bool:
        """Whether an edge is known."""
        return self.edge is not None

    @property
    def lacks_edge(self) -> bool:
        """Whether it speaks for a purchase whose edge nobody has measured."""
        return self.edge is None and (self.score is None or self.score.direction > 0)
