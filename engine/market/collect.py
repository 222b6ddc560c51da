"""Brings one close's candles into the store.

Due close and symbols → what is stored already → the venue, page by page, through the firewall →
one commit per symbol → a ``Collected`` per symbol, in the order asked for. Everything that can go
wrong with one symbol is a value of that symbol, so that one bad feed never costs the others their
close. Asking again for the same close asks only for what is still missing.

The venue is asked for several symbols at once, on as many threads as it has ``lanes``; those only
ask and judge. What came is stored here, in the order of the symbols, whichever answered first.

A symbol is fresh exactly when the bar of the due close is stored. So a symbol whose newest row was
quarantined stays blocked, close after close, until a clean row for it arrives.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from engine.domain.desk import QuarantinedCandle
from engine.domain.errors import VenueError
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.columns import Feed
from engine.market.paging import Page, Pager
from engine.market.policy import MarketPolicy
from engine.ports import CandleSource, Clock, Units

_log = structlog.get_logger()


class Freshness(StrEnum):
    """How a symbol stands at a close. Only ``FRESH`` may be decided on."""

    FRESH = "fresh"
    LATE = "late"
    QUARANTINED = "quarantined"
    VENUE_ERROR = "venue_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One symbol at one close; ``detail`` says why it is not fresh."""

    symbol: Symbol
    timeframe: Timeframe
    due_close: datetime
    freshness: Freshness
    stored: int = 0
    quarantined: int = 0
    detail: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether the bar of the due close is clean and stored."""
        return self.freshness is Freshness.FRESH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is stored of a feed before the venue is asked; ``due_ms`` is the due bar's open time."""

    feed: Feed
    last: CandleSeries
    due_ms: int

    @property
    def is_fresh(self) -> bool:
        return bool(len(self.last)) and self.last.open_ms[0] == self.due_ms


class CandleCollector:
    """Collects from one venue. Call it ``settle_delay_s`` after the close on a real one.

    With more than one of ``lanes`` the source is asked from that many threads.
    """

    def __init__(
        self,
        *,
        units: Units,
        source: CandleSource,
        venue: str,
        clock: Clock,
        policy: MarketPolicy,
        lanes: int = 1,
    ) -> None:
        self._units = units
        self._source = source
        self._venue = venue
        self._clock = clock
        self._policy = policy
        self._lanes = lanes

    def collect(
        self, symbols: Iterable[Symbol], timeframe: Timeframe, due_close: datetime
    ) -> tuple[Collected, ...]:
        """Fetch the bar that closed at ``due_close`` for every symbol, and what came before it."""
        due_ms = to_ms(due_close) - timeframe.ms
        looks = [self._look(symbol, timeframe, due_close, due_ms) for symbol in symbols]
        answers = self._answers([look for look in looks if not look.is_fresh])
        return tuple(
            self._outcome(look.feed, due_close, Freshness.FRESH)
            if look.is_fresh
            else self._settle(look, due_close, next(answers))
            for look in looks
        )

    def _look(
        self, symbol: Symbol, timeframe: Timeframe, due_close: datetime, due_ms: int
    ) -> _Look:
        feed = Feed(venue=self._venue, symbol=symbol, timeframe=timeframe)
        return _Look(feed=feed, last=self._last(feed, due_close), due_ms=due_ms)

    def _answers(self, looks: Sequence[_Look]) -> Iterator[list[Page] | VenueError]:
        """What the venue says of each, in their order, as soon as it is known."""
        if self._lanes == 1:
            yield from map(self._ask, looks)
            return
        with ThreadPoolExecutor(self._lanes, "candles") as lanes:
            yield from lanes.map(self._ask, looks)

    def _ask(self, look: _Look) -> list[Page] | VenueError:
        try:
            return self._pages(look)
        except VenueError as error:
            return error

    def _settle(
        self, look: _Look, due_close: datetime, answer: list[Page] | VenueError
    ) -> Collected:
        feed = look.feed
        if isinstance(answer, VenueError):
            _log.warning("candles_not_fetched", feed=str(feed), error=str(answer))
            detail = f"{type(answer).__name__}: {answer}"
            return self._outcome(feed, due_close, Freshness.VENUE_ERROR, detail=detail)
        stored = self._store(feed, answer)
        quarantined = [row for page in answer for row in page.quarantined]
        if quarantined:
            _log.warning("candles_quarantined", feed=str(feed), rows=len(quarantined))
        freshness, detail = _judge(answer, quarantined, look)
        return self._outcome(
            feed, due_close, freshness, stored=stored, quarantined=len(quarantined), detail=detail
        )

    def _last(self, feed: Feed, due_close: datetime) -> CandleSeries:
        with self._units(read_only=True) as unit:
            return unit.candles.window(
                feed.venue, feed.symbol, feed.timeframe, until=due_close, limit=1
            )

    def _pages(self, look: _Look) -> list[Page]:
        """All pages from the last stored bar to the due one, at most ``backfill_bars`` back."""
        feed, last, due_ms = look.feed, look.last, look.due_ms
        step = feed.timeframe.ms
        start_ms = due_ms - (self._policy.backfill_bars - 1) * step
        if len(last):
            start_ms = max(start_ms, last.open_ms[0] + step)
        pager = Pager(feed, self._source, self._clock, self._policy)
        previous_close = last.close[0] if len(last) else None
        return list(pager.pages(start_ms, due_ms + step, previous_close=previous_close))

    def _store(self, feed: Feed, pages: list[Page]) -> int:
        """One commit; returns how many bars were new."""
        if not any(len(page.clean) or page.quarantined for page in pages):
            return 0
        with self._units() as unit:
            stored = 0
            for page in pages:
                if len(page.clean):
                    stored += unit.candles.add(feed.venue, feed.symbol, feed.timeframe, page.clean)
                unit.quarantine.add(page.quarantined)
            unit.commit()
        return stored

    def _outcome(
        self,
        feed: Feed,
        due_close: datetime,
        freshness: Freshness,
        *,
        stored: int = 0,
        quarantined: int = 0,
        detail: str = "",
    ) -> Collected:
        return Collected(
            symbol=feed.symbol,
            timeframe=feed.timeframe,
            due_close=due_close,
            freshness=freshness,
            stored=stored,
            quarantined=quarantined,
            detail=detail,
        )


def _judge(
    pages: list[Page], quarantined: list[QuarantinedCandle], look: _Look
) -> tuple[Freshness, str]:
    """Fresh when the due bar came clean; else the first reason why not."""
    last = look.last
    newest = max(
        (page.clean.open_ms[-1] for page in pages if len(page.clean)),
        default=last.open_ms[0] if len(last) else None,
    )
    if newest == look.due_ms:
        return Freshness.FRESH, ""
    if quarantined:
        worst = max(quarantined, key=lambda row: row.open_ms or 0)
        return Freshness.QUARANTINED, worst.reason
    if newest is None:
        return Freshness.LATE, "the venue has no bar yet"
    return Freshness.LATE, f"newest bar opened {from_ms(newest):%Y-%m-%d %H:%M} UTC"
