"""What a person may set about market data: the firewall, collecting, filling, the simulation.

Plain frozen values with a unit in every name. ``config`` nests them by import; the class attribute
``__pydantic_config__`` makes it refuse misspelt keys without this room importing pydantic.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from engine.domain.values import require, require_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPolicy:
    """Trust in candles, and how many are asked for."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    max_jump_multiple: float = field(
        default=3.0,
        metadata={
            "doc": "A bar that leaves its neighbour's close by more than this factor, up or down, "
            "is quarantined until the next bar or a second fetch confirms it."
        },
    )
    settle_delay_s: float = field(
        default=2.0,
        metadata={"doc": "Seconds after a close before the venue is asked for the bar."},
    )
    max_clock_skew_s: float = field(
        default=30.0,
        metadata={
            "doc": "Seconds the venue's clock may run ahead of ours before a bar that has not yet "
            "begun counts as being from the future."
        },
    )
    stale_after_bars: int = field(
        default=2,
        metadata={
            "doc": "Bars after which a symbol without a new one is stale; younger holes are never "
            "remembered as empty."
        },
    )
    backfill_bars: int = field(
        default=1_000,
        metadata={"doc": "Bars fetched for a symbol without any; more if the strategy needs them."},
    )
    page_bars: int = field(
        default=1_000,
        metadata={"doc": "Bars asked for in one call to the venue."},
    )

    def __post_init__(self) -> None:
        """Refuse numbers that would switch a protection off by accident."""
        require(self.max_jump_multiple > 1, "max_jump_multiple", "> 1", self.max_jump_multiple)
        require(self.settle_delay_s >= 0, "settle_delay_s", ">= 0", self.settle_delay_s)
        require(self.max_clock_skew_s >= 0, "max_clock_skew_s", ">= 0", self.max_clock_skew_s)
        for name in ("stale_after_bars", "backfill_bars", "page_bars"):
            require(getattr(self, name) >= 1, name, ">= 1", getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPolicy:
    """The embedded simulated venue. Every number is arbitrary; no result on it means anything."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    seed: int = field(default=11, metadata={"doc": "The same seed gives the same market."})
    speed: float = field(
        default=600.0,
        metadata={"doc": "Simulated seconds per second on the wall; 600 is an hour in six."},
    )
    starts_at: datetime = field(
        default=datetime(2024, 1, 1, tzinfo=UTC),
        metadata={"doc": "Simulated moment (00:00 UTC) at which the first start begins."},
    )
    history_days: int = field(
        default=120,
        metadata={"doc": "Days of candles that exist before the start, for indicators to warm up."},
    )

    def __post_init__(self) -> None:
        """The market is made day by day, so it starts on one."""
        require_utc("starts_at", self.starts_at)
        midnight = self.starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
        require(self.starts_at == midnight, "starts_at", "00:00 UTC of a day", self.starts_at)
        require(self.seed >= 0, "seed", ">= 0", self.seed)
        require(self.speed > 0, "speed", "> 0", self.speed)
        require(self.history_days >= 1, "history_days", ">= 1", self.history_days)
