"""What a signal rule is: bars → value columns → side and strength per bar → a sentence for one bar.

A rule is one file in ``engine/strategy/rules``: its parameters, the columns it reads, its judgement
and its sentence. A user's strategy hands ``columns`` its own tuple of rules instead.

- Columns are computed over the whole series, for a live window and a backtest of a million bars
  alike; the sentence is made for one bar, when somebody is going to read it.
- Strength is 0–100 and has no unit: prices enter only as ratios (to the ATR, to σ, to the bar's own
  range), so the rule says the same of BTC and of a coin at 0.00001.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from engine.indicators.bars import Bars, Floats

type Sides = npt.NDArray[np.int8]
type Values = Mapping[str, Floats]


class Judged(NamedTuple):
    """One row per rule: ``side`` −1, 0, +1 (int8) and ``strength`` 0–100, 0 where side is 0."""

    side: Sides
    strength: Floats


@runtime_checkable
class Rule(Protocol):
    """One indicator and what it makes of it; a frozen dataclass whose fields are its parameters.

    Everything is causal: bar ``i`` depends on bars ``0..i`` only.
    """

    @property
    def code(self) -> str:
        """Its name in scores, weights and cards; one of its kind in a strategy."""
        ...

    @property
    def warmup_bars(self) -> int:
        """Index of the first bar with values."""
        ...

    @property
    def memory_bars(self) -> int:
        """Bars after the warm-up until smoothed values have forgotten their seed to 1e-9."""
        ...

    def values(self, bars: Bars) -> Values:
        """Named columns as long as the bars, NaN while warming up."""
        ...

    def judge(self, bars: Bars, values: Values) -> Judged:
        """Side and strength of every bar; neutral where a value is NaN."""
        ...

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """One sentence with the values of one bar, all of them known."""
        ...


class ShippedRule(Rule, Protocol):
    """A rule of the package: the same columns can be had through pandas-ta, for comparison."""

    default_weight: ClassVar[float]

    def through_pandas_ta(self, bars: Bars) -> Values:
        """What ``values`` gives, computed by pandas-ta."""
        ...


def largest_difference(rule: ShippedRule, bars: Bars) -> float:
    """Largest relative difference between TA-Lib and pandas-ta over all columns of a rule.

    Relative to the largest magnitude in the column; infinite when one of them has a value where the
    other has none. ``doctor`` and the tests hold it against 1e-9.
    """
    direct, other = rule.values(bars), rule.through_pandas_ta(bars)
    return max(_difference(direct[name], other[name]) for name in direct)


def _difference(a: Floats, b: Floats) -> float:
    known = ~np.isnan(a)
    if not np.array_equal(known, ~np.isnan(b)):
        return float("inf")
    magnitude = np.abs(a[known]).max(initial=0.0)
    return float(np.abs(a[known] - b[known]).max(initial=0.0) / (magnitude or 1.0))
