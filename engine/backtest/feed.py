"""Candles and indicator columns of many symbols on one timeline, as the replay loop reads them.

Flow: one `SymbolFeed` per symbol → union of their opening times → arrays of shape (T, S) with a
mask of which bars exist. Symbols come in sorted order, as everywhere in the decision path.

Choices:
- An absent bar stays absent: it is not filled with a neighbour. Times at which no symbol has a bar
  are not on the timeline; the loop compares clocks, not indices, so a hole is not taken for the
  next bar.
- One symbol needs no merging: its columns are used where they are, without a copy.
- Columns that a run has no use for (custom exits, calibrated edges) are empty, not filled with
  nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.values import require
from engine.kernel import Bools, Floats, Ints


class Feed(NamedTuple):
    """What the replay loop reads; arrays are (T, S) unless noted, see `strategy.book.Row`.

    `exit_flag` is (T, S) or (0, 0); the four columns of the edge (`edge_bps`, `edge_low_bps`,
    `win_probability`, `payoff`) are (T, S) or (0, 0), NaN where a bar is not calibrated.
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


_PRICES = ("open", "high", "low", "close", "volume")
_SCORES = ("score", "rank", "atr", "regime", "sigma_day", "adv_quote")
_EDGES = ("edge_bps", "edge_low_bps", "win_probability", "payoff")
_DTYPES: dict[str, type] = {"regime": np.int8, "exit_flag": np.bool_}


def _no_floats() -> Floats:
    return np.empty(0)


def _no_flags() -> Bools:
    return np.empty(0, np.bool_)


@dataclass(frozen=True, eq=False, kw_only=True)
class SymbolFeed:
    """Columns of one symbol, oldest bar first, all of one length or, where optional, empty.

    Units are those of `strategy.book.Row`; `regime` is below 0 while warming up.
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

    def __post_init__(self) -> None:
        """Refuse columns of different lengths and times that do not rise."""
        length = len(self.open_ms)
        for name in (*_PRICES, *_SCORES):
            require(len(getattr(self, name)) == length, name, f"{length} bars", name)
        for name in (*_EDGES, "exit_flag"):
            require(len(getattr(self, name)) in {0, length}, name, f"0 or {length} bars", name)
        rising = bool(np.all(np.diff(self.open_ms) > 0))
        require(rising, "open_ms", "strictly rising", self.open_ms)


def merge(feeds: Mapping[str, SymbolFeed]) -> tuple[tuple[str, ...], Feed]:
    """Return the sorted symbols and their feed on one timeline."""
    symbols = tuple(sorted(feeds))
    parts = [feeds[symbol] for symbol in symbols]
    if len(parts) == 1:
        return symbols, _alone(parts[0])
    times = np.unique(np.concatenate([part.open_ms for part in parts])) if parts else np.empty(0)
    places = [np.searchsorted(times, part.open_ms) for part in parts]
    present = np.zeros((len(times), len(parts)), np.bool_)
    for s, place in enumerate(places):
        present[place, s] = True
    columns = {name: _spread(name, parts, places, len(times)) for name in (*_PRICES, *_SCORES)}
    for name in (*_EDGES, "exit_flag"):
        used = any(len(getattr(part, name)) for part in parts)
        columns[name] = (
            _spread(name, parts, places, len(times))
            if used
            else np.empty((0, 0), _DTYPES.get(name, np.float64))
        )
    return symbols, Feed(open_ms=times.astype(np.int64), present=present, **columns)


def _alone(part: SymbolFeed) -> Feed:
    columns = {name: _column(part, name) for name in (*_PRICES, *_SCORES, *_EDGES, "exit_flag")}
    present = np.ones((len(part.open_ms), 1), np.bool_)
    return Feed(open_ms=_own(part.open_ms, np.int64), present=present, **columns)


def _column(part: SymbolFeed, name: str) -> NDArray[Any]:
    """Return one column as (T, 1), or (0, 0) if it is empty."""
    column = _own(getattr(part, name), _DTYPES.get(name, np.float64))
    return column.reshape(-1, 1) if len(column) else column.reshape(0, 0)


def _own(column: NDArray[Any], dtype: type) -> NDArray[Any]:
    """Return the column contiguous and writeable: compiled code is made for that one layout."""
    return np.require(column, dtype, ("C", "W"))


def _spread(
    name: str, parts: list[SymbolFeed], places: list[NDArray[np.intp]], length: int
) -> NDArray[Any]:
    """Return a column of all symbols as (T, S); bars that do not exist are 0, edges NaN."""
    dtype = _DTYPES.get(name, np.float64)
    spread: NDArray[Any] = np.full((length, len(parts)), np.nan if name in _EDGES else 0, dtype)
    for s, (part, place) in enumerate(zip(parts, places, strict=True)):
        column = getattr(part, name)
        if len(column):
            spread[place, s] = column
    return spread
