from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from engine.clock import ReplayClock
from engine.domain.errors import InvalidValueError, UnknownSymbolError
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.collect import CandleCollector
from engine.market.columns import Columns, Feed
from engine.market.firewall import inspect
from engine.market.policy import MarketPolicy, SimulationPolicy
from engine.market.resample import resample
from engine.market.simulated import SimulatedMarket
from engine.market.simulated_paths import price_inside
from tests.fakes.units import FakeUnits
from tests.unit.market.candles import BTC

POLICY = SimulationPolicy(seed=3, history_days=60)
NOW = POLICY.starts_at + timedelta(hours=30, minutes=17, seconds=40)


def market(now: datetime = NOW, policy: SimulationPolicy = POLICY) -> SimulatedMarket:
    return SimulatedMarket(policy=policy, clock=ReplayClock(now))


def bars(
    venue: SimulatedMarket,
    symbol: Symbol = BTC,
    timeframe: Timeframe = Timeframe.H1,
    *,
    now: datetime = NOW,
    since: datetime | None = None,
    limit: int = 2_000,
) -> Columns:
    """Closed bars, as the firewall lets them through; it must not find anything wrong."""
    rows = venue.raw_candles(symbol, timeframe, since=since, limit=limit)
    feed = Feed(venue="simulated", symbol=symbol, timeframe=timeframe)
    inspected = inspect(rows, feed=feed, now=now, policy=MarketPolicy())
    assert inspected.quarantined == ()
    assert inspected.forming <= 1
    return Columns.of(inspected.clean)


def outage_hours(venue: SimulatedMarket) -> list[int]:
    """Open times of hours without a bar."""
    ms = bars(venue).ms
    return [
        int(before) + Timeframe.H1.ms
        for before, after in pairwise(ms)
        if after - before > Timeframe.H1.ms
    ]


def test_the_firewall_finds_nothing_wrong_with_any_market_or_timeframe() -> None:
    venue = market()
    for symbol in venue.symbols:
        for timeframe in Timeframe:
            assert len(bars(venue, symbol, timeframe, limit=300)) > 0


def test_history_reaches_back_as_far_as_the_policy_says() -> None:
    assert bars(market()).ms[0] == to_ms(POLICY.starts_at - timedelta(days=60))


def test_the_same_seed_gives_the_same_candles_whatever_was_asked_before() -> None:
    one, other = market(), market()
    for symbol in reversed(one.symbols):
        one.raw_candles(symbol, Timeframe.M5, since=NOW - timedelta(days=9), limit=500)
        one.quote(symbol)
    for symbol in one.symbols:
        assert one.raw_candles(symbol, Timeframe.H1, since=None, limit=900) == (
            other.raw_candles(symbol, Timeframe.H1, since=None, limit=900)
        )
        assert one.quote(symbol) == other.quote(symbol)
        assert one.order_book(symbol) == other.order_book(symbol)


def test_another_seed_gives_another_market() -> None:
    other = market(policy=SimulationPolicy(seed=4, history_days=60))
    assert not np.array_equal(bars(market()).close, bars(other).close)


def test_a_market_started_later_tells_the_same_past() -> None:
    later = NOW + timedelta(days=20)
    early, late = bars(market()), bars(market(later), now=later)
    assert len(late) > len(early)
    assert late.take(np.arange(len(early))).same_rows(early).all()


def test_a_closed_bar_never_changes_while_time_goes_on() -> None:
    clock = ReplayClock(NOW)
    venue = SimulatedMarket(policy=POLICY, clock=clock)
    before = bars(venue, timeframe=Timeframe.M15, limit=50)
    clock.move_to(NOW + timedelta(hours=7))
    after = bars(venue, timeframe=Timeframe.M15, since=from_ms(int(before.ms[0])), now=clock.now())
    assert after.take(np.arange(len(before))).same_rows(before).all()


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        (Timeframe.M1, Timeframe.M5),
        (Timeframe.M5, Timeframe.H1),
        (Timeframe.M1, Timeframe.H1),
        (Timeframe.H1, Timeframe.D1),
    ],
)
def test_timeframes_agree_with_each_other(fine: Timeframe, coarse: Timeframe) -> None:
    venue, since = market(), NOW - timedelta(days=4)
    derived = Columns.of(
        resample(bars(venue, timeframe=fine, since=since, limit=6_000).series(), fine, coarse)
    )
    own = bars(venue, timeframe=coarse, since=since)
    own = own.take(np.isin(own.ms, derived.ms))
    assert len(own) > 0
    for mine, theirs in zip(derived.values[:4], own.values[:4], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_forming_bar_comes_last_and_ends_at_the_present_price() -> None:
    venue = market()
    quote = venue.quote(BTC)
    assert quote is not None
    for timeframe in Timeframe:
        newest = venue.raw_candles(BTC, timeframe, since=None, limit=1)[-1]
        assert isinstance(newest, list)
        assert newest[0] == to_ms(timeframe.floor(NOW))
        assert newest[4] == float(quote.last)


def test_limit_and_since_are_honoured() -> None:
    rows = market().raw_candles(BTC, Timeframe.H1, since=NOW - timedelta(hours=10), limit=3)
    expected = to_ms(Timeframe.H1.floor(NOW)) - 9 * Timeframe.H1.ms
    assert [row[0] for row in rows if isinstance(row, list)] == [
        expected + i * Timeframe.H1.ms for i in range(3)
    ]


def test_nothing_is_told_of_the_future() -> None:
    assert market().raw_candles(BTC, Timeframe.H1, since=NOW, limit=9) == []


def test_quotes_move_inside_a_minute_and_stay_inside_its_bar() -> None:
    start = POLICY.starts_at + timedelta(hours=2)
    clock = ReplayClock(start)
    venue = SimulatedMarket(policy=POLICY, clock=clock)
    seen = []
    for second in range(60):
        clock.move_to(start + timedelta(seconds=second))
        quote = venue.quote(BTC)
        assert quote is not None
        assert quote.bid < quote.ask
        seen.append(float(quote.last))
    clock.move_to(start + timedelta(minutes=1))
    (_, _, high, low, _, _) = bars(venue, timeframe=Timeframe.M1, limit=2, now=clock.now()).row(-1)
    assert len(set(seen)) > 20
    assert low <= min(seen)
    assert max(seen) <= high


def test_the_path_of_a_rising_minute_dips_before_it_climbs() -> None:
    minute = (100.0, 103.0, 99.0, 102.0)
    assert price_inside(minute, 0.0) == (100.0, 100.0)
    assert price_inside(minute, 0.3) == (100.0, 99.0, 99.0)
    assert price_inside(minute, 0.5)[-1] == pytest.approx(101.0)
    assert price_inside(minute, 0.9)[:3] == (100.0, 99.0, 103.0)


def test_the_book_stands_around_the_quote_on_the_venues_own_steps() -> None:
    venue = market()
    for symbol in venue.symbols:
        book, quote, rules = venue.order_book(symbol), venue.quote(symbol), venue.rules(symbol)
        assert book is not None
        assert quote is not None
        assert (book.bids[0].price, book.asks[0].price) == (quote.bid, quote.ask)
        assert len(book.bids) == len(book.asks) == 20
        for level in book.bids + book.asks:
            assert level.price % rules.tick_size == 0
            assert level.quantity % rules.lot_size == 0


def test_the_book_is_deeper_where_more_is_traded() -> None:
    volumes, depths = [], []
    for hours in range(0, 48, 3):
        now = POLICY.starts_at + timedelta(hours=hours)
        venue = market(now)
        book = venue.order_book(BTC)
        if book is not None:
            volumes.append(bars(venue, now=now, limit=2).volume[-1])
            depths.append(sum(float(level.quantity) for level in book.asks))
    assert len(volumes) > 10
    assert np.corrcoef(volumes, depths)[0, 1] > 0.9


def test_prices_of_all_scales_are_there_and_follow_one_another() -> None:
    venue = market()
    returns = {s: np.diff(np.log(bars(venue, s).close)) for s in venue.symbols}
    prices = [float(bars(venue, s).close[0]) for s in venue.symbols]
    assert max(prices) > 10_000
    assert min(prices) < 0.1
    correlation = np.corrcoef(list(returns.values()))
    assert correlation.min() > 0.2
    assert correlation[~np.eye(len(returns), dtype=bool)].max() < 0.95


def test_volatility_clusters_and_tails_are_fat() -> None:
    returns = np.diff(np.log(bars(market()).close))
    sizes = np.abs(returns)
    assert np.corrcoef(sizes[1:], sizes[:-1])[0, 1] > 0.1
    assert (returns**4).mean() / returns.var() ** 2 > 4


def test_now_and_then_bars_are_absent_and_there_is_no_price_meanwhile() -> None:
    policy = SimulationPolicy(seed=3, history_days=200)
    missing = outage_hours(market(policy=policy))
    assert 1 <= len(missing) <= 20
    moment = from_ms(missing[0]) + timedelta(minutes=30)
    during = market(moment, policy)
    assert during.quote(BTC) is None
    assert during.order_book(BTC) is None
    assert bars(during, now=moment).ms[-1] < missing[0]


def test_a_market_that_is_not_there_is_unknown() -> None:
    with pytest.raises(UnknownSymbolError, match="no market DOGE/EUR; there are BTC/USDT"):
        market().quote(Symbol("DOGE", "EUR"))


def test_before_its_first_candle_there_is_no_market() -> None:
    with pytest.raises(InvalidValueError, match="first candle"):
        market(POLICY.starts_at - timedelta(days=99)).quote(BTC)


def test_the_collector_treats_it_like_any_other_venue() -> None:
    clock = ReplayClock(NOW)
    collector = CandleCollector(
        units=FakeUnits(),
        source=SimulatedMarket(policy=POLICY, clock=clock),
        venue="simulated",
        clock=clock,
        policy=MarketPolicy(),
    )
    due = Timeframe.H1.floor(NOW)
    outcomes = collector.collect(
        SimulatedMarket(policy=POLICY, clock=clock).symbols, Timeframe.H1, due
    )
    assert all(outcome.is_fresh for outcome in outcomes)
    assert {outcome.stored for outcome in outcomes} == {len(bars(market(), limit=1_001))}
