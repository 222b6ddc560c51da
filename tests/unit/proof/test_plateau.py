import pytest

from engine.domain.desk import Json
from engine.domain.errors import InvalidValueError
from engine.proof.statistics.plateau import plateau

GRID: list[dict[str, Json]] = [{"length": length, "kind": "trend"} for length in (10, 20, 40, 80)]


def test_neighbours_are_one_step_of_the_grid_away_whatever_its_spacing() -> None:
    """Beside 20 stand 10 and 40 with 0.9 and 0.5 of its result: half of them keep 0.7."""
    found = plateau(GRID, [0.9, 1.0, 0.5, 0.1], chosen=1)
    assert found.neighbours == 2
    assert found.share == 0.5
    assert found.worst == pytest.approx(0.5)
    assert found.median == pytest.approx(0.7)


def test_a_wider_reach_sees_more() -> None:
    assert plateau(GRID, [0.9, 1.0, 0.5, 0.1], chosen=1, reach=2).share == pytest.approx(1 / 3)


def test_every_parameter_must_be_near() -> None:
    grid = [{"a": a, "b": b} for a in (1, 2, 3) for b in (1.0, 1.5, 2.0)]
    assert plateau(grid, [1.0] * 9, chosen=4).neighbours == 8
    assert plateau(grid, [1.0] * 9, chosen=0).neighbours == 3


def test_parameters_that_are_no_numbers_must_agree() -> None:
    grid: list[dict[str, Json]] = [
        {"length": 10, "kind": "trend"},
        {"length": 20, "kind": "trend"},
        {"length": 10, "kind": "breakout"},
    ]
    found = plateau(grid, [1.0, 0.8, 0.0], chosen=0)
    assert found.neighbours == 1
    assert found.share == 1.0


def test_truth_values_are_no_numbers() -> None:
    found = plateau([{"stop": True}, {"stop": False}], [1.0, 1.0], chosen=0)
    assert found.neighbours == 0


def test_trials_with_other_parameters_are_no_neighbours() -> None:
    assert plateau([{"a": 1}, {"a": 1, "b": 2}], [1.0, 1.0], chosen=0).neighbours == 0


def test_without_neighbours_or_gain_nothing_is_claimed() -> None:
    assert plateau(GRID[:1], [1.0], chosen=0).share is None
    assert plateau(GRID, [0.5, -0.1, 0.5, 0.5], chosen=1).share is None


@pytest.mark.parametrize("wrong", [{"chosen": 4}, {"reach": 0}, {"keep": 0.0}, {"keep": 1.1}])
def test_questions_without_meaning_are_refused(wrong: dict[str, float]) -> None:
    arguments: dict[str, float] = {"chosen": 0, **wrong}
    with pytest.raises(InvalidValueError):
        plateau(GRID, [1.0] * 4, **arguments)  # type: ignore[arg-type]
