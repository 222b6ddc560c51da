"""Means of overlapping outcomes with intervals that do not pretend they are independent.

observations sorted into cells → blocks of time → mean, its variance, the independent n behind it

Trades that follow neighbouring bars share most of their path, and trades in two coins on one day
share the market's. Counting each as a witness would make every interval several times too narrow.

- Blocks of time, all symbols together, are the independent units: the variance of a cell's mean is
  that of a ratio of block sums (Cochran, "Sampling Techniques", 1977, 6.4; in econometrics the
  cluster-robust variance), with Student's t on the effective number of blocks. A block is twice as
  long as nearly every trade lasts, so that few trades reach into the next.
- That variance is never taken below the one of as many independent trades as could have been made
  one after another: a lucky few blocks must not make a thin cell look certain.
- ``n`` is what both agree on: the number of independent outcomes with this variance of the mean.
"""

from typing import NamedTuple

import numpy as np

from engine.domain.errors import ConfigurationError
from engine.kernel import Floats, Ints, lean
from engine.proof.calibration.observations import Observations

_LONG = 0.95
_LEVEL = 0.975
_FEWEST_BLOCKS = 3.0
_NEVER = np.iinfo(np.int64).min


class Cells(NamedTuple):
    """Per cell, NaN (n 0) where nothing can be said.

    ``mean`` is of outcomes in basis points, ``variance`` that of this mean, ``spread`` that of one
    outcome, ``margin`` half the 95 % interval per standard error. ``won`` is the share of trades
    that earned after costs, ``gain`` and ``loss`` the mean win and mean loss after costs in R.
    ``n`` counts independent outcomes.
    """

    mean: Floats
    variance: Floats
    margin: Floats
    spread: Floats
    won: Floats
    gain: Floats
    loss: Floats
    n: Floats


class _Trades(NamedTuple):
    """Which trade, and when, for the compiled count."""

    symbol: Ints
    decided_ms: Ints
    left_ms: Ints
    cell: Ints


def block_ms(seen: Observations) -> int:
    """Return the length of a block: twice what nearly every trade lasts, at least a day."""
    if len(seen.bps) == 0:
        return 86_400_000
    lasts = np.quantile(seen.left_ms - seen.decided_ms, _LONG)
    return max(86_400_000, 2 * int(lasts))


def measure(seen: Observations, cell: Ints, count: int, *, length_ms: int) -> Cells:
    """Measure ``count`` cells; ``cell`` numbers each observation's, below 0 for none."""
    used = cell >= 0
    seen, cell = seen.where(used), cell[used]
    blocks, block = np.unique(seen.decided_ms // length_ms, return_inverse=True)
    shape = (len(blocks), count)
    place = block * count + cell

    def per_block(weights: Floats | None = None) -> Floats:
        sums = np.bincount(place, weights, minlength=shape[0] * count)
        return np.asarray(sums, np.float64).reshape(shape)

    def per_cell(weights: Floats | None = None) -> Floats:
        return np.asarray(np.bincount(cell, weights, minlength=count), np.float64)

    sizes = per_block()
    total = per_cell()
    gains, losses = np.maximum(seen.net_r, 0.0), np.maximum(-seen.net_r, 0.0)
    wins = (seen.net_r > 0.0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = per_cell(seen.bps) / total
        spread = per_cell((seen.bps - mean[cell]) ** 2) / np.maximum(total - 1.0, 1.0)
        effective = total**2 / np.sum(sizes**2, axis=0)
        variance = _ratio_variance(per_block(seen.bps), sizes, mean)
        alone = np.asarray(count_alone(*_by_time(seen), cell, count), np.float64)
        variance = np.maximum(variance, spread / alone)
        variance[~(effective >= _FEWEST_BLOCKS) | ~(spread > 0.0)] = np.nan
        return Cells(
            mean=mean,
            variance=variance,
            margin=_margin(effective),
            spread=spread,
            won=per_cell(wins) / total,
            gain=per_cell(gains) / per_cell(wins),
            loss=per_cell(losses) / (total - per_cell(wins)),
            n=np.nan_to_num(spread / variance),
        )


def _ratio_variance(sums: Floats, sizes: Floats, mean: Floats) -> Floats:
    """Variance of a ratio of block sums, for the number of blocks that hold anything."""
    held = np.sum(sizes > 0.0, axis=0)
    residuals = np.where(sizes > 0.0, sums - sizes * mean, 0.0)
    correction = held / np.maximum(held - 1.0, 1.0)
    return np.asarray(correction * np.sum(residuals**2, axis=0) / np.sum(sizes, axis=0) ** 2)


def _margin(effective_blocks: Floats) -> Floats:
    """Student's t for the effective number of blocks, which counts equal ones once (Kish)."""
    try:
        from scipy.special import stdtrit  # noqa: PLC0415 (an extra)
    except ImportError as err:
        raise ConfigurationError(
            "calibration needs scipy; install with: uv sync --extra research"
        ) from err
    freedom = np.maximum(effective_blocks - 1.0, 1.0)
    return np.asarray(stdtrit(freedom, _LEVEL), np.float64)


def _by_time(seen: Observations) -> tuple[Ints, Ints, Ints]:
    return seen.symbol, seen.decided_ms, seen.left_ms


def count_alone(symbol: Ints, decided_ms: Ints, left_ms: Ints, cell: Ints, count: int) -> Ints:
    """Count per cell the trades that one person could have made, one after another per symbol.

    Observations stand symbol by symbol, oldest first.
    """
    alone = np.zeros(count, np.int64)
    free_ms = np.full(count, _NEVER, np.int64)
    own = _Trades._make(
        np.require(c, requirements=("C", "W")) for c in (symbol, decided_ms, left_ms, cell)
    )
    count_each(own.symbol, own.decided_ms, own.left_ms, own.cell, free_ms, alone)
    return alone


@lean
def count_each(
    symbol: Ints, decided_ms: Ints, left_ms: Ints, cell: Ints, free_ms: Ints, alone: Ints
) -> None:
    """Take each trade whose cell has none under way."""
    for i in range(len(cell)):
        if i > 0 and symbol[i] != symbol[i - 1]:
            free_ms[:] = _NEVER
        if decided_ms[i] >= free_ms[cell[i]]:
            alone[cell[i]] += 1
            free_ms[cell[i]] = left_ms[i]


def wilson(share: Floats, n: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """Return the interval of a share (Wilson 1927) of ``n`` independent trials."""
    squared = margin**2
    centre = (share + squared / (2.0 * n)) / (1.0 + squared / n)
    half = margin / (1.0 + squared / n) * np.sqrt(share * (1.0 - share) / n + squared / (4 * n**2))
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
