"""Losses from a peak: how deep, how long, and when.

equity path → every stretch below an earlier peak → the deepest and the longest of them. The deepest
need not be the longest, and people give up on the longest, so both are told.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.kernel import Floats, Ints

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """One stretch below a peak; `recovered_ms` is `None` if it had not ended at the last bar.

    `bars` counts the closes below the peak, `days` runs from the peak to the recovery or the end.
    """

    depth_fraction: float
    peak_ms: int
    trough_ms: int
    recovered_ms: int | None
    bars: int
    days: float


def deepest_and_longest(path: Floats, times_ms: Ints) -> tuple[Drawdown | None, Drawdown | None]:
    """Return the deepest stretch of an equity path and the one with the most closes below its peak.

    The first of equals; `None` if the path never fell below a peak.
    """
    fallen = lost(path)
    at_peak = np.flatnonzero(fallen <= 0.0)
    trough = int(np.argmax(fallen))
    if not fallen[trough] > 0.0:
        return None, None
    spent = np.diff(np.append(at_peak, len(path))) - 1
    begin = int(at_peak[np.argmax(spent)]) + 1
    return _around(trough, at_peak, path, times_ms), _around(begin, at_peak, path, times_ms)


def deepest(path: Floats, times_ms: Ints) -> Drawdown | None:
    """Return the deepest stretch of an equity path, `None` if it never fell below a peak."""
    return deepest_and_longest(path, times_ms)[0]


def longest(path: Floats, times_ms: Ints) -> Drawdown | None:
    """Return the stretch with the most closes below its peak, the first of equals."""
    return deepest_and_longest(path, times_ms)[1]


def _around(index: int, at_peak: NDArray[np.intp], path: Floats, times_ms: Ints) -> Drawdown:
    """Describe the stretch below a peak that `index` lies in; `at_peak` are the places of peaks."""
    place = int(np.searchsorted(at_peak, index))
    peak = int(at_peak[place - 1])
    back = int(at_peak[place]) if place < len(at_peak) else None
    end = len(path) if back is None else back
    trough = peak + int(np.argmin(path[peak:end]))
    return Drawdown(
        depth_fraction=float(1.0 - path[trough] / path[peak]),
        peak_ms=int(times_ms[peak]),
        trough_ms=int(times_ms[trough]),
        recovered_ms=None if back is None else int(times_ms[back]),
        bars=end - peak - 1,
        days=float(times_ms[end - 1 if back is None else back] - times_ms[peak]) / DAY_MS,
    )


def lost(path: Floats) -> Floats:
    """Return the loss from the highest value so far as a fraction of it, at every point.

    The path must begin above zero, as every account does.
    """
    fallen: Floats = 1.0 - path / np.maximum.accumulate(path)
    return fallen
