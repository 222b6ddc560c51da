from decimal import Decimal

import pytest

from engine.domain.errors import DataError
from engine.domain.market import CandleSeries
from engine.market.derived_rules import derive_rules
from tests.unit.market.candles import BTC, row, series_of


def bar(price: float, high: float | None = None) -> CandleSeries:
    top = price if high is None else high
    return series_of([row(0, open=price, high=top, low=price, close=price)])


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        (60_123.45, "0.01"),
        (3_000.0, "1"),
        (0.51234, "0.00001"),
        (0.00000814, "0.00000001"),
        (0.1 + 0.2, "0.000000001"),
        (100 / 3, "0.0000001"),
    ],
)
def test_the_tick_has_the_decimals_that_were_seen(price: float, tick: str) -> None:
    assert derive_rules(BTC, bar(price)).tick_size == Decimal(tick)


def test_one_finer_price_makes_the_tick_finer() -> None:
    assert derive_rules(BTC, bar(60_123.0, high=60_123.4)).tick_size == Decimal("0.1")


@pytest.mark.parametrize(
    ("price", "lot"),
    [(69_000.0, "0.00001"), (1_000.0, "0.001"), (1_001.0, "0.0001"), (1.0, "1"), (0.05, "1")],
)
def test_a_lot_is_worth_at_most_one_quote_unit(price: float, lot: str) -> None:
    rules = derive_rules(BTC, bar(price))
    assert rules.lot_size == Decimal(lot)
    assert rules.lot_size * Decimal(price) <= 1


def test_fees_and_spread_are_left_to_the_settings() -> None:
    rules = derive_rules(BTC, bar(100.0))
    assert (rules.maker_fee_bps, rules.taker_fee_bps, rules.half_spread_bps) == (None, None, None)


def test_without_candles_there_is_nothing_to_derive_from() -> None:
    with pytest.raises(DataError, match="BTC/USDT"):
        derive_rules(BTC, CandleSeries.empty())
