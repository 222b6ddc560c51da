import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernel import floor_count
from engine.risk.clamps import meets_minimum, within_count, within_room, within_volume


def test_a_size_that_fills_its_room_exactly_stays() -> None:
    assert within_room(30, 3.0, 0.1) == 30


def test_a_size_beyond_its_room_shrinks_to_whole_lots() -> None:
    assert within_room(100, 3.05, 0.1) == 30


@pytest.mark.parametrize("room", [0.0, -5.0])
def test_no_room_is_no_size(room: float) -> None:
    assert within_room(100, room, 0.1) == 0


def test_room_never_raises_a_size() -> None:
    assert within_room(10, 1e9, 0.1) == 10


def test_one_more_position_is_allowed_up_to_the_most() -> None:
    assert within_count(7, 4, 5) == 7
    assert within_count(7, 5, 5) == 0


def test_a_share_of_the_bars_volume_is_the_most_an_order_takes() -> None:
    # One percent of 1,000 units in lots of 0.1.
    assert within_volume(500, 1_000.0, 0.1, 0.01) == 100
    assert within_volume(500, 0.0, 0.1, 0.01) == 0


def test_exactly_the_minimum_is_accepted() -> None:
    assert meets_minimum(50, 0.1, 50, 5.0)
    assert not meets_minimum(49, 0.1, 50, 0.0)
    assert not meets_minimum(49, 0.1, 0, 5.0)


def test_no_lots_meet_no_minimum() -> None:
    assert not meets_minimum(0, 0.1, 0, 0.0)


@settings(deadline=None)  # the first call compiles
@given(
    lots=st.integers(0, 10**12),
    unit=st.floats(1e-9, 1e6),
    share=st.one_of(st.floats(0.0, 3.0), st.sampled_from([1.0, 1.0 + 2e-16, 1.0 - 2e-16])),
)
def test_the_short_way_past_a_division_changes_no_size(
    lots: int, unit: float, share: float
) -> None:
    room = lots * unit * share
    fits = floor_count(room / unit) if room > 0.0 else 0
    assert within_room(lots, room, unit) == min(lots, fits)
