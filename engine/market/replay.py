"""Stored candles as a market of the past, for rehearsals on a replay clock.

At moment t the price is the open of the bar that holds t: the one price of that bar that was known
at its first instant. Where the bar is absent there is no price. There is no book either (candles
keep none), so the paper venue makes one; its spread comes from the cost settings, since bid and ask
are both the open here. Nothing after the clock's moment is ever shown.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Self

from engine.domain.errors import UnknownSymbolError, UnsupportedTimeframeError
from engine.domain.market import CandleSeries, MarketRules, OrderBook, Quote, Symbol, Timeframe
from engine.domain.values import to_ms
from engine.market.derived_rules import derive_rules
from engine.ports import Clock, Units


class ReplayMarket:
    """``MarketData`` and ``CandleSource`` over candles in memory; ``rules`` override the derived.

    ``timeframe`` is that of the candles: the finest stored gives the truest prices.
    """

    def __init__(
        self,
        *,
        venue: str,
        timeframe: Timeframe,
        candles: Mapping[Symbol, CandleSeries],
        clock: Clock,
        rules: Mapping[Symbol, MarketRules] | None = None,
    ) -> None:
        self._venue = venue
        self._timeframe = timeframe
        self._candles = {symbol: series for symbol, series in candles.items() if len(series)}
        self._clock = clock
        given = rules or {}
        self._rules = {
            symbol: given.get(symbol) or derive_rules(symbol, series)
            for symbol, series in self._candles.items()
        }

    @classmethod
    def load(
        cls,
        units: Units,
        *,
        venue: str,
        timeframe: Timeframe,
        symbols: Iterable[Symbol],
        start: datetime,
        end: datetime,
        clock: Clock,
        rules: Mapping[Symbol, MarketRules] | None = None,
    ) -> Self:
        """With the stored bars that open in ``[start, end)``."""
        with units(read_only=True) as unit:
            candles = {
                symbol: unit.candles.between(venue, symbol, timeframe, start, end)
                for symbol in symbols
            }
        return cls(venue=venue, timeframe=timeframe, candles=candles, clock=clock, rules=rules)

    def quote(self, symbol: Symbol) -> Quote | None:
        """The open of the present bar as bid, ask and last; ``None`` where the bar is absent."""
        now = self._clock.now()
        series = self._series(symbol)
        open_ms = to_ms(self._timeframe.floor(now))
        index = bisect_left(series.open_ms, open_ms)
        if index == len(series) or series.open_ms[index] != open_ms:
            return None
        price = Decimal(repr(series.open[index]))
        return Quote(symbol=symbol, at=now, bid=price, ask=price, last=price)

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        """Candles keep no book."""
        self._series(symbol)
        return None

    def rules(self, symbol: Symbol) -> MarketRules:
        """Given for the symbol, or derived from its candles."""
        self._series(symbol)
        return self._rules[symbol]

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        """Bars that have closed by now; none is forming, for its high and low are the future."""
        if timeframe is not self._timeframe:
            detail = f"replays {self._timeframe} candles, not {timeframe}"
            raise UnsupportedTimeframeError(self._venue, detail)
        series = self._series(symbol)
        latest_ms = to_ms(self._clock.now()) - timeframe.ms
        end = bisect_left(series.open_ms, latest_ms + 1)
        begin = max(0, end - limit)
        if since is not None:
            begin = bisect_left(series.open_ms, to_ms(since))
            end = min(end, begin + limit)
        return [
            [series.open_ms[i], *(column[i] for column in series.columns()[1:])]
            for i in range(begin, end)
        ]

    def _series(self, symbol: Symbol) -> CandleSeries:
        try:
            return self._candles[symbol]
        except KeyError:
            raise UnknownSymbolError(self._venue, f"no stored candles of {symbol}") from None
