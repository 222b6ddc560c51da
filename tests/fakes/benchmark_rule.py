"""The benchmark rule worked out in plain Python, indicators included: nothing of the project's.

RSI and ATR as Wilder wrote them (seeded with a plain mean of 14), Bollinger with the population's
deviation of 20 closes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A trade of one unit: the bars at whose open it was opened and closed, and its profit."""

    opened: int
    closed: int
    pnl_quote: float


def rsi(closes: Sequence[float], length: int = 14) -> list[float]:
    values = [NAN] * len(closes)
    gain = loss = 0.0
    for i in range(1, len(closes)):
        up, down = max(0.0, closes[i] - closes[i - 1]), max(0.0, closes[i - 1] - closes[i])
        if i <= length:
            gain, loss = gain + up / length, loss + down / length
        else:
            gain = (gain * (length - 1) + up) / length
            loss = (loss * (length - 1) + down) / length
        if i >= length:
            values[i] = 100.0 * gain / (gain + loss) if gain + loss > 0.0 else 0.0
    return values


def lower_band(closes: Sequence[float], length: int = 20, sigma: float = 2.0) -> list[float]:
    values = [NAN] * len(closes)
    for i in range(length - 1, len(closes)):
        part = closes[i - length + 1 : i + 1]
        mean = math.fsum(part) / length
        variance = math.fsum((x - mean) ** 2 for x in part) / length
        values[i] = mean - sigma * math.sqrt(variance)
    return values


def atr(
    highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], length: int = 14
) -> list[float]:
    values = [NAN] * len(closes)
    average = 0.0
    for i in range(1, len(closes)):
        reach = max(highs[i], closes[i - 1]) - min(lows[i], closes[i - 1])
        if i <= length:
            average += reach / length
        else:
            average = (average * (length - 1) + reach) / length
        if i >= length:
            values[i] = average
    return values


def round_trips(
    opens: Sequence[float], highs: Sequence[float], lows: Sequence[float], closes: Sequence[float]
) -> list[RoundTrip]:
    strength, band, reach = rsi(closes), lower_band(closes), atr(highs, lows, closes)
    trades: list[RoundTrip] = []
    bought: int | None = None
    for i in range(1, len(closes)):
        last = i - 1
        if bought is None:
            if strength[last] < 30.0 and closes[last] < band[last]:
                bought, paid, distance = i, opens[i] * 1.0005, 2.0 * reach[last]
        elif strength[last] > 55.0 or closes[last] <= paid - distance:
            received = opens[i] * 0.9995
            pnl = received - paid - 0.001 * (received + paid)
            trades.append(RoundTrip(opened=bought, closed=i, pnl_quote=pnl))
            bought = None
    return trades
