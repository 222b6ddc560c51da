"""The search: repeatable, resumable, and it prefers a plateau to a needle."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.domain.desk import Json
from engine.domain.errors import InvalidValueError
from engine.proof.search import SearchPolicy, SearchSpace, default_space, score, search
from engine.strategy.shipped import score_strategy

pytest.importorskip("optuna")

SPACE = SearchSpace(axes={"a": (0, 1, 2, 3, 4, 5, 6, 7), "b": (0, 1, 2, 3, 4, 5, 6, 7)})
START = {"a": 0, "b": 0}
EVERYTHING = SearchPolicy(points=64, finalists=6)


def hill(choice: Mapping[str, Json]) -> float:
    """A broad hill around (5, 5), and a needle twice as high at (1, 1)."""
    a, b = int(str(choice["a"])), int(str(choice["b"]))
    if (a, b) == (1, 1):
        return 2.0
    return 1.0 - 0.05 * (abs(a - 5) + abs(b - 5))


def test_a_plateau_is_chosen_over_a_needle() -> None:
    found = search(SPACE, {"a": 1, "b": 1}, hill, EVERYTHING)
    assert found.choice == {"a": 5, "b": 5}
    assert found.score == 1.0
    assert found.neighbourhood == pytest.approx((1.0 + 4 * 0.95) / 5)


def test_the_same_seed_finds_the_same() -> None:
    policy = SearchPolicy(points=20, seed=3)
    assert search(SPACE, START, hill, policy) == search(SPACE, START, hill, policy)


def test_an_interrupted_search_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    policy = SearchPolicy(points=24, seed=5)
    whole = search(SPACE, START, hill, policy)
    calls = 0

    def until_the_power_fails(choice: Mapping[str, Json]) -> float:
        nonlocal calls
        calls += 1
        if calls > 9:
            raise KeyboardInterrupt
        return hill(choice)

    journal = tmp_path / "window.journal"
    with pytest.raises(KeyboardInterrupt):
        search(SPACE, START, until_the_power_fails, policy, journal=journal)
    resumed = search(SPACE, START, hill, policy, journal=journal)
    assert resumed == whole


def test_a_space_with_one_point_needs_no_search() -> None:
    one = SearchSpace(axes={"a": (3,)})
    found = search(one, {"a": 3}, lambda _: 0.25, SearchPolicy())
    assert (found.choice, found.score, found.neighbourhood, found.played) == (
        {"a": 3},
        0.25,
        0.25,
        1,
    )


def test_neighbours_are_one_step_away_and_switches_have_no_order() -> None:
    space = SearchSpace(axes={"n": (1, 2, 3), "s": (False, True)})
    assert space.neighbours((1, 0)) == [(0, 0), (2, 0), (1, 1)]
    assert space.neighbours((0, 1)) == [(1, 1), (0, 0)]


def test_an_axis_needs_values_and_each_only_once() -> None:
    with pytest.raises(InvalidValueError, match="at least one value"):
        SearchSpace(axes={"a": ()})
    with pytest.raises(InvalidValueError, match="different values"):
        SearchSpace(axes={"a": (1, 1)})


def test_default_axes_hold_the_strategys_own_values_and_leave_off_what_is_off() -> None:
    strategy = score_strategy()
    axes = default_space(strategy).axes
    assert strategy.exits.stop_atr_multiple in axes["exits.stop_atr_multiple"]
    assert strategy.entry.min_rank_fraction in axes["entry.min_rank_fraction"]
    assert strategy.exits.time_stop_bars in axes["exits.time_stop_bars"]
    assert "exits.target_atr_multiple" not in axes
    assert axes["weights.by_regime"] == (False, True)


def test_trading_too_seldom_costs_up_to_one_point_of_sharpe() -> None:
    policy = SearchPolicy(min_trades_per_year=20.0)
    assert score(1.5, 40, 2.0, policy) == 1.5
    assert score(1.5, 10, 2.0, policy) == 1.5 - 0.75
    assert score(None, 0, 2.0, policy) == -1.0


def test_a_damaged_journal_is_begun_anew(tmp_path: Path) -> None:
    policy = SearchPolicy(points=8, seed=5)
    journal = tmp_path / "window.journal"
    journal.write_text('{"op_code": 4, "worker_id": "x"}\nnonsense\n\n')
    whole = search(SPACE, START, hill, policy)
    assert search(SPACE, START, hill, policy, journal=journal) == whole
