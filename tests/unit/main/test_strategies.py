"""The active version of the score is one for the desk, a rehearsal and a backtest."""

from datetime import UTC, datetime

import pytest

from engine.clock import ReplayClock
from engine.domain.desk import WeightSet as StoredWeights
from engine.strategy.shipped import score_strategy
from main.strategies import active_weights, keep_version
from tests.fakes.units import FakeUnits

NOW = datetime(2024, 1, 1, tzinfo=UTC)
SCORE = score_strategy()


def test_without_a_version_the_shipped_one_is_active_and_nothing_is_written(
    fake_units: FakeUnits,
) -> None:
    assert active_weights(fake_units, SCORE).version == SCORE.version
    with fake_units(read_only=True) as unit:
        assert unit.weights.all() == []


def test_a_first_start_writes_the_shipped_version_down_once(fake_units: FakeUnits) -> None:
    keep_version(fake_units, ReplayClock(NOW), SCORE)
    keep_version(fake_units, ReplayClock(NOW), SCORE)
    with fake_units(read_only=True) as unit:
        (row,) = unit.weights.all()
    assert (row.version, row.active, row.created_at) == ("score-1", True, NOW)


def test_the_version_a_person_made_active_is_the_one_that_scores(fake_units: FakeUnits) -> None:
    keep_version(fake_units, ReplayClock(NOW), SCORE)
    with fake_units() as unit:
        unit.weights.add(
            StoredWeights(version="score-2", weights={"MA": 3.0}, note="", created_at=NOW)
        )
        unit.weights.activate("score-2")
        unit.commit()
    weights = active_weights(fake_units, SCORE)
    assert weights.version == "score-2"
    assert weights.weights["MA"] == pytest.approx(1.0)
    assert active_weights(fake_units, SCORE).version == "score-2"


def test_a_file_keeps_its_own_weights_and_leaves_the_approved_ones_alone(
    fake_units: FakeUnits,
) -> None:
    keep_version(fake_units, ReplayClock(NOW), SCORE)
    made = SCORE.as_file("score", "0" * 16)
    keep_version(fake_units, ReplayClock(NOW), made)
    assert active_weights(fake_units, made) == made.weights
    with fake_units(read_only=True) as unit:
        assert [(row.version, row.active) for row in unit.weights.all()] == [("score-1", True)]
