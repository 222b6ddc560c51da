"""``CcxtVenue`` under faults, limits and odd settings; the contract has the rest."""

import gc
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.domain.errors import (
    ConfigurationError,
    InvalidValueError,
    UnsupportedTimeframeError,
    VenueAnswerError,
    VenueRejectedError,
    VenueUnavailableError,
)
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import from_ms
from engine.market.ccxt_client import Deadline, VenueSettings, open_exchange, redirected
from engine.market.ccxt_rules import DECIMAL_PLACES, SIGNIFICANT_DIGITS, market_rules
from engine.market.ccxt_venue import CcxtVenue
from tests.servers.exchanges import (
    BinanceServer,
    BitfinexServer,
    Drip,
    ExchangeServer,
    Hang,
    Html,
    KucoinServer,
    Listing,
    RateLimited,
    Raw,
    ServerError,
    Stats,
)
from tests.servers.exchanges.venues import HandTime, ServerClock, open_venue, steady_rows

BTC = Symbol("BTC", "USDT")
HOUR_MS = 3_600_000
FIRST_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
FIRST = from_ms(FIRST_MS)
NOW_MS = FIRST_MS + 100 * HOUR_MS
TICK_STEP = 4  # ccxt's third way to state precision


def stocked[S: ExchangeServer](server: S) -> S:
    server.list_market(Listing(base="BTC", quote="USDT"))
    server.set_candles("BTC/USDT", "1h", steady_rows("1h", first_ms=FIRST_MS, count=100))
    return server


@pytest.fixture
def binance() -> Iterator[BinanceServer]:
    with stocked(BinanceServer(now_ms=lambda: NOW_MS)) as server:
        yield server


@pytest.fixture
def hand_time() -> HandTime:
    return HandTime()


@pytest.fixture
def venue(binance: BinanceServer, hand_time: HandTime) -> Iterator[CcxtVenue]:
    opened = open_venue(binance, hand_time=hand_time)
    opened.symbols()
    binance.forget_requests()
    yield opened
    opened.close()


def candles(venue: CcxtVenue, limit: int = 3) -> list[Any]:
    return list(venue.raw_candles(BTC, Timeframe.H1, since=FIRST, limit=limit))


def test_bitfinex_is_never_asked_for_candles_more_often_than_it_allows(hand_time: HandTime) -> None:
    server = BitfinexServer(now_ms=lambda: NOW_MS, monotonic=hand_time.monotonic)
    with stocked(server):
        venue = open_venue(server, hand_time=hand_time)
        answers = [len(candles(venue)) for _ in range(90)]
        venue.close()
        starts = [line.at_s for line in server.requests(server.candle_path)]
    assert answers == [3] * 90
    # 28 at once, then a pause of a good minute, three times over.
    assert hand_time.sleeps == [61.0, 61.0, 61.0]
    assert max(sum(start <= at < start + 60 for at in starts) for start in starts) == 28


def test_a_ban_is_not_waited_for_and_not_provoked(
    binance: BinanceServer, venue: CcxtVenue, hand_time: HandTime
) -> None:
    binance.fail("klines", RateLimited(status=418, retry_after_s=300))
    with pytest.raises(VenueUnavailableError) as ban:
        candles(venue)
    assert ban.value.retry_after == timedelta(seconds=300)
    hand_time.now_s += 100
    with pytest.raises(VenueUnavailableError) as still:
        candles(venue)
    assert still.value.retry_after == timedelta(seconds=200)
    assert len(binance.requests()) == 1
    hand_time.now_s += 200
    assert len(candles(venue)) == 3


def test_a_venue_that_hangs_is_given_up(binance: BinanceServer) -> None:
    venue = open_venue(binance, timeout_s=0.2, deadline_s=0.5)
    venue.symbols()
    binance.fail("klines", Hang(seconds=5), times=9)
    with pytest.raises(VenueUnavailableError):
        candles(venue)
    venue.close()


def test_a_venue_that_does_not_answer_is_left_alone_for_longer_and_longer(
    binance: BinanceServer, venue: CcxtVenue, hand_time: HandTime
) -> None:
    candles(venue)
    binance.fail(binance.candle_path, ServerError(), times=100)
    with pytest.raises(VenueUnavailableError):
        candles(venue)
    for rest_s in (5, 10, 20, 30, 30):
        binance.forget_requests()
        hand_time.sleep(rest_s - 0.5)
        with pytest.raises(VenueUnavailableError, match="asked again"):
            venue.quote(BTC)
        assert binance.requests() == ()
        hand_time.sleep(0.6)
        with pytest.raises(VenueUnavailableError):
            candles(venue)
        assert len(binance.requests(binance.candle_path)) == 1
    binance.heal()
    hand_time.sleep(30)
    candles(venue)
    assert venue.quote(BTC) is not None


def test_an_answer_that_drips_is_cut_at_the_deadline(binance: BinanceServer) -> None:
    venue = open_venue(binance, timeout_s=5.0, deadline_s=0.4)
    venue.symbols()
    binance.fail("klines", Drip(interval_s=0.05), times=9)
    with pytest.raises(VenueUnavailableError, match="longer than the call may take"):
        candles(venue)
    venue.close()


def test_a_connection_refused_is_transient() -> None:
    time = HandTime()
    settings = VenueSettings(id="binance", base_url="http://127.0.0.1:9", throttle=False)
    venue = CcxtVenue(settings, clock=SystemClock(), monotonic=time.monotonic, sleep=time.sleep)
    with pytest.raises(VenueUnavailableError) as refusal:
        venue.symbols()
    assert isinstance(refusal.value.__cause__, Exception)
    assert time.sleeps == [0.5, 1.0, 2.0]
    venue.close()


def test_a_refusal_is_not_tried_again(binance: BinanceServer, venue: CcxtVenue) -> None:
    binance.fail("klines", Raw(status=400, body='{"code": -1100, "msg": "Illegal characters"}'))
    with pytest.raises(VenueRejectedError, match="Illegal characters"):
        candles(venue)
    assert len(binance.requests()) == 1


def test_kucoin_refusals_with_status_200_are_refusals(hand_time: HandTime) -> None:
    with stocked(KucoinServer(now_ms=lambda: NOW_MS)) as server:
        venue = open_venue(server, hand_time=hand_time)
        venue.symbols()
        server.fail("candles", Raw(body='{"code": "400100", "msg": "not today"}'))
        with pytest.raises(VenueRejectedError, match="not today"):
            candles(venue)
        server.fail("candles", Raw(body='{"code": "429000", "msg": "Too many requests"}'))
        assert len(candles(venue)) == 3
        venue.close()


def test_kucoin_markets_are_loaded_without_all_tickers_and_contracts() -> None:
    with stocked(KucoinServer(now_ms=lambda: NOW_MS)) as server:
        venue = open_venue(server)
        venue.symbols()
        venue.close()
        paths = {line.path for line in server.requests()}
    assert paths == {"/api/v3/currencies", "/api/v2/symbols"}


def test_options_from_the_settings_win_over_habits(binance: BinanceServer) -> None:
    venue = open_venue(binance, options={"fetchMarkets": {"types": ["spot", "linear"]}})
    venue.symbols()
    venue.close()
    assert [line.path for line in binance.requests()] == [
        "/api/v3/exchangeInfo",
        "/fapi/v1/exchangeInfo",
    ]


def test_markets_are_read_again_after_a_day_and_kept_when_the_venue_is_away(
    binance: BinanceServer, venue: CcxtVenue, hand_time: HandTime
) -> None:
    binance.list_market(Listing(base="ETH", quote="USDT"))
    assert venue.symbols() == (BTC,)
    hand_time.now_s += 24 * 3600 + 1
    binance.fail("exchangeInfo", ServerError(), times=4)
    assert venue.symbols() == (BTC,)
    hand_time.now_s += 24 * 3600 + 1
    assert venue.symbols() == (BTC, Symbol("ETH", "USDT"))


def test_markets_that_cannot_be_read_at_first_are_an_error(binance: BinanceServer) -> None:
    venue = open_venue(binance)
    binance.fail("exchangeInfo", Html())
    with pytest.raises(VenueAnswerError):
        venue.symbols()
    venue.close()


def test_halted_markets_are_not_listed(binance: BinanceServer) -> None:
    binance.list_market(Listing(base="OLD", quote="USDT", trading=False))
    venue = open_venue(binance)
    assert venue.symbols() == (BTC,)
    venue.close()


def test_an_old_price_is_no_quote(binance: BinanceServer) -> None:
    venue = CcxtVenue(
        VenueSettings(id="binance", base_url=binance.base_url, throttle=False),
        clock=ServerClock(lambda: NOW_MS + 61_000),
        quote_max_age=timedelta(seconds=60),
    )
    assert venue.quote(BTC) is None
    venue.close()


def test_a_ticker_without_bid_and_ask_is_completed_from_the_book(
    binance: BinanceServer, venue: CcxtVenue
) -> None:
    bare = f'{{"symbol": "BTCUSDT", "lastPrice": "7", "closeTime": {NOW_MS}}}'
    binance.fail("ticker", Raw(body=bare), times=2)
    binance.set_book("BTC/USDT", bids=[("6.5", "1")], asks=[("7.5", "1")])
    quote = venue.quote(BTC)
    assert quote is not None
    assert (quote.bid, quote.last, quote.ask) == (Decimal("6.5"), Decimal(7), Decimal("7.5"))
    binance.set_book("BTC/USDT", bids=[("6.5", "1")], asks=[])
    assert venue.quote(BTC) is None


def test_crossed_prices_are_an_error(binance: BinanceServer, venue: CcxtVenue) -> None:
    one = Decimal(1)
    binance.set_stats(
        "BTC/USDT",
        Stats(
            last=Decimal(100),
            bid=Decimal(101),
            ask=Decimal(99),
            open=one,
            high=one,
            low=one,
            volume=one,
            quote_volume=one,
        ),
    )
    binance.set_book("BTC/USDT", bids=[("101", "1")], asks=[("99", "1")])
    with pytest.raises(VenueAnswerError, match="bid must be <= ask"):
        venue.quote(BTC)
    with pytest.raises(VenueAnswerError, match="not crossed"):
        venue.order_book(BTC)


def test_rows_without_a_time_are_kept_for_the_firewall(
    binance: BinanceServer, venue: CcxtVenue
) -> None:
    body = f'[[null, "1", "2", "3", "4", "5"], [{FIRST_MS}, "1", "2", "1", "2", "9"], "?"]'
    binance.fail("klines", Raw(body=body))
    assert candles(venue) == [
        [FIRST_MS, 1.0, 2.0, 1.0, 2.0, 9.0],
        [None, 1.0, 2.0, 3.0, 4.0, 5.0],
        [None] * 6,
    ]


def test_errors_carry_no_query_string(binance: BinanceServer, venue: CcxtVenue) -> None:
    binance.fail("klines", ServerError(), times=4)
    with pytest.raises(VenueUnavailableError) as err:
        candles(venue)
    assert "symbol=" not in str(err.value)
    assert str(err.value).startswith("binance: ")


def test_an_unsupported_timeframe_needs_no_call() -> None:
    settings = VenueSettings(id="gemini", base_url="http://127.0.0.1:9")  # it has no 4h candles
    venue = CcxtVenue(settings, clock=SystemClock())
    with pytest.raises(UnsupportedTimeframeError, match="gemini: has no candles of 4h"):
        venue.raw_candles(BTC, Timeframe.H4, since=None, limit=1)
    venue.close()


def test_a_misspelt_venue_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'bitfinex'"):
        CcxtVenue(VenueSettings(id="bitfinx"), clock=SystemClock())


def test_settings_hide_secrets_and_refuse_half_addresses() -> None:
    settings = VenueSettings(id="kucoin", api_key="kk", secret="ss", password="pp")
    assert not any(word in repr(settings) for word in ("kk", "ss=", "'ss'", "pp"))
    with pytest.raises(InvalidValueError, match="base_url must be scheme://host"):
        VenueSettings(id="kucoin", base_url="localhost:8080")


def test_a_closed_venue_asks_nothing(binance: BinanceServer, venue: CcxtVenue) -> None:
    venue.close()
    with pytest.raises(VenueUnavailableError, match="is closed"):
        candles(venue)
    assert binance.requests() == ()


def test_closing_ends_a_pause(binance: BinanceServer) -> None:
    venue = open_venue(binance, deadline_s=60.0)
    venue.symbols()
    binance.fail("klines", RateLimited(retry_after_s=50))
    closing = threading.Timer(0.2, venue.close)
    closing.start()
    with pytest.raises(VenueUnavailableError, match="is closed"):
        candles(venue)
    closing.join()


def test_closing_leaves_no_open_connection(binance: BinanceServer) -> None:
    venue = open_venue(binance)
    candles(venue)
    venue.close()
    del venue
    gc.collect()  # an unclosed socket would warn here, and warnings are errors


def test_every_kind_of_address_is_moved_with_its_path() -> None:
    urls = {
        "logo": "https://example.org/logo.png",
        "api": {
            "public": "https://api.{hostname}/v1",
            "deep": {"er": "https://x.example.org:8443/v2?a=1", "none": None},
            "ws": {"public": "wss://stream.example.org/ws"},
        },
        "www": "https://example.org",
    }
    moved = redirected(urls, base_url="http://127.0.0.1:1/", ws_base_url="ws://127.0.0.1:2")
    assert moved == {
        "logo": "https://example.org/logo.png",
        "api": {
            "public": "http://127.0.0.1:1/v1",
            "deep": {"er": "http://127.0.0.1:1/v2?a=1", "none": None},
            "ws": {"public": "ws://127.0.0.1:2/ws"},
        },
        "www": "http://127.0.0.1:1",
    }
    assert redirected(urls, base_url=None, ws_base_url=None) == urls


def test_no_exchange_of_ccxt_keeps_an_address_of_its_own() -> None:
    import ccxt

    base = "http://127.0.0.1:9"
    escaped = set()
    for name in ccxt.exchanges:
        settings = VenueSettings(id=name, base_url=base, ws_base_url="ws://127.0.0.1:9")
        exchange = open_exchange(settings, Deadline())
        escaped |= {url for url in _addresses(exchange.urls) if "//127.0.0.1:9" not in url}
        exchange.close()
    assert escaped == set()


def _addresses(urls: object) -> Iterator[str]:
    if isinstance(urls, str) and "://" in urls:
        yield urls
    elif isinstance(urls, Mapping):
        for key, value in urls.items():
            if key not in {"logo", "doc", "fees", "referral", "api_management"}:
                yield from _addresses(value)
    elif isinstance(urls, list):
        for value in urls:
            yield from _addresses(value)


@pytest.mark.parametrize(
    ("mode", "price_precision", "amount_precision", "tick", "lot"),
    [
        (TICK_STEP, 0.05, 0.001, "0.05", "0.001"),
        (DECIMAL_PLACES, 2, 5, "0.01", "0.00001"),
        # 0.012345 with five digits has its last one at 10⁻⁶.
        (SIGNIFICANT_DIGITS, 5, 8, "0.000001", "1e-8"),
        (TICK_STEP, None, None, "1e-8", "1e-8"),
    ],
)
def test_steps_are_read_in_each_of_the_three_ways(
    mode: int, price_precision: float | None, amount_precision: float | None, tick: str, lot: str
) -> None:
    market = {
        "precision": {"price": price_precision, "amount": amount_precision},
        "limits": {"amount": {"min": None}, "cost": None},
        "maker": 0.001,
        "taker": None,
    }
    rules = market_rules(BTC, market, mode, lambda: Decimal("0.012345"))
    assert (rules.tick_size, rules.lot_size) == (Decimal(tick), Decimal(lot))
    assert (rules.min_quantity, rules.min_notional_quote) == (Decimal(0), Decimal(0))
    assert (rules.maker_fee_bps, rules.taker_fee_bps) == (Decimal(10), None)
