import math

import pytest

from engine.costs.model import impact_bps, pack_costs, round_trip, slippage_bps
from engine.costs.policy import CostPolicy
from engine.domain.errors import InvalidValueError

COSTS = pack_costs(CostPolicy(min_slippage_bps=1.0))


def test_square_root_impact_worked_out() -> None:
    # 10,000 of an ADV of 1,000,000 is a hundredth; its root 0.1; times 3 % volatility: 30 bps.
    assert impact_bps(10_000.0, 1_000_000.0, 0.03, 1.0) == pytest.approx(30.0)


def test_four_times_the_size_costs_twice_as_much() -> None:
    small, large = (impact_bps(n, 1e6, 0.03, 1.0) for n in (2_500.0, 10_000.0))
    assert large == pytest.approx(2 * small)


@pytest.mark.parametrize(("adv", "sigma"), [(0.0, 0.03), (math.nan, 0.03), (1e6, math.nan)])
def test_an_unknown_market_has_an_unknown_impact(adv: float, sigma: float) -> None:
    assert math.isnan(impact_bps(100.0, adv, sigma, 1.0))
    assert math.isnan(slippage_bps(100.0, adv, sigma, math.nan, COSTS))


def test_a_known_book_replaces_the_estimate() -> None:
    assert slippage_bps(10_000.0, 1e6, 0.03, 4.0, COSTS) == 4.0


def test_a_small_order_still_slips_by_the_minimum() -> None:
    assert slippage_bps(1e-6, 1e12, 0.03, math.nan, COSTS) == 1.0


def test_a_round_trip_pays_fee_spread_and_slippage_twice() -> None:
    cost = round_trip(20.0, 5.0, 3.0, pack_costs(CostPolicy(funding_bps=-2.0, transfer_bps=4.0)))
    assert cost[:5] == (40.0, 10.0, 6.0, -2.0, 4.0)
    assert cost.total_bps == 58.0


def test_negative_costs_are_refused_but_a_rebate_is_not() -> None:
    assert CostPolicy(maker_fee_bps=-1.0).maker_fee_bps == -1.0
    with pytest.raises(InvalidValueError):
        CostPolicy(taker_fee_bps=-1.0)
