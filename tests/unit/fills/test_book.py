from decimal import Decimal

import numpy as np
import pytest

from engine.fills.book import (
    BUY,
    SELL,
    Market,
    adverse_ticks,
    executed,
    fill_market,
    pack_fills,
    synthesise,
    walk,
)
from engine.fills.policy import FillPolicy
from engine.kernel import Ints

MARKET = Market(
    tick_size=0.01,
    lot_size=0.1,
    half_spread_bps=10.0,
    maker_fee_bps=5.0,
    taker_fee_bps=20.0,
    symbol_key=7,
)
FILLS = pack_fills(FillPolicy())


def levels(*pairs: tuple[int, int]) -> tuple[Ints, Ints]:
    ticks, lots = zip(*pairs, strict=True)
    return np.array(ticks, np.int64), np.array(lots, np.int64)


def test_a_walk_takes_the_best_price_first_and_pays_each_levels_fee() -> None:
    ticks, lots = levels((10_000, 30), (10_010, 50), (10_020, 50))
    taken = np.zeros(3, np.int64)
    done = walk(ticks, lots, 100, 99.90, MARKET, taken)
    # 3 units at 100.00, 5 at 100.10, 2 at 100.20: 300 + 500.50 + 200.40 = 1,000.90.
    assert taken.tolist() == [30, 50, 20]
    assert done.lots == 100
    assert done.notional_quote == pytest.approx(1_000.90)
    # 20 bps: 0.60 + 1.001 + 0.4008.
    assert done.fee_quote == pytest.approx(2.0018)
    # Against ten units at 99.90.
    assert done.slippage_quote == pytest.approx(1.90)


def test_what_is_wanted_beyond_the_depth_is_not_filled() -> None:
    ticks, lots = levels((10_000, 30), (10_010, 50))
    done = walk(ticks, lots, 1_000, 100.0, MARKET, np.zeros(2, np.int64))
    assert done.lots == 80


def test_a_walk_adds_up_as_the_ledgers_decimals_do() -> None:
    ticks, lots = levels((123_457, 333), (123_461, 777), (123_499, 1_111))
    taken = np.zeros(3, np.int64)
    done = walk(ticks, lots, 1_500, 1_234.5, MARKET, taken)
    step = Decimal("1e-8")
    notionals = [
        Decimal(int(t)) * Decimal("0.01") * int(n) * Decimal("0.1")
        for t, n in zip(ticks, taken, strict=True)
    ]
    fees = [(n * Decimal(20) / 10_000).quantize(step) for n in notionals]
    assert Decimal(repr(float(done.notional_quote))) == sum(notionals)
    assert Decimal(repr(float(done.fee_quote))) == sum(fees)


@pytest.mark.parametrize(
    ("side", "price", "ticks"),
    [(BUY, 1.001, 101), (SELL, 1.009, 100), (BUY, 1.01, 101), (SELL, 1.01, 101), (SELL, 0.001, 1)],
)
def test_a_price_off_the_tick_is_rounded_against_the_trade(
    side: int, price: float, ticks: int
) -> None:
    assert adverse_ticks(side, price, 0.01) == ticks


def test_the_synthesised_book_is_the_same_for_the_same_seed_symbol_and_moment() -> None:
    one = synthesise(BUY, 100.0, 1e4, 1_000, MARKET, FILLS)
    again = synthesise(BUY, 100.0, 1e4, 1_000, MARKET, FILLS)
    later = synthesise(BUY, 100.0, 1e4, 2_000, MARKET, FILLS)
    other = synthesise(BUY, 100.0, 1e4, 1_000, MARKET._replace(symbol_key=8), FILLS)
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[1], later[1])
    assert not np.array_equal(one[1], other[1])


def test_asks_rise_from_half_a_spread_above_and_bids_fall_from_half_a_spread_below() -> None:
    asks, _ = synthesise(BUY, 100.0, 1e4, 1_000, MARKET, FILLS)
    bids, _ = synthesise(SELL, 100.0, 1e4, 1_000, MARKET, FILLS)
    # 10 bps of 100.00 is 0.10; a level is 3 bps, 0.03.
    assert asks[:3].tolist() == [10_010, 10_013, 10_016]
    assert bids[:3].tolist() == [9_990, 9_987, 9_984]


def test_depth_follows_the_volume() -> None:
    _, thin = synthesise(BUY, 100.0, 1e3, 1_000, MARKET, FILLS)
    _, deep = synthesise(BUY, 100.0, 1e5, 1_000, MARKET, FILLS)
    # Rounding down to whole lots costs the thin book less than one lot on each of ten levels.
    assert 0 <= deep.sum() - 100 * thin.sum() < 1_000


def test_a_market_without_volume_has_no_depth() -> None:
    assert fill_market(BUY, 10, 100.0, 0.0, 1_000, MARKET, FILLS) == (0, 0.0, 0.0, 0.0)


def test_the_fee_is_rounded_to_a_hundred_millionth_half_to_even() -> None:
    # 1 lot at 0.01: 0.001 of notional; 20 bps of it 0.000002.
    assert executed(1, 1, 0.01, 20.0, MARKET).fee_quote == 0.000002
    # 0.25 bps: 2.5e-8, a tie that goes to the even 2e-8.
    assert executed(1, 1, 0.01, 0.25, MARKET).fee_quote == 2e-8
