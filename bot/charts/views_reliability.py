"""What the reliability picture shows, as frozen values; see `bot.charts.views` for the rules."""

from dataclasses import dataclass

from bot.charts.views import PHONE_WIDTH_PX, Theme, require_width
from bot.charts.words import ENGLISH, Words
from engine.domain.reliability import Reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityLabels:
    """The words of the picture in one language."""

    title: str
    edge: str
    won: str
    promised: str
    realised: str
    costs: str
    score: str
    n: str
    nothing: str


ENGLISH_LABELS = ReliabilityLabels(
    title="Promised and realised, out of sample",
    edge="Mean result before costs, bps",
    won="Trades that earned after costs, %",
    promised="promised",
    realised="realised, 95 %",
    costs="costs",
    score="Score, points",
    n="n",
    nothing="not enough trades to compare",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReliabilityPicture:
    """Promises beside outcomes per range of scores; `title` names strategy and timeframe."""

    title: str
    reliability: Reliability
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    labels: ReliabilityLabels = ENGLISH_LABELS
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        require_width(self.width_px)
