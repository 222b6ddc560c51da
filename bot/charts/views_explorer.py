"""What the pictures of the explorer show: an explained decision, a ranked list, several timeframes.

Words come with the views: what a gate or a verdict is called is the chat's matter.
"""

from dataclasses import dataclass
from typing import Literal

from bot.charts.views import (
    PHONE_WIDTH_PX,
    ChartPicture,
    Contribution,
    Side,
    Theme,
    require_finite,
    require_width,
)
from bot.charts.words import ENGLISH, Words

type Mark = Literal["passed", "failed", "asked", "unknown", "unreached"]

_FULL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Contribution):
    """What one indicator added, and its share of the weights (0 to 1)."""

    weight_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One gate: its name, what it saw beside what it wanted, and how it went.

    `is_supposed`: it was never reached and is told as if all before it had passed.
    """

    name: str
    figures: str
    mark: Mark
    is_supposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyPicture:
    """A decision explained: its score by indicator, and its gates in order.

    `score` is signed, −100 to 100, `None` while there is none; `needed` is the unsigned score at
    the threshold. `moment` names the bar, `verdict` what came of it.
    """

    symbol: str
    timeframe: str
    moment: str
    verdict: str
    score: float | None
    side: Side
    needed: float | None = None
    needed_text: str = ""
    parts: tuple[Part, ...] = ()
    gates_title: str = ""
    gates: tuple[GateRow, ...] = ()
    note: str = ""
    badges: tuple[str, ...] = ()
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        require_width(self.width_px)
        for name, points in (("score", self.score), ("needed", self.needed)):
            if points is not None and not -_FULL <= points <= _FULL:
                raise ValueError(f"{name} must be from -100 to 100, was {points}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One market of the list; `note` is what came of it, `time` when its bar closed."""

    number: int
    symbol: str
    timeframe: str
    score: float
    needed: float | None
    note: str
    time: str

    def __post_init__(self) -> None:
        require_finite("score", self.score)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPicture:
    """A page of the ranked list; `filters` says what was left out, `empty` why nothing is left."""

    title: str
    filters: str
    rows: tuple[BoardRow, ...]
    empty: str
    needed_text: str
    zone_text: str
    badges: tuple[str, ...] = ()
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        require_width(self.width_px)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FramesPicture:
    """One market on several timeframes, the shortest first; all share symbol, zone and theme.

    `notes` say of each how many bars are shown and when the last one closed, or are empty.
    """

    charts: tuple[ChartPicture, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.charts:
            raise ValueError("charts must be at least one, were none")
        if self.notes and len(self.notes) != len(self.charts):
            raise ValueError(f"notes must be one a chart or none, were {len(self.notes)}")
