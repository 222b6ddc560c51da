"""Made-up candles with everything that real ones do to a desk: jumps, thin hours, holes, a listing.

seed → one bar after the other → ``CandleSeries``. Prices are whole ticks of 0.01, so that trading
rules can be derived from them; volume swings so far that some bars cannot fill an order.
"""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.domain.market import Candle, CandleSeries, Symbol

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
WARM_BARS = 610


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """How one made-up market moves.

    ``jump`` is the chance that a bar opens away from the close before it, ``absent`` that a bar is
    missing; ``listed_late_bars`` is how many bars before ``START`` the first one opens.
    """

    symbol: Symbol
    price: float = 100.0
    volatility: float = 0.008
    jump: float = 0.12
    absent: float = 0.0
    volume: float = 400.0
    listed_bars_before: int = WARM_BARS


def candles(market: Market, *, seed: int, bars: int) -> CandleSeries:
    """``bars`` bars from ``START`` on and the warm-up before it, the absent ones left out."""
    chance = random.Random(f"{seed}/{market.symbol}")
    close, trend, made = market.price, 0.0, []
    for number in range(-market.listed_bars_before, bars):
        if chance.random() < 1 / 40:
            trend = chance.gauss(0.0, market.volatility / 3)
        gap = chance.gauss(0.0, 0.012) if chance.random() < market.jump else 0.0
        opened = close * math.exp(gap)
        close = opened * math.exp(chance.gauss(trend, market.volatility))
        wick = market.volatility * opened
        high = max(opened, close) + abs(chance.gauss(0.0, wick / 2))
        low = min(opened, close) - abs(chance.gauss(0.0, wick / 2))
        volume = market.volume * math.exp(chance.gauss(0.0, 1.2))
        if chance.random() < market.absent:
            continue
        made.append(
            Candle(
                opened_at=START + number * HOUR,
                open=round(opened, 2),
                high=round(high, 2),
                low=round(low, 2),
                close=round(close, 2),
                volume=round(volume, 3),
            )
        )
        close = made[-1].close
    return CandleSeries.of(made)
