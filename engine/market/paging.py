"""Asks a venue for a stretch of candles page by page, each page through the firewall.

Range → ``raw_candles`` → firewall → (a jump: the same question once more) → ``Page``. A short page
does not mean the end, since venues cap pages at their own number: the next page starts after the
last row that came. An empty page moves on by a whole page, since some venues answer a fixed window
and holes can be longer than one. Rows outside the range are dropped, so that a venue that ignores
``since`` cannot rewrite stored history.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.domain.desk import QuarantinedCandle
from engine.domain.market import CandleSeries
from engine.domain.values import from_ms
from engine.market.columns import Columns, Feed
from engine.market.firewall import Inspected, inspect
from engine.market.policy import MarketPolicy
from engine.market.sift import RowKey
from engine.ports import CandleSource, Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: the open times ``[start_ms, end_ms)`` it speaks for, and what it was worth."""

    start_ms: int
    end_ms: int
    clean: CandleSeries
    quarantined: tuple[QuarantinedCandle, ...]

    @property
    def is_garbled(self) -> bool:
        """Whether rows came that do not even say which bar they are: the answer proves nothing."""
        return any(row.open_ms is None for row in self.quarantined)


@dataclass(frozen=True, slots=True)
class Pager:
    """One feed's questions to its venue."""

    feed: Feed
    source: CandleSource
    clock: Clock
    policy: MarketPolicy

    def pages(
        self, start_ms: int, end_ms: int, *, previous_close: float | None = None
    ) -> Iterator[Page]:
        """Pages for bars that open in ``[start_ms, end_ms)``, oldest first; passes ``VenueError``.

        Every page speaks for at least one bar, so the iteration ends.
        """
        cursor = start_ms
        while cursor < end_ms:
            bars = -(-(end_ms - cursor) // self.feed.timeframe.ms)
            limit = min(self.policy.page_bars, bars)
            inspected = self._ask(cursor, limit, previous_close)
            clean = _within(inspected.clean, cursor, end_ms)
            page = Page(
                start_ms=cursor,
                end_ms=self._spoken_for(inspected, clean, cursor, limit, end_ms),
                clean=clean,
                quarantined=inspected.quarantined,
            )
            yield page
            cursor = page.end_ms
            previous_close = clean.close[-1] if len(clean) else previous_close

    def _ask(self, start_ms: int, limit: int, previous_close: float | None) -> Inspected:
        """One question, repeated once where a jump needs confirming.

        A row that the second answer no longer holds stays in quarantine all the same.
        """
        rows = self._rows(start_ms, limit)
        first = self._inspect(rows, previous_close, Inspected(clean=CandleSeries.empty()))
        if not first.jumped:
            return first
        second = self._inspect(self._rows(start_ms, limit), previous_close, first)
        confirmed_ms = {row[0] for row in first.jumped & set(_rows_of(second.clean))}
        again = {(q.open_ms, q.row) for q in second.quarantined}
        withdrawn = [
            q
            for q in first.quarantined
            if (q.open_ms, q.row) not in again and q.open_ms not in confirmed_ms
        ]
        return replace(second, quarantined=(*second.quarantined, *withdrawn))

    def _rows(self, start_ms: int, limit: int) -> Sequence[object]:
        return self.source.raw_candles(
            self.feed.symbol, self.feed.timeframe, since=from_ms(start_ms), limit=limit
        )

    def _inspect(
        self, rows: Sequence[object], previous_close: float | None, earlier: Inspected
    ) -> Inspected:
        return inspect(
            rows,
            feed=self.feed,
            now=self.clock.now(),
            policy=self.policy,
            previous_close=previous_close,
            confirmed=earlier.jumped,
        )

    def _spoken_for(
        self, inspected: Inspected, clean: CandleSeries, cursor: int, limit: int, end_ms: int
    ) -> int:
        """The first open time this answer says nothing about."""
        step = self.feed.timeframe.ms
        dated = [q.open_ms for q in inspected.quarantined if q.open_ms is not None]
        dated += clean.open_ms[-1:]
        reached = [ms for ms in dated if cursor <= ms < end_ms]
        if not reached:
            return min(cursor + limit * step, end_ms)
        return min(max(reached) // step * step + step, end_ms)


def _within(series: CandleSeries, start_ms: int, end_ms: int) -> CandleSeries:
    columns = Columns.of(series)
    first, last = np.searchsorted(columns.ms, [start_ms, end_ms])
    if first == 0 and last == len(columns):
        return series
    return columns.take(np.arange(first, last)).series()


def _rows_of(series: CandleSeries) -> Iterator[RowKey]:
    columns = Columns.of(series)
    return (columns.row(i) for i in range(len(columns)))
