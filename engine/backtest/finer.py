"""Finer bars beside those of the decision timeframe, to tell what came first inside a bar.

candles of a shorter timeframe → `FinerBars` per symbol → `find_spans` (which finer bars lie inside
which bar) → `Finer`, which the replay reads where a stop or a target was met.

Choices:
- Layout: the finer bars of all symbols lie behind one another, and each bar knows the first and the
  last + 1 of its own. A bar without an answer has an empty span and costs nothing.
- A span counts only if its first finer bar opens where the bar opens and its extremes are the
  bar's own. Where finer bars are missing, or come from another source, the worse order of events
  is assumed as if there were none: half an answer may hide the stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.domain.values import require
from engine.kernel import Bools, Floats, Ints

_RELATIVE = 1e-9


class Finer(NamedTuple):
    """`begin` and `end` are (T, S), or (0, 0) without finer bars; `bar_ms` (S,); the rest (N,)."""

    begin: Ints
    end: Ints
    bar_ms: Ints
    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class FinerBars:
    """Bars of `bar_ms` of one symbol that lie inside its bars of `whole_ms`, oldest first."""

    whole_ms: int
    bar_ms: int
    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats

    def __post_init__(self) -> None:
        """Refuse columns of different lengths, times that do not rise, bars that do not fit."""
        for name in ("open", "high", "low"):
            require(len(getattr(self, name)) == len(self.open_ms), name, "as open_ms", name)
        rising = bool(np.all(np.diff(self.open_ms) > 0))
        require(rising, "open_ms", "strictly rising", self.open_ms)
        fits = 0 < self.bar_ms < self.whole_ms and self.whole_ms % self.bar_ms == 0
        require(fits, "bar_ms", f"a whole part of {self.whole_ms}", self.bar_ms)


class Spans(NamedTuple):
    """First finer bar of each bar, and the one after its last; equal where there is no answer."""

    begin: Ints
    end: Ints


def no_finer() -> Finer:
    """What a feed holds that has no finer bars."""
    none = np.empty(0, np.int64)
    table = np.empty((0, 0), np.int64)
    prices = np.empty(0)
    return Finer(table, table, none, none, prices, prices, prices)


def find_spans(
    finer: FinerBars, *, open_ms: Ints, open_: Floats, high: Floats, low: Floats
) -> Spans:
    """Return the span of every bar; see the module for which ones count."""
    begin = np.searchsorted(finer.open_ms, open_ms)
    end = np.searchsorted(finer.open_ms, open_ms + finer.whole_ms)
    full = np.flatnonzero(end > begin)
    edges = np.ravel(np.column_stack((begin[full], end[full])))
    told = np.zeros(len(open_ms), np.bool_)
    if len(full):
        told[full] = (
            _same(np.append(finer.open, np.nan)[begin[full]], open_[full])
            & _same(_over(np.maximum, finer.high, edges), high[full])
            & _same(_over(np.minimum, finer.low, edges), low[full])
        )
    return Spans(begin=begin.astype(np.int64), end=np.where(told, end, begin).astype(np.int64))


def put_together(parts: Sequence[FinerBars | None], spans: Sequence[Spans | None]) -> Finer:
    """Return the finer bars of all symbols as one; spans are per place on the common timeline."""
    length = max((len(span.begin) for span in spans if span is not None), default=0)
    if not length:
        return no_finer()
    begin = np.zeros((length, len(parts)), np.int64)
    end = np.zeros((length, len(parts)), np.int64)
    there = [part for part in parts if part is not None]
    offset = 0
    for i, (part, span) in enumerate(zip(parts, spans, strict=True)):
        if part is not None and span is not None:
            begin[:, i], end[:, i] = span.begin + offset, span.end + offset
            offset += len(part.open_ms)
    return Finer(
        begin=begin,
        end=end,
        bar_ms=np.array([0 if part is None else part.bar_ms for part in parts], np.int64),
        open_ms=np.concatenate([part.open_ms for part in there]),
        open=np.concatenate([part.open for part in there]),
        high=np.concatenate([part.high for part in there]),
        low=np.concatenate([part.low for part in there]),
    )


def _over(what: np.ufunc, column: Floats, edges: Ints) -> Floats:
    """Reduce every stretch between two edges; the value after the end only closes the last one."""
    stretches: Floats = what.reduceat(np.append(column, column[-1]), edges)
    return stretches[::2]


def _same(one: Floats, other: Floats) -> Bools:
    return np.abs(one - other) <= _RELATIVE * np.abs(other)
