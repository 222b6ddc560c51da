"""Settings of the fill model: the synthesised book that stands in where no real one is known."""

from dataclasses import dataclass, field
from typing import ClassVar

from engine.domain.values import require

_MOST_LEVELS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FillPolicy:
    """Shape and seed of the synthesised order book; depth follows the last closed bar's volume."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    seed: int = field(
        default=7,
        metadata={"doc": "Seed of the synthesised book; the same seed gives the same fills."},
    )
    book_levels: int = field(
        default=10,
        metadata={"doc": "Price levels on each side; what is wanted beyond them is not filled."},
    )
    level_step_bps: float = field(
        default=3.0,
        metadata={"doc": "Distance between two price levels."},
    )
    level_volume_fraction: float = field(
        default=0.005,
        metadata={"doc": "Share of the last bar's volume that rests on one level, on average."},
    )
    level_jitter_fraction: float = field(
        default=0.5,
        metadata={
            "doc": "How far the depth of a level may differ from the average, as a share of it."
        },
    )

    def __post_init__(self) -> None:
        """Refuse an empty book, negative steps and levels of negative depth."""
        require(1 <= self.book_levels <= _MOST_LEVELS, "book_levels", "1 to 100", self.book_levels)
        require(self.level_step_bps >= 0.0, "level_step_bps", ">= 0", self.level_step_bps)
        share = self.level_volume_fraction
        require(0.0 < share <= 1.0, "level_volume_fraction", "above 0, at most 1", share)
        jitter = self.level_jitter_fraction
        require(0.0 <= jitter <= 1.0, "level_jitter_fraction", "0 to 1", jitter)
        require(self.seed >= 0, "seed", ">= 0", self.seed)
