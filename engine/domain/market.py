"""Symbols, timeframes, candles, quotes, books and the venue's trading rules."""

import re
from array import array
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from engine.domain.values import (
    from_ms,
    require,
    require_not_negative,
    require_positive,
    require_utc,
    to_ms,
)

_CODE = re.compile(r"[A-Z0-9$._-]{1,32}")


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A spot market, written ``BASE/QUOTE`` (ccxt's unified name)."""

    base: str
    quote: str

    def __post_init__(self) -> None:
        """Refuse anything that is not two plain currency codes."""
        for part in (self.base, self.quote):
            require(bool(_CODE.fullmatch(part)), "currency code", "A-Z, 0-9, $ . _ -", part)

    @classmethod
    def parse(cls, text: str) -> "Symbol":
        """Read ``btc/usdt``, ``BTC-USDT`` or ``BTC_USDT``; ``InvalidValueError`` otherwise.

        With a slash the other marks belong to the codes: ``1000-PEPE/USDT`` is what it says.
        """
        parts = re.split("/" if "/" in text else "[_-]", text.strip().upper())
        require(len(parts) == 2, "symbol", "BASE/QUOTE, for example BTC/USDT", text)  # noqa: PLR2004 - base and quote
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"


class Timeframe(StrEnum):
    """Length of a candle."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return _TIMEFRAME_MS[self]

    @property
    def delta(self) -> timedelta:
        """Length as a time difference."""
        return timedelta(milliseconds=self.ms)

    def floor(self, moment: datetime) -> datetime:
        """The latest bar boundary at or before ``moment``."""
        ms = to_ms(moment)
        return from_ms(ms - ms % self.ms)


_TIMEFRAME_MS = {
    Timeframe.M1: 60_000,
    Timeframe.M5: 300_000,
    Timeframe.M15: 900_000,
    Timeframe.H1: 3_600_000,
    Timeframe.H4: 14_400_000,
    Timeframe.D1: 86_400_000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One closed bar; ``opened_at`` is its first instant, volume is in the base currency.

    It does not validate its prices: that is the firewall's task, which must be able to hold a bad
    candle in its hand to quarantine it.
    """

    opened_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    def closed_at(self, timeframe: Timeframe) -> datetime:
        """The first instant after the bar."""
        return self.opened_at + timeframe.delta


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleSeries:
    """Candles of one symbol and timeframe as columns of equal length, oldest first.

    ``open_ms`` is ``array('q')`` in milliseconds; the others are ``array('d')``. They support the
    buffer protocol, so ``numpy.frombuffer(series.close)`` sees them without a copy.
    """

    open_ms: "array[int]"
    open: "array[float]"
    high: "array[float]"
    low: "array[float]"
    close: "array[float]"
    volume: "array[float]"

    def __post_init__(self) -> None:
        """All columns have one length."""
        lengths = {len(column) for column in self.columns()}
        require(len(lengths) == 1, "candle columns", "of one length", sorted(lengths))

    def __len__(self) -> int:
        return len(self.open_ms)

    def columns(self) -> tuple["array[int]", *tuple["array[float]", ...]]:
        """``open_ms, open, high, low, close, volume``."""
        return (self.open_ms, self.open, self.high, self.low, self.close, self.volume)

    def candle(self, index: int) -> Candle:
        """The bar at ``index`` (negative counts from the end)."""
        return Candle(
            opened_at=from_ms(self.open_ms[index]),
            open=self.open[index],
            high=self.high[index],
            low=self.low[index],
            close=self.close[index],
            volume=self.volume[index],
        )

    @classmethod
    def of(cls, candles: "list[Candle] | tuple[Candle, ...]") -> "CandleSeries":
        """Columns from candles, which must be oldest first."""
        return cls(
            open_ms=array("q", [to_ms(c.opened_at) for c in candles]),
            open=array("d", [c.open for c in candles]),
            high=array("d", [c.high for c in candles]),
            low=array("d", [c.low for c in candles]),
            close=array("d", [c.close for c in candles]),
            volume=array("d", [c.volume for c in candles]),
        )

    @classmethod
    def empty(cls) -> "CandleSeries":
        """No candles."""
        return cls.of(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Best prices of a market at one moment."""

    symbol: Symbol
    at: datetime
    bid: Decimal
    ask: Decimal
    last: Decimal

    def __post_init__(self) -> None:
        """Positive prices, bid not above ask."""
        require_utc("quote time", self.at)
        for name in ("bid", "ask", "last"):
            require_positive(name, getattr(self, name))
        require(self.bid <= self.ask, "bid", f"<= ask {self.ask}", self.bid)

    @property
    def mid(self) -> Decimal:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLevel:
    """One price level: price in quote currency, quantity in base currency."""

    price: Decimal
    quantity: Decimal

    def __post_init__(self) -> None:
        """Both positive."""
        require_positive("level price", self.price)
        require_positive("level quantity", self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """Resting orders, best first on both sides."""

    symbol: Symbol
    at: datetime
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    def __post_init__(self) -> None:
        """Bids fall, asks rise, and they do not cross."""
        bids = [level.price for level in self.bids]
        asks = [level.price for level in self.asks]
        require(bids == sorted(bids, reverse=True), "bids", "falling", bids[:5])
        require(asks == sorted(asks), "asks", "rising", asks[:5])
        require(
            not bids or not asks or bids[0] < asks[0], "book", "not crossed", bids[:1] + asks[:1]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRules:
    """What a venue allows on one market. Fees as basis points of notional.

    ``tick_size`` is the price step in quote currency, ``lot_size`` the quantity step in base
    currency. Fees and half-spread are ``None`` where the venue does not publish them: the cost
    policy's settings then apply.
    """

    symbol: Symbol
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal
    min_notional_quote: Decimal
    maker_fee_bps: Decimal | None = None
    taker_fee_bps: Decimal | None = None
    half_spread_bps: Decimal | None = None

    def __post_init__(self) -> None:
        """Steps are positive, minimums not negative."""
        require_positive("tick_size", self.tick_size)
        require_positive("lot_size", self.lot_size)
        require_not_negative("min_quantity", self.min_quantity)
        require_not_negative("min_notional_quote", self.min_notional_quote)

    def price_ticks(self, price: Decimal) -> int:
        """Whole ticks nearest to ``price``."""
        return int((price / self.tick_size).to_integral_value())

    def quantity_lots(self, quantity: Decimal) -> int:
        """Whole lots not above ``quantity``."""
        return int((quantity / self.lot_size).to_integral_value(rounding=ROUND_FLOOR))

    def price(self, ticks: int) -> Decimal:
        """Price of ``ticks`` whole ticks."""
        return self.tick_size * ticks

    def quantity(self, lots: int) -> Decimal:
        """Quantity of ``lots`` whole lots."""
        return self.lot_size * lots
