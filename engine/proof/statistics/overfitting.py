"""How likely a Sharpe ratio is real, after its length, its tails and the search that found it.

daily returns → `Sharpe` (ratio and moments) → `probabilistic_sharpe` against a hurdle → the hurdle
raised to the best ratio that the search finds without any skill = `deflated_sharpe`

Sources: Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2),
2012 (PSR, minimum track record) and "The Deflated Sharpe Ratio", Journal of Portfolio Management
40(5), 2014 (expected maximum, DSR).

Choices:
- Every Sharpe ratio here is per period, never annualised: the formulas count periods.
- Moments are those of the population, as in the papers. `kurtosis` is 3 for a normal distribution.
- What cannot be computed (no dispersion, too few periods) is `None`, never 0 and never NaN.
- The normal distribution comes from the standard library, so that the gate needs no extra package.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from engine.domain.values import require
from engine.kernel import Floats

_NORMAL = NormalDist()
_EULER = 0.5772156649015329
_FEWEST_PERIODS = 3
_SMALLEST_DEVIATION = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpe:
    """A measured Sharpe ratio per period with what its uncertainty depends on."""

    ratio: float
    skewness: float
    kurtosis: float
    periods: int

    def __post_init__(self) -> None:
        """Refuse what no sample can have."""
        finite = all(map(math.isfinite, (self.ratio, self.skewness, self.kurtosis)))
        require(finite, "Sharpe ratio and moments", "finite", self)
        require(self.periods >= _FEWEST_PERIODS, "periods", ">= 3", self.periods)
        # Pearson's inequality; the excess is rounding.
        least = self.skewness**2 + 1.0
        require(self.kurtosis >= least - 1e-6 * least, "kurtosis", f">= {least}", self.kurtosis)

    @property
    def error(self) -> float:
        """Standard error of the ratio, fat tails and skewness counted (Mertens 2002)."""
        spread = 1.0 - self.skewness * self.ratio + (self.kurtosis - 1.0) / 4.0 * self.ratio**2
        return math.sqrt(max(spread, 0.0) / (self.periods - 1))


def sharpe_of(returns: Floats) -> Sharpe | None:
    """Measure returns per period (fractions); `None` without dispersion or below three periods."""
    if len(returns) < _FEWEST_PERIODS:
        return None
    mean = float(np.mean(returns))
    centred = returns - mean
    deviation = float(np.sqrt(np.mean(centred**2)))
    if deviation <= _SMALLEST_DEVIATION:
        return None
    unit = centred / deviation
    return Sharpe(
        ratio=mean / (deviation * math.sqrt(len(returns) / (len(returns) - 1))),
        skewness=float(np.mean(unit**3)),
        kurtosis=float(np.mean(unit**4)),
        periods=len(returns),
    )


def probabilistic_sharpe(sharpe: Sharpe, hurdle: float = 0.0) -> float:
    """Return the probability that the true ratio exceeds `hurdle` (PSR, 2012, equation 11)."""
    distance = sharpe.ratio - hurdle
    if sharpe.error <= 0.0:
        return float(distance > 0.0)
    return _NORMAL.cdf(distance / sharpe.error)


def minimum_track_record(sharpe: Sharpe, hurdle: float, confidence: float) -> float | None:
    """Return the periods after which PSR reaches `confidence` (MinTRL, 2012, equation 13).

    `None` where the ratio does not exceed the hurdle: no record is long enough.
    """
    require(0.5 < confidence < 1.0, "confidence", "above 0.5 and below 1", confidence)  # noqa: PLR2004 (even odds)
    distance = sharpe.ratio - hurdle
    if distance <= 0.0:
        return None
    spread = sharpe.error**2 * (sharpe.periods - 1)
    return 1.0 + spread * (_NORMAL.inv_cdf(confidence) / distance) ** 2


def expected_maximum(trials: int, variance: float) -> float:
    """Return the best ratio to expect of `trials` without skill (DSR, 2014, equation 1).

    `variance` is that of the trials' ratios per period. A single trial is no search: 0.
    """
    require(trials >= 1, "trials", ">= 1", trials)
    require(variance >= 0.0, "variance", ">= 0", variance)
    if trials == 1:
        return 0.0
    ordinary = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    extreme = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _EULER) * ordinary + _EULER * extreme)


def deflated_sharpe(sharpe: Sharpe, *, trials: int, variance: float) -> float:
    """Return the probability that the ratio is more than the best of a search by luck (DSR)."""
    return probabilistic_sharpe(sharpe, expected_maximum(trials, variance))


def variance_of(ratios: Sequence[float]) -> float:
    """Return the sample variance of the trials' ratios; 0 for fewer than two."""
    return float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
