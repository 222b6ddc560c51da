"""Prices for callers that must not be held up: a bounded wait for a venue that may hang.

question → a thread of its own → the answer, if it comes within ``patience_s``; else
``VenueUnavailableError``, as for a venue that is away.

The desk does one thing at a time, so whatever waits in it keeps a person's kill switch waiting. An
adapter's own deadline is no help: it is made for fetching candles, with retries.

Choices:
- While an answer is overdue nothing else is asked: ten prices of a venue that hangs cost one wait,
  not ten. The overdue answer is dropped when it comes; it would be an old price.
- The same question from two callers is asked once.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from engine.domain.errors import VenueUnavailableError
from engine.domain.market import MarketRules, OrderBook, Quote, Symbol
from engine.ports import MarketData

_THREADS = 4

type _Question = tuple[str, Symbol]


class BoundedMarket:
    """A ``MarketData`` whose prices and books come within ``patience_s`` seconds, or not at all.

    ``venue`` is what messages call it. ``rules`` are passed on and wait as long as they take.
    """

    def __init__(self, market: MarketData, *, venue: str, patience_s: float) -> None:
        self._market = market
        self._venue = venue
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(_THREADS, "venue-prices")
        self._lock = threading.Lock()
        self._open: dict[_Question, Future[Any]] = {}
        self._overdue: set[_Question] = set()

    def quote(self, symbol: Symbol) -> Quote | None:
        """See ``MarketData.quote``."""
        return self._ask(("quote", symbol), lambda: self._market.quote(symbol))

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        """See ``MarketData.order_book``."""
        return self._ask(("order book", symbol), lambda: self._market.order_book(symbol))

    def rules(self, symbol: Symbol) -> MarketRules:
        """See ``MarketData.rules``."""
        return self._market.rules(symbol)

    def close(self) -> None:
        """Ask nothing any more; what is being asked is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask[T](self, question: _Question, ask: Callable[[], T]) -> T:
        future: Future[T] = self._opened(question, ask)
        try:
            return future.result(self._patience_s)
        except TimeoutError:
            with self._lock:
                if not future.done():
                    self._overdue.add(question)
            raise self._unanswered(question) from None

    def _opened(self, question: _Question, ask: Callable[[], Any]) -> Future[Any]:
        with self._lock:
            if self._overdue:
                raise self._unanswered(min(self._overdue))
            under_way = self._open.get(question)
            if under_way is not None:
                return under_way
            future = self._threads.submit(ask)
            self._open[question] = future
        future.add_done_callback(partial(self._ended, question))
        return future

    def _ended(self, question: _Question, _future: Future[Any]) -> None:
        with self._lock:
            self._open.pop(question, None)
            self._overdue.discard(question)

    def _unanswered(self, question: _Question) -> VenueUnavailableError:
        what, symbol = question
        detail = f"has not answered in {self._patience_s:g} s ({what} of {symbol})"
        return VenueUnavailableError(self._venue, detail)
