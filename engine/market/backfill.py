"""Fills history: what is absent is asked for by range, committed page by page, and reported.

``backfill`` → absent ranges between a date and now → pages → store. A second run, or one after a
crash, asks only for what is absent then: that is the whole of "resumable". ``repair`` → holes
between the first and the last stored bar → asked once → what the venue does not have is marked
empty and never asked for again.

Only repair marks. A backfill from before a coin was listed would else leave marks by the million,
and a venue's hiccup in one page would become a permanent hole. Nothing is marked where the answer
was garbled, where the bar came but was quarantined, or where it is so young that it may still come.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import structlog

from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.columns import Columns, Feed
from engine.market.gaps import Gap, find_gaps, group_gaps
from engine.market.paging import Page, Pager
from engine.market.policy import MarketPolicy
from engine.market.progress import Pace, Progress, silent
from engine.ports import CandleSource, Clock, UnitOfWork, Units

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a backfill or repair did, in bars; ``absent`` were missing when it began."""

    symbol: Symbol
    timeframe: Timeframe
    absent: int
    calls: int = 0
    stored: int = 0
    quarantined: int = 0
    marked_empty: int = 0


class CandleFiller:
    """Backfill and repair from one venue. Both let ``VenueError`` pass; committed pages stay."""

    def __init__(
        self,
        *,
        units: Units,
        source: CandleSource,
        venue: str,
        clock: Clock,
        policy: MarketPolicy,
    ) -> None:
        self._units = units
        self._source = source
        self._venue = venue
        self._clock = clock
        self._policy = policy

    def gaps(
        self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> tuple[Gap, ...]:
        """Bars absent from the store, neither present nor marked, that open in ``[start, end)``."""
        with self._units(read_only=True) as unit:
            present = unit.candles.between(self._venue, symbol, timeframe, start, end)
            empty = unit.candles.empty_marks(self._venue, symbol, timeframe, start, end)
        return find_gaps(
            present.open_ms,
            timeframe,
            start_ms=to_ms(start),
            end_ms=to_ms(end),
            empty_ms=[to_ms(moment) for moment in empty],
        )

    def holes(self, symbol: Symbol, timeframe: Timeframe) -> tuple[Gap, ...]:
        """Absent bars between the first and the last one stored."""
        with self._units(read_only=True) as unit:
            rows = [
                (first, last)
                for s, t, _, first, last in unit.candles.coverage(self._venue)
                if (s, t) == (symbol, timeframe)
            ]
        return self.gaps(symbol, timeframe, *rows[0]) if rows else ()

    def backfill(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        *,
        since: datetime,
        progress: Progress = silent,
    ) -> Filled:
        """Ask for every absent bar that opens at or after ``since`` and has closed by now."""
        until = timeframe.floor(self._clock.now())
        gaps = self.gaps(symbol, timeframe, since, until) if since < until else ()
        return self._fill(symbol, timeframe, gaps, progress, marks=False)

    def repair(
        self, symbol: Symbol, timeframe: Timeframe, *, progress: Progress = silent
    ) -> Filled:
        """Ask once for every hole; mark what the venue does not have."""
        gaps = self.holes(symbol, timeframe)
        return self._fill(symbol, timeframe, gaps, progress, marks=True)

    def _fill(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        gaps: tuple[Gap, ...],
        progress: Progress,
        *,
        marks: bool,
    ) -> Filled:
        feed = Feed(venue=self._venue, symbol=symbol, timeframe=timeframe)
        absent = sum(gap.bars for gap in gaps)
        filled = Filled(symbol=symbol, timeframe=timeframe, absent=absent)
        pace = Pace(label=str(feed), total=absent, clock=self._clock, progress=progress)
        done = 0
        pace.at(done)
        for page, wanted in self._answers(feed, gaps):
            filled = self._commit(feed, page, wanted, filled, marks=marks)
            done += len(wanted)
            pace.at(done)
        _log.debug("candles_filled", feed=str(feed), absent=absent, stored=filled.stored)
        return filled

    def _answers(self, feed: Feed, gaps: Sequence[Gap]) -> Iterator[tuple[Page, frozenset[int]]]:
        """Every page with the absent open times it speaks for."""
        pager = Pager(feed, self._source, self._clock, self._policy)
        for group in group_gaps(gaps, self._policy.page_bars):
            absent = [
                ms for gap in group for ms in range(gap.start_ms, gap.end_ms, feed.timeframe.ms)
            ]
            start_ms, end_ms = group[0].start_ms, group[-1].end_ms
            previous = self._close_before(feed, start_ms)
            for page in pager.pages(start_ms, end_ms, previous_close=previous):
                wanted = frozenset(ms for ms in absent if page.start_ms <= ms < page.end_ms)
                yield page, wanted

    def _close_before(self, feed: Feed, start_ms: int) -> float | None:
        with self._units(read_only=True) as unit:
            last = unit.candles.window(
                feed.venue, feed.symbol, feed.timeframe, until=from_ms(start_ms), limit=1
            )
        return last.close[0] if len(last) else None

    def _commit(
        self, feed: Feed, page: Page, wanted: frozenset[int], so_far: Filled, *, marks: bool
    ) -> Filled:
        """Store the absent bars of one page; bars that were there already stay as they are."""
        fresh = _only(page.clean, wanted)
        empties = self._empties(feed, page, wanted) if marks else []
        with self._units() as unit:
            stored = _add(unit, feed, fresh)
            unit.quarantine.add(page.quarantined)
            if empties:
                unit.candles.mark_empty(
                    feed.venue, feed.symbol, feed.timeframe, [from_ms(ms) for ms in empties]
                )
            unit.commit()
        return replace(
            so_far,
            calls=so_far.calls + 1,
            stored=so_far.stored + stored,
            quarantined=so_far.quarantined + len(page.quarantined),
            marked_empty=so_far.marked_empty + len(empties),
        )

    def _empties(self, feed: Feed, page: Page, wanted: frozenset[int]) -> list[int]:
        """Open times the venue was asked for and plainly has no bar of."""
        if page.is_garbled:
            return []
        step = feed.timeframe.ms
        settled_ms = to_ms(self._clock.now()) - (self._policy.stale_after_bars + 1) * step
        came = set(page.clean.open_ms) | {row.open_ms for row in page.quarantined}
        return sorted(ms for ms in wanted - came if ms <= settled_ms)


def _add(unit: UnitOfWork, feed: Feed, candles: CandleSeries) -> int:
    if not len(candles):
        return 0
    return unit.candles.add(feed.venue, feed.symbol, feed.timeframe, candles)


def _only(series: CandleSeries, wanted: frozenset[int]) -> CandleSeries:
    columns = Columns.of(series)
    mask = np.isin(columns.ms, np.fromiter(wanted, dtype=np.int64, count=len(wanted)))
    return series if mask.all() else columns.take(mask).series()
