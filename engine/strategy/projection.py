"""Where a price may go: quantiles of closes to come, from a volatility-scaled block bootstrap.

closed bars → variance per bar → blocks of past moves, each in units of the volatility that was
expected when it began → paths at the volatility expected now → quantiles of the price per close

Choices:
- No direction. Every drawn path counts with its mirror image, so the median is the last price and
  the band is symmetric in log price. A window's own trend or skew says nothing about the next one,
  and a cone that leans would be read as advice.
- A window is 1,000 bars, and never more than a year: how wild a market usually is drifts over
  years, and a mean over three of them is out of date.
- Variance per bar is Garman and Klass's (1980, "On the estimation of security price volatilities
  from historical data"), which reads the range and so needs an eighth of the bars that squared
  returns do, plus the squared gap to the close before.
- Expected variance ``k`` bars ahead: the window's mean, plus a share of what a short average lies
  beyond it, fading by a half-life. Calm and storm pass; a cone that took today's for ever would be
  too narrow after calm and too wide after storm.
- A block keeps what single bars lose: moves that follow moves, and storms that come together. It
  is measured against what was expected at its **start**, so that the error of that expectation is
  in the block, as it will be in the outcome.
- The figures were chosen on 1h, 4h and 1d bars that end with 2020, by pinball loss and coverage,
  both of which are flat around them; ``docs/research/projection.md`` has the record since.
- Same bars, horizon and seed give the same projection. It reads nothing but the bars it is given.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.projection import NoProjection, Projection
from engine.domain.values import require
from engine.indicators import direct
from engine.indicators.bars import Bars, Floats

VERSION = "projection-1"
FEWEST_BARS = 240
MOST_HORIZON_BARS = 240
FRACTIONS = (0.10, 0.25, 0.50, 0.75, 0.90)
LEVEL = 0.80
PATHS = 500

_MOST_SIGMAS = 10.0
_WIDEST = math.log(10.0)
_WHOLE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The figures of the method, in bars of whatever timeframe.

    The window is the last ``most_bars``, never more than ``most_days`` of them. ``block_bars`` is
    the length of a block, ``recent_bars`` that of the exponential average (weight 2 / (length + 1))
    that says how wild it is now, ``recent_share`` the part of its distance from the window's mean
    that is believed, ``half_life_bars`` when half of that has passed.
    """

    most_bars: int = 1_000
    most_days: int = 365
    block_bars: int = 24
    recent_bars: int = 24
    recent_share: float = 0.7
    half_life_bars: float = 12.0

    def __post_init__(self) -> None:
        """Blocks fit the shortest history; an expected variance stays positive."""
        most = FEWEST_BARS // 4
        for name in ("block_bars", "recent_bars"):
            require(2 <= getattr(self, name) <= most, name, f"2 to {most}", getattr(self, name))  # noqa: PLR2004 - an average of one bar is none
        require(0 <= self.recent_share < 1, "recent_share", "0 to below 1", self.recent_share)
        require(self.half_life_bars > 0, "half_life_bars", "> 0", self.half_life_bars)

    def window_bars(self, timeframe: Timeframe) -> int:
        """How many of the last bars are read."""
        return min(self.most_bars, self.most_days * Timeframe.D1.ms // timeframe.ms)

    def fading(self, bars: int) -> Floats:
        """The believed part of today's distance from the usual variance at each bar ahead."""
        left: Floats = self.recent_share * 0.5 ** (np.arange(bars) / self.half_life_bars)
        return left


METHOD = Method()


class Moves(NamedTuple):
    """Drawn paths [path, close] of the log price from now on, without their mirror images."""

    paths: Floats
    sigma_now: float
    sigma_usual: float


def project(
    bars: Bars,
    horizon_bars: int,
    *,
    seed: int,
    fractions: Sequence[float] = FRACTIONS,
    paths: int = PATHS,
) -> Projection | NoProjection:
    """Project the next ``horizon_bars`` closes from the last ``METHOD.window_bars`` of ``bars``.

    Refused with fewer than ``FEWEST_BARS`` bars, and where four closes in five would only be known
    to within a factor of ten. Raises ``InvalidValueError`` for a horizon outside 1 to
    ``MOST_HORIZON_BARS`` and for fractions that do not rise between 0 and 1.
    """
    steps = (0.0, *fractions, 1.0)
    require(
        all(a < b for a, b in pairwise(steps)),
        "fractions",
        "rising between 0 and 1",
        fractions,
    )
    drawn = moves(bars, horizon_bars, seed=seed, paths=paths)
    if isinstance(drawn, NoProjection):
        return drawn
    sizes = np.sort(np.abs(drawn.paths), axis=0)
    price = float(bars.close[-1])
    rows = (math.copysign(1.0, f - 0.5) * _size(sizes, abs(2 * f - 1)) for f in fractions)
    made_ms = int(bars.close_ms[-1])
    return Projection(
        version=VERSION,
        made_ms=made_ms,
        price=price,
        close_ms=tuple(made_ms + bars.timeframe.ms * k for k in range(1, horizon_bars + 1)),
        fractions=tuple(fractions),
        prices=tuple(tuple((price * np.exp(row)).tolist()) for row in rows),
        bars=min(len(bars), METHOD.window_bars(bars.timeframe)),
        paths=paths,
        bar_sigma_now=drawn.sigma_now,
        bar_sigma_usual=drawn.sigma_usual,
    )


def moves(
    bars: Bars, horizon_bars: int, *, seed: int, paths: int = PATHS, method: Method = METHOD
) -> Moves | NoProjection:
    """Draw the paths behind a projection; see ``project``."""
    require(
        1 <= horizon_bars <= MOST_HORIZON_BARS,
        "horizon_bars",
        f"1 to {MOST_HORIZON_BARS}",
        horizon_bars,
    )
    if len(bars) < FEWEST_BARS:
        return NoProjection.TOO_FEW_BARS
    window = bars.between(max(0, len(bars) - method.window_bars(bars.timeframe)), len(bars))
    variance = bar_variance(window)
    usual = float(variance.mean())
    if not usual > 0.0:
        return Moves(np.zeros((paths, horizon_bars)), 0.0, 0.0)
    recent = direct.call("EMA", variance, timeperiod=method.recent_bars)
    beyond = recent[method.recent_bars - 1 :] - usual
    after = np.diff(np.log(window.close))[method.recent_bars - 1 :]
    blocks = _blocks(after, beyond, usual, method)
    sigma = np.sqrt(usual + beyond[-1] * method.fading(horizon_bars))
    count = -(-horizon_bars // method.block_bars)
    picked = np.random.default_rng(seed).integers(len(blocks), size=(paths, count))
    steps = blocks[picked].reshape(paths, -1)[:, :horizon_bars]
    drawn = np.cumsum(steps * sigma, axis=1)
    if inner_size(drawn[:, -1], LEVEL) > _WIDEST:
        return NoProjection.TOO_WILD
    return Moves(drawn, float(sigma[0]), math.sqrt(usual))


def bar_variance(bars: Bars) -> Floats:
    """Variance of each bar's log price, Garman and Klass's plus the squared gap before the bar."""
    gap = np.zeros(len(bars))
    gap[1:] = np.log(bars.open[1:] / bars.close[:-1])
    spread = np.log(bars.high / bars.low)
    body = np.log(bars.close / bars.open)
    variance: Floats = 0.5 * spread**2 - (2 * math.log(2) - 1) * body**2 + gap**2
    return variance


def inner_size(ends: Floats, level: float) -> float:
    """Return the size of move that the share ``level`` of the drawn ``ends`` does not exceed."""
    return float(_size(np.sort(np.abs(ends)), level))


def _size(sorted_sizes: Floats, level: float) -> Floats:
    """The smallest drawn size that ``level`` of the paths do not exceed, per close; 0 for none."""
    rank = math.ceil(len(sorted_sizes) * level - _WHOLE)
    found: Floats = sorted_sizes[rank - 1] if rank > 0 else np.zeros_like(sorted_sizes[0])
    return found


def _blocks(after: Floats, beyond: Floats, usual: float, method: Method) -> Floats:
    """All blocks [start, bar] of returns, in units of what was expected when they began.

    ``beyond[i]`` is known at the close before ``after[i]``. What exceeds ten of its units is cut: a
    jump out of a dead calm, thrown onto the storm that followed it, would be counted twice.
    """
    blocks = np.lib.stride_tricks.sliding_window_view(after, method.block_bars)
    expected = usual + beyond[: len(blocks), None] * method.fading(method.block_bars)
    units: Floats = np.clip(blocks / np.sqrt(expected), -_MOST_SIGMAS, _MOST_SIGMAS)
    return units
