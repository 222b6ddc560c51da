"""Prices and books that a test sets by hand."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from engine.domain.errors import UnknownSymbolError, VenueUnavailableError
from engine.domain.market import BookLevel, MarketRules, OrderBook, Quote, Symbol
from engine.ports import Clock

type Levels = Iterable[tuple[str, str]]


class HandMarket:
    """See ``engine.ports.MarketData``. A symbol has no price and no book until they are set."""

    def __init__(self, clock: Clock, rules: Mapping[Symbol, MarketRules]) -> None:
        self._clock = clock
        self._rules = dict(rules)
        self._prices: dict[Symbol, tuple[Decimal, Decimal, Decimal]] = {}
        self._books: dict[Symbol, tuple[tuple[BookLevel, ...], tuple[BookLevel, ...]]] = {}
        self.is_down = False

    def quote(self, symbol: Symbol) -> Quote | None:
        self._refuse_when_down()
        prices = self._prices.get(symbol)
        if prices is None:
            return None
        bid, ask, last = prices
        return Quote(symbol=symbol, at=self._clock.now(), bid=bid, ask=ask, last=last)

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        self._refuse_when_down()
        found = self._books.get(symbol)
        if found is None:
            return None
        bids, asks = found
        return OrderBook(symbol=symbol, at=self._clock.now(), bids=bids, asks=asks)

    def rules(self, symbol: Symbol) -> MarketRules:
        if symbol not in self._rules:
            raise UnknownSymbolError("hand", f"{symbol} is not traded here")
        return self._rules[symbol]

    def set_price(
        self, symbol: Symbol, price: str, *, half_spread: str = "0.05", depth: str | None = "1000"
    ) -> None:
        """One price with a spread around it and, unless ``depth`` is ``None``, one deep level."""
        mid, half = Decimal(price), Decimal(half_spread)
        self._prices[symbol] = (mid - half, mid + half, mid)
        self._books.pop(symbol, None)
        if depth is not None:
            self.set_book(symbol, bids=[(str(mid - half), depth)], asks=[(str(mid + half), depth)])

    def set_book(self, symbol: Symbol, *, bids: Levels, asks: Levels) -> None:
        """Levels as (price, quantity), best first."""
        self._books[symbol] = (_levels(bids), _levels(asks))

    def silence(self, symbol: Symbol) -> None:
        """No fresh price and no book any more."""
        self._prices.pop(symbol, None)
        self._books.pop(symbol, None)

    def _refuse_when_down(self) -> None:
        if self.is_down:
            raise VenueUnavailableError("hand", "no route to host")


def _levels(levels: Levels) -> tuple[BookLevel, ...]:
    return tuple(
        BookLevel(price=Decimal(price), quantity=Decimal(quantity)) for price, quantity in levels
    )
