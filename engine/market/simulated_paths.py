"""Prices of the simulated market, minute by minute: seeded, regime-switching, clustered.

Hidden factors (one for the whole market, one per coin) → hourly regime and variance → sixty minutes
each → candles of a coin. A day is made from the seed, its number and the state the factor had at
its midnight, so the same seed gives the same candles whatever was asked for first. Days are made in
order once; their minutes may be forgotten and made again, their hours are kept.

**Every parameter here is arbitrary.** They were picked so that a desk has something to do in a
demonstration: trends that last a day or two, ranges, calm and wild stretches, jumps, outages. That
a rule earns or loses here says nothing about any market.
"""

from dataclasses import dataclass, replace
from math import log, sqrt

import numpy as np

from engine.domain.market import Symbol, Timeframe
from engine.market.columns import Columns, Floats, Mask
from engine.market.resample import resample_columns

HOURS, MINUTES, DAY_MINUTES = 24, 60, 1_440
MINUTE_MS, HOUR_MS, DAY_MS = Timeframe.M1.ms, Timeframe.H1.ms, Timeframe.D1.ms

_MARKET_STREAM = 0
_MARKET_SIGMA = 0.0035  # standard deviation of the market's hourly log return
_ARCH, _GARCH = 0.12, 0.83
_TREND_ENDS, _RANGE_ENDS = 1 / 36, 1 / 30  # chance per hour
_STORM_BREAKS, _STORM_ENDS = 1 / 72, 1 / 20
_CALM, _WILD = 0.8, 1.9  # multiples of sigma
_TREND_DRIFT = 0.22  # of sigma, per hour
_RANGE_PULL = 0.08  # back to where the range began, per hour
_TETHER = 0.0004  # back to the starting price, per hour: scales stay what they were
_JUMPS_PER_DAY, _JUMP_SIGMAS = 0.12, 4.0
_OUTAGES_PER_DAY = 1 / 25
_KEPT_DAYS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One simulated market; prices and volumes are invented.

    ``sigma`` is the standard deviation of its own hourly log return, ``beta`` its share in the
    market's. Decimals are those of the price and of the quantity.
    """

    symbol: Symbol
    price: float
    price_decimals: int
    quantity_decimals: int
    beta: float
    sigma: float
    volume_quote: float
    half_spread_bps: float


def _coin(base: str, price: float, decimals: tuple[int, int], *numbers: float) -> Coin:
    beta, sigma, volume_quote, half_spread_bps = numbers
    return Coin(
        symbol=Symbol(base, "USDT"),
        price=price,
        price_decimals=decimals[0],
        quantity_decimals=decimals[1],
        beta=beta,
        sigma=sigma,
        volume_quote=volume_quote,
        half_spread_bps=half_spread_bps,
    )


COINS = (
    _coin("BTC", 60_000.0, (2, 5), 1.0, 0.0015, 60e6, 0.3),
    _coin("ETH", 3_000.0, (2, 4), 1.1, 0.0025, 30e6, 0.5),
    _coin("SOL", 150.0, (2, 3), 1.3, 0.0045, 12e6, 1.0),
    _coin("AVAX", 35.0, (3, 2), 1.3, 0.0050, 4e6, 1.5),
    _coin("LINK", 15.0, (3, 2), 1.2, 0.0045, 4e6, 1.5),
    _coin("XRP", 0.5, (5, 1), 0.9, 0.0040, 10e6, 1.0),
    _coin("ADA", 0.4, (5, 1), 1.1, 0.0040, 5e6, 1.5),
    _coin("TRX", 0.05, (6, 0), 0.7, 0.0035, 3e6, 2.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorState:
    """A hidden factor at the start of an hour; ``x`` is its log level, 0 at the beginning."""

    x: float = 0.0
    variance: float = 1.0
    trending: bool = False
    wild: bool = False
    direction: int = 1
    anchor: float = 0.0

    def turned(self, chance: Floats) -> "FactorState":
        """The regime of the next hour, from three uniform numbers."""
        turns = chance[0] < (_TREND_ENDS if self.trending else _RANGE_ENDS)
        shifts = chance[1] < (_STORM_ENDS if self.wild else _STORM_BREAKS)
        return replace(
            self,
            trending=self.trending != bool(turns),
            wild=self.wild != bool(shifts),
            direction=(1 if chance[2] < 1 / 2 else -1) if turns else self.direction,
            anchor=self.x if turns else self.anchor,
        )

    def drift(self, sigma: float) -> float:
        """Expected log return of this hour."""
        pull = -_TETHER * self.x
        if self.trending:
            return self.direction * _TREND_DRIFT * sigma + pull
        return _RANGE_PULL * (self.anchor - self.x) + pull

    def moved(self, change: float, shock: float) -> "FactorState":
        """After an hour with this log return and this standard normal shock: GARCH(1,1)."""
        variance = (1 - _ARCH - _GARCH) + (_ARCH * shock * shock + _GARCH) * self.variance
        return replace(self, x=self.x + change, variance=variance)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorDay:
    """Log level of a factor at the first and last instant of each minute, and its volatility."""

    opens: Floats
    closes: Floats
    sigma: Floats


class Factor:
    """One hidden random process, made day by day from its seed."""

    def __init__(self, *, seed: int, stream: int, sigma: float) -> None:
        self._seed = (seed, stream)
        self._sigma = sigma
        self._states = [FactorState()]
        self._days: dict[int, FactorDay] = {}

    def day(self, number: int) -> FactorDay:
        """The minutes of a day; days before it are made first where they never were."""
        for earlier in range(len(self._states) - 1, number):
            self._make(earlier)
        return self._days.get(number) or self._make(number)

    def _make(self, number: int) -> FactorDay:
        rng = np.random.default_rng((*self._seed, number))
        normals = rng.standard_normal((HOURS, MINUTES))
        drifts, sigmas, state = self._hours(
            self._states[number], normals.sum(axis=1) / sqrt(MINUTES), rng.random((HOURS, 3))
        )
        returns = drifts[:, None] / MINUTES + sigmas[:, None] * normals / sqrt(MINUTES)
        gaps = self._gaps(rng)
        closes = self._states[number].x + np.cumsum(returns.ravel() + gaps)
        opens = np.concatenate(([self._states[number].x], closes[:-1])) + gaps
        day = FactorDay(opens=opens, closes=closes, sigma=np.repeat(sigmas, MINUTES))
        if number == len(self._states) - 1:
            self._states.append(replace(state, x=float(closes[-1])))
        _keep(self._days, number, day)
        return day

    def _hours(
        self, state: FactorState, shocks: Floats, chances: Floats
    ) -> tuple[Floats, Floats, FactorState]:
        """Drift and volatility of each hour, and the state after the last."""
        drifts, sigmas = np.empty(HOURS), np.empty(HOURS)
        for hour in range(HOURS):
            state = state.turned(chances[hour])
            sigma = self._sigma * sqrt(state.variance) * (_WILD if state.wild else _CALM)
            drift, shock = state.drift(sigma), float(shocks[hour])
            drifts[hour], sigmas[hour] = drift, sigma
            state = state.moved(drift + sigma * shock, shock)
        return drifts, sigmas, state

    def _gaps(self, rng: np.random.Generator) -> Floats:
        """Now and then the price jumps between two minutes."""
        gaps = np.zeros(DAY_MINUTES)
        if rng.random() < _JUMPS_PER_DAY:
            size = self._sigma * _JUMP_SIGMAS * rng.standard_normal()
            gaps[rng.integers(DAY_MINUTES)] = size
        return gaps


class MarketFactor(Factor):
    """What all coins share: the market's move, and the venue's outages."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed, stream=_MARKET_STREAM, sigma=_MARKET_SIGMA)
        self._outage_seed = seed

    def absent(self, number: int) -> Mask:
        """Minutes of a day in which the venue was down: it has no bars of them and no price."""
        mask = np.zeros(DAY_MINUTES, dtype=np.bool_)
        rng = np.random.default_rng((self._outage_seed, _MARKET_STREAM, number, 1))
        if rng.random() < _OUTAGES_PER_DAY:
            begin = int(rng.integers(DAY_MINUTES - 4 * MINUTES))
            mask[begin : begin + int(rng.integers(MINUTES, 3 * MINUTES))] = True
        return mask


class CoinPath:
    """Candles of one coin: minutes on demand, hours kept."""

    def __init__(self, *, coin: Coin, stream: int, seed: int, market: MarketFactor) -> None:
        self.coin = coin
        self._market = market
        self._own = Factor(seed=seed, stream=stream, sigma=coin.sigma)
        self._seed = (seed, stream)
        self._minutes: dict[int, Columns] = {}
        self._hours: dict[int, Columns] = {}

    def minutes(self, number: int) -> Columns:
        """All 1,440 minutes of a day, those of an outage included; ``ms`` counts from day 0."""
        return self._minutes.get(number) or self._make(number)

    def absent(self, number: int) -> Mask:
        """Which of them the venue never published."""
        return self._market.absent(number)

    def hours(self, number: int) -> Columns:
        """The published hours of a day; one that an outage cut short is made of what was left."""
        if number not in self._hours:
            minutes, present = self.minutes(number), ~self.absent(number)
            self._hours[number] = resample_columns(minutes.take(present), Timeframe.H1)
        return self._hours[number]

    def _make(self, number: int) -> Columns:
        market, own = self._market.day(number), self._own.day(number)
        rng = np.random.default_rng((*self._seed, number, 1))
        sigma = np.sqrt((self.coin.beta * market.sigma) ** 2 + own.sigma**2) / sqrt(MINUTES)
        base = log(self.coin.price)
        opens = base + self.coin.beta * market.opens + own.opens
        closes = base + self.coin.beta * market.closes + own.closes
        wicks = np.abs(rng.standard_normal((2, DAY_MINUTES))) * sigma * 0.5
        minutes = Columns(
            ms=number * DAY_MS + np.arange(DAY_MINUTES, dtype=np.int64) * MINUTE_MS,
            open=self._price(opens),
            high=self._price(np.maximum(opens, closes) + wicks[0]),
            low=self._price(np.minimum(opens, closes) - wicks[1]),
            close=self._price(closes),
            volume=self._volume(rng, sigma),
        )
        _keep(self._minutes, number, minutes)
        return minutes

    def _price(self, logs: Floats) -> Floats:
        tick = 10.0**-self.coin.price_decimals
        rounded: Floats = np.round(np.exp(logs), self.coin.price_decimals)
        return np.maximum(rounded, tick)

    def _volume(self, rng: np.random.Generator, sigma: Floats) -> Floats:
        """More is traded when prices move more."""
        usual = sqrt((self.coin.beta * _MARKET_SIGMA) ** 2 + self.coin.sigma**2) / sqrt(MINUTES)
        per_minute = self.coin.volume_quote / self.coin.price / MINUTES
        noise = np.exp(0.6 * rng.standard_normal(DAY_MINUTES) - 0.18)
        lot = 10.0**-self.coin.quantity_decimals
        rounded: Floats = np.round(
            per_minute * (sigma / usual) ** 1.5 * noise, self.coin.quantity_decimals
        )
        return np.maximum(rounded, lot)


def price_inside(minute: tuple[float, float, float, float], share: float) -> tuple[float, ...]:
    """Prices passed within a minute (open, high, low, close) up to ``share`` of it; last is now.

    A rising minute dips before it climbs, a falling one climbs before it falls.
    """
    o, h, l, c = minute  # noqa: E741 - OHLC
    turns = (0.0, 0.3, 0.7, 1.0)
    prices = (o, l, h, c) if c >= o else (o, h, l, c)
    passed = [price for turn, price in zip(turns, prices, strict=True) if turn <= share]
    return (*passed, float(np.interp(share, turns, prices)))


def _keep[T](cache: dict[int, T], number: int, value: T) -> None:
    """Remember the latest few."""
    cache[number] = value
    while len(cache) > _KEPT_DAYS:
        del cache[next(iter(cache))]
