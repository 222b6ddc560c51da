"""What the same exposure earns when its days are picked by chance: the benchmark of timing.

exposure [bar, symbol] → mean exposure × market return = what random entries expect, per bar
exposure → its holdings → the same holdings at random places, K times → share at least as good

A strategy that is long in a rising market earns without any skill. Both functions take that away:
they keep how much, how often and how long a strategy holds, and randomise only when.

Choices:
- Random entries pay no costs, the strategy pays all of its own. That favours the benchmark: what
  passes has timed well enough to pay for its trading as well.
- Expectation is over all circular shifts of each symbol's exposure. Each bar of a symbol then sees
  its mean exposure, whatever the path of sizes, so the benchmark is exact and has no seed.
- Bars before a symbol's listing have a return of NaN; its shifts stay inside its listed bars.
- The Monte Carlo keeps each symbol's number of entries, holding times and mean sizes and never lets
  two holdings of a symbol overlap: lengths are shuffled, and the idle bars between them are divided
  uniformly. Placements of different symbols are independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.domain.values import require
from engine.kernel import Floats, Ints

_SMALLEST_DEVIATION = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """A symbol's stays in the market: bars held and mean exposure (fraction of equity) of each."""

    bars: Ints
    exposure: Floats

    def __post_init__(self) -> None:
        """Refuse columns that do not belong together, and stays of no length."""
        parallel = len(self.bars) == len(self.exposure)
        require(parallel, "holdings", "of one length", (len(self.bars), len(self.exposure)))
        require(bool(np.all(self.bars >= 1)), "bars held", ">= 1", self.bars)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomRuns:
    """Results of K random runs: mean return per bar and Sharpe per bar of each, before costs."""

    mean: Floats
    sharpe: Floats

    def p_value(self, sharpe: float) -> float:
        """Return the chance that random entries reach `sharpe`, the run itself counted as one."""
        reached = int(np.sum(self.sharpe >= sharpe))
        return (1 + reached) / (1 + len(self.sharpe))


def expected_returns(exposure: Floats, returns: Floats) -> Floats:
    """Return what random entries of the same exposure expect to earn in each bar, before costs.

    Both are [bar, symbol]: the share of equity held over the bar, and the symbol's return in it
    (fraction; NaN where it was not listed).
    """
    require(exposure.shape == returns.shape, "exposure", f"shaped {returns.shape}", exposure.shape)
    listed = np.isfinite(returns)
    held = bool(np.all(listed | (exposure == 0.0)))
    require(held, "exposure", "0 where a symbol has no return", "otherwise")
    mean = exposure.sum(axis=0) / np.maximum(listed.sum(axis=0), 1)
    expected: Floats = np.where(listed, returns, 0.0) @ mean
    return expected


def holdings_of(exposure: Floats) -> Holdings:
    """Read the stays of one symbol off its exposure per bar; adjoining trades count as one stay."""
    inside = np.concatenate(([0], (exposure != 0.0).astype(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(inside) == 1), np.flatnonzero(np.diff(inside) == -1)
    total = np.concatenate(([0.0], np.cumsum(exposure)))
    bars = (ends - starts).astype(np.int64)
    return Holdings(bars=bars, exposure=(total[ends] - total[starts]) / np.maximum(bars, 1))


def random_runs(
    holdings: Sequence[Holdings], returns: Floats, *, runs: int, seed: int
) -> RandomRuns:
    """Place the holdings of each symbol (columns of `returns` [bar, symbol]) `runs` times."""
    require(len(holdings) == returns.shape[1], "holdings", "one per symbol", len(holdings))
    rng = np.random.default_rng(seed)
    total = np.zeros((runs, len(returns)))
    for column, held in enumerate(holdings):
        listed = np.flatnonzero(np.isfinite(returns[:, column]))
        if len(held.bars):
            placed = _placed(held, len(listed), runs, rng)
            total[:, listed] += placed * returns[listed, column]
    mean = total.mean(axis=1)
    deviation = total.std(axis=1, ddof=1)
    safe = np.where(deviation > _SMALLEST_DEVIATION, deviation, np.inf)
    return RandomRuns(mean=mean, sharpe=mean / safe)


def _placed(held: Holdings, bars: int, runs: int, rng: np.random.Generator) -> Floats:
    """Return exposures [run, bar]: lengths shuffled, idle bars divided uniformly between them."""
    count, idle = len(held.bars), bars - int(held.bars.sum())
    require(idle >= 0, "bars held", f"at most the {bars} listed", bars - idle)
    order = rng.permuted(np.tile(np.arange(count), (runs, 1)), axis=1)
    lengths = held.bars[order]
    # Stars and bars: which of idle + count places are stays, in order, divides the idle bars.
    slots = np.argsort(rng.random((runs, idle + count)), axis=1)[:, :count]
    gaps = np.sort(slots, axis=1) - np.arange(count)
    starts = gaps + np.cumsum(lengths, axis=1) - lengths
    steps = np.zeros((runs, bars + 1))
    rows = np.arange(runs)[:, None]
    np.add.at(steps, (rows, starts), held.exposure[order])
    np.add.at(steps, (rows, starts + lengths), -held.exposure[order])
    return np.cumsum(steps[:, :bars], axis=1)
