"""Loopback Bitfinex: the public REST API (version 2).

Habits: arrays instead of objects, and JSON numbers instead of strings; USDT is written UST and long
codes get a colon (``tAVAX:UST``); bars without trades are left out; newest first unless
``sort=1``; at most 10,000 candles; 30 candle calls in a minute, then
``["error", 11010, "ratelimit: error"]`` with status 429 and no ``Retry-After``; other errors have
status 500; there is no server time.
"""

import json
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

from tests.servers.exchanges.faults import RateLimited
from tests.servers.exchanges.market import Listing, Number, Row, Stats
from tests.servers.exchanges.server import Call, ExchangeServer, ProtocolError, Reply

_INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "1h": "1h", "4h": "4h", "1D": "1d"}
_CODES = {"USDT": "UST", "USDC": "UDC", "DASH": "DSH", "ALGO": "ALG", "ATOM": "ATO"}
_MAX_CANDLES = 10_000
_DEFAULT_CANDLES = 120
_BOOK_LENGTHS = (1, 25, 100, 250)
_SHORT_CODE = 3
_MINUTE_S = 60.0


def market_id(listing: Listing) -> str:
    """``BTC/USDT`` → ``BTCUST``; ``AVAX/USDT`` → ``AVAX:UST``."""
    base = _CODES.get(listing.base, listing.base)
    quote = _CODES.get(listing.quote, listing.quote)
    return f"{base}:{quote}" if max(len(base), len(quote)) > _SHORT_CODE else base + quote


def _error(code: int, message: str, status: int = 500) -> Reply:
    return Reply(data=["error", code, message], status=status)


def _number(value: Number) -> int | float:
    number = float(value)
    return int(number) if math.isfinite(number) and number == int(number) else number


class BitfinexServer(ExchangeServer):
    """Bitfinex's public API; ``candle_calls_per_minute=None`` lifts the limit."""

    ccxt_id = "bitfinex"
    candle_path = "/v2/candles/"
    secret_names: Sequence[str] = ("bfx-apikey", "bfx-signature")

    def __init__(
        self,
        *,
        now_ms: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        candle_calls_per_minute: int | None = 30,
    ) -> None:
        super().__init__(now_ms=now_ms, monotonic=monotonic)
        self.candle_calls_per_minute = candle_calls_per_minute
        self._candle_calls: deque[float] = deque()

    def add_routes(self) -> None:
        """Public market data."""
        self.route("GET", "/v2/platform/status", lambda _: Reply(data=[1]))
        self.route("GET", "/v2/conf/(?P<labels>.+)", self._conf)
        self.route(
            "GET", "/v2/candles/trade:(?P<interval>[^:]+):t(?P<market>[^/]+)/hist", self._candles
        )
        self.route("GET", "/v2/ticker/t(?P<market>[^/]+)", self._ticker)
        self.route("GET", "/v2/tickers", self._tickers)
        self.route("GET", "/v2/book/t(?P<market>[^/]+)/(?P<precision>[RP][0-4])", self._book)

    def rate_limit_reply(self, _: RateLimited) -> Reply:
        """Bitfinex does not say how long to wait."""
        return _error(11010, "ratelimit: error", 429)

    def not_found_reply(self, call: Call) -> Reply:
        """Unknown addresses get an object, unlike everything else."""
        return Reply(data={"error": "Not Found", "path": call.path}, status=404)

    def _listing(self, market: str) -> Listing:
        for listing in self.data.listings.values():
            if market_id(listing) == market:
                return listing
        raise ProtocolError(_error(10020, "symbol: invalid"))

    def _conf(self, call: Call) -> Reply:
        return Reply(data=[self._conf_part(label) for label in call.groups["labels"].split(",")])

    def _conf_part(self, label: str) -> list[object]:
        listings = self.data.listings.values()
        match label:
            case "pub:info:pair":
                return [[market_id(listing), _pair_info(listing)] for listing in listings]
            case "pub:list:currency":
                codes = {code for item in listings for code in (item.base, item.quote)}
                return [_CODES.get(code, code) for code in sorted(codes)]
            case "pub:map:currency:sym":
                return [[code, name] for name, code in _CODES.items()]
        return []

    def _candles(self, call: Call) -> Reply:
        self._count_candle_call()
        interval = _INTERVALS.get(call.groups["interval"])
        if interval is None:
            raise ProtocolError(_error(10020, "timeframe: invalid"))
        listing = self._listing(call.groups["market"])
        limit = _integer(call, "limit", _DEFAULT_CANDLES)
        if not 0 < limit <= _MAX_CANDLES:
            raise ProtocolError(_error(10020, "limit: invalid"))
        rows = self._window(self.rows(listing.symbol, interval), call)
        oldest_first = call.query.get("sort") == "1"
        page = rows[:limit] if oldest_first else rows[-limit:]
        page = self.mangled(page)
        return _json([_candle(row) for row in (page if oldest_first else page[::-1])])

    def _count_candle_call(self) -> None:
        if self.candle_calls_per_minute is None:
            return
        now = self.monotonic()
        while self._candle_calls and self._candle_calls[0] <= now - _MINUTE_S:
            self._candle_calls.popleft()
        if len(self._candle_calls) >= self.candle_calls_per_minute:
            raise ProtocolError(_error(11010, "ratelimit: error", 429))
        self._candle_calls.append(now)

    def _window(self, rows: list[Row], call: Call) -> list[Row]:
        start = _integer(call, "start", 0)
        end = _integer(call, "end", 2**62)
        return [row for row in rows if start <= row[0] <= end and Decimal(str(row[5])) != 0]

    def _ticker(self, call: Call) -> Reply:
        listing = self._listing(call.groups["market"])
        return Reply(data=self._ticker_of(listing))

    def _tickers(self, call: Call) -> Reply:
        wanted = call.query.get("symbols", "")
        if not wanted:
            raise ProtocolError(_error(10020, "symbols: invalid"))
        listings = list(self.data.listings.values())
        if wanted != "ALL":
            listings = [self._listing(name.removeprefix("t")) for name in wanted.split(",")]
        return Reply(data=[[f"t{market_id(item)}", *self._ticker_of(item)] for item in listings])

    def _ticker_of(self, listing: Listing) -> list[object]:
        stats = self.data.stats(listing.symbol, self.now_ms())
        return _ticker_body(stats) if stats else [None] * 10

    def _book(self, call: Call) -> Reply:
        listing = self._listing(call.groups["market"])
        length = _integer(call, "len", 25)
        if length not in _BOOK_LENGTHS:
            raise ProtocolError(_error(10020, "len: invalid"))
        raw = call.groups["precision"] == "R0"
        bids, asks = self.data.book(listing.symbol, self.now_ms())
        sides = [(level, 1) for level in bids[:length]] + [(level, -1) for level in asks[:length]]
        return Reply(
            data=[
                [*([order_id, _number(price)] if raw else [_number(price), 1]), sign * float(size)]
                for order_id, ((price, size), sign) in enumerate(sides, start=1)
            ]
        )


def _integer(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit():
        raise ProtocolError(_error(10020, f"{name}: invalid"))
    return int(value)


def _json(rows: list[list[int | float]]) -> Reply:
    """NaN is written as JavaScript would, which is not JSON."""
    return Reply(data=json.dumps(rows))


def _candle(row: Row) -> list[int | float]:
    at, opened, high, low, close, volume = row
    return [at, *(_number(value) for value in (opened, close, high, low, volume))]


def _pair_info(listing: Listing) -> list[object]:
    blank: list[object] = [None, None, None]
    return [*blank, listing.min_quantity, "100000.0", *blank, None, None, None, None]


def _ticker_body(stats: Stats) -> list[object]:
    return [
        _number(stats.bid),
        1.0,
        _number(stats.ask),
        1.0,
        _number(stats.change),
        _number(stats.change_fraction),
        _number(stats.last),
        _number(stats.volume),
        _number(stats.high),
        _number(stats.low),
    ]
