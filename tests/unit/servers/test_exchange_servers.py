"""The loopback exchanges speak their venues' protocols: checked here without ccxt.

Expected bodies follow the venues' public documentation and the answers that ccxt's own sources
quote; the arithmetic is worked out beside each assertion.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.servers.exchanges import (
    BinanceServer,
    BitfinexServer,
    ExchangeServer,
    Html,
    KucoinServer,
    Listing,
    MangleRows,
    RateLimited,
    Reset,
    duplicate_row,
)
from tests.servers.exchanges.venues import HandTime, steady_rows

HOUR_MS = 3_600_000
FIRST_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
HOURS = 1_600
# Half-way through the last bar.
NOW_MS = FIRST_MS + (HOURS - 1) * HOUR_MS + HOUR_MS // 2


@dataclass(slots=True)
class Answer:
    status: int
    data: Any
    headers: dict[str, str]


def get(server: ExchangeServer, path: str, **query: object) -> Answer:
    url = f"{server.base_url}{path}" + (f"?{urlencode(query)}" if query else "")
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return _answer(response.status, response.read(), dict(response.headers))
    except urllib.error.HTTPError as err:
        with err:
            return _answer(err.code, err.read(), dict(err.headers))


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    text = body.decode()
    return Answer(status, json.loads(text) if text[:1] in "[{" else text, headers)


def _stocked[S: ExchangeServer](server: S) -> S:
    server.list_market(Listing(base="BTC", quote="USDT"))
    server.list_market(Listing(base="AVAX", quote="USDT", tick_size="0.001"))
    rows = steady_rows("1h", first_ms=FIRST_MS, count=HOURS, empty=(3,))
    server.set_candles("BTC/USDT", "1h", rows)
    return server


@pytest.fixture(scope="module")
def binance_server() -> Iterator[BinanceServer]:
    with _stocked(BinanceServer(now_ms=lambda: NOW_MS)) as server:
        yield server


@pytest.fixture(scope="module")
def bitfinex_server() -> Iterator[BitfinexServer]:
    server = BitfinexServer(now_ms=lambda: NOW_MS, candle_calls_per_minute=None)
    with _stocked(server):
        yield server


@pytest.fixture(scope="module")
def kucoin_server() -> Iterator[KucoinServer]:
    with _stocked(KucoinServer(now_ms=lambda: NOW_MS)) as server:
        yield server


@pytest.fixture
def binance(binance_server: BinanceServer) -> BinanceServer:
    return _fresh(binance_server)


@pytest.fixture
def bitfinex(bitfinex_server: BitfinexServer) -> BitfinexServer:
    return _fresh(bitfinex_server)


@pytest.fixture
def kucoin(kucoin_server: KucoinServer) -> KucoinServer:
    return _fresh(kucoin_server)


def _fresh[S: ExchangeServer](server: S) -> S:
    server.heal()
    server.forget_requests()
    return server


def test_binance_klines_have_twelve_columns_of_strings(binance: BinanceServer) -> None:
    path = "/api/v3/klines"
    (kline,) = get(binance, path, symbol="BTCUSDT", interval="1h", startTime=FIRST_MS, limit=1).data
    closed_ms = FIRST_MS + HOUR_MS - 1
    assert kline[:7] == [FIRST_MS, "100", "101.5", "99", "101", "10", closed_ms]
    assert len(kline) == 12


def test_binance_gives_the_oldest_from_a_start_and_the_newest_without(
    binance: BinanceServer,
) -> None:
    path = "/api/v3/klines"
    oldest = get(binance, path, symbol="BTCUSDT", interval="1h", startTime=FIRST_MS, limit=5000)
    newest = get(binance, path, symbol="BTCUSDT", interval="1h")
    assert [len(oldest.data), oldest.data[0][0]] == [1000, FIRST_MS]
    # The last row is the bar that is still forming.
    assert [len(newest.data), newest.data[-1][0]] == [500, FIRST_MS + (HOURS - 1) * HOUR_MS]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NOPE", "interval": "1h"}, -1121),
        ({"symbol": "BTCUSDT", "interval": "7h"}, -1120),
        ({"symbol": "BTCUSDT"}, -1102),
        ({"interval": "1h"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "1h", "limit": "x"}, -1100),
    ],
)
def test_binance_refuses_with_its_codes(
    binance: BinanceServer, query: dict[str, str], code: int
) -> None:
    answer = get(binance, "/api/v3/klines", **query)
    assert (answer.status, answer.data["code"]) == (400, code)


def test_binance_warns_with_429_and_bans_with_418(binance: BinanceServer) -> None:
    binance.fail("/api/v3/time", RateLimited(retry_after_s=5))
    binance.fail("/api/v3/time", RateLimited(status=418, retry_after_s=120))
    warned, banned, served = (get(binance, "/api/v3/time") for _ in range(3))
    assert [warned.status, banned.status, served.status] == [429, 418, 200]
    assert [warned.headers["Retry-After"], banned.headers["Retry-After"]] == ["5", "120"]
    assert str(NOW_MS + 120_000) in banned.data["msg"]


def test_binance_wants_signed_private_calls(binance: BinanceServer) -> None:
    assert get(binance, "/sapi/v1/capital/config/getall").data["code"] == -2014


def test_bitfinex_candles_are_numbers_with_the_close_second(bitfinex: BitfinexServer) -> None:
    path = "/v2/candles/trade:1h:tBTCUST/hist"
    (candle,) = get(bitfinex, path, start=FIRST_MS, sort=1, limit=1).data
    assert candle == [FIRST_MS, 100, 101, 101.5, 99, 10]


def test_bitfinex_is_newest_first_and_leaves_out_bars_without_trades(
    bitfinex: BitfinexServer,
) -> None:
    path = "/v2/candles/trade:1h:tBTCUST/hist"
    end = FIRST_MS + 5 * HOUR_MS
    times = [row[0] for row in get(bitfinex, path, start=FIRST_MS, end=end).data]
    # Bars 5, 4, 2, 1, 0: nothing traded in bar 3.
    assert times == [FIRST_MS + hour * HOUR_MS for hour in (5, 4, 2, 1, 0)]


def test_bitfinex_writes_long_codes_with_a_colon(bitfinex: BitfinexServer) -> None:
    pairs = get(bitfinex, "/v2/conf/pub:info:pair").data[0]
    assert [pair[0] for pair in pairs] == ["BTCUST", "AVAX:UST"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v2/candles/trade:1h:tNOPE/hist", "symbol: invalid"),
        ("/v2/candles/trade:7h:tBTCUST/hist", "timeframe: invalid"),
        ("/v2/candles/trade:1h:tBTCUST/hist?limit=10001", "limit: invalid"),
        ("/v2/book/tBTCUST/P0?len=20", "len: invalid"),
    ],
)
def test_bitfinex_refuses_with_status_500(
    bitfinex: BitfinexServer, path: str, message: str
) -> None:
    answer = get(bitfinex, path)
    assert (answer.status, answer.data) == (500, ["error", 10020, message])


def test_bitfinex_stops_the_thirty_first_candle_call_of_a_minute() -> None:
    clock = HandTime()
    with _stocked(BitfinexServer(now_ms=lambda: NOW_MS, monotonic=clock.monotonic)) as server:
        path = "/v2/candles/trade:1h:tBTCUST/hist"
        statuses = [get(server, path, limit=1).status for _ in range(31)]
        assert statuses == [200] * 30 + [429]
        assert get(server, path).data == ["error", 11010, "ratelimit: error"]
        assert get(server, "/v2/ticker/tBTCUST").status == 200
        clock.sleep(60.0)
        assert get(server, path, limit=1).status == 200


def test_bitfinex_books_are_raw_orders_or_levels(bitfinex: BitfinexServer) -> None:
    raw = get(bitfinex, "/v2/book/tBTCUST/R0", len=1).data
    levels = get(bitfinex, "/v2/book/tBTCUST/P0", len=1).data
    # The last close is 101 + 1599 = 1700; one tick around it; asks have negative amounts.
    assert raw == [[1, 1699.99, 1.0], [2, 1700.01, -1.0]]
    assert levels == [[1699.99, 1, 1.0], [1700.01, 1, -1.0]]


def test_kucoin_candles_are_strings_newest_first_in_seconds(kucoin: KucoinServer) -> None:
    start = FIRST_MS // 1000
    answer = get(
        kucoin,
        "/api/v1/market/candles",
        symbol="BTC-USDT",
        type="1hour",
        startAt=start,
        endAt=start + 3600,
    )
    assert answer.data == {
        "code": "200000",
        "data": [
            [str(start + 3600), "101", "102", "102.5", "100", "10", "0"],
            [str(start), "100", "101", "101.5", "99", "10", "0"],
        ],
    }


def test_kucoin_keeps_the_newest_1500_of_a_longer_range(kucoin: KucoinServer) -> None:
    path = "/api/v1/market/candles"
    rows = get(kucoin, path, symbol="BTC-USDT", type="1hour", startAt=1).data["data"]
    newest_s = (FIRST_MS + (HOURS - 1) * HOUR_MS) // 1000
    assert [len(rows), rows[0][0]] == [1500, str(newest_s)]


def test_kucoin_wraps_errors_in_an_answer_with_status_200(kucoin: KucoinServer) -> None:
    answer = get(kucoin, "/api/v1/market/candles", symbol="NO-PE", type="1hour")
    assert (answer.status, answer.data["code"]) == (200, "400100")


def test_kucoin_names_the_wait_in_milliseconds(kucoin: KucoinServer) -> None:
    kucoin.fail("timestamp", RateLimited(retry_after_s=3))
    answer = get(kucoin, "/api/v1/timestamp")
    assert (answer.status, answer.data["code"]) == (429, "429000")
    assert answer.headers["gw-ratelimit-reset"] == "3000"


def test_kucoin_wants_signed_private_calls(kucoin: KucoinServer) -> None:
    assert get(kucoin, "/api/v1/hf/accounts/opened").status == 401


def test_a_fault_hits_its_path_as_often_as_asked(binance: BinanceServer) -> None:
    binance.fail("/api/v3/time$", Html(), times=2)
    answers = [get(binance, path).data for path in ["/api/v3/ping", *["/api/v3/time"] * 3]]
    assert [isinstance(answer, str) for answer in answers] == [False, True, True, False]


def test_spoiled_rows_are_written_in_the_venues_own_form(kucoin: KucoinServer) -> None:
    kucoin.fail("candles", MangleRows(duplicate_row))
    start = FIRST_MS // 1000
    path = "/api/v1/market/candles"
    rows = get(kucoin, path, symbol="BTC-USDT", type="1hour", startAt=start, endAt=start).data
    assert [row[0] for row in rows["data"]] == [str(start), str(start)]


def test_a_reset_drops_the_connection(binance: BinanceServer) -> None:
    binance.fail("ping", Reset())
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        get(binance, "/api/v3/ping")


def test_the_log_shows_path_and_query_but_no_key(binance: BinanceServer) -> None:
    request = urllib.request.Request(
        f"{binance.base_url}/api/v3/ticker/24hr?symbol=BTCUSDT", headers={"X-MBX-APIKEY": "hidden"}
    )
    with urllib.request.urlopen(request, timeout=5):
        pass
    (line,) = binance.requests("ticker")
    assert (line.method, line.path) == ("GET", "/api/v3/ticker/24hr")
    assert line.query == {"symbol": "BTCUSDT"}
    assert "hidden" not in str(line)


@pytest.mark.parametrize("server_type", [BinanceServer, BitfinexServer, KucoinServer])
def test_an_address_the_venue_does_not_have_is_404(server_type: type[ExchangeServer]) -> None:
    with server_type() as server:
        assert get(server, "/api/v9/guess").status == 404
