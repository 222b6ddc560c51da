"""A strategy version is one value: what changes it changes its fingerprint and its name."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.indicators.bars import Bars
from engine.kernel import Bools
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy, shipped_strategies
from engine.strategy.version import columns_of, exit_flags
from engine.strategy.weights import WeightSet
from tests.unit.strategy.bars import walk

SCORE = score_strategy()


def test_the_same_parts_have_the_same_fingerprint() -> None:
    assert replace(SCORE).fingerprint == SCORE.fingerprint
    assert len(SCORE.fingerprint) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"entry": EntryPolicy(min_rank_fraction=0.9)},
        {"entry": EntryPolicy(min_score=10.0)},
        {"exits": ExitPolicy(stop_atr_multiple=4.0)},
        {"timeframe": Timeframe.H4},
        {"weights": WeightSet(version="score-1", weights={"MA": 1.0})},
        {"rules": SCORE.rules[1:], "weights": WeightSet(version="x", weights={"MA": 1.0})},
        {"code_digest": "0" * 16},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_is_in_the_fingerprint(change: dict[str, object]) -> None:
    assert replace(SCORE, **change).fingerprint != SCORE.fingerprint  # type: ignore[arg-type]


def test_an_altered_version_says_so_in_its_name() -> None:
    altered = SCORE.altered(entry=EntryPolicy(min_rank_fraction=0.5))
    assert altered.version == f"score-1+{altered.fingerprint[:4]}"
    assert altered.name == "score"


def test_altering_nothing_changes_nothing() -> None:
    same = SCORE.altered(timeframe=SCORE.timeframe, entry=SCORE.entry, exits=SCORE.exits)
    assert same.version == "score-1"
    assert same.fingerprint == SCORE.fingerprint


def test_approved_weights_bring_their_own_version() -> None:
    approved = WeightSet(version="score-2", weights={"MA": 1.0})
    assert SCORE.altered(weights=approved).version == "score-2"
    both = SCORE.altered(weights=approved, entry=EntryPolicy(min_score=50.0))
    assert both.version.startswith("score-2+")


def test_entries_and_exits_are_the_strategys_and_the_limits_the_owners() -> None:
    owned = TradingPolicy(exits=ExitPolicy(stop_atr_multiple=9.0))
    governed = SCORE.govern(owned)
    assert governed.exits == SCORE.exits
    assert governed.risk is owned.risk


def test_two_rules_of_one_code_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="rule codes"):
        replace(SCORE, rules=(SCORE.rules[0], SCORE.rules[0]))


def test_a_window_shorter_than_the_rules_need_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="window_bars must be above"):
        replace(SCORE, window_bars=100)


def test_own_exits_are_one_flag_per_bar_or_refused() -> None:
    bars = walk(700, 1)

    def rising(bars: Bars) -> Bools:
        return bars.close > bars.open

    flags = exit_flags(replace(SCORE, exit_rule=rising), bars)
    assert flags is not None
    assert np.array_equal(flags, bars.close > bars.open)
    assert exit_flags(SCORE, bars) is None
    short = replace(SCORE, exit_rule=lambda bars: (bars.close > 0)[1:])
    with pytest.raises(InvalidValueError, match="700 booleans"):
        exit_flags(short, bars)


def test_shipped_strategies_are_known_by_their_lineage() -> None:
    assert {name: made.name for name, made in shipped_strategies().items()} == {
        name: name for name in shipped_strategies()
    }
    scored = columns_of(SCORE, walk(700, 2))
    assert scored.codes == tuple(rule.code for rule in SCORE.rules)


def test_a_position_always_has_a_stop() -> None:
    with pytest.raises(InvalidValueError, match="stop_atr_multiple must be > 0"):
        ExitPolicy(stop_atr_multiple=None)  # type: ignore[arg-type]
