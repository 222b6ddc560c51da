"""Loopback KuCoin: the public spot REST API.

Habits: everything is wrapped in ``{"code": "200000", "data": …}`` and an error has another code,
often with status 200; numbers are strings and candle times are seconds; candles come newest first
as open, close, high, low; a range with more than 1,500 candles gives its newest 1,500; intervals
without trades are left out; books come with 20 or 100 levels; too many requests is 429 with code
``429000`` and a ``gw-ratelimit-reset`` header in milliseconds.
"""

from collections.abc import Mapping, Sequence

from tests.servers.exchanges.faults import RateLimited
from tests.servers.exchanges.market import Listing, Row, Stats, text
from tests.servers.exchanges.server import Call, ExchangeServer, ProtocolError, Reply, required

_INTERVALS = {
    "1min": "1m",
    "5min": "5m",
    "15min": "15m",
    "1hour": "1h",
    "4hour": "4h",
    "1day": "1d",
}
_MAX_CANDLES = 1500
_GATEWAY_HEADERS = {
    "gw-ratelimit-limit": "4000",
    "gw-ratelimit-remaining": "3990",
    "gw-ratelimit-reset": "30000",
}


def _ok(data: object) -> Reply:
    return Reply(data={"code": "200000", "data": data}, headers=_GATEWAY_HEADERS)


def _error(code: str, message: str, status: int = 200) -> Reply:
    return Reply(data={"code": code, "msg": message}, status=status, headers=_GATEWAY_HEADERS)


def _missing(name: str) -> Reply:
    return _error("400100", f"{name} can not be empty", 400)


class KucoinServer(ExchangeServer):
    """KuCoin's public spot API."""

    ccxt_id = "kucoin"
    candle_path = "/api/v1/market/candles"
    secret_names: Sequence[str] = ("KC-API-KEY", "KC-API-SIGN", "KC-API-PASSPHRASE")

    def add_routes(self) -> None:
        """Public market data, and what ccxt asks for when keys are set."""
        self.route("GET", "/api/v1/timestamp", lambda _: _ok(self.now_ms()))
        self.route("GET", "/api/v1/status", lambda _: _ok({"status": "open", "msg": ""}))
        self.route("GET", "/api/v2/symbols", self._symbols)
        self.route("GET", "/api/v3/currencies", self._currencies)
        self.route("GET", "/api/v1/contracts/active", lambda _: _ok([]))
        self.route("GET", "/api/v1/market/candles", self._candles)
        self.route("GET", "/api/v1/market/stats", self._stats)
        self.route("GET", "/api/v1/market/allTickers", self._all_tickers)
        self.route("GET", "/api/v1/market/orderbook/level2_(?P<depth>20|100)", self._book)
        self._private("/api/ua/v1/account/mode", {"selfAccountMode": "CLASSIC"})
        self._private("/api/v1/hf/accounts/opened", data=True)
        self._private("/api/v3/margin/symbols", {"timestamp": 1, "items": []})
        self._private("/api/v1/isolated/symbols", [])

    def rate_limit_reply(self, fault: RateLimited) -> Reply:
        """The wait is in a header of its own, in milliseconds."""
        return Reply(
            data={"code": "429000", "msg": "Too many requests in a short period of time"},
            status=fault.status,
            headers={
                **_GATEWAY_HEADERS,
                "gw-ratelimit-remaining": "0",
                "gw-ratelimit-reset": str(fault.retry_after_s * 1000),
            },
        )

    def not_found_reply(self, call: Call) -> Reply:
        """KuCoin's gateway names the address."""
        return _error("404", f"Not Found: {call.path}", 404)

    def _private(self, path: str, data: object) -> None:
        def answer(call: Call) -> Reply:
            signed = {"KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP"} <= set(call.headers)
            return _ok(data) if signed else _error("400001", "Please check the header", 401)

        self.route("GET", path, answer)

    def _listing(self, market_id: str) -> Listing:
        listing = self.data.listings.get(market_id.replace("-", "/"))
        if listing is None:
            raise ProtocolError(_error("400100", "Unsupported trading pair."))
        return listing

    def _symbols(self, _: Call) -> Reply:
        return _ok([_symbol_info(listing) for listing in self.data.listings.values()])

    def _currencies(self, _: Call) -> Reply:
        names = {name for item in self.data.listings.values() for name in (item.base, item.quote)}
        return _ok([_currency(name) for name in sorted(names)])

    def _candles(self, call: Call) -> Reply:
        listing = self._listing(required(call, "symbol", _missing))
        interval = _INTERVALS.get(required(call, "type", _missing))
        if interval is None:
            raise ProtocolError(_error("400100", "Incorrect candlestick type."))
        start_s = _seconds(call, "startAt", 0)
        end_s = _seconds(call, "endAt", 0) or self.now_ms() // 1000
        rows = [
            row
            for row in self.rows(listing.symbol, interval)
            if start_s * 1000 <= row[0] <= end_s * 1000 and float(row[5]) != 0
        ]
        page = self.mangled(rows[-_MAX_CANDLES:])
        return _ok([_candle(row) for row in reversed(page)])

    def _stats(self, call: Call) -> Reply:
        return _ok(self._ticker(self._listing(required(call, "symbol", _missing))))

    def _all_tickers(self, _: Call) -> Reply:
        tickers = [self._ticker(listing) for listing in self.data.listings.values()]
        return _ok({"time": self.now_ms(), "ticker": tickers})

    def _ticker(self, listing: Listing) -> Mapping[str, object]:
        now = self.now_ms()
        stats = self.data.stats(listing.symbol, now)
        head: dict[str, object] = {"time": now, "symbol": f"{listing.base}-{listing.quote}"}
        return head | (_ticker_body(stats) if stats else {})

    def _book(self, call: Call) -> Reply:
        listing = self._listing(required(call, "symbol", _missing))
        depth = int(call.groups["depth"])
        bids, asks = self.data.book(listing.symbol, self.now_ms())
        return _ok(
            {
                "time": self.now_ms(),
                "sequence": str(self.now_ms()),
                "bids": [list(level) for level in bids[:depth]],
                "asks": [list(level) for level in asks[:depth]],
            }
        )


def _seconds(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit():
        raise ProtocolError(_error("400100", f"{name} must be an integer", 400))
    return int(value)


def _candle(row: Row) -> list[str]:
    at, opened, high, low, close, volume = row
    return [str(at // 1000), *(text(value) for value in (opened, close, high, low, volume)), "0"]


def _currency(name: str) -> Mapping[str, object]:
    return {
        "currency": name,
        "name": name,
        "fullName": name,
        "precision": 8,
        "confirms": None,
        "contractAddress": None,
        "isMarginEnabled": False,
        "isDebitEnabled": False,
        "chains": [],
    }


def _symbol_info(listing: Listing) -> Mapping[str, object]:
    name = f"{listing.base}-{listing.quote}"
    return {
        "symbol": name,
        "name": name,
        "baseCurrency": listing.base,
        "quoteCurrency": listing.quote,
        "feeCurrency": listing.quote,
        "market": "USDS",
        "baseMinSize": listing.min_quantity,
        "quoteMinSize": listing.min_notional,
        "baseMaxSize": "10000000000",
        "quoteMaxSize": "99999999",
        "baseIncrement": listing.lot_size,
        "quoteIncrement": listing.tick_size,
        "priceIncrement": listing.tick_size,
        "priceLimitRate": "0.1",
        "minFunds": listing.min_notional,
        "isMarginEnabled": False,
        "enableTrading": listing.trading,
        "feeCategory": 1,
        "makerFeeCoefficient": "1.00",
        "takerFeeCoefficient": "1.00",
        "st": False,
    }


def _ticker_body(stats: Stats) -> dict[str, object]:
    return {
        "buy": text(stats.bid),
        "sell": text(stats.ask),
        "changeRate": text(stats.change_fraction),
        "changePrice": text(stats.change),
        "high": text(stats.high),
        "low": text(stats.low),
        "vol": text(stats.volume),
        "volValue": text(stats.quote_volume),
        "last": text(stats.last),
        "averagePrice": text((stats.high + stats.low) / 2),
        "takerFeeRate": "0.001",
        "makerFeeRate": "0.001",
        "takerCoefficient": "1",
        "makerCoefficient": "1",
    }
