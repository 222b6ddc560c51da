"""One suite for the market data of every venue, through the real ccxt and loopback servers.

It holds ``CcxtVenue`` to ``CandleSource`` and ``MarketData``. Each venue's server and adapter are
opened once; every test starts with a healed server and an empty request log.
"""

import math
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.errors import (
    UnknownSymbolError,
    VenueAnswerError,
    VenueRejectedError,
    VenueUnavailableError,
)
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import from_ms
from engine.market.ccxt_venue import CcxtVenue
from tests.servers.exchanges import (
    BinanceServer,
    BitfinexServer,
    ExchangeServer,
    Fault,
    Html,
    KucoinServer,
    Listing,
    MangleRows,
    RateLimited,
    Raw,
    Reset,
    Row,
    ServerError,
    duplicate_row,
    empty_page,
    future_row,
    nan_close,
    negative_low,
    shuffled,
)
from tests.servers.exchanges.venues import HandTime, open_venue, steady_rows

BTC = Symbol("BTC", "USDT")
AVAX = Symbol("AVAX", "USDT")
HOUR_MS = 3_600_000
BARS = 300
EMPTY_BAR = 250
# More one-minute bars than the largest page of any venue.
MINUTES = 10_100


@dataclass(slots=True)
class Desk:
    """One venue: its server, the adapter, and the candles the server was given."""

    server: ExchangeServer
    venue: CcxtVenue
    rows: list[Row]
    minutes: list[Row]
    time: HandTime

    def candles(self, first: int, limit: int) -> list[Any]:
        since = from_ms(self.rows[first][0])
        return list(self.venue.raw_candles(BTC, Timeframe.H1, since=since, limit=limit))


def numbers(row: Row) -> list[float]:
    return [float(value) for value in row]


@pytest.fixture(scope="module")
def addresses() -> Iterator[set[tuple[str, int]]]:
    """Every address this process connects to while the module runs; others than loopback fail."""
    seen: set[tuple[str, int]] = set()
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            seen.add(address[:2])
            assert address[0] == "127.0.0.1", address
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield seen


@pytest.fixture(scope="module", params=[BinanceServer, BitfinexServer, KucoinServer])
def opened(request: pytest.FixtureRequest, addresses: set[tuple[str, int]]) -> Iterator[Desk]:
    now_ms = int(time.time() * 1000)
    hour_ms = now_ms - now_ms % HOUR_MS
    minute_ms = now_ms - now_ms % 60_000
    rows = steady_rows(
        "1h", first_ms=hour_ms - (BARS - 1) * HOUR_MS, count=BARS, empty=(EMPTY_BAR,)
    )
    minutes = steady_rows("1m", first_ms=minute_ms - (MINUTES - 1) * 60_000, count=MINUTES)
    server_type: type[ExchangeServer] = request.param
    hand_time = HandTime()
    with server_type(now_ms=lambda: now_ms) as server:
        if isinstance(server, BitfinexServer):
            server.candle_calls_per_minute = None
        server.list_market(Listing(base="BTC", quote="USDT", lot_size="0.00001"))
        server.list_market(Listing(base="AVAX", quote="USDT", tick_size="0.001"))
        server.set_candles("BTC/USDT", "1h", rows)
        server.set_candles("AVAX/USDT", "1m", minutes)
        venue = open_venue(server, hand_time=hand_time, deadline_s=20.0)
        yield Desk(server=server, venue=venue, rows=rows, minutes=minutes, time=hand_time)
        venue.close()


@pytest.fixture
def desk(opened: Desk) -> Desk:
    opened.server.heal()
    opened.time.now_s += 1000.0  # past any wait that an earlier test was told to keep
    opened.venue.server_time()  # an answer ends the single tries that follow a lasting fault
    opened.venue.symbols()
    opened.server.forget_requests()
    opened.time.sleeps.clear()
    return opened


def test_symbols_are_the_spot_markets_in_order(desk: Desk) -> None:
    assert desk.venue.symbols() == (AVAX, BTC)


def test_candles_start_at_since_and_stop_at_the_limit(desk: Desk) -> None:
    assert desk.candles(10, 4) == [numbers(row) for row in desk.rows[10:14]]


def test_candles_without_since_are_the_newest_with_the_forming_bar_last(desk: Desk) -> None:
    rows: list[Any] = list(desk.venue.raw_candles(BTC, Timeframe.H1, since=None, limit=5))
    assert len(rows) <= 5
    assert rows[-1] == numbers(desk.rows[-1])


def test_a_range_without_candles_is_empty(desk: Desk) -> None:
    long_ago = datetime(2015, 1, 1, tzinfo=UTC)
    old = desk.venue.raw_candles(BTC, Timeframe.D1, since=long_ago, limit=10)
    assert list(old) == []


def test_asking_for_more_than_a_page_gives_a_full_page_without_a_hole(desk: Desk) -> None:
    since = from_ms(desk.minutes[0][0])
    rows: list[Any] = list(desk.venue.raw_candles(AVAX, Timeframe.M1, since=since, limit=20_000))
    assert len(rows) == desk.venue.max_candles
    assert [row[0] for row in rows] == [row[0] for row in desk.minutes[: len(rows)]]


def test_bars_without_trades_come_only_from_venues_that_send_them(desk: Desk) -> None:
    times = [row[0] for row in desk.candles(EMPTY_BAR - 2, 5)]
    sends_empty = isinstance(desk.server, BinanceServer)
    assert (desk.rows[EMPTY_BAR][0] in times) is sends_empty


def test_an_unknown_symbol_is_named(desk: Desk) -> None:
    with pytest.raises(UnknownSymbolError, match="NOPE/USDT"):
        desk.venue.raw_candles(Symbol("NOPE", "USDT"), Timeframe.H1, since=None, limit=1)


def test_a_quote_has_the_best_prices_and_a_time(desk: Desk) -> None:
    quote = desk.venue.quote(BTC)
    assert quote is not None
    # The last bar (number 299) closes at 400; the server quotes one tick around it.
    assert (quote.bid, quote.last, quote.ask) == (
        Decimal("399.99"),
        Decimal(400),
        Decimal("400.01"),
    )
    assert abs(quote.at - from_ms(desk.server.now_ms())) < timedelta(seconds=1)


def test_a_market_that_never_traded_has_no_quote_and_no_book(desk: Desk) -> None:
    desk.server.list_market(Listing(base="NEW", quote="USDT"))
    fresh = open_venue(desk.server)
    assert fresh.quote(Symbol("NEW", "USDT")) is None
    assert fresh.order_book(Symbol("NEW", "USDT")) is None
    fresh.close()
    desk.server.data.listings.pop("NEW/USDT")


def test_a_book_is_sorted_and_deep(desk: Desk) -> None:
    book = desk.venue.order_book(BTC)
    assert book is not None
    assert (len(book.bids), len(book.asks)) == (100, 100)
    assert (book.bids[0].price, book.asks[0].price) == (Decimal("399.99"), Decimal("400.01"))
    assert book.bids[0].quantity == Decimal(1)


def test_rules_tell_steps_minimums_and_fees(desk: Desk) -> None:
    rules = desk.venue.rules(BTC)
    # Bitfinex quotes five significant digits: 400.00 → 0.01, the same as the others' tick here.
    assert rules.tick_size == Decimal("0.01")
    is_bitfinex = isinstance(desk.server, BitfinexServer)
    assert rules.lot_size == (Decimal("1e-8") if is_bitfinex else Decimal("0.00001"))
    assert rules.min_quantity == Decimal("0.00001")
    assert rules.min_notional_quote == (0 if is_bitfinex else 5)
    assert rules.taker_fee_bps == (20 if is_bitfinex else 10)


def test_the_venue_tells_its_time(desk: Desk) -> None:
    difference = desk.venue.server_time() - from_ms(desk.server.now_ms())
    assert abs(difference) < timedelta(seconds=1)


@pytest.mark.parametrize("since_first", [True, False])
def test_a_page_with_status_200_is_not_an_empty_answer(desk: Desk, *, since_first: bool) -> None:
    desk.server.fail(desk.server.candle_path, Html())
    since = from_ms(desk.rows[0][0]) if since_first else None
    with pytest.raises(VenueAnswerError, match="not JSON"):
        desk.venue.raw_candles(BTC, Timeframe.H1, since=since, limit=5)
    assert len(desk.server.requests()) == 1


@pytest.mark.parametrize("body", ["{}", "", "null", "[", '{"note": 1}'])
def test_an_answer_without_rows_is_not_an_empty_answer(desk: Desk, body: str) -> None:
    desk.server.fail(desk.server.candle_path, Raw(body=body))
    with pytest.raises((VenueAnswerError, VenueRejectedError)):
        desk.candles(0, 5)


@pytest.mark.parametrize("body", ["[[1,2", "{}", "<html></html>"])
def test_a_spoiled_ticker_or_book_is_an_error_not_a_price(desk: Desk, body: str) -> None:
    desk.server.fail("/", Raw(body=body), times=10)
    assert _refused(lambda: desk.venue.quote(BTC))
    assert _refused(lambda: desk.venue.order_book(BTC))


def _refused(ask: Callable[[], object]) -> bool:
    try:
        return ask() is None
    except (VenueAnswerError, VenueRejectedError):
        return True


@pytest.mark.parametrize("change", [negative_low, duplicate_row, future_row, shuffled])
def test_spoiled_rows_reach_the_firewall_as_they_are(
    desk: Desk, change: Callable[[list[Row]], list[Row]]
) -> None:
    desk.server.fail(desk.server.candle_path, MangleRows(change))
    expected = sorted(numbers(row) for row in change(desk.rows[-6:-1] + desk.rows[-1:]))
    assert sorted(desk.candles(BARS - 6, 10)) == expected


def test_not_a_number_reaches_the_firewall_or_is_refused(desk: Desk) -> None:
    desk.server.fail(desk.server.candle_path, MangleRows(nan_close))
    if isinstance(desk.server, BitfinexServer):  # a bare NaN is not JSON
        with pytest.raises(VenueAnswerError):
            desk.candles(BARS - 3, 3)
    else:
        close = desk.candles(BARS - 3, 3)[-1][4]
        assert math.isnan(close)


def test_an_empty_page_is_empty(desk: Desk) -> None:
    desk.server.fail(desk.server.candle_path, MangleRows(empty_page))
    assert desk.candles(0, 5) == []


@pytest.mark.parametrize("fault", [ServerError(), ServerError(status=500), Reset()])
def test_a_transient_fault_is_tried_again_after_a_growing_pause(desk: Desk, fault: Fault) -> None:
    desk.server.fail(desk.server.candle_path, fault, times=2)
    assert len(desk.candles(0, 3)) == 3
    assert desk.time.sleeps == [0.5, 1.0]


def test_a_lasting_fault_ends_after_four_attempts(desk: Desk) -> None:
    desk.server.fail(desk.server.candle_path, ServerError(), times=100)
    with pytest.raises(VenueUnavailableError):
        desk.candles(0, 3)
    assert len(desk.server.requests(desk.server.candle_path)) == 4


def test_a_rate_limit_is_waited_out_where_the_deadline_allows(desk: Desk) -> None:
    desk.server.fail(desk.server.candle_path, RateLimited(retry_after_s=7))
    if isinstance(desk.server, BitfinexServer):  # it names no wait; a minute passes the deadline
        with pytest.raises(VenueUnavailableError) as refusal:
            desk.candles(0, 3)
        assert refusal.value.retry_after == timedelta(seconds=60)
    else:
        assert len(desk.candles(0, 3)) == 3
        assert desk.time.sleeps == [7.0]


def test_while_a_limit_lasts_nothing_is_sent(desk: Desk) -> None:
    desk.server.fail(desk.server.candle_path, RateLimited(retry_after_s=90))
    with pytest.raises(VenueUnavailableError):
        desk.candles(0, 3)
    desk.server.forget_requests()
    with pytest.raises(VenueUnavailableError, match="left alone"):
        desk.venue.quote(BTC)
    assert desk.server.requests() == ()


def test_no_other_host_is_ever_contacted(desk: Desk, addresses: set[tuple[str, int]]) -> None:
    fresh = open_venue(desk.server, api_key="key", secret="c2VjcmV0", password="pass")
    fresh.symbols()
    fresh.quote(BTC)
    fresh.order_book(BTC)
    fresh.raw_candles(BTC, Timeframe.H1, since=None, limit=2)
    fresh.server_time()
    fresh.close()
    port = int(desk.server.base_url.rsplit(":", 1)[1])
    assert ("127.0.0.1", port) in addresses
    assert {host for host, _ in addresses} == {"127.0.0.1"}


def test_every_address_the_venue_can_call_is_redirected(desk: Desk) -> None:
    exchange: Any = desk.venue._exchange
    exchange.apiKey, exchange.secret, exchange.password = "key", "c2VjcmV0", "pass"
    try:
        urls = [
            exchange.sign(path, [name], method.upper(), {})["url"]
            for name, method, path in _endpoints(exchange.api)
        ]
    finally:
        exchange.apiKey, exchange.secret, exchange.password = "", "", ""
    assert len(urls) > 50
    assert {url for url in urls if not url.startswith(desk.server.base_url + "/")} == set()


def _endpoints(api: Mapping[str, Mapping[str, Iterable[str]]]) -> Iterator[tuple[str, str, str]]:
    """``(api name, method, path)`` of everything in ccxt's description of the venue."""
    for name, methods in api.items():
        for method, paths in methods.items():
            for path in paths:
                yield name, method, path
