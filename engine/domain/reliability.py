"""How well a calibration's promises were kept on data it had not seen.

"scored 70–80: promised +25 bps, came to +21 [−4, +46], won 54 % [49, 59], n=412"
"""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from engine.domain.market import Timeframe
from engine.domain.values import require, require_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityRow:
    """One range of scores: promised and realised, with 95 % intervals of what was realised.

    Edges are basis points before costs; a trade is won when it earned after costs. ``n`` counts
    independent outcomes, which is far fewer than the ``bars`` that were scored so.
    """

    score_from: float
    score_to: float
    promised_bps: float
    realised_bps: float
    low_bps: float
    high_bps: float
    promised_win: float
    won: float
    won_low: float
    won_high: float
    bars: int
    n: int

    def __post_init__(self) -> None:
        """Finite, and every interval holds its estimate."""
        require(self.score_to > self.score_from, "score_to", f"> {self.score_from}", self.score_to)
        for name in ("promised_bps", "realised_bps", "low_bps", "high_bps"):
            require(isfinite(getattr(self, name)), name, "finite", getattr(self, name))
        inside = self.low_bps <= self.realised_bps <= self.high_bps
        require(inside, "realised_bps", "inside its interval", self.realised_bps)
        for name in ("promised_win", "won", "won_low", "won_high"):
            require(0.0 <= getattr(self, name) <= 1.0, name, "0 to 1", getattr(self, name))

    @property
    def is_kept(self) -> bool:
        """Whether the promise lies inside the interval of what came."""
        return self.low_bps <= self.promised_bps <= self.high_bps


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The rows of one direction, and how much better than "no score has an edge" each method was.

    ``skill`` maps methods to 1 − (squared error ÷ squared error of promising 0), out of sample; at
    or below 0 the calibration knows nothing. ``cost_bps`` is the mean round trip.
    """

    strategy_version: str
    timeframe: Timeframe
    method: str
    data_from: datetime
    data_to: datetime
    cost_bps: float
    skill: tuple[tuple[str, float], ...]
    rows: tuple[ReliabilityRow, ...]

    def __post_init__(self) -> None:
        """In UTC."""
        require_utc("data_from", self.data_from)
        require_utc("data_to", self.data_to)
