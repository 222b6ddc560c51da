from decimal import Decimal

import pytest

from engine.clock import ReplayClock
from engine.domain.errors import UnknownSymbolError, UnsupportedTimeframeError
from engine.domain.market import CandleSeries, MarketRules, Timeframe
from engine.market.replay import ReplayMarket
from tests.fakes.units import FakeUnits
from tests.unit.market.candles import BTC, ETH, HOUR, START_MS, at, row, series_of

BARS = [row(i, 100.5 + i) for i in range(6) if i != 3]


def market(hours: float) -> ReplayMarket:
    return ReplayMarket(
        venue="test",
        timeframe=HOUR,
        candles={BTC: series_of(BARS), ETH: CandleSeries.empty()},
        clock=ReplayClock(at(hours)),
    )


def test_the_price_is_the_open_of_the_present_bar() -> None:
    quote = market(2.9).quote(BTC)
    assert quote is not None
    assert (quote.bid, quote.ask, quote.last) == (Decimal("102.5"),) * 3
    assert quote.at == at(2.9)


def test_the_open_is_known_at_the_first_instant_of_the_bar() -> None:
    quote = market(2).quote(BTC)
    assert quote is not None
    assert quote.last == Decimal("102.5")


@pytest.mark.parametrize("hours", [3, 3.5, 6, 99, -1])
def test_where_the_bar_is_absent_there_is_no_price(hours: float) -> None:
    assert market(hours).quote(BTC) is None


def test_candles_keep_no_book() -> None:
    assert market(2).order_book(BTC) is None


def test_a_symbol_without_candles_is_unknown() -> None:
    with pytest.raises(UnknownSymbolError, match="ETH/USDT"):
        market(2).quote(ETH)


def test_rules_are_derived_from_the_candles() -> None:
    # The lowest low is 99 % of 100.5, which is 99.495: three decimals.
    assert market(2).rules(BTC).tick_size == Decimal("0.001")


def test_given_rules_win() -> None:
    given = MarketRules(
        symbol=BTC,
        tick_size=Decimal("0.5"),
        lot_size=Decimal(1),
        min_quantity=Decimal(1),
        min_notional_quote=Decimal(0),
    )
    replay = ReplayMarket(
        venue="test",
        timeframe=HOUR,
        candles={BTC: series_of(BARS)},
        clock=ReplayClock(at(0)),
        rules={BTC: given},
    )
    assert replay.rules(BTC) == given


def test_no_bar_is_shown_before_it_has_closed() -> None:
    rows = market(2.5).raw_candles(BTC, HOUR, since=None, limit=99)
    assert [row[0] for row in rows if isinstance(row, list)] == [START_MS, START_MS + HOUR.ms]


def test_bars_can_be_asked_for_from_a_moment_on() -> None:
    rows = market(99).raw_candles(BTC, HOUR, since=at(2), limit=2)
    assert [row[4] for row in rows if isinstance(row, list)] == [102.5, 104.5]


def test_another_timeframe_is_not_there() -> None:
    with pytest.raises(UnsupportedTimeframeError, match="replays 1h candles, not 4h"):
        market(2).raw_candles(BTC, Timeframe.H4, since=None, limit=1)


def test_it_loads_what_is_stored() -> None:
    units = FakeUnits()
    with units() as unit:
        unit.candles.add("test", BTC, HOUR, series_of(BARS))
        unit.commit()
    replay = ReplayMarket.load(
        units,
        venue="test",
        timeframe=HOUR,
        symbols=[BTC],
        start=at(1),
        end=at(3),
        clock=ReplayClock(at(99)),
    )
    rows = replay.raw_candles(BTC, HOUR, since=None, limit=99)
    assert [row[4] for row in rows if isinstance(row, list)] == [101.5, 102.5]
