"""Candles, quarantine, scores and weights in memory."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from math import isfinite

from engine.domain.desk import QuarantinedCandle, ScoreRow, WeightSet
from engine.domain.errors import ConflictError, InvalidValueError
from engine.domain.market import Candle, CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from tests.fakes.memory import Memory, Table

type _Series = tuple[str, Symbol, Timeframe]

CANDLES = Table[_Series, CandleSeries]()
EMPTY = Table[_Series, frozenset[int]]()
QUARANTINE = Table[tuple[object, ...], QuarantinedCandle]()
SCORES = Table[tuple[str, str, str, int, str], ScoreRow]()
WEIGHTS = Table[str, WeightSet]()


class FakeCandles:
    """See ``engine.ports.CandleStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, venue: str, symbol: Symbol, timeframe: Timeframe, candles: CandleSeries) -> int:
        opened = list(candles.open_ms)
        if opened != sorted(set(opened)):
            raise InvalidValueError("candle open times", "rising", opened[:3])
        if not all(map(isfinite, chain.from_iterable(candles.columns()))):
            raise InvalidValueError("candle numbers", "finite", "NaN or inf")
        key = (venue, symbol, timeframe)
        rows = self._memory.write(CANDLES)
        if not opened:
            return 0
        before = rows.get(key, CandleSeries.empty())
        rows[key] = _merge(before, candles)
        marks = self._memory.write(EMPTY)
        marks[key] = marks.get(key, frozenset()) - set(opened)
        return len(rows[key]) - len(before)

    def window(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, *, until: datetime, limit: int
    ) -> CandleSeries:
        series = self._series(venue, symbol, timeframe)
        end = bisect_right(series.open_ms, to_ms(until) - timeframe.ms)
        return _slice(series, max(0, end - limit), end)

    def between(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> CandleSeries:
        series = self._series(venue, symbol, timeframe)
        first, last = (bisect_left(series.open_ms, _ceil_ms(bound)) for bound in (start, end))
        return _slice(series, first, last)

    def venues(self) -> Sequence[str]:
        rows = self._memory.read(CANDLES)
        return sorted({venue for (venue, _, _), held in rows.items() if len(held)})

    def coverage(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, int, datetime, datetime]]:
        found = [
            (symbol, frame, len(rows), from_ms(rows.open_ms[0]), from_ms(rows.open_ms[-1]))
            for (where, symbol, frame), rows in self._memory.read(CANDLES).items()
            if where == venue
        ]
        return sorted(found, key=lambda row: (str(row[0]), row[1].ms))

    def spans(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, datetime, datetime]]:
        rows = self.coverage(venue)
        return [(symbol, frame, first, last) for symbol, frame, _, first, last in rows]

    def mark_empty(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Iterable[datetime]
    ) -> None:
        marks = self._memory.write(EMPTY)
        key = (venue, symbol, timeframe)
        marks[key] = marks.get(key, frozenset()) | {to_ms(moment) for moment in open_times}

    def empty_marks(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[datetime]:
        marks = self._memory.read(EMPTY).get((venue, symbol, timeframe), frozenset())
        return [moment for moment in map(from_ms, sorted(marks)) if start <= moment < end]

    def _series(self, venue: str, symbol: Symbol, timeframe: Timeframe) -> CandleSeries:
        return self._memory.read(CANDLES).get((venue, symbol, timeframe), CandleSeries.empty())


def _ceil_ms(moment: datetime) -> int:
    return to_ms(moment + timedelta(microseconds=999))


def _slice(series: CandleSeries, first: int, last: int) -> CandleSeries:
    part = slice(first, max(first, last))
    return CandleSeries(
        open_ms=series.open_ms[part],
        open=series.open[part],
        high=series.high[part],
        low=series.low[part],
        close=series.close[part],
        volume=series.volume[part],
    )


def _merge(old: CandleSeries, new: CandleSeries) -> CandleSeries:
    if not len(old) or old.open_ms[-1] < new.open_ms[0]:
        return CandleSeries(
            open_ms=old.open_ms + new.open_ms,
            open=old.open + new.open,
            high=old.high + new.high,
            low=old.low + new.low,
            close=old.close + new.close,
            volume=old.volume + new.volume,
        )
    bars: dict[int, Candle] = {}
    for series in (old, new):
        bars.update(zip(series.open_ms, map(series.candle, range(len(series))), strict=True))
    return CandleSeries.of([bars[moment] for moment in sorted(bars)])


class FakeQuarantine:
    """See ``engine.ports.QuarantineStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, rows: Iterable[QuarantinedCandle]) -> None:
        for row in rows:
            key = (row.venue, row.symbol, row.timeframe, row.open_ms, row.row, row.reason)
            self._memory.add(QUARANTINE, key, row)

    def recent(self, limit: int) -> Sequence[QuarantinedCandle]:
        rows = self._memory.read(QUARANTINE).values()
        return sorted(rows, key=lambda row: row.seen_at)[::-1][:limit]


class FakeScores:
    """See ``engine.ports.ScoreStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, rows: Iterable[ScoreRow]) -> None:
        for row in rows:
            key = (row.venue, row.symbol, row.timeframe, row.close_ms, row.strategy_version)
            self._memory.add(SCORES, key, row)

    def latest(self, venue: str, timeframe: Timeframe) -> Sequence[ScoreRow]:
        newest: dict[str, int] = {}
        rows = [
            row
            for row in self._memory.read(SCORES).values()
            if (row.venue, row.timeframe) == (venue, timeframe.value)
        ]
        for row in rows:
            newest[row.symbol] = max(newest.get(row.symbol, row.close_ms), row.close_ms)
        found = [row for row in rows if newest[row.symbol] == row.close_ms]
        return sorted(found, key=lambda row: (-abs(row.signed_score), row.symbol))

    def history(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, limit: int
    ) -> Sequence[ScoreRow]:
        wanted = (venue, str(symbol), timeframe.value)
        rows = [
            row
            for row in self._memory.read(SCORES).values()
            if (row.venue, row.symbol, row.timeframe) == wanted
        ]
        ordered = sorted(rows, key=lambda row: (row.close_ms, row.strategy_version))
        return ordered[max(0, len(ordered) - limit) :]


class FakeWeights:
    """See ``engine.ports.WeightStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, weights: WeightSet) -> None:
        if self._memory.add(WEIGHTS, weights.version, weights):
            return
        known = self._memory.read(WEIGHTS)[weights.version]
        if dict(known.weights) != dict(weights.weights):
            raise ConflictError(f"weights version {weights.version!r} exists with other weights")

    def activate(self, version: str) -> None:
        rows = self._memory.write(WEIGHTS)
        if version not in rows:
            raise InvalidValueError("weights version", "a stored one", version)
        for name, row in rows.items():
            rows[name] = replace(row, active=name == version)

    def all(self) -> Sequence[WeightSet]:
        return sorted(self._memory.read(WEIGHTS).values(), key=lambda row: row.created_at)
