"""Prices between closes by asking for them: the feed of a desk without streams.

A timer → ``poll`` on a thread that waits for the venue → a table in memory → ``newest`` on the
desk's thread, which never waits. A stream would fill the same table.
"""

import itertools
import threading
from collections.abc import Iterable, Mapping

import structlog

from engine.domain.errors import VenueError, VenueUnavailableError
from engine.domain.market import Quote, Symbol
from engine.ports import MarketData

_log = structlog.get_logger()


class PolledPrices:
    """Implements ``engine.ports.PriceFeed``; ``per_poll`` markets are asked for at a time."""

    def __init__(self, market: MarketData, *, per_poll: int) -> None:
        self._market = market
        self._per_poll = per_poll
        self._lock = threading.Lock()
        self._followed: tuple[Symbol, ...] = ()
        self._next = 0
        self._heard: dict[Symbol, Quote] = {}

    def follow(self, symbols: Iterable[Symbol]) -> None:
        """From now on these markets are wanted, and no others."""
        wanted = tuple(sorted(set(symbols)))
        with self._lock:
            self._followed = wanted
            self._heard = {s: quote for s, quote in self._heard.items() if s in wanted}

    def newest(self) -> Mapping[Symbol, Quote]:
        """What was heard last of each market that is followed."""
        with self._lock:
            return dict(self._heard)

    def poll(self) -> str:
        """Ask for the next markets in turn; one that does not answer keeps what was heard.

        A venue that is away is not asked for the others.
        """
        turn = self._turn()
        heard = 0
        for symbol in turn:
            try:
                quote = self._market.quote(symbol)
            except VenueError as err:
                _log.info("price_not_heard", symbol=str(symbol), detail=str(err))
                if isinstance(err, VenueUnavailableError):
                    break
                continue
            if quote is not None:
                heard += 1
                self._keep(quote)
        return f"{heard} of {len(turn)} prices"

    def _turn(self) -> tuple[Symbol, ...]:
        with self._lock:
            if not self._followed:
                return ()
            count = min(self._per_poll, len(self._followed))
            start = self._next % len(self._followed)
            self._next = start + count
            return tuple(itertools.islice(itertools.cycle(self._followed), start, start + count))

    def _keep(self, quote: Quote) -> None:
        with self._lock:
            if quote.symbol in self._followed:
                self._heard[quote.symbol] = quote
