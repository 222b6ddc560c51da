"""Made-up markets that a strategy file is tried on: calm, wild, falling apart, and soaring.

One random walk would be no trial for a signal that fires on rare bars: the four differ in how much
moves, and two of them crash or leap every few weeks and take part of it back, so that "fifteen per
cent below the mean" happens dozens of times. The same seed makes the same bars.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from engine.domain.values import to_ms
from engine.indicators.bars import Bars
from engine.kernel import Floats
from engine.strategy.version import StrategyVersion

_BARS = 1_600


class Walk(NamedTuple):
    """A kind of market: first price, usual move per bar as a fraction, and its leaps.

    ``leap`` is the size of a leap as a log return, below 0 for crashes; one in ``every`` bars.
    ``year`` is when it begins: a signal may look at the date.
    """

    price: float
    size: float
    leap: float = 0.0
    every: int = 60
    year: int = 2016


WALKS = (
    Walk(100.0, 0.01),
    Walk(30_000.0, 0.05, year=2019),
    Walk(0.02, 0.02, leap=-0.25, year=2021),
    Walk(4.0, 0.02, leap=0.25, year=2024),
)


def made_up_bars(strategy: StrategyVersion, *, seed: int, walk: Walk = WALKS[0]) -> Bars:
    """Bars of a kind of market, long enough for the strategy's window."""
    count = max(_BARS, 2 * strategy.window_bars + 200)
    rng = np.random.default_rng(seed)
    size = walk.size * np.exp(np.cumsum(rng.normal(0.0, 0.05, count)).clip(-1.5, 1.5))
    moves = rng.standard_normal(count) * size + _leaps(walk, count, rng)
    # A pull to the first price: without it a long wild walk ends at zero or beyond every float.
    logs = np.empty(count)
    at = 0.0
    for bar, move in enumerate(moves.tolist()):
        at = 0.995 * at + move
        logs[bar] = at
    return _bars_around(strategy, walk.price * np.exp(logs), size, rng, walk.year)


def _leaps(walk: Walk, count: int, rng: np.random.Generator) -> Floats:
    """Leaps of one to three bars, of which the next few bars take a part back."""
    moves = np.zeros(count)
    if walk.leap == 0.0:
        return moves
    for bar in np.flatnonzero(rng.random(count - 8) < 1.0 / walk.every).tolist():
        leap = walk.leap * rng.uniform(0.5, 1.5)
        length = int(rng.integers(1, 4))
        moves[bar : bar + length] += leap / length
        moves[bar + length : bar + length + 4] -= leap * rng.uniform(0.0, 0.2)
    return moves


def _bars_around(
    strategy: StrategyVersion, close: Floats, size: Floats, rng: np.random.Generator, year: int
) -> Bars:
    open_ = np.concatenate(([close[0]], close[:-1]))
    reach = np.abs(rng.standard_normal((2, len(close)))) * size * 0.5
    step = strategy.timeframe.ms
    begin = to_ms(datetime(year, 1, 1, tzinfo=UTC)) // step * step
    return Bars(
        timeframe=strategy.timeframe,
        open_ms=begin + np.arange(len(close), dtype=np.int64) * step,
        open=open_,
        high=np.maximum(open_, close) * (1.0 + reach[0]),
        low=np.minimum(open_, close) * np.exp(-reach[1]),
        close=close,
        volume=rng.lognormal(5.0, 1.0, len(close)),
    )
