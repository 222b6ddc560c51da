"""What is told when: prices between closes, closed bars, the book, and never twice."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.desk.alerts.policy import AlertPolicy
from engine.domain.alerts import AlertState
from engine.domain.explorer import Place
from engine.domain.market import CandleSeries
from engine.ports import UnitOfWork, Units
from tests.fakes.desk_builder import BTC, ETH, H1, OWNER, START, STRANGER, VENUE, bar, history
from tests.unit.alerts.bench import CALM, Alerts, alerts_on


@pytest.fixture
def alerts(fake_units: Units) -> Alerts:
    return alerts_on(fake_units)


class TestPrices:
    def test_a_price_beyond_the_line_is_told_once_until_it_has_gone_back(
        self, alerts: Alerts
    ) -> None:
        made = alerts.made("btc > 105")
        # The band of 0.2 % reaches down to 104.79.
        prices = ["104.9", "105", "105.01", "104.9", "105.5", "104.79", "105.2", "104.80", "106"]
        assert [alerts.price(price) for price in prices] == [0, 0, 1, 0, 0, 0, 1, 0, 0]
        assert [f.hits[0].value for f in alerts.firings(made)] == [
            Decimal("105.01"),
            Decimal("105.2"),
        ]
        assert alerts.messages() == [(made.id, 1), (made.id, 2)]

    def test_a_line_below_works_in_the_mirror(self, alerts: Alerts) -> None:
        alerts.made("btc < 95")
        prices = ["95", "94.9", "95.1", "94.8", "95.18", "94", "95.19", "94.99"]
        assert [alerts.price(price) for price in prices] == [0, 1, 0, 0, 0, 0, 0, 1]

    def test_what_is_so_already_is_told_when_it_comes_again(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 90")
        assert not alerts.view(made).readings[0].armed
        assert [alerts.price(price) for price in ("101", "89", "91")] == [0, 0, 1]

    def test_without_a_price_at_its_beginning_the_first_one_may_fire(self, alerts: Alerts) -> None:
        alerts.bench.market.silence(BTC)
        with alerts.bench.units() as unit:
            unit.book.reset(VENUE)
            unit.commit()
        made = alerts.made("btc > 100.5")
        assert alerts.view(made).readings[0].armed
        assert alerts.price("101") == 1

    def test_a_spike_that_only_the_bar_shows_is_told_exactly_once(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105")
        assert alerts.bar("100 106 99 101") == 1
        assert alerts.look() == "1 watched, 0 told"
        (firing,) = alerts.firings(made)
        assert firing.hits[0].value == Decimal("106.0")
        assert (firing.hits[0].began_at, firing.hits[0].at) == (START, START + H1.delta)
        assert alerts.bar("101 106 100 101") == 1

    def test_a_crossing_that_a_price_has_told_is_not_told_again_by_its_bar(
        self, alerts: Alerts
    ) -> None:
        alerts.made("btc > 105")
        assert alerts.price("106") == 1
        assert alerts.price("101") == 0
        assert alerts.bar("100 106.5 99 101") == 0
        assert alerts.bar("101 104 100 101") == 0
        assert alerts.bar("101 107 100 101") == 1

    def test_a_price_that_comes_before_the_bar_of_the_hour_before_is_told_once(
        self, alerts: Alerts
    ) -> None:
        alerts.made("btc > 105")
        alerts.bench.advance(hours=1)
        assert alerts.price("106") == 1
        alerts.store(START, "100 105.5 99 104")
        assert alerts.look() == "1 watched, 0 told"

    def test_the_bar_in_which_an_alert_was_set_counts_with_its_close_only(
        self, alerts: Alerts
    ) -> None:
        alerts.bench.advance(minutes=30)
        alerts.made("btc > 105")
        assert alerts.bar("100 110 99 101") == 0
        alerts.bench.advance(minutes=30)
        alerts.made("eth > 105")
        assert alerts.bar("100 110 99 107", ETH) == 1

    def test_bars_that_were_missed_are_made_up_for_oldest_first(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105")
        for hour, prices in enumerate(("100 106 99 101", "101 102 99 100", "100 108 99 107")):
            alerts.store(START + hour * H1.delta, prices)
        alerts.bench.advance(hours=3)
        assert alerts.look() == "1 watched, 1 told"
        (firing,) = alerts.firings(made)
        assert [hit.value for hit in firing.hits] == [Decimal("106.0"), Decimal("108.0")]

    def test_missing_and_stale_prices_change_nothing(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105")
        alerts.price("101")
        before = alerts.now(made)
        alerts.bench.market.set_price(BTC, "106")
        alerts.bench.assembled.prices.poll()
        alerts.bench.advance(seconds=61)
        assert alerts.look() == "1 watched, 0 told"
        alerts.bench.market.silence(BTC)
        alerts.bench.assembled.prices.poll()
        alerts.bench.market.is_down = True
        assert alerts.bench.assembled.prices.poll() == "0 of 1 prices"
        assert alerts.look() == "1 watched, 0 told"
        assert alerts.now(made) == before

    def test_a_venue_that_is_away_is_not_asked_for_every_market(self, alerts: Alerts) -> None:
        for text in ("btc > 105", "eth > 105"):
            alerts.made(text)
        alerts.look()
        alerts.bench.market.is_down = True
        assert alerts.bench.assembled.prices.poll() == "0 of 2 prices"


class TestCooldown:
    def test_within_the_cooldown_nothing_is_told_and_nothing_forgotten(
        self, fake_units: Units
    ) -> None:
        alerts = alerts_on(fake_units, AlertPolicy(cooldown_s=600))
        made = alerts.made("btc > 105")
        assert [alerts.price(price) for price in ("106", "104", "107")] == [1, 0, 0]
        reading = alerts.view(made).readings[0]
        assert reading.armed
        assert reading.silent_until == START + timedelta(minutes=11)
        alerts.bench.advance(minutes=8)
        assert alerts.price("107.5") == 1

    def test_its_own_pause_counts_before_the_desks(self, fake_units: Units) -> None:
        alerts = alerts_on(fake_units, AlertPolicy(cooldown_s=6000))
        alerts.made("btc > 105 every 3m")
        prices = ("106", "104", "107", "107")
        assert [alerts.price(price) for price in prices] == [1, 0, 0, 1]

    def test_once_is_once(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105 once")
        assert [alerts.price(price) for price in ("106", "104", "107")] == [1, 0, 0]
        assert alerts.now(made).state is AlertState.FIRED
        assert alerts.bench.assembled.desk.alerts.listed(OWNER.user_id).count == 0

    def test_an_alert_ends_after_its_last_day_and_says_so(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105 until 2026-03-02")
        alerts.bench.advance(hours=11)
        assert alerts.look() == "1 watched, 0 told"
        alerts.bench.advance(hours=1)
        alerts.look()
        assert alerts.now(made).state is AlertState.EXPIRED
        assert [m.payload for m in alerts.bench.outbox("alert_set")][-1] == {"alert_id": made.id}
        assert alerts.bench.actions()[-1] == "alert_expired"


class TestBars:
    def test_an_indicator_is_that_of_the_chart(self, alerts: Alerts) -> None:
        # Forty bars at 100 have no change: TA-Lib's RSI is 0 there. A rise from there gives 100.
        made = alerts.made("rsi(btc,1h) > 70")
        assert alerts.bar("100 103 100 102") == 1
        chart = alerts.bench.assembled.desk.explorer.chart(Place(symbol=BTC, timeframe=H1))
        assert chart is not None
        told = alerts.firings(made)[0].hits[0].value
        assert told == Decimal(repr(float(chart.columns["rsi"][-1]))) == Decimal("100.0")

    def test_an_indicator_is_looked_at_on_closed_bars_only(self, alerts: Alerts) -> None:
        alerts.made("close(btc,1h) > 105")
        assert alerts.price("110") == 0
        assert alerts.bar("100 110 99 104") == 0
        assert alerts.bar("104 110 99 106") == 1

    def test_a_cross_of_two_averages_is_told_once(self, alerts: Alerts) -> None:
        alerts.made("ema(btc,1h,5) > ema(20)")
        told = [alerts.bar(f"100 106 98 {close}") for close in (101, 103, 105, 106)]
        assert told == [1, 0, 0, 0]

    def test_a_band_that_moves_is_the_band_of_the_bar(self, alerts: Alerts) -> None:
        made = alerts.made("close(btc,1h) > bb_upper")
        assert alerts.bar("100 106 98 105") == 1
        # 19 closes of 100 and one of 105: mean 100.25, population σ √(23.75/20) = 1.0897.
        hit = alerts.firings(made)[0].hits[0]
        assert hit.line == pytest.approx(Decimal("102.4295"), abs=Decimal("0.0001"))

    def test_volume_is_told_as_a_multiple_of_its_mean(self, alerts: Alerts) -> None:
        made = alerts.made("volume(btc,1h) > 3x")
        assert alerts.bar("100 101 99 100", volume=2.9e6) == 0
        # Mean of nineteen bars of one million and one of 2.9: 1.095 million.
        assert alerts.bar("100 101 99 100", volume=4.38e6) == 1
        assert alerts.firings(made)[0].hits[0].value == Decimal("4.0")

    def test_a_change_is_against_the_close_exactly_so_long_before(self, alerts: Alerts) -> None:
        alerts.made("BTC/USDT +5% 24h")
        assert alerts.bar("100 106 99 105") == 0
        assert alerts.bar("105 106 99 105.1") == 1

    def test_a_longer_timeframe_is_looked_at_when_it_is_whole(self, alerts: Alerts) -> None:
        alerts.made("close(btc,4h) > 105")
        told = [alerts.bar(f"100 108 99 {close}") for close in (106, 106, 106, 106)]
        assert told == [0, 0, 0, 1]

    def test_one_alert_on_every_market_names_those_that_came_true(self, alerts: Alerts) -> None:
        made = alerts.made("close(any,1h) > 105")
        alerts.store(START, "100 108 99 106", ETH)
        assert alerts.bar("100 108 99 107", BTC) == 1
        (firing,) = alerts.firings(made)
        assert [(hit.key, hit.value) for hit in firing.hits] == [
            ("BTC/USDT", Decimal("107.0")),
            ("ETH/USDT", Decimal("106.0")),
        ]

    def test_a_bar_without_a_value_is_passed_over(self, fake_units: Units) -> None:
        few = CandleSeries.of(
            [bar(START - 3 * H1.delta, "100 101 99 100"), bar(START - H1.delta, "1 1 1 1")]
        )
        alerts = alerts_on(fake_units, bars=few)
        made = alerts.made("rsi(btc,1h) < 30")
        assert alerts.bar("100 101 99 100") == 0
        assert alerts.view(made).readings[0].value is None
        assert alerts.view(made).readings[0].armed

    def test_a_series_is_read_once_for_all_its_alerts_and_only_when_it_has_news(
        self, fake_units: Units
    ) -> None:
        alerts = alerts_on(fake_units)
        for line in range(20, 50):
            alerts.made(f"rsi(btc,1h) < {line}")
        counted = CountedCandles(fake_units)
        alerts.bench = alerts.bench.restart(units=counted)
        alerts.look()
        assert counted.asked == []
        alerts.bar("100 101 99 100")
        # The newest bar, to see that there is news, and the window: thirty alerts, one read.
        assert counted.asked == [1, 600]


class CountedCandles:
    """Units that note how many bars each look at the candles asks for."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self.asked: list[int] = []

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        unit: Any = self._units(read_only=read_only)
        window = unit.candles.window

        def counted(*args: object, limit: int, **keys: object) -> CandleSeries:
            self.asked.append(limit)
            found: CandleSeries = window(*args, limit=limit, **keys)
            return found

        unit.candles.window = counted
        made: UnitOfWork = unit
        return made


class TestBook:
    def test_a_drawdown_is_that_of_the_portfolio(self, alerts: Alerts) -> None:
        alerts.bench.approve(alerts.bench.ask(BTC))
        alerts.bench.monitor.snapshot()
        made = alerts.made("drawdown > 0.3%")
        # 5 coins at 100 in an account of ten thousand: 4 % of them are 0.2 %, 7 % are 0.35 %.
        assert [alerts.price(price) for price in ("96", "93", "92.9")] == [0, 1, 0]
        shown = alerts.view(made).readings[0].value
        assert shown == alerts.bench.assembled.desk.portfolio().drawdown_fraction

    def test_without_a_price_of_every_position_there_is_no_drawdown(self, alerts: Alerts) -> None:
        alerts.bench.approve(alerts.bench.ask(BTC))
        made = alerts.made("drawdown > 0.3%")
        alerts.bench.market.silence(BTC)
        alerts.bench.advance(minutes=5)
        assert alerts.look() == "1 watched, 0 told"
        assert alerts.view(made).readings[0].value is None

    def test_the_distance_to_the_stop_is_looked_at_for_each_position(self, alerts: Alerts) -> None:
        for symbol in (BTC, ETH):
            alerts.bench.approve(alerts.bench.ask(symbol))
        made = alerts.made("distance to stop < 1%")
        assert alerts.price("95.5", BTC) == 1
        assert alerts.price("95.6", ETH) == 1
        assert [f.hits[0].key for f in alerts.firings(made)] == ["BTC/USDT", "ETH/USDT"]
        # (95.5 − 95) ÷ 95.5
        assert alerts.firings(made)[0].hits[0].value == pytest.approx(Decimal("0.0052356"))

    def test_every_opening_and_close_is_told_once(self, alerts: Alerts) -> None:
        bench = alerts.bench
        bench.approve(bench.ask(ETH))
        opened, closed, stopped = (alerts.made(t) for t in ("opened", "closed(btc)", "stopped"))
        alerts.look()
        bench.approve(bench.ask(BTC))
        assert alerts.look() == "3 watched, 1 told"
        position = bench.position()
        assert position is not None
        bench.gateway.close(BTC, reason="exit_manual", origin="person", price=Decimal(100))
        assert alerts.look() == "3 watched, 1 told"
        assert alerts.look() == "3 watched, 0 told"
        assert [f.hits[0].key for f in alerts.firings(opened)] == ["BTC/USDT"]
        assert [f.hits[0].detail for f in alerts.firings(closed)] == [bench.trades()[0].id]
        assert alerts.firings(stopped) == []

    def test_what_opens_and_closes_between_two_looks_is_told_both_times(
        self, alerts: Alerts
    ) -> None:
        bench = alerts.bench
        opened, stopped = alerts.made("opened"), alerts.made("stopped")
        bench.approve(bench.ask(BTC))
        opened_at = bench.clock.now()
        bench.advance(hours=1)
        falls = bar(opened_at, "100 101 94 96")
        for report in bench.assembled.paper.on_bar(BTC, falls, previous_volume=1e6):
            bench.gateway.settle(report)
        assert alerts.look() == "2 watched, 2 told"
        assert len(alerts.firings(opened)) == len(alerts.firings(stopped)) == 1


def test_an_alert_of_somebody_who_is_not_known_any_more_tells_nothing(fake_units: Units) -> None:
    alerts = alerts_on(fake_units)
    made = alerts.made("btc > 105")
    with fake_units() as unit:
        unit.alerts.put(replace(made, id="nx", user_id=STRANGER))
        unit.commit()
    assert alerts.price("106") == 1
    assert alerts.messages() == [(made.id, 1)]


def test_a_desk_without_alerts_asks_for_no_price(alerts: Alerts) -> None:
    made = alerts.made("btc > 105")
    alerts.look()
    assert alerts.bench.assembled.prices.poll() == "1 of 1 prices"
    alerts.change("delete", made)
    assert alerts.look() == "0 watched, 0 told"
    assert alerts.bench.assembled.prices.poll() == "0 of 0 prices"


def test_many_markets_take_turns(fake_units: Units) -> None:
    alerts = alerts_on(fake_units, AlertPolicy(prices_per_look=1))
    for text in ("btc > 105", "eth > 105"):
        alerts.made(text)
    alerts.look()
    prices = alerts.bench.assembled.prices
    prices.poll()
    assert set(prices.newest()) == {BTC}
    prices.poll()
    assert set(prices.newest()) == {BTC, ETH}


def test_the_history_of_the_bench_is_calm() -> None:
    assert set(history().close) == {100.0}
    assert CALM.cooldown_s == 0
