"""Labels that keep their distance: pure geometry, no drawing.

Each label wants a place on a line and takes some room. Those that would touch are pushed apart
just enough, in their order; the shifts are as small as possible in the least-squares sense (pool
adjacent violators, as in isotonic regression).
"""

from collections.abc import Sequence


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Return places at least `gap` apart inside [low, high], in the order of `wanted`.

    Where the room does not suffice, the places are spaced evenly over it, closer than `gap`.
    """
    count = len(wanted)
    if count == 0:
        return []
    gap = min(gap, (high - low) / max(1, count - 1))
    order = sorted(range(count), key=lambda k: wanted[k])
    # Take the required distance out: what is left must merely not decrease.
    slack_high = high - gap * (count - 1)
    levels = _non_decreasing([wanted[k] - gap * rank for rank, k in enumerate(order)])
    places = [0.0] * count
    for rank, (k, level) in enumerate(zip(order, levels, strict=True)):
        places[k] = min(max(level, low), slack_high) + gap * rank
    return places


def _non_decreasing(values: Sequence[float]) -> list[float]:
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, before_size = blocks.pop()
            mean = (before * before_size + mean * size) / (before_size + size)
            size += before_size
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]
