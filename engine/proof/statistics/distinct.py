"""Which of many records of daily returns are different, and how their Sharpe ratios scatter.

(first day, returns) in order → who moves with whom → places of the first of each that are alike

Choices:
- Copies are told by correlation, so that neither leverage nor a constant makes a new one.
- Records over different days are compared where they overlap, if that is most of the shorter one.
  Over fewer days two different strategies may happen to agree.
- Who does not move at all is nobody.
- The scatter is the largest that any number of them has had, in the order in which they are given:
  what eight have shown is not forgotten when more come that are alike. Fewer may look alike, or
  not, by chance.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from engine.kernel import Bools, Floats
from engine.proof.statistics.overfitting import sharpe_of, variance_of

SAME = 0.95
"""Correlation above which two records are one."""
_SAME_DAYS = 0.8
"""Share of the shorter record's days that two must have in common to be compared."""
_SMALLEST_LENGTH = 1e-12
_FIRST_SCATTER = 8


def distinct(records: Sequence[tuple[int, Floats]]) -> list[int]:
    """Return the places of those that move, and not together with one before them that stays.

    A record is the number of its first day and its returns, day by day. Takes about half a second
    and a megabyte for a thousand records of six years.
    """
    moving = [k for k, (_, returns) in enumerate(records) if sharpe_of(returns) is not None]
    same = _same([records[k] for k in moving])
    is_copy = np.zeros(len(moving), dtype=bool)
    kept = []
    for row, place in enumerate(moving):
        if not is_copy[row]:
            kept.append(place)
            is_copy |= same[row]
    return kept


def _same(records: Sequence[tuple[int, Floats]]) -> Bools:
    """Tell for each pair of records whether they move together."""
    spans: dict[tuple[int, int], list[int]] = {}
    for row, (first, returns) in enumerate(records):
        spans.setdefault((first, first + len(returns)), []).append(row)
    stacks = {span: np.array([records[row][1] for row in rows]) for span, rows in spans.items()}
    same = np.zeros((len(records), len(records)), dtype=bool)
    for one, other in combinations_with_replacement(spans, 2):
        low, high = max(one[0], other[0]), min(one[1], other[1])
        if high - low < _SAME_DAYS * min(one[1] - one[0], other[1] - other[0]):
            continue
        pair = [_units(stacks[span][:, low - span[0] : high - span[0]]) for span in (one, other)]
        together = pair[0] @ pair[1].T > SAME
        same[np.ix_(spans[one], spans[other])] = together
        same[np.ix_(spans[other], spans[one])] = together.T
    return same


def _units(rows: Floats) -> Floats:
    """Return rows without their mean and of length 1; those that do not move are 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    units: Floats = centred / np.where(length > _SMALLEST_LENGTH, length, np.inf)
    return units


def scatter(records: Sequence[tuple[int, Floats]]) -> tuple[float, int]:
    """Return the variance of the distinct records' Sharpe ratios, and how many they are.

    The variance is in multiples of no skill: each ratio is taken in multiples of what luck scatters
    by over as many days, 1 ÷ √(days − 1).
    """
    ratios = [_in_luck(records[place][1]) for place in distinct(records)]
    fewest = min(_FIRST_SCATTER, len(ratios))
    seen = [variance_of(ratios[:count]) for count in range(fewest, len(ratios) + 1)]
    return max(seen, default=0.0), len(ratios)


def _in_luck(returns: Floats) -> float:
    return float(returns.mean() / returns.std(ddof=1) * np.sqrt(len(returns) - 1))
