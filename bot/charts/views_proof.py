"""What the picture of a verdict shows, as frozen values; see `bot.charts.views` for the rules.

Texts come ready in the reader's language: what a criterion is called is no matter of drawing.
"""

from dataclasses import dataclass
from math import isnan

from bot.charts.views import PHONE_WIDTH_PX, Theme, require_width, require_zone
from bot.charts.views_backtest import ENGLISH_LABELS, BacktestLabels, Curves
from bot.charts.words import ENGLISH, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One criterion: `text` is figure and limit, `ratio` the figure over its limit.

    `ratio` is None where there is no figure, `passed` where the question could not be asked.
    """

    name: str
    text: str
    passed: bool | None
    ratio: float | None

    def __post_init__(self) -> None:
        if self.ratio is not None and isnan(self.ratio):
            raise ValueError(f"ratio of {self.name} must be a number or None, was NaN")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProofPicture:
    """A verdict: the word for it, every criterion, and the stitched curve if there is one.

    `passed` colours the word; `notes` are small print under the headline (at most three).
    `limit` is the word for the line in the middle of every bar.
    """

    title: str
    word: str
    passed: bool
    verdicts: tuple[Verdict, ...]
    limit: str
    notes: tuple[str, ...] = ()
    curves: Curves | None = None
    curve_title: str = ""
    zone_name: str = "UTC"
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH
    labels: BacktestLabels = ENGLISH_LABELS

    def __post_init__(self) -> None:
        require_zone(self.zone_name)
        require_width(self.width_px)
