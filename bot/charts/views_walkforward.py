"""What the picture of a walk-forward shows, as frozen values; see `bot.charts.views` for the rules.

Windows adjoin: each begins where the one before it ended.
"""

from dataclasses import dataclass

from bot.charts.views import (
    PHONE_WIDTH_PX,
    Theme,
    require_finite,
    require_width,
    require_zone,
)
from bot.charts.views_backtest import ENGLISH_LABELS, BacktestLabels, Curves, Figure
from bot.charts.words import ENGLISH, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A parameter's value in each window, as a number to place and a text to read.

    `heights` lie in 0 to 1: the place among the values that were searched.
    """

    name: str
    heights: tuple[float, ...]
    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.heights) != len(self.texts):
            raise ValueError(f"{self.name}: {len(self.heights)} heights, {len(self.texts)} texts")
        for height in self.heights:
            require_finite(self.name, height)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForwardPicture:
    """A walk-forward on a phone: headline, figures, stitched curve, drawdown, drift.

    `borders_ms` are the starts of all windows but the first, `window_returns` one fraction per
    window. `drifts` holds the parameters that changed; at most six are drawn.
    """

    title: str
    subtitle: str
    currency: str
    return_fraction: float
    curves: Curves
    borders_ms: tuple[int, ...]
    window_returns: tuple[float, ...]
    drifts: tuple[Drift, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    zone_name: str = "UTC"
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH
    labels: BacktestLabels = ENGLISH_LABELS

    def __post_init__(self) -> None:
        """One return per window, one value of each parameter per window."""
        require_finite("return_fraction", self.return_fraction)
        count = len(self.window_returns)
        if len(self.borders_ms) != count - 1:
            raise ValueError(
                f"{count} windows have {count - 1} borders, not {len(self.borders_ms)}"
            )
        for drift in self.drifts:
            if len(drift.heights) != count:
                raise ValueError(f"{drift.name}: {len(drift.heights)} values, {count} windows")
        require_zone(self.zone_name)
        require_width(self.width_px)
