"""Intervals and tests that draw blocks of days instead of assuming how returns are distributed.

daily returns → blocks of random length (Politis and Romano 1994), mean length chosen from the data
(Politis and White 2004, Patton, Politis and White 2009) → intervals; the same blocks of two series
→ interval of their difference; Hansen's SPA (2005); shuffled trades → drawdown quantiles

Choices:
- Bootstrap, block length and SPA are those of the `arch` package, loaded when first needed.
- Intervals are percentile intervals: they stay inside what the data can produce.
- Two series are resampled by the same blocks, so that what both lived through on one day cancels.
- SPA compares means. Series of different volatility are brought to one before: a strategy that
  holds a tenth of the market would otherwise lose to any rise, a leveraged one never.
- A seed makes every figure repeatable.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from engine.domain.errors import ConfigurationError
from engine.domain.values import require
from engine.kernel import Floats

_FEWEST_DAYS = 20
_SMALLEST_DEVIATION = 1e-12
_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its `level` interval; `block_days` is the mean length of a block."""

    estimate: float
    low: float
    high: float
    level: float
    block_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """First minus second series: of the mean per period and of the Sharpe ratio per period."""

    mean: Interval
    sharpe: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Superiority:
    """P-values of Hansen's test that no model beats the benchmark; `consistent` is the one to use.

    `lower` and `upper` bound it by how many poor models are taken to matter.
    """

    lower: float
    consistent: float
    upper: float


def block_length(returns: Floats) -> int:
    """Return the mean block length in periods for a stationary bootstrap, at least 1."""
    require(len(returns) >= _FEWEST_DAYS, "periods", f">= {_FEWEST_DAYS}", len(returns))
    if np.ptp(returns) <= _SMALLEST_DEVIATION:
        return 1
    table = _arch().optimal_block_length(returns)
    best = float(table["stationary"].iloc[0])
    # White noise can give 0 or NaN: blocks of one day are then right.
    return min(max(1, math.ceil(best)), len(returns)) if math.isfinite(best) else 1


def mean_interval(
    returns: Floats, *, level: float = 0.95, resamples: int = 2000, seed: int
) -> Interval:
    """Return the mean per period with its interval."""
    return _interval(_mean, (returns,), level, resamples, seed)


def sharpe_interval(
    returns: Floats, *, level: float = 0.95, resamples: int = 2000, seed: int
) -> Interval:
    """Return the Sharpe ratio per period with its interval."""
    return _interval(_sharpe, (returns,), level, resamples, seed)


def paired_difference(
    first: Floats, second: Floats, *, level: float = 0.95, resamples: int = 2000, seed: int
) -> Difference:
    """Return how much better `first` did than `second` over the same periods, with intervals."""
    require(len(first) == len(second), "second", f"{len(first)} long", len(second))
    pair = (first, second)
    return Difference(
        mean=_interval(_mean_difference, pair, level, resamples, seed),
        sharpe=_interval(_sharpe_difference, pair, level, resamples, seed),
    )


def superiority(
    benchmark: Floats, models: Floats, *, resamples: int = 1000, seed: int
) -> Superiority:
    """Test whether the best of `models` [period, model] earns more than `benchmark` [period].

    Losses are negative returns, each series scaled to the benchmark's volatility.
    """
    require(len(models) == len(benchmark), "models", f"{len(benchmark)} long", len(models))
    deviation = np.std(models, axis=0)
    require(bool(np.all(deviation > 0)), "models", "series that move", deviation)
    scaled = models * (np.std(benchmark) / deviation)
    excess = scaled[:, int(np.argmax(scaled.mean(axis=0)))] - benchmark
    test = _arch().SPA(
        -benchmark, -scaled, block_size=block_length(excess), reps=resamples, seed=seed
    )
    test.compute()
    return Superiority(**{name: float(test.pvalues[name]) for name in Superiority.__slots__})


def drawdown_quantiles(
    trade_returns: Floats, quantiles: Sequence[float], *, resamples: int = 2000, seed: int
) -> tuple[float, ...]:
    """Return quantiles of the deepest loss when the same trades come in another order.

    `trade_returns` are fractions of equity at each entry, compounded one after the other; the
    result is positive fractions. It says what luck with the order hid, not what other trades would
    have done.
    """
    require(len(trade_returns) > 0, "trades", "at least one", 0)
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // len(trade_returns))
    depths = []
    for start in range(0, resamples, step):
        rows = np.tile(trade_returns, (min(step, resamples - start), 1))
        grown = np.cumprod(1.0 + rng.permuted(rows, axis=1), axis=1)
        path = np.maximum(np.hstack([np.ones((len(grown), 1)), grown]), 0.0)
        depths.append(np.max(1.0 - path / np.maximum.accumulate(path, axis=1), axis=1))
    return tuple(float(q) for q in np.quantile(np.concatenate(depths), quantiles))


def drawdown_of_days(
    returns: Floats, quantiles: Sequence[float], *, resamples: int = 1000, seed: int
) -> tuple[float, ...]:
    """Return quantiles of the deepest loss over daily returns drawn anew in blocks.

    Positive fractions. Days keep what was held together and what happened inside a trade, which
    another order of closed trades does not.
    """
    draws = _arch().StationaryBootstrap(block_length(returns), returns, seed=seed)
    depths = [_depth(drawn[0]) for drawn, _ in draws.bootstrap(resamples)]
    return tuple(float(q) for q in np.quantile(depths, quantiles))


def _depth(returns: Floats) -> float:
    path = np.concatenate(([1.0], np.maximum(np.cumprod(1.0 + returns), 0.0)))
    return float(np.max(1.0 - path / np.maximum.accumulate(path)))


def _interval(
    figure: Callable[..., Floats],
    series: tuple[Floats, ...],
    level: float,
    resamples: int,
    seed: int,
) -> Interval:
    require(0.0 < level < 1.0, "level", "between 0 and 1", level)
    days = max(block_length(one) for one in series)
    draws = _arch().StationaryBootstrap(days, *series, seed=seed)
    low, high = draws.conf_int(figure, reps=resamples, method="percentile", size=level).ravel()
    return Interval(
        estimate=float(figure(*series)[0]),
        low=float(low),
        high=float(high),
        level=level,
        block_days=days,
    )


def _mean(returns: Floats) -> Floats:
    return np.array([returns.mean()])


def _sharpe(returns: Floats) -> Floats:
    deviation = returns.std(ddof=1)
    return np.array([returns.mean() / deviation if deviation > _SMALLEST_DEVIATION else 0.0])


def _mean_difference(first: Floats, second: Floats) -> Floats:
    return _mean(first) - _mean(second)


def _sharpe_difference(first: Floats, second: Floats) -> Floats:
    return _sharpe(first) - _sharpe(second)


def _arch() -> ModuleType:
    try:
        from arch import bootstrap  # noqa: PLC0415 (an extra; slow to load)
    except ImportError as err:
        raise ConfigurationError(
            "resampling needs the arch package; install with: uv sync --extra research"
        ) from err
    return bootstrap
