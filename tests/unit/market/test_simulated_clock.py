from datetime import timedelta

import pytest

from engine.clock import ReplayClock
from engine.domain.errors import InvalidValueError
from engine.market.simulated_clock import SimulatedClock
from tests.unit.market.candles import START, at

WALL = START + timedelta(days=1_000)


def clocks(speed: float = 600.0) -> tuple[ReplayClock, SimulatedClock]:
    wall = ReplayClock(WALL)
    return wall, SimulatedClock(wall=wall, start=START, speed=speed)


def wait(wall: ReplayClock, seconds: float) -> None:
    wall.move_to(wall.now() + timedelta(seconds=seconds))


def test_it_begins_where_it_was_told_to() -> None:
    _, clock = clocks()
    assert clock.now() == START


def test_six_seconds_are_an_hour_at_speed_600() -> None:
    wall, clock = clocks()
    wait(wall, 6)
    assert clock.now() == at(1)


def test_it_stands_still_while_held() -> None:
    wall, clock = clocks()
    wait(wall, 6)
    clock.hold()
    wait(wall, 1_000)
    assert clock.now() == at(1)
    assert clock.is_held
    clock.release()
    wait(wall, 6)
    assert clock.now() == at(2)
    assert not clock.is_held


def test_two_holds_need_two_releases() -> None:
    wall, clock = clocks()
    clock.hold()
    clock.hold()
    clock.release()
    wait(wall, 6)
    assert clock.now() == START
    clock.release()
    wait(wall, 6)
    assert clock.now() == at(1)


def test_a_release_without_a_hold_is_an_error() -> None:
    _, clock = clocks()
    with pytest.raises(InvalidValueError, match="holds"):
        clock.release()


def test_it_says_how_long_to_wait_on_the_wall() -> None:
    wall, clock = clocks()
    assert clock.wall_s_until(at(2)) == pytest.approx(12.0)
    wait(wall, 9)
    assert clock.wall_s_until(at(2)) == pytest.approx(3.0)
    assert clock.wall_s_until(at(1)) == 0.0


def test_there_is_no_telling_how_long_while_held() -> None:
    _, clock = clocks()
    clock.hold()
    assert clock.wall_s_until(at(2)) is None


def test_a_standing_speed_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="speed"):
        clocks(speed=0)
