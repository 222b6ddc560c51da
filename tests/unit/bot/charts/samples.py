"""Views to draw: a seeded random walk dressed as a market, and the ways to bend it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bot.charts.views import (
    Bands,
    Bars,
    CardPicture,
    ChartPicture,
    Cone,
    Contribution,
    Equity,
    Floats,
    Holding,
    Levels,
    Line,
    Macd,
    PortfolioPicture,
    Profit,
    Rsi,
)

type View = ChartPicture | PortfolioPicture
type Make = Callable[..., View]

HOUR_MS = 3_600_000
START_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""
CODES = ("RSI", "MACD", "STOCH", "BB", "MA", "VOL", "ATR", "HL")


def bars(count: int = 84, *, price: float = 70_000.0, seed: int = 7) -> Bars:
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, 0.004, count)))
    opens = np.concatenate(([price], close[:-1]))
    spread = np.abs(rng.normal(0.0, 0.002, (2, count)))
    return Bars(
        open_ms=START_MS + HOUR_MS * np.arange(count, dtype=np.int64),
        open=opens,
        high=np.maximum(opens, close) * (1 + spread[0]),
        low=np.minimum(opens, close) * (1 - spread[1]),
        close=close,
        volume=rng.lognormal(3.0, 1.0, count),
    )


def same_price(price: float) -> Bars:
    flat = np.full(84, price)
    return replace(bars(), open=flat, high=flat, low=flat, close=flat)


def mean(values: Floats, length: int) -> Floats:
    out = np.full(len(values), np.nan)
    for k in range(length - 1, len(values)):
        out[k] = values[k - length + 1 : k + 1].mean()
    return out


def overlays(of: Bars) -> dict[str, Any]:
    close, count = of.close, len(of)
    middle = mean(close, 20)
    width = 0.01 * close
    line = 0.002 * close * np.sin(np.arange(count) / 9)
    signal = np.concatenate((np.full(min(8, count), np.nan), line[: max(0, count - 8)]))
    return {
        "bands": Bands(
            label="BB 20, 2σ", lower=middle - width, middle=middle, upper=middle + width
        ),
        "averages": (Line(label="MA 50", values=mean(close, 50)),),
        "rsi": Rsi(label="RSI 14", values=50 + 45 * np.sin(np.arange(count) / 7)),
        "macd": Macd(label="MACD 12/26/9", line=line, signal=signal, histogram=line - signal),
    }


def levels(of: Bars, *, stop: float = -0.02, target: float = 0.04) -> Levels:
    entry = float(of.close[-1])
    if not entry > 0:
        return Levels()
    return Levels(entry=entry, stop=entry * (1 + stop), target=entry * (1 + target))


def card(of: Bars | None = None, **changes: Any) -> CardPicture:  # noqa: ANN401 - fields of the view
    shown = of or bars()
    view = CardPicture(
        symbol="BTC/USDT",
        timeframe="1h",
        bars=shown,
        zone_name="Europe/Berlin",
        price_unit="USDT",
        volume_unit="BTC",
        levels=levels(shown),
        badges=("uncalibrated", "simulated market"),
        side="long",
        score=74.12,
        threshold=62.0,
        contributions=tuple(
            Contribution(code=code, points=21.0 - 4 * k) for k, code in enumerate(CODES)
        ),
        **overlays(shown),
    )
    return replace(view, **changes)


def chart(of: Bars | None = None, **changes: Any) -> ChartPicture:  # noqa: ANN401 - fields of the view
    shown = of or bars()
    view = ChartPicture(
        symbol="ETH/USDT",
        timeframe="1h",
        bars=shown,
        price_unit="USDT",
        volume_unit="ETH",
        **overlays(shown),
    )
    return replace(view, **changes)


def cone(of: Bars, count: int = 24, **changes: Any) -> Cone:  # noqa: ANN401 - fields of the view
    """A cone that widens with the square root of time to ±5 % and ±2.5 %."""
    last = float(of.close[-1])
    step = int(of.open_ms[-1] - of.open_ms[-2]) if len(of) > 1 else HOUR_MS
    width = 0.05 * np.sqrt(np.arange(1, count + 1) / count)
    view = Cone(
        open_ms=of.open_ms[-1] + step * np.arange(1, count + 1, dtype=np.int64),
        low=last * (1 - width),
        inner_low=last * (1 - width / 2),
        median=np.full(count, last),
        inner_high=last * (1 + width / 2),
        high=last * (1 + width),
        level=0.8,
        inner_level=0.5,
        label="80 % band · hit 81 % of 8,744 (2021–2023)",
        note="here 26 of 31",
    )
    return replace(view, **changes)


def portfolio(**changes: Any) -> PortfolioPicture:  # noqa: ANN401 - fields of the view
    history = bars(300, price=10_000.0, seed=3)
    view = PortfolioPicture(
        currency="USDT",
        equity_quote=float(history.close[-1]),
        equity=Equity(time_ms=history.open_ms, equity_quote=history.close),
        periods=(
            Profit(name="today", amount_quote=-34.2, fraction=-0.0031),
            Profit(name="this week", amount_quote=212.9, fraction=0.019),
            Profit(name="all", amount_quote=0.0, fraction=0.0),
        ),
        holdings=(
            Holding(name="cash", value_quote=6120.5, is_cash=True),
            Holding(name="BTC", value_quote=2400.0),
            Holding(name="SOL", value_quote=1500.33),
        ),
        positions=(
            Profit(name="BTC/USDT", amount_quote=120.4, fraction=0.052),
            Profit(name="SOL/USDT", amount_quote=-61.0, fraction=-0.039),
        ),
        badges=("paper",),
        zone_name="Europe/Berlin",
    )
    return replace(view, **changes)
