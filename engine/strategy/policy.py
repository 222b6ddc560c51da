"""Settings of entries and exits, and all policies that decide together.

An exit policy is data, not a callback: a person who approves an entry approves its exit plan, and
must be able to read it. Distances are in multiples of the average true range, so that one setting
fits every symbol.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.costs.policy import CostPolicy
from engine.domain.values import require
from engine.risk.policy import RiskPolicy

_FULL_SCORE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPolicy:
    """When a score is worth a look."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    min_rank_fraction: float = field(
        default=0.97,
        metadata={"doc": "Share of the timeframe's bars that must be weaker than this score."},
    )
    min_score: float = field(
        default=0.0,
        metadata={"doc": "Points, 0 to 100, that the score must reach besides."},
    )

    def __post_init__(self) -> None:
        """Refuse a rank outside 0 to 1 and a score outside its range."""
        require(
            0.0 <= self.min_rank_fraction <= 1.0,
            "min_rank_fraction",
            "0 to 1",
            self.min_rank_fraction,
        )
        require(0.0 <= self.min_score <= _FULL_SCORE, "min_score", "0 to 100", self.min_score)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPolicy:
    """How a position is left; a rule that is absent is off, the stop is always on.

    As a section of the settings it replaces the strategy's own exits, all of them.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    stop_atr_multiple: float = field(
        default=3.0,
        metadata={"doc": "Distance of the initial stop below the price, in average true ranges."},
    )
    target_atr_multiple: float | None = field(
        default=None,
        metadata={"doc": "Distance of the take-profit above the price, in average true ranges."},
    )
    trailing_atr_multiple: float | None = field(
        default=3.0,
        metadata={"doc": "Distance at which the stop follows the high, in average true ranges."},
    )
    time_stop_bars: int | None = field(
        default=240,
        metadata={"doc": "Bars after which a position is closed whatever it earned."},
    )
    exit_score: float | None = field(
        default=-30.0,
        metadata={"doc": "Signed score, -100 to 100, at or below which a position is closed."},
    )

    def __post_init__(self) -> None:
        """Refuse distances and counts that are not positive."""
        for name in self.__slots__:
            value = getattr(self, name)
            off = value is None and name != "stop_atr_multiple"
            more_than_0 = value is not None and value > 0
            require(name == "exit_score" or off or more_than_0, name, "> 0", value)
        score = self.exit_score
        require(score is None or abs(score) <= _FULL_SCORE, "exit_score", "-100 to 100", score)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPolicy:
    """The policies that together decide; each is a section of the configuration."""

    entry: EntryPolicy = field(default_factory=EntryPolicy)
    exits: ExitPolicy = field(default_factory=ExitPolicy)
    risk: RiskPolicy = field(default_factory=RiskPolicy)
    costs: CostPolicy = field(default_factory=CostPolicy)
    automation: AutomationPolicy = field(default_factory=AutomationPolicy)
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
