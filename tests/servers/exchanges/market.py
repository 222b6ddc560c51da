"""What a loopback exchange sells: listings, candles, a ticker and a book.

Rows are ``(open_ms, open, high, low, close, volume)``, oldest first, exactly as a test hands them
over; each venue's server encodes them its own way. Ticker and book follow the newest visible candle
unless a test sets them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

type Number = int | float | str | Decimal
type Row = tuple[int, Number, Number, Number, Number, Number]
type Levels = Sequence[tuple[str, str]]

TIMEFRAME_MS = {
    "1m": 60_000,
    "5m": 300_000,
    "15m": 900_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": 86_400_000,
}
DAY_MS = 86_400_000
BOOK_LEVELS = 100


def text(number: Number) -> str:
    """A number as venues write it: no exponent, and NaN stays NaN."""
    if isinstance(number, str):
        return number
    value = Decimal(str(number))
    return str(value) if not value.is_finite() else f"{value:f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One market of the venue, with its steps and minimums as the venue writes them."""

    base: str
    quote: str
    tick_size: str = "0.01"
    lot_size: str = "0.00001"
    min_quantity: str = "0.00001"
    min_notional: str = "5"
    trading: bool = True

    @property
    def symbol(self) -> str:
        """``BASE/QUOTE``."""
        return f"{self.base}/{self.quote}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The 24-hour ticker, and the best prices."""

    last: Decimal
    bid: Decimal
    ask: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal

    @property
    def change(self) -> Decimal:
        """Last price less the price a day ago."""
        return self.last - self.open

    @property
    def change_fraction(self) -> Decimal:
        """Change as a share of the price a day ago."""
        return (self.change / self.open).quantize(Decimal("0.0000000001"))


@dataclass(slots=True)
class MarketData:
    """All markets of one server."""

    listings: dict[str, Listing] = field(default_factory=dict)
    _rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    _stats: dict[str, Stats] = field(default_factory=dict)
    _books: dict[str, tuple[Levels, Levels]] = field(default_factory=dict)

    def set_rows(self, symbol: str, timeframe: str, rows: Iterable[Sequence[Number]]) -> None:
        """Replace the candles of one symbol and timeframe."""
        self._rows[symbol, timeframe] = [
            (int(row[0]), row[1], row[2], row[3], row[4], row[5]) for row in rows
        ]

    def set_stats(self, symbol: str, stats: Stats) -> None:
        """Fix the ticker of a symbol."""
        self._stats[symbol] = stats

    def set_book(self, symbol: str, bids: Levels, asks: Levels) -> None:
        """Fix the book of a symbol; levels are ``(price, quantity)``, best first."""
        self._books[symbol] = (bids, asks)

    def visible(self, symbol: str, timeframe: str, now_ms: int) -> list[Row]:
        """Rows whose bar has begun: the last one may still be forming."""
        return [row for row in self._rows.get((symbol, timeframe), ()) if row[0] <= now_ms]

    def stats(self, symbol: str, now_ms: int) -> Stats | None:
        """The ticker, or ``None`` where nothing has traded."""
        if symbol in self._stats:
            return self._stats[symbol]
        rows = self._finest(symbol, now_ms)
        day = [row for row in rows if row[0] > now_ms - DAY_MS] or rows[-1:]
        return self._day(symbol, day) if day else None

    def _finest(self, symbol: str, now_ms: int) -> list[Row]:
        for timeframe in TIMEFRAME_MS:
            if rows := self.visible(symbol, timeframe, now_ms):
                return rows
        return []

    def _day(self, symbol: str, rows: list[Row]) -> Stats:
        tick = Decimal(self.listings[symbol].tick_size)
        last = Decimal(text(rows[-1][4]))
        volumes = [Decimal(text(row[5])) for row in rows]
        closes = [Decimal(text(row[4])) for row in rows]
        return Stats(
            last=last,
            bid=last - tick,
            ask=last + tick,
            open=Decimal(text(rows[0][1])),
            high=max(Decimal(text(row[2])) for row in rows),
            low=min(Decimal(text(row[3])) for row in rows),
            volume=sum(volumes, Decimal(0)),
            quote_volume=sum((v * c for v, c in zip(volumes, closes, strict=True)), Decimal(0)),
        )

    def book(self, symbol: str, now_ms: int) -> tuple[Levels, Levels]:
        """Bids and asks, best first; a hundred levels of one unit around the ticker by default."""
        if symbol in self._books:
            return self._books[symbol]
        stats = self.stats(symbol, now_ms)
        if stats is None:
            return (), ()
        tick = Decimal(self.listings[symbol].tick_size)
        bids = [(text(stats.bid - tick * i), "1.0") for i in range(BOOK_LEVELS)]
        asks = [(text(stats.ask + tick * i), "1.0") for i in range(BOOK_LEVELS)]
        return [level for level in bids if Decimal(level[0]) > 0], asks
