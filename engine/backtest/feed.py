"""Candles and indicator columns of many symbols on one timeline, as the replay loop reads them.

Flow: one `SymbolFeed` per symbol → union of their opening times → arrays of shape (T, S) with a
mask of which bars exist. Symbols come in sorted order, as everywhere in the decision path.

Choices:
- An absent bar stays absent: it is not filled with a neighbour. Times at which no symbol has a bar
  are not on the timeline; the loop compares clocks, not indices, so a hole is not taken for the
  next bar.
- One symbol needs no merging: its columns are used where they are, without a copy.
- Columns that a run has no use for (custom exits, calibrated edges, funding, finer bars) are
  empty, not filled with nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.backtest.finer import Finer, FinerBars, Spans, find_spans, put_together
from engine.domain.values import require
from engine.kernel import Bools, Floats, Ints


class Feed(NamedTuple):
    """What the replay loop reads; arrays are (T, S) unless noted, see `strategy.book.Row`.

    `exit_flag` is (T, S) or (0, 0); the four columns of the edge (`edge_bps`, `edge_low_bps`,
    `win_probability`, `payoff`) are (T, S) or (0, 0), NaN where a bar is not calibrated.
    `funding_bps` is (T, S) or (0, 0): what a long that is held at the bar's close pays of its value
    there, in basis points, negative if it receives.
    """

    open_ms: Ints  # (T,)
    present: Bools
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    score: Floats
    rank: Floats
    atr: Floats
    regime: NDArray[np.int8]
    sigma_day: Floats
    adv_quote: Floats
    exit_flag: Bools
    edge_bps: Floats
    edge_low_bps: Floats
    win_probability: Floats
    payoff: Floats
    funding_bps: Floats
    finer: Finer


_PRICES = ("open", "high", "low", "close", "volume")
_SCORES = ("score", "rank", "atr", "regime", "sigma_day", "adv_quote")
EDGE_COLUMNS = ("edge_bps", "edge_low_bps", "win_probability", "payoff")
_OPTIONAL = (*EDGE_COLUMNS, "exit_flag", "funding_bps")
_DTYPES: dict[str, type] = {"regime": np.int8, "exit_flag": np.bool_}
_BLOCK = 1_024

type Place = NDArray[np.intp] | slice
"""Where one symbol's bars lie on the common timeline; a slice where they are all of it."""


def _no_floats() -> Floats:
    return np.empty(0)


def _no_flags() -> Bools:
    return np.empty(0, np.bool_)


@dataclass(frozen=True, eq=False, kw_only=True)
class SymbolFeed:
    """Columns of one symbol, oldest bar first, all of one length or, where optional, empty.

    Units are those of `strategy.book.Row`, `funding_bps` as in `Feed`; `regime` is below 0 while
    warming up.
    """

    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    score: Floats
    rank: Floats
    atr: Floats
    regime: NDArray[np.int8]
    sigma_day: Floats
    adv_quote: Floats
    exit_flag: Bools = field(default_factory=_no_flags)
    edge_bps: Floats = field(default_factory=_no_floats)
    edge_low_bps: Floats = field(default_factory=_no_floats)
    win_probability: Floats = field(default_factory=_no_floats)
    payoff: Floats = field(default_factory=_no_floats)
    funding_bps: Floats = field(default_factory=_no_floats)
    finer: FinerBars | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different lengths and times that do not rise."""
        length = len(self.open_ms)
        for name in (*_PRICES, *_SCORES):
            require(len(getattr(self, name)) == length, name, f"{length} bars", name)
        for name in _OPTIONAL:
            require(len(getattr(self, name)) in {0, length}, name, f"0 or {length} bars", name)
        known = bool(np.all(np.isfinite(self.funding_bps)))
        require(known, "funding_bps", "finite", self.funding_bps)
        rising = bool(np.all(self.open_ms[1:] > self.open_ms[:-1]))
        require(rising, "open_ms", "strictly rising", self.open_ms)

    def spans(self) -> Spans | None:
        """Return which finer bars lie inside which bar."""
        if self.finer is None:
            return None
        return find_spans(
            self.finer,
            open_ms=self.open_ms,
            open_=self.open,
            high=self.high,
            low=self.low,
        )


def merge(feeds: Mapping[str, SymbolFeed]) -> tuple[tuple[str, ...], Feed]:
    """Return the sorted symbols and their feed on one timeline."""
    symbols = tuple(sorted(feeds))
    parts = [feeds[symbol] for symbol in symbols]
    if len(parts) == 1:
        return symbols, _alone(parts[0])
    times, places = _timeline(parts)
    present = np.zeros((len(times), len(parts)), np.bool_)
    for s, place in enumerate(places):
        present[place, s] = True
    columns = {name: _spread(name, parts, places, len(times)) for name in (*_PRICES, *_SCORES)}
    for name in _OPTIONAL:
        used = any(len(getattr(part, name)) for part in parts)
        columns[name] = (
            _spread(name, parts, places, len(times))
            if used
            else np.empty((0, 0), _DTYPES.get(name, np.float64))
        )
    finer = put_together(
        [part.finer for part in parts],
        [
            _placed(part.spans(), place, len(times))
            for part, place in zip(parts, places, strict=True)
        ],
    )
    return symbols, Feed(open_ms=times, present=present, finer=finer, **columns)


def _timeline(parts: list[SymbolFeed]) -> tuple[Ints, list[Place]]:
    """Return all times at which any symbol has a bar, and where each symbol's bars lie on them."""
    if not parts:
        return np.empty(0, np.int64), []
    first = parts[0].open_ms
    if all(np.array_equal(part.open_ms, first) for part in parts):
        return first.astype(np.int64), [slice(None)] * len(parts)
    times = np.unique(np.concatenate([part.open_ms for part in parts])).astype(np.int64)
    return times, [np.searchsorted(times, part.open_ms) for part in parts]


def _alone(part: SymbolFeed) -> Feed:
    columns = {name: _column(part, name) for name in (*_PRICES, *_SCORES, *_OPTIONAL)}
    present = np.ones((len(part.open_ms), 1), np.bool_)
    finer = put_together([part.finer], [part.spans()])
    return Feed(open_ms=_own(part.open_ms, np.int64), present=present, finer=finer, **columns)


def _placed(spans: Spans | None, place: Place, length: int) -> Spans | None:
    """Return one symbol's spans on the common timeline, empty where it has no bar."""
    if spans is None:
        return None
    placed = Spans(begin=np.zeros(length, np.int64), end=np.zeros(length, np.int64))
    placed.begin[place], placed.end[place] = spans
    return placed


def _column(part: SymbolFeed, name: str) -> NDArray[Any]:
    """Return one column as (T, 1), or (0, 0) if it is empty."""
    column = _own(getattr(part, name), _DTYPES.get(name, np.float64))
    return column.reshape(-1, 1) if len(column) else column.reshape(0, 0)


def _own(column: NDArray[Any], dtype: type) -> NDArray[Any]:
    """Return the column contiguous and writeable: compiled code is made for that one layout."""
    return np.require(column, dtype, ("C", "W"))


def _spread(name: str, parts: list[SymbolFeed], places: list[Place], length: int) -> NDArray[Any]:
    """Return a column of all symbols as (T, S); bars that do not exist are 0, edges NaN."""
    dtype = _DTYPES.get(name, np.float64)
    rows: NDArray[Any] = np.full((len(parts), length), np.nan if name in EDGE_COLUMNS else 0, dtype)
    for row, part, place in zip(rows, parts, places, strict=True):
        column = getattr(part, name)
        if len(column):
            row[place] = column
    return _turned(rows)


def _turned(rows: NDArray[Any]) -> NDArray[Any]:
    """Return (S, T) as (T, S), in blocks that stay in the cache: else every value misses it."""
    turned: NDArray[Any] = np.empty(rows.shape[::-1], rows.dtype)
    for begin in range(0, len(turned), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        turned[block] = rows[:, block].T
    return turned


def flattened(feed: Feed) -> Feed:
    """Return views of all columns as (T * S,): symbol `i` of bar `t` is at place `t * S + i`.

    Two dimensions cost compiled code a multiplication per column and bar.
    """
    columns = {
        name: column.reshape(-1) for name, column in feed._asdict().items() if name != "finer"
    }
    finer = feed.finer._replace(begin=feed.finer.begin.reshape(-1), end=feed.finer.end.reshape(-1))
    return Feed(**columns, finer=finer)
