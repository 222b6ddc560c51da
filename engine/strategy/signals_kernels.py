"""Compiled loops that more than one signal rule needs.

Columns in, columns out, one pass each; a difference below 1e-9 of its unit is rounding, not a sign.
"""

import numpy as np

from engine.kernel import Floats, Ints, compiled
from engine.strategy.signals import Sides

NEVER = 2**31 - 1
_NOISE = 1e-9


@compiled
def cross_age(difference: Floats) -> Ints:
    """Bars since ``difference`` changed its sign: 0 on the bar of the cross, ``NEVER`` before any.

    Rounding noise and NaN keep the sign that was; the first sign seen is not a cross.
    """
    age = np.empty(difference.size, np.int64)
    sign = 0
    bars = NEVER
    for i in range(difference.size):
        x = difference[i]
        now = 1 if x > _NOISE else (-1 if x < -_NOISE else 0)
        if now * sign < 0:
            bars = 0
        elif bars != NEVER:
            bars += 1
        if now != 0:
            sign = now
        age[i] = bars
    return age


@compiled
def side_of_sign(
    x: Floats, age: Ints, full: float, fresh_bars: int, fresh_points: float
) -> tuple[Sides, Floats]:
    """Give the sign of ``x`` as side; strength is linear to 100 at ``full``.

    A fresh cross adds ``fresh_points`` on its bar, fading linearly to nothing after ``fresh_bars``.
    Neutral where ``x`` is NaN or rounding noise.
    """
    side = np.zeros(x.size, np.int8)
    strength = np.zeros(x.size)
    for i in range(x.size):
        distance = abs(x[i])
        if not distance > _NOISE:
            continue
        side[i] = 1 if x[i] > 0.0 else -1
        points = 100.0 * distance / full
        if age[i] < fresh_bars:
            points += fresh_points * (1.0 - age[i] / fresh_bars)
        strength[i] = min(100.0, points)
    return side, strength
