"""What the picture of a benchmark shows, as frozen values; see `bot.charts.views` for the rules."""

import math
from dataclasses import dataclass

from bot.charts.views import PHONE_WIDTH_PX, Theme, require_width
from engine.domain.values import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One engine's figure: as long as `value` says, with `text` beside it."""

    name: str
    value: float
    text: str
    ours: bool

    def __post_init__(self) -> None:
        """Refuse what has no length."""
        require(math.isfinite(self.value) and self.value > 0, "value", "above 0", self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarGroup:
    """Bars of one quantity under a heading; `logarithmic` where they differ by magnitudes."""

    title: str
    bars: tuple[Bar, ...]
    logarithmic: bool = False

    def __post_init__(self) -> None:
        """Refuse a heading over nothing."""
        require(len(self.bars) > 0, "bars", "at least one", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPicture:
    """A benchmark: groups of bars from top to bottom."""

    title: str
    subtitle: str
    groups: tuple[BarGroup, ...]
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX

    def __post_init__(self) -> None:
        """Refuse a width no phone shows."""
        require_width(self.width_px)
