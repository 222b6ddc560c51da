"""Parameters by name: what they change, what they do not, and what is refused."""

from dataclasses import replace
from typing import cast

import pytest

from engine.domain.desk import Json
from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.proof.variants import as_names, as_tree, parameters_of, value_of, varied
from engine.strategy.rules.rsi import Rsi
from engine.strategy.shipped import score_strategy, trend_strategy
from engine.strategy.trend.horizon import Trend
from engine.strategy.version import StrategyVersion


def rsi(strategy: StrategyVersion) -> Rsi:
    return cast("Rsi", next(rule for rule in strategy.rules if rule.code == "RSI"))


def test_dotted_and_nested_names_mean_the_same() -> None:
    dotted: dict[str, Json] = {"entry.min_score": 40, "rules.RSI.length": 21, "rules.RSI.low": 25}
    nested: dict[str, Json] = {
        "entry": {"min_score": 40},
        "rules": {"RSI": {"length": 21, "low": 25}},
    }
    assert as_tree(dotted) == as_tree(nested) == nested
    assert as_names(nested) == dotted


def test_every_named_part_changes_and_the_rest_stays() -> None:
    base = score_strategy()
    made = varied(
        base,
        {
            "timeframe": "4h",
            "rules.RSI.length": 21,
            "entry.min_rank_fraction": 0.5,
            "exits.time_stop_bars": None,
            "weights.HL": 0,
        },
    )
    assert made.timeframe is Timeframe.H4
    assert rsi(made).length == 21
    assert rsi(made).low == rsi(base).low
    assert made.entry.min_rank_fraction == 0.5
    assert made.exits == replace(base.exits, time_stop_bars=None)
    assert made.weights.weights["HL"] == 0
    assert sum(made.weights.weights.values()) == pytest.approx(1.0)


def test_a_variant_is_named_after_what_it_became() -> None:
    base = score_strategy()
    made = varied(base, {"entry.min_score": 40.0})
    assert made.version == f"{base.version}+{made.fingerprint[:4]}"
    assert varied(base, {"entry.min_score": base.entry.min_score}) is base


def test_three_and_three_point_nought_are_one_variant() -> None:
    base = score_strategy()
    whole = varied(base, {"exits.stop_atr_multiple": 4, "exits.target_atr_multiple": 6})
    real = varied(base, {"exits.stop_atr_multiple": 4.0, "exits.target_atr_multiple": 6.0})
    assert whole.fingerprint == real.fingerprint
    assert parameters_of(whole) == parameters_of(real)


def test_parameters_make_the_same_strategy_from_another_of_its_lineage() -> None:
    base = score_strategy()
    weights = replace(base.weights, by_regime={"trend-wild": {"MACD": 1.0}})
    one = varied(replace(base, weights=weights), {"rules.BB.length": 30, "exits.exit_score": None})
    again = varied(varied(base, {"entry.min_score": 9.0, "weights.RSI": 0.5}), parameters_of(one))
    assert parameters_of(again) == parameters_of(one)
    assert again.fingerprint == one.fingerprint


def test_weights_by_regime_can_be_given_and_taken_away() -> None:
    base = score_strategy()
    split = varied(base, {"weights_by_regime.trend-calm.RSI": 0.0})
    assert split.weights.by_regime["trend-calm"]["RSI"] == 0.0
    assert split.weights.by_regime["trend-calm"]["MACD"] > base.weights.weights["MACD"]
    assert varied(split, {"weights_by_regime": {}}).weights.by_regime == {}


def test_a_whole_mapping_of_weights_replaces_the_set() -> None:
    made = varied(score_strategy(), {"weights": {"MACD": 3, "RSI": 1}})
    assert made.weights.weights == {"MACD": 0.75, "RSI": 0.25}


def test_a_value_is_found_by_its_name() -> None:
    base = score_strategy()
    assert value_of(base, "exits.stop_atr_multiple") == base.exits.stop_atr_multiple
    assert value_of(base, "rules.RSI.length") == 14


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exit.stop": 3}, "did you mean exits"),
        ({"entry.min_scor": 3}, "did you mean min_score"),
        ({"rules.RSJ.length": 3}, "did you mean RSI"),
        ({"rules.RSI.lenght": 3}, "did you mean length"),
        ({"weights.MACS": 1.0}, "did you mean MACD"),
        ({"entry.min_score": "high"}, "their own kinds"),
        ({"exits.stop_atr_multiple": -1.0}, "> 0"),
    ],
)
def test_what_a_strategy_does_not_have_is_refused(changes: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(InvalidValueError, match=message):
        varied(score_strategy(), changes)


def test_rules_that_count_days_count_the_bars_of_the_variant_whatever_was_stored() -> None:
    base = trend_strategy()
    assert base.timeframe is Timeframe.H4
    stored: dict[str, Json] = {"timeframe": "1h", "rules.T10.bars_per_day": 6.0}
    made = varied(base, stored)
    assert {cast("Trend", rule).bars_per_day for rule in made.rules} == {24.0}
    assert varied(base, {"rules.T10.bars_per_day": 24.0}) is base


def test_a_timeframe_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="timeframe must be one of"):
        varied(trend_strategy(), {"timeframe": "7m"})
