"""Two backtests beside each other: figures, trades in common, curves, and what was set differently.

two `StoredRun`s → `compare` → `Comparison`. Differences are always the first less the second.

A trade is in common if both runs entered the symbol at the same time, whatever its size and exit.
Curves are rebased to 100 at the first moment that both cover: runs may differ in start, length and
timeframe.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from engine.backtest.drawdowns import DAY_MS
from engine.backtest.stored import StoredRun, StoredTrade
from engine.domain.desk import Json
from engine.domain.errors import DataError
from engine.kernel import Floats, Ints

BASE = 100.0
_FEWEST_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure of both runs; `difference` is `None` where either is."""

    name: str
    one: float | None
    other: float | None
    difference: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePart:
    """Trades of one kind: how many, and what they earned in each run (0 where they are not)."""

    trades: int
    one_pnl_quote: float
    other_pnl_quote: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Two runs compared. `one_index` and `other_index` start at 100 at `time_ms[0]`.

    `same_exit` counts the trades in common that were closed at the same time for the same reason;
    `correlation` is of daily returns over the days both have; `changed` maps the dotted names of
    what was set differently to both values.
    """

    one_name: str
    other_name: str
    figures: tuple[Difference, ...]
    common: TradePart
    only_one: TradePart
    only_other: TradePart
    same_exit: int
    correlation: float | None
    changed: Mapping[str, tuple[Json, Json]]
    time_ms: Ints
    one_index: Floats
    other_index: Floats

    def to_json(self) -> dict[str, Json]:
        """Return everything as one document."""
        return {
            "one": self.one_name,
            "other": self.other_name,
            "figures": [asdict(figure) for figure in self.figures],
            "trades": {
                "common": asdict(self.common),
                "only_one": asdict(self.only_one),
                "only_other": asdict(self.only_other),
                "same_exit": self.same_exit,
            },
            "correlation_daily": self.correlation,
            "changed": {name: list(pair) for name, pair in self.changed.items()},
            "curve": {
                "ts_ms": self.time_ms.tolist(),
                "one_index": self.one_index.tolist(),
                "other_index": self.other_index.tolist(),
            },
        }


def compare(one: StoredRun, other: StoredRun, *, points: int = 600) -> Comparison:
    """Compare two runs. ``DataError`` if they have no time in common."""
    begin = max(int(one.time_ms[0]), int(other.time_ms[0]))
    end = min(int(one.time_ms[-1]), int(other.time_ms[-1]))
    if begin > end:
        raise DataError("the two runs have no time in common")
    names = _names(one, other)
    pairs, mine, theirs = _matched(one.trades, other.trades)
    times = _times(one, other, begin, end, points)
    return Comparison(
        one_name=names[0],
        other_name=names[1],
        figures=tuple(_figures(one, other)),
        common=_part([pair[0] for pair in pairs], [pair[1] for pair in pairs]),
        only_one=_part(mine, []),
        only_other=_part([], theirs),
        same_exit=sum(
            a.closed_at == b.closed_at and a.exit_reason == b.exit_reason for a, b in pairs
        ),
        correlation=_correlation(one, other, begin, end),
        changed=dict(_changed("", one.about, other.about)),
        time_ms=times,
        one_index=_index(one, times),
        other_index=_index(other, times),
    )


def _names(one: StoredRun, other: StoredRun) -> tuple[str, str]:
    """Return names that differ: the versions, with their timeframe where these are the same."""
    if one.strategy_version != other.strategy_version:
        return one.strategy_version, other.strategy_version
    if one.timeframe != other.timeframe:
        return (
            f"{one.strategy_version} {one.timeframe}",
            f"{other.strategy_version} {other.timeframe}",
        )
    return f"{one.strategy_version} (this)", f"{other.strategy_version} (other)"


def _figures(one: StoredRun, other: StoredRun) -> Iterator[Difference]:
    first = {"start_equity": one.start_equity, "final_equity": one.final_equity, **one.metrics}
    second = {
        "start_equity": other.start_equity,
        "final_equity": other.final_equity,
        **other.metrics,
    }
    for name in dict.fromkeys((*first, *second)):
        a, b = first.get(name), second.get(name)
        difference = None if a is None or b is None else a - b
        yield Difference(name=name, one=a, other=b, difference=difference)


def _matched(
    one: Sequence[StoredTrade], other: Sequence[StoredTrade]
) -> tuple[list[tuple[StoredTrade, StoredTrade]], list[StoredTrade], list[StoredTrade]]:
    """Return the pairs in common and the rest of each; parts of one position match in order."""
    waiting: dict[tuple[str, str], list[StoredTrade]] = {}
    for trade in other:
        waiting.setdefault(trade.entry, []).append(trade)
    pairs, mine = [], []
    for trade in one:
        partners = waiting.get(trade.entry)
        if partners:
            pairs.append((trade, partners.pop(0)))
        else:
            mine.append(trade)
    return pairs, mine, [trade for left in waiting.values() for trade in left]


def _part(one: Sequence[StoredTrade], other: Sequence[StoredTrade]) -> TradePart:
    return TradePart(
        trades=max(len(one), len(other)),
        one_pnl_quote=sum(trade.pnl_quote for trade in one),
        other_pnl_quote=sum(trade.pnl_quote for trade in other),
    )


def _times(one: StoredRun, other: StoredRun, begin: int, end: int, points: int) -> Ints:
    """Return at most `points` times that both cover."""
    known = np.union1d(one.time_ms, other.time_ms)
    shared = known[(known >= begin) & (known <= end)]
    index = np.unique(np.linspace(0, len(shared) - 1, min(points, len(shared))).round())
    chosen: Ints = shared[index.astype(np.intp)]
    return chosen


def _index(run: StoredRun, times: Ints) -> Floats:
    """Return the account at those times, 100 at the first; the last value known counts."""
    at = np.searchsorted(run.time_ms, times, side="right") - 1
    equity = run.equity_quote[at]
    base = equity[0] if equity[0] > 0 else run.start_equity
    index: Floats = BASE * equity / base
    return index


def _correlation(one: StoredRun, other: StoredRun, begin: int, end: int) -> float | None:
    days = np.arange(-(-begin // DAY_MS), end // DAY_MS + 1, dtype=np.int64) * DAY_MS
    if len(days) < _FEWEST_DAYS:
        return None
    paths = [_index(run, days) for run in (one, other)]
    if any(bool(np.any(path <= 0)) for path in paths):
        return None
    changes = [np.diff(path) / path[:-1] for path in paths]
    if any(float(np.std(change)) <= 0.0 for change in changes):
        return None
    return float(np.corrcoef(changes[0], changes[1])[0, 1])


def _changed(
    prefix: str, one: Mapping[str, Json], other: Mapping[str, Json]
) -> Iterator[tuple[str, tuple[Json, Json]]]:
    """Walk two trees and tell the leaves that differ, by their dotted names."""
    for name in dict.fromkeys((*one, *other)):
        a, b = one.get(name), other.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            yield from _changed(f"{prefix}{name}.", a, b)
        elif a != b:
            yield f"{prefix}{name}", (a, b)
