"""Which bars are absent: expected minus present minus remembered as empty. Pure.

A gap is never filled with a neighbour's bar. It is asked for, as a range, and where the venue has
nothing an empty mark says so.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.values import from_ms
from engine.market.columns import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Absent bars that open in ``[start_ms, end_ms)``, all of them."""

    start_ms: int
    end_ms: int
    timeframe: Timeframe

    @property
    def bars(self) -> int:
        """How many bars are absent."""
        return (self.end_ms - self.start_ms) // self.timeframe.ms

    @property
    def first(self) -> datetime:
        """Open time of the first absent bar."""
        return from_ms(self.start_ms)

    @property
    def last(self) -> datetime:
        """Open time of the last absent bar."""
        return from_ms(self.end_ms - self.timeframe.ms)


def find_gaps(
    present_ms: "array[int] | Ints | Sequence[int]",
    timeframe: Timeframe,
    *,
    start_ms: int,
    end_ms: int,
    empty_ms: Iterable[int] = (),
) -> tuple[Gap, ...]:
    """Runs of absent bars among those that open in ``[start_ms, end_ms)``, oldest first.

    Bounds need not be aligned: the first bar expected opens at or after the start. Open times that
    lie outside, repeat, or come in any order do no harm.
    """
    step = timeframe.ms
    expected = np.arange(-(-start_ms // step) * step, end_ms, step, dtype=np.int64)
    known = np.concatenate(
        (np.asarray(present_ms, dtype=np.int64), np.array(list(empty_ms), dtype=np.int64))
    )
    absent = expected[~np.isin(expected, known)]
    if len(absent) == 0:
        return ()
    breaks = np.flatnonzero(np.diff(absent) != step) + 1
    return tuple(
        Gap(start_ms=int(run[0]), end_ms=int(run[-1]) + step, timeframe=timeframe)
        for run in np.split(absent, breaks)
    )


def group_gaps(gaps: Sequence[Gap], page_bars: int) -> tuple[tuple[Gap, ...], ...]:
    """Neighbouring gaps that one page can answer together, so that holes cost few calls."""
    groups: list[list[Gap]] = []
    for gap in gaps:
        fits = groups and gap.end_ms - groups[-1][0].start_ms <= page_bars * gap.timeframe.ms
        if fits:
            groups[-1].append(gap)
        else:
            groups.append([gap])
    return tuple(tuple(group) for group in groups)
