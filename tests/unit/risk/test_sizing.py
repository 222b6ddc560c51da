import math

import pytest

from engine.domain.errors import InvalidValueError
from engine.risk.policy import RiskPolicy
from engine.risk.sizing import kelly_fraction, lots_at_risk, pack_risk, risk_budget_quote

NAN = math.nan


def budget(
    sizing: str = "fixed_fraction",
    *,
    equity: float = 10_000.0,
    distance: float = 2.0,
    atr: float = 1.0,
    p: float = NAN,
    b: float = NAN,
) -> float:
    policy = RiskPolicy(sizing=sizing)  # type: ignore[arg-type]  # a plain string in the tests
    return risk_budget_quote(equity, distance, atr, p, b, pack_risk(policy))


def test_kelly_for_sixty_percent_at_one_and_a_half_is_a_third_and_a_quarter_of_it() -> None:
    # f = 0.6 - 0.4 / 1.5 = 1/3; a quarter of it is 1/12.
    assert kelly_fraction(0.6, 1.5, 0.25) == pytest.approx(1 / 12)


def test_kelly_risk_is_capped_at_one_percent_of_equity() -> None:
    assert budget("kelly", p=0.6, b=1.5) == pytest.approx(100.0)


def test_a_small_kelly_bet_is_not_raised_to_the_cap() -> None:
    # f = 0.52 - 0.48 / 1 = 0.04; a quarter is 1 %, of 10,000 is 100; at p = 0.51 it is 0.5 %.
    assert budget("kelly", p=0.51, b=1.0) == pytest.approx(50.0)


def test_kelly_bets_nothing_on_a_losing_game() -> None:
    assert budget("kelly", p=0.4, b=1.0) == 0.0


def test_kelly_without_measured_odds_risks_the_fixed_fraction() -> None:
    assert budget("kelly") == pytest.approx(50.0)


@pytest.mark.parametrize(("p", "b"), [(NAN, 1.0), (0.5, NAN), (0.5, 0.0), (1.2, 1.0), (0.5, -1.0)])
def test_kelly_of_senseless_odds_is_nothing(p: float, b: float) -> None:
    assert kelly_fraction(p, b, 0.25) == 0.0


def test_a_volatility_target_risks_the_target_for_every_range_to_the_stop() -> None:
    # One ATR is to move 0.3 %; the stop is 2 ATR away, so 0.6 % of 10,000 is at risk.
    assert budget("volatility_target") == pytest.approx(60.0)


def test_a_volatility_target_without_a_range_risks_nothing() -> None:
    assert budget("volatility_target", atr=0.0) == 0.0


def test_an_account_below_zero_risks_nothing() -> None:
    assert budget(equity=-1.0) == 0.0


def test_lots_lose_at_most_the_budget_at_the_stop() -> None:
    # 100 at risk over 3.00 a unit: 33.333 units, in lots of 0.001: 33,333.
    assert lots_at_risk(100.0, 3.0, 0.001) == 33_333


def test_a_rounding_error_does_not_take_a_lot() -> None:
    # 0.3 / (0.1 * 1.0) is 2.9999999999999996 in floats.
    assert lots_at_risk(0.3, 0.1, 1.0) == 3


def test_no_distance_to_the_stop_is_no_size() -> None:
    assert lots_at_risk(100.0, 0.0, 0.001) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk_fraction": 0.0},
        {"risk_fraction": 0.02},
        {"max_drawdown_fraction": 1.5},
        {"max_open_positions": 0},
        {"kelly_multiplier": math.nan},
        {"sizing": "martingale"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        RiskPolicy(**wrong)  # type: ignore[arg-type]  # the point of the test
