"""Weight sets are normalised, and say what is wrong with them."""

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.strategy.rules import shipped_rules
from engine.strategy.weights import WeightSet, default_weights


def test_the_default_weights_are_the_designed_ones() -> None:
    assert dict(default_weights().weights) == pytest.approx(
        {"MACD": .23, "RSI": .19, "STOCH": .13, "BB": .13, "MA": .13, "VOL": .07, "ATR": .06,
         "HL": .06}
    )  # fmt: skip


def test_weights_are_normalised() -> None:
    got = WeightSet(version="v", weights={"RSI": 3, "MACD": 1})
    assert dict(got.weights) == {"RSI": 0.75, "MACD": 0.25}


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_is_negative_or_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(InvalidValueError, match="weight of RSI must be finite and >= 0"):
        WeightSet(version="v", weights={"RSI": bad, "BB": 1})


@pytest.mark.parametrize("empty", [{}, {"RSI": 0.0}])
def test_weights_that_sum_to_nothing_are_refused(empty: dict[str, float]) -> None:
    with pytest.raises(InvalidValueError, match="sum of weights must be > 0"):
        WeightSet(version="v", weights=empty)


@pytest.mark.parametrize(("typo", "meant"), [("macdd", "MACD"), ("STOCK", "STOCH"), ("4H", "4h")])
def test_an_unknown_code_is_refused_with_a_suggestion(typo: str, meant: str) -> None:
    codes = (*(rule.code for rule in shipped_rules()), "4h")
    with pytest.raises(InvalidValueError, match=f"did you mean {meant}"):
        WeightSet(version="v", weights={typo: 1.0}).table(codes)


def test_a_code_that_is_not_named_counts_nothing() -> None:
    table = WeightSet(version="v", weights={"B": 1}).table(("A", "B"))
    assert table.tolist() == [[0, 1]] * 4


def test_weights_may_differ_by_regime() -> None:
    got = WeightSet(
        version="v", weights={"A": 1, "B": 1}, by_regime={"trend-wild": {"A": 1, "B": 3}}
    ).table(("A", "B"))
    np.testing.assert_array_equal(got, [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.25, 0.75]])
    with pytest.raises(InvalidValueError, match="did you mean trend-wild"):
        WeightSet(version="v", weights={"A": 1}, by_regime={"trend-wilde": {"A": 1}})
