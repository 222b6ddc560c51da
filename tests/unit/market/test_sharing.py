"""What all connections to a venue share: its pace, its rests, its markets, and its bans."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from engine.domain.errors import VenueUnavailableError
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import from_ms
from engine.market.ccxt_client import Deadline, VenueSettings, open_exchange
from engine.market.ccxt_venue import CcxtVenue
from engine.market.pacing import CallSpacing
from engine.market.rest import Rest
from tests.servers.exchanges import BinanceServer, Hang, Listing, RateLimited
from tests.servers.exchanges.venues import HandTime, open_venue, steady_rows

HOUR_MS = 3_600_000
FIRST_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
NAMES = [f"C{number:02d}" for number in range(12)]


@pytest.fixture
def server() -> Iterator[BinanceServer]:
    with BinanceServer(now_ms=lambda: FIRST_MS + 10 * HOUR_MS) as opened:
        for name in NAMES:
            opened.list_market(Listing(base=name, quote="USDT"))
            bars = steady_rows("1h", first_ms=FIRST_MS, count=10)
            opened.set_candles(f"{name}/USDT", "1h", bars)
        yield opened


def ask(venue: CcxtVenue, name: str) -> int:
    rows = venue.raw_candles(Symbol(name, "USDT"), Timeframe.H1, since=from_ms(FIRST_MS), limit=10)
    return len(rows)


def ask_all(venue: CcxtVenue, threads: int = 12) -> list[int | str]:
    def one(name: str) -> int | str:
        try:
            return ask(venue, name)
        except VenueUnavailableError as err:
            return err.detail

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, NAMES))


def test_calls_of_many_threads_keep_their_distance() -> None:
    time = HandTime()
    waits: list[float] = []
    spacing = CallSpacing(monotonic=time.monotonic, sleep=waits.append)
    callers = [threading.Thread(target=spacing.wait_turn, args=(2.0,)) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    # Time stands still: the first goes at once, each other one two seconds after the one before.
    assert sorted(waits) == [2.0, 4.0, 6.0, 8.0]
    time.now_s += 100
    spacing.wait_turn(2.0)
    assert len(waits) == 4


def test_every_request_takes_its_turn_by_its_weight(server: BinanceServer) -> None:
    turns: list[float] = []

    class Turnstile:
        def wait_turn(self, distance_s: float) -> None:
            turns.append(distance_s)

        def gate(self) -> None:
            turns.append(-1)

    settings = VenueSettings(id="binance", base_url=server.base_url)
    exchange = open_exchange(settings, Deadline(), Turnstile())
    exchange.load_markets()
    turns.clear()
    exchange.fetch_ohlcv("C00/USDT", "1h", FIRST_MS, 10)
    # A spot call of weight 2 under 6,000 a minute may be made every 20 ms.
    assert turns == [0.02, -1]
    exchange.close()


def test_as_many_questions_are_under_way_as_there_are_connections(server: BinanceServer) -> None:
    venue = open_venue(server, connections=4)
    venue.symbols()
    server.fail("klines", Hang(seconds=0.3), times=12)
    assert ask_all(venue) == [10] * 12
    venue.close()
    starts = [line.at_s for line in server.requests("klines")]
    # Each takes 0.3 s at least, so that those that begin within 0.3 s are under way together.
    assert max(sum(start <= at < start + 0.3 for at in starts) for start in starts) == 4


def test_markets_are_loaded_once_for_all_threads(server: BinanceServer) -> None:
    venue = open_venue(server)
    assert ask_all(venue) == [10] * 12
    assert len(server.requests("exchangeInfo")) == 1
    venue.close()


def test_a_ban_found_by_one_stops_all_that_have_not_left(server: BinanceServer) -> None:
    venue = open_venue(server, connections=4)
    venue.symbols()
    server.forget_requests()
    server.fail("klines", RateLimited(status=418, retry_after_s=300), times=100)
    answers = ask_all(venue)
    # Four were on their way when the first answer came; nobody else has left the house.
    assert len(server.requests("klines")) <= 4
    assert all(isinstance(answer, str) for answer in answers)
    assert sum("left alone" in str(answer) for answer in answers) >= 8
    venue.close()


def test_a_wait_named_to_one_is_kept_by_all(server: BinanceServer) -> None:
    venue = open_venue(server)
    venue.symbols()
    server.fail("klines", RateLimited(retry_after_s=1))
    server.forget_requests()
    assert ask_all(venue) == [10] * 12
    starts = [line.at_s for line in server.requests("klines")]
    # The pause after the refusal: nothing was sent for most of a second.
    assert max(later - earlier for earlier, later in pairwise(starts)) > 0.9
    venue.close()


def test_calls_that_fail_together_make_one_rest() -> None:
    time = HandTime()
    rest = Rest(time.monotonic)
    counts = [rest.count for _ in range(4)]
    for count in counts:
        rest.begin(count)
    assert rest.left_s == 5
    time.now_s += 5
    assert rest.left_s == 0
    assert rest.is_doubtful
    rest.begin(rest.count)
    assert rest.left_s == 10
    rest.end()
    assert (rest.left_s, rest.is_doubtful) == (0, False)


def test_one_connection_is_left_for_prices(server: BinanceServer) -> None:
    venue = open_venue(server, connections=2, timeout_s=1.0)
    assert venue.lanes == 1
    venue.symbols()
    server.fail("klines", Hang(seconds=30), times=9)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask_quietly, venue)
        while not server.requests("klines"):
            pass
        assert venue.quote(Symbol("C00", "USDT")) is not None
        assert not asking.done()
        venue.close()
        server.heal()


def ask_quietly(venue: CcxtVenue) -> None:
    try:
        ask(venue, "C01")
    except VenueUnavailableError:
        return
