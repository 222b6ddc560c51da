"""Round steps of an axis, and the last known value of a series; `number_format` writes numbers."""

import math

import numpy as np

from bot.charts.views import Floats


def round_step(span: float, count: int) -> float:
    """Return the step of 1, 2 or 5 · 10ᵏ that cuts `span` into at most `count` parts."""
    raw = span / count
    if not (math.isfinite(raw) and raw > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10, 20) if m * power >= raw * (1 - 1e-9))


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Return the multiples of a round step inside [low, high], at most `count` + 1 of them."""
    step = round_step(high - low, count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, min(last, first + count) + 1)]


def round_below(reach: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above `reach` > 0."""
    power = 10.0 ** math.floor(math.log10(reach))
    return max(m * power for m in (1, 2, 5) if m * power <= reach * (1 + 1e-9))


def last_known(values: Floats) -> float:
    """Return the last finite entry, NaN where there is none."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else math.nan
