"""Loopback Binance: the spot REST API (version 3), and the empty derivatives beside it.

Habits: prices and quantities are strings; klines come oldest first with twelve columns and the
forming bar last; ``startTime`` gives the oldest rows from there, its absence the newest; at most
1,000 rows, 500 by default; errors are ``{"code": -n, "msg": …}`` with status 400; 429 first, then
418, both with ``Retry-After`` in seconds.
"""

import json
from collections.abc import Mapping, Sequence

from tests.servers.exchanges.faults import RateLimited
from tests.servers.exchanges.market import TIMEFRAME_MS, Listing, Row, Stats, text
from tests.servers.exchanges.server import Call, ExchangeServer, ProtocolError, Reply, required

_MAX_KLINES = 1000
_DEFAULT_KLINES = 500
_MAX_DEPTH = 5000
_BAN_S = 120


def _error(code: int, message: str, status: int = 400) -> Reply:
    return Reply(data={"code": code, "msg": message}, status=status)


def _missing(name: str) -> Reply:
    message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return _error(-1102, message)


def _integer(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit():
        raise ProtocolError(_error(-1100, f"Illegal characters found in parameter '{name}'."))
    return int(value)


class BinanceServer(ExchangeServer):
    """Binance's public spot API."""

    ccxt_id = "binance"
    candle_path = "/api/v3/klines"
    secret_names: Sequence[str] = ("X-MBX-APIKEY",)

    def add_routes(self) -> None:
        """Public market data, and what ccxt asks for when keys are set."""
        self.route("GET", "/api/v3/time", lambda _: self._ok({"serverTime": self.now_ms()}))
        self.route("GET", "/api/v3/ping", lambda _: self._ok({}))
        self.route("GET", "/api/v3/exchangeInfo", self._exchange_info)
        self.route("GET", "/(fapi|dapi)/v1/exchangeInfo", self._no_contracts)
        self.route("GET", "/api/v3/klines", self._klines)
        self.route("GET", "/api/v3/ticker/24hr", self._ticker)
        self.route("GET", "/api/v3/depth", self._depth)
        self.route("GET", "/sapi/v1/system/status", self._system_status)
        self.route("GET", "/sapi/v1/capital/config/getall", self._coins)
        self.route("GET", "/sapi/v1/margin/(isolated/)?allPairs", self._no_margin_pairs)

    def rate_limit_reply(self, fault: RateLimited) -> Reply:
        """429 is a warning; 418 says until when the address is banned."""
        message = (
            "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        if fault.status == 418:
            until = self.now_ms() + fault.retry_after_s * 1000
            message = f"Way too much request weight used; IP banned until {until}."
        return Reply(
            data={"code": -1003, "msg": message},
            status=fault.status,
            headers={"Retry-After": str(fault.retry_after_s)},
        )

    def not_found_reply(self, call: Call) -> Reply:
        """Binance's front end answers unknown addresses with a page."""
        page = f"<html><body><h2>404 Not found</h2>{call.method}</body></html>"
        return Reply(data=page, status=404, content_type="text/html")

    def _ok(self, data: object) -> Reply:
        return Reply(data=data, headers={"x-mbx-used-weight-1m": str(len(self._log))})

    def _listing(self, market_id: str) -> Listing:
        for listing in self.data.listings.values():
            if listing.base + listing.quote == market_id:
                return listing
        raise ProtocolError(_error(-1121, "Invalid symbol."))

    def _exchange_info(self, _: Call) -> Reply:
        return self._ok(
            {
                "timezone": "UTC",
                "serverTime": self.now_ms(),
                "rateLimits": [
                    {
                        "rateLimitType": "REQUEST_WEIGHT",
                        "interval": "MINUTE",
                        "intervalNum": 1,
                        "limit": 6000,
                    }
                ],
                "exchangeFilters": [],
                "symbols": [_symbol_info(listing) for listing in self.data.listings.values()],
            }
        )

    def _no_contracts(self, _: Call) -> Reply:
        return self._ok({"timezone": "UTC", "serverTime": self.now_ms(), "symbols": []})

    def _klines(self, call: Call) -> Reply:
        listing = self._listing(required(call, "symbol", _missing))
        interval = required(call, "interval", _missing)
        if interval not in TIMEFRAME_MS:
            raise ProtocolError(_error(-1120, "Invalid interval."))
        limit = min(_integer(call, "limit", _DEFAULT_KLINES) or _DEFAULT_KLINES, _MAX_KLINES)
        rows = self._window(self.rows(listing.symbol, interval), call)
        page = rows[:limit] if "startTime" in call.query else rows[-limit:]
        return self._ok([_kline(row, TIMEFRAME_MS[interval]) for row in self.mangled(page)])

    def _window(self, rows: list[Row], call: Call) -> list[Row]:
        start = _integer(call, "startTime", 0)
        end = _integer(call, "endTime", 2**62)
        return [row for row in rows if start <= row[0] <= end]

    def _ticker(self, call: Call) -> Reply:
        if "symbol" in call.query:
            listing = self._listing(call.query["symbol"])
            return self._ok(self._ticker_of(listing))
        listings = list(self.data.listings.values())
        if "symbols" in call.query:
            listings = [self._listing(name) for name in json.loads(call.query["symbols"])]
        return self._ok([self._ticker_of(listing) for listing in listings])

    def _ticker_of(self, listing: Listing) -> Mapping[str, object]:
        now = self.now_ms()
        stats = self.data.stats(listing.symbol, now)
        head: dict[str, object] = {"symbol": listing.base + listing.quote}
        return head | (_ticker_body(stats, now) if stats else {})

    def _depth(self, call: Call) -> Reply:
        listing = self._listing(required(call, "symbol", _missing))
        limit = min(_integer(call, "limit", 100), _MAX_DEPTH)
        bids, asks = self.data.book(listing.symbol, self.now_ms())
        return self._ok(
            {
                "lastUpdateId": self.now_ms(),
                "bids": [list(level) for level in bids[:limit]],
                "asks": [list(level) for level in asks[:limit]],
            }
        )

    def _system_status(self, _: Call) -> Reply:
        return self._ok({"status": 0, "msg": "normal"})

    def _no_margin_pairs(self, call: Call) -> Reply:
        _require_signature(call)
        return self._ok([])

    def _coins(self, call: Call) -> Reply:
        _require_signature(call)
        names = {name for item in self.data.listings.values() for name in (item.base, item.quote)}
        return self._ok([{"coin": name, "name": name, "trading": True} for name in sorted(names)])


def _require_signature(call: Call) -> None:
    if "X-MBX-APIKEY" not in call.headers:
        raise ProtocolError(_error(-2014, "API-key format invalid.", 401))
    for name in ("timestamp", "signature"):
        required(call, name, _missing)


def _symbol_info(listing: Listing) -> Mapping[str, object]:
    return {
        "symbol": listing.base + listing.quote,
        "status": "TRADING" if listing.trading else "BREAK",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": listing.tick_size,
                "maxPrice": "1000000.00000000",
                "tickSize": listing.tick_size,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": listing.min_quantity,
                "maxQty": "9000000.00000000",
                "stepSize": listing.lot_size,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": listing.min_notional,
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _kline(row: Row, length_ms: int) -> list[object]:
    at, opened, high, low, close, volume = row
    prices: list[object] = [text(opened), text(high), text(low), text(close), text(volume)]
    return [at, *prices, at + length_ms - 1, "0", 1, "0", "0", "0"]


def _ticker_body(stats: Stats, now_ms: int) -> dict[str, object]:
    return {
        "priceChange": text(stats.change),
        "priceChangePercent": f"{stats.change_fraction * 100:.3f}",
        "lastPrice": text(stats.last),
        "prevClosePrice": text(stats.open),
        "bidPrice": text(stats.bid),
        "bidQty": "1.00000000",
        "askPrice": text(stats.ask),
        "askQty": "1.00000000",
        "openPrice": text(stats.open),
        "highPrice": text(stats.high),
        "lowPrice": text(stats.low),
        "volume": text(stats.volume),
        "quoteVolume": text(stats.quote_volume),
        "openTime": now_ms - 86_400_000,
        "closeTime": now_ms,
        "firstId": 1,
        "lastId": 2,
        "count": 2,
    }
