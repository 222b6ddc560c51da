"""What a person looks for on the market, and what they are shown: lists, explanations, costs.

A *place* is a market at a moment on a timeframe. Lists, cards, charts and explanations all speak of
places, so that a person can walk from one to the other and back.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from engine.domain.decisions import CheckRecord, CostEstimate, Decision, EdgeEstimate
from engine.domain.market import Symbol, Timeframe
from engine.domain.reasons import VerdictCode
from engine.domain.values import (
    require,
    require_not_negative,
    require_positive,
    require_utc,
)
from engine.domain.views import ChartView

LONGEST_SEARCH = 16
RANK_GATE: Final = "rank"
SCORE_GATE: Final = "min_score"
DIRECTION_GATE: Final = "direction"
ENTRY_GATES: Final = (RANK_GATE, SCORE_GATE, DIRECTION_GATE)
"""What a score must pass before an entry is proposed and meets its checks."""


class Direction(StrEnum):
    """Which way the signals of a list point. On spot, short is information: it opens nothing."""

    ALL = "all"
    LONG = "long"
    SHORT = "short"


class Order(StrEnum):
    """How a list is sorted: by score, by the edge's lower bound, or by name."""

    SCORE = "score"
    EDGE = "edge"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A market; ``at`` is the close in question (``None``: the newest), ``timeframe`` the bars'.

    Without a timeframe the desk's own is meant.
    """

    symbol: Symbol
    timeframe: Timeframe | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        """The moment is UTC."""
        if self.at is not None:
            require_utc("moment", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A filtered and sorted page of the list; ``search`` is part of a symbol's name.

    ``proven_only`` keeps what a passed verdict and a measured edge stand behind, whose lower bound
    is above zero. ``page`` counts from 0.
    """

    timeframe: Timeframe | None = None
    direction: Direction = Direction.ALL
    proven_only: bool = False
    search: str = ""
    order: Order = Order.SCORE
    page: int = 0

    def __post_init__(self) -> None:
        """A search is short, a page not negative."""
        require(len(self.search) <= LONGEST_SEARCH, "search", "at most 16 characters", self.search)
        require(self.page >= 0, "page", ">= 0", self.page)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityRow:
    """One line of the ranked list; ``needed_score`` is the unsigned score at the threshold.

    ``is_traded`` is false on timeframes that are information.
    """

    symbol: Symbol
    timeframe: Timeframe
    closed_at: datetime
    signed_score: Decimal
    rank_fraction: Decimal
    threshold_rank_fraction: Decimal
    decision: Decision
    needed_score: Decimal | None = None
    is_traded: bool = True

    @property
    def place(self) -> Place:
        """Where the row leads."""
        return Place(symbol=self.symbol, timeframe=self.timeframe, at=self.closed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunitiesView:
    """A page of the newest scores. ``count`` rows pass the filters, of ``scored`` there are.

    ``is_proven`` tells whether the verdict about the traded version has passed; ``timeframes`` are
    those a list can be had of, ``decided_on`` the one that is traded.
    """

    wish: Wish
    rows: tuple[OpportunityRow, ...]
    page: int
    pages: int
    count: int
    scored: int
    timeframe: Timeframe
    timeframes: tuple[Timeframe, ...]
    decided_on: Timeframe
    is_proven: bool
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What an entry would have met behind the threshold, with no position and no brake on.

    The switches are those in force at the close, where they are on record.
    """

    gates: tuple[CheckRecord, ...]
    cost: CostEstimate | None
    edge: EdgeEstimate | None
    notional_quote: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyView:
    """A close of a market explained.

    ``is_recomputed``: nothing is stored of it, the decision was made anew from the candles by the
    version in force, as if nothing had been held. ``gates`` are in order, those of the score first;
    ``needed_score`` is the unsigned score at the threshold, ``None`` where another version decided.
    ``decided_on`` is the timeframe on which the desk decides, ``lot_size`` the step of quantities
    where the market is traded still. ``beyond`` is there where no entry was proposed. With
    ``alert_only`` the desk neither asked nor bought at that close; ``None``: that is not known.
    """

    decision: Decision
    gates: tuple[CheckRecord, ...]
    needed_score: Decimal | None
    beyond: Beyond | None
    is_recomputed: bool
    decided_on: Timeframe
    lot_size: Decimal | None
    text: str
    is_from_model: bool
    simulated: bool
    earlier: datetime | None
    later: datetime | None
    alert_only: bool | None = False

    @property
    def place(self) -> Place:
        """What is explained."""
        one = self.decision
        return Place(symbol=one.symbol, timeframe=one.timeframe, at=one.closed_at)

    @property
    def is_traded(self) -> bool:
        """Whether the desk decides on this timeframe; on others a score is information."""
        return self.decision.timeframe is self.decided_on

    @property
    def stopped_by(self) -> CheckRecord | None:
        """The gate that stopped it."""
        return next((gate for gate in self.gates if gate.verdict is VerdictCode.FAILED), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesView:
    """One market on several timeframes, the shortest first; those without bars are left out."""

    symbol: Symbol
    charts: tuple[ChartView, ...]
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsView:
    """What a round trip of ``notional_quote`` costs now, and the edge that beats it.

    ``cost`` holds basis points of the notional; ``slippage_from_book`` tells whether the book was
    walked or the impact estimated. ``needed_edge_bps`` is the cost plus the desk's minimum;
    ``measured`` is what the newest close promises, if anything.
    """

    symbol: Symbol
    notional_quote: Decimal
    price: Decimal
    priced_at: datetime
    cost: CostEstimate
    slippage_from_book: bool
    needed_edge_bps: Decimal
    limit_bps: Decimal
    measured: EdgeEstimate | None
    bar_volume_fraction: Decimal | None
    simulated: bool

    def __post_init__(self) -> None:
        """There is a size and a price."""
        require_positive("notional_quote", self.notional_quote)
        require_positive("price", self.price)
        require_not_negative("limit_bps", self.limit_bps)

    def money(self, bps: Decimal) -> Decimal:
        """A part of the cost in quote currency."""
        return self.notional_quote * bps / 10_000


class NoCosts(StrEnum):
    """Why no cost can be told."""

    UNKNOWN_SYMBOL = "unknown_symbol"
    NO_PRICE = "no_fresh_price"
    COST_UNKNOWN = "cost_unknown"


def distance_of(gate: CheckRecord) -> Decimal | None:
    """How far a value was from its limit, in the gate's own unit; ``None`` where one is missing."""
    if gate.value is None or gate.limit is None:
        return None
    return abs(gate.value - gate.limit)
