"""Windows: where they lie, what lies between, and when there are none."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine.domain.errors import DataError, InvalidValueError
from engine.proof.walkforward.windows import Mode, Window, WindowPolicy, windows

POLICY = WindowPolicy(train_days=100, test_days=30, embargo_days=2)
START = datetime(2020, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def divide(mode: Mode, days: float, *, purge: int = 5) -> tuple[Window, ...]:
    end = START + timedelta(days=days)
    return windows(mode, POLICY, start=START, end=end, purge_days=purge)


def test_anchored_training_grows_from_the_first_day() -> None:
    made = divide(Mode.ANCHORED, 167)
    assert [one.train_from for one in made] == [day(0), day(0)]
    assert [one.train_to for one in made] == [day(100), day(130)]
    assert [one.test_from for one in made] == [day(107), day(137)]
    assert [one.test_to for one in made] == [day(137), day(167)]


def test_rolling_training_keeps_its_length() -> None:
    made = divide(Mode.ROLLING, 167)
    assert [one.train_from for one in made] == [day(0), day(30)]
    assert {one.train_to - one.train_from for one in made} == {timedelta(days=100)}


def test_between_training_and_test_lie_purge_and_embargo() -> None:
    for one in divide(Mode.ROLLING, 400, purge=9):
        assert one.test_from - one.train_to == timedelta(days=11)


def test_tests_adjoin_so_that_they_can_be_stitched() -> None:
    for mode in Mode:
        made = divide(mode, 400)
        assert all(one.test_to == later.test_from for one, later in pairwise(made))
        assert made[-1].test_to == day(400)


def test_a_rest_too_short_for_a_test_joins_the_one_before() -> None:
    assert [one.test_to for one in divide(Mode.ANCHORED, 143)] == [day(143)]
    assert [one.test_to for one in divide(Mode.ANCHORED, 145)] == [day(137), day(145)]


def test_fixed_windows_begin_on_the_first_day_and_train_nothing() -> None:
    made = divide(Mode.FIXED, 60)
    assert [one.test_from for one in made] == [day(0), day(30)]
    assert all(one.train_from == one.train_to == one.test_from for one in made)


def test_borders_are_midnights_in_utc() -> None:
    made = windows(
        Mode.FIXED,
        POLICY,
        start=START + timedelta(hours=5),
        end=day(40) + timedelta(hours=23),
        purge_days=0,
    )
    assert (made[0].test_from, made[-1].test_to) == (day(1), day(40))


def test_too_little_history_is_told_with_what_is_needed() -> None:
    with pytest.raises(DataError, match="90 days of history are too few for 100 days of training"):
        divide(Mode.ANCHORED, 90)


def test_a_window_that_looks_back_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="test_from"):
        Window(index=0, train_from=day(0), train_to=day(9), test_from=day(8), test_to=day(12))
