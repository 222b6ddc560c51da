"""The embedded simulated venue: candles, quotes and a book that need no network and no account.

``CoinPath`` minutes → candles of every timeframe, as a venue gives them (the bar still forming
included) → the same door and the same firewall as any other venue. Quotes move inside the minute;
the book stands around the quote, with a depth that follows the last hour's volume. The same seed
and the same simulated moment give the same answers, whatever was asked before.

It is a place to try the desk, not a model of any market: no result on it means anything, and it
says so wherever it is shown (``simulated_paths`` lists what is arbitrary: everything).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from threading import Lock

import numpy as np

from engine.domain.errors import UnknownSymbolError
from engine.domain.market import (
    BookLevel,
    MarketRules,
    OrderBook,
    Quote,
    Symbol,
    Timeframe,
)
from engine.domain.values import require, to_ms
from engine.market.columns import Columns
from engine.market.policy import SimulationPolicy
from engine.market.resample import resample_columns
from engine.market.simulated_paths import (
    COINS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    CoinPath,
    MarketFactor,
    price_inside,
)
from engine.ports import Clock

VENUE = "simulated"

_FEE_BPS = Decimal(10)
_MIN_NOTIONAL_QUOTE = Decimal(10)
_LEVELS = 20
_DEPTH_FRACTION = 0.004  # of the last hour's volume, at the best price
_DEPTH_GROWTH = 0.35  # more at every further level
_LEVEL_GAP_FRACTION = 0.0001
_BPS = 10_000


class SimulatedMarket:
    """``CandleSource`` and ``MarketData`` of eight invented markets, at the time of ``clock``."""

    def __init__(self, *, policy: SimulationPolicy, clock: Clock) -> None:
        market = MarketFactor(policy.seed)
        self._seed = policy.seed
        self._clock = clock
        self._genesis_ms = to_ms(policy.starts_at) - policy.history_days * DAY_MS
        self._paths = {
            coin.symbol: CoinPath(coin=coin, stream=number, seed=policy.seed, market=market)
            for number, coin in enumerate(COINS, start=1)
        }
        self._lock = Lock()

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What is traded here."""
        return tuple(self._paths)

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        """See ``CandleSource``; the bar still forming comes last, as everywhere."""
        path = self._path(symbol)
        now_ms = to_ms(self._clock.now())
        last_ms = now_ms - now_ms % timeframe.ms
        first_ms = last_ms - (limit - 1) * timeframe.ms
        if since is not None:
            first_ms = -(-to_ms(since) // timeframe.ms) * timeframe.ms
        first_ms = max(first_ms, -(-self._genesis_ms // timeframe.ms) * timeframe.ms)
        end_ms = min(first_ms + limit * timeframe.ms, now_ms + 1)
        if first_ms >= end_ms:
            return []
        with self._lock:
            rows = self._rows(path, timeframe, first_ms, end_ms, now_ms)
        return [list(row) for row in rows]

    def quote(self, symbol: Symbol) -> Quote | None:
        """The price of this instant, or ``None`` during an outage."""
        path, now = self._path(symbol), self._clock.now()
        with self._lock:
            price = self._price(path, to_ms(now))
        if price is None:
            return None
        tick = _step(path.coin.price_decimals)
        half = Decimal(price * path.coin.half_spread_bps / _BPS)
        middle = Decimal(price)
        bid = max(tick, _on_grid(middle - half, tick, ROUND_FLOOR))
        ask = max(bid + tick, _on_grid(middle + half, tick, ROUND_CEILING))
        return Quote(symbol=symbol, at=now, bid=bid, ask=ask, last=max(tick, middle.quantize(tick)))

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        """Twenty levels a side around the quote, or ``None`` during an outage."""
        quote = self.quote(symbol)
        if quote is None:
            return None
        path = self._path(symbol)
        with self._lock:
            depth = self._hour_volume(path, to_ms(quote.at)) * _DEPTH_FRACTION
        minute = to_ms(quote.at) // MINUTE_MS
        number = list(self._paths).index(symbol)
        noise = np.random.default_rng((self._seed, number, minute, 2)).uniform(
            0.5, 1.5, (2, _LEVELS)
        )
        return OrderBook(
            symbol=symbol,
            at=quote.at,
            bids=_levels(path, quote.bid, -1, depth, noise[0].tolist()),
            asks=_levels(path, quote.ask, +1, depth, noise[1].tolist()),
        )

    def rules(self, symbol: Symbol) -> MarketRules:
        """Steps, minimums and fees like those of a large venue."""
        coin = self._path(symbol).coin
        lot = _step(coin.quantity_decimals)
        return MarketRules(
            symbol=symbol,
            tick_size=_step(coin.price_decimals),
            lot_size=lot,
            min_quantity=lot,
            min_notional_quote=_MIN_NOTIONAL_QUOTE,
            maker_fee_bps=_FEE_BPS,
            taker_fee_bps=_FEE_BPS,
            half_spread_bps=Decimal(str(coin.half_spread_bps)),
        )

    def _path(self, symbol: Symbol) -> CoinPath:
        try:
            return self._paths[symbol]
        except KeyError:
            names = ", ".join(str(known) for known in self._paths)
            raise UnknownSymbolError(VENUE, f"no market {symbol}; there are {names}") from None

    def _rows(
        self, path: CoinPath, timeframe: Timeframe, first_ms: int, end_ms: int, now_ms: int
    ) -> list[tuple[int, float, float, float, float, float]]:
        """Bars that open in ``[first_ms, end_ms)``, from whole hours or minutes and the present."""
        fine = timeframe.ms < HOUR_MS
        unit_ms = MINUTE_MS if fine else HOUR_MS
        last_ms = -(-end_ms // timeframe.ms) * timeframe.ms
        closed_ms = min(now_ms - now_ms % unit_ms, last_ms)
        parts = self._closed(path, first_ms, closed_ms, minutes=fine)
        if closed_ms < last_ms:
            if not fine:
                parts += self._closed(path, closed_ms, now_ms - now_ms % MINUTE_MS, minutes=True)
            parts += self._forming_minute(path, now_ms)
        parts = [part for part in parts if len(part)]
        if not parts:
            return []
        bars = resample_columns(Columns.join(parts), timeframe)
        bars = replace(bars, volume=np.round(bars.volume, path.coin.quantity_decimals))
        return [bars.row(i) for i in range(len(bars))]

    def _closed(
        self, path: CoinPath, first_ms: int, end_ms: int, *, minutes: bool
    ) -> list[Columns]:
        """Published bars of whole days, cut to ``[first_ms, end_ms)``; times since 1970."""
        parts: list[Columns] = []
        if first_ms >= end_ms:
            return parts
        first_day = (first_ms - self._genesis_ms) // DAY_MS
        last_day = (end_ms - 1 - self._genesis_ms) // DAY_MS
        for day in range(first_day, last_day + 1):
            rows = path.minutes(day).take(~path.absent(day)) if minutes else path.hours(day)
            ms = rows.ms + self._genesis_ms
            inside = (ms >= first_ms) & (ms < end_ms)
            parts.append(replace(rows, ms=ms).take(inside))
        return parts

    def _forming_minute(self, path: CoinPath, now_ms: int) -> list[Columns]:
        """What there is of the present minute: prices passed so far, and their share of volume."""
        day, minute, share = self._place(now_ms)
        if path.absent(day)[minute]:
            return []
        rows = path.minutes(day)
        ms, o, h, l, c, v = rows.row(minute)  # noqa: E741 - OHLCV
        passed = [round(p, path.coin.price_decimals) for p in price_inside((o, h, l, c), share)]
        return [
            Columns(
                ms=np.array([ms + self._genesis_ms], dtype=np.int64),
                open=np.array([o]),
                high=np.array([max(passed)]),
                low=np.array([min(passed)]),
                close=np.array([passed[-1]]),
                volume=np.array([v * share]),
            )
        ]

    def _price(self, path: CoinPath, now_ms: int) -> float | None:
        day, minute, share = self._place(now_ms)
        if path.absent(day)[minute]:
            return None
        _, o, h, l, c, _ = path.minutes(day).row(minute)  # noqa: E741 - OHLCV
        return price_inside((o, h, l, c), share)[-1]

    def _hour_volume(self, path: CoinPath, now_ms: int) -> float:
        """Base quantity of the last sixty minutes, none of them later than now."""
        day, minute, _ = self._place(now_ms)
        recent = path.minutes(day).volume[max(0, minute - 60) : minute]
        if minute < 60 and day > 0:  # noqa: PLR2004 - minutes of an hour
            recent = np.concatenate((path.minutes(day - 1).volume[minute - 60 :], recent))
        return float(recent.sum())

    def _place(self, now_ms: int) -> tuple[int, int, float]:
        """Day and minute of a moment, and how much of the minute has passed."""
        require(now_ms >= self._genesis_ms, "simulated time", "after the first candle", now_ms)
        day, inside = divmod(now_ms - self._genesis_ms, DAY_MS)
        minute, rest = divmod(inside, MINUTE_MS)
        return day, minute, rest / MINUTE_MS


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _on_grid(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    return (price / tick).to_integral_value(rounding=rounding) * tick


def _levels(
    path: CoinPath, best: Decimal, direction: int, depth: float, noise: list[float]
) -> tuple[BookLevel, ...]:
    """Levels away from the best price, none below one tick, each at least one lot."""
    tick, lot = _step(path.coin.price_decimals), _step(path.coin.quantity_decimals)
    gap = max(tick, _on_grid(best * Decimal(_LEVEL_GAP_FRACTION), tick, ROUND_FLOOR))
    levels = []
    for number, luck in enumerate(noise):
        price = best + direction * number * gap
        quantity = Decimal(depth * (1 + _DEPTH_GROWTH * number) * luck)
        if price >= tick:
            quantity = max(lot, _on_grid(quantity, lot, ROUND_FLOOR))
            levels.append(BookLevel(price=price, quantity=quantity))
    return tuple(levels)
