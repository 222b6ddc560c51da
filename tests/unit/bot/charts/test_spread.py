"""Labels keep their distance and move no further than they must."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.charts.spread import spread


def test_labels_that_do_not_touch_stay_where_they_are() -> None:
    assert spread([10.0, 90.0, 50.0], gap=20, low=0, high=100) == [10.0, 90.0, 50.0]


def test_two_labels_at_one_place_move_apart_by_half_the_gap_each() -> None:
    assert spread([50.0, 50.0], gap=20, low=0, high=100) == [40.0, 60.0]


def test_labels_at_the_edge_move_inwards_together() -> None:
    assert spread([99.0, 100.0], gap=20, low=0, high=100) == [80.0, 100.0]


def test_too_many_labels_share_the_room_evenly() -> None:
    assert spread([5.0, 5.0, 5.0], gap=80, low=0, high=100) == [0.0, 50.0, 100.0]


def test_nothing_to_place_is_nothing() -> None:
    assert spread([], gap=10, low=0, high=100) == []


@given(st.lists(st.floats(-1e4, 1e4), max_size=8))
def test_places_keep_order_distance_and_bounds(wanted: list[float]) -> None:
    places = spread(wanted, gap=30, low=0, high=400)
    assert all(-1e-6 <= place <= 400 + 1e-6 for place in places)
    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    for before, after in pairwise(ordered):
        assert after - before >= 30 - 1e-6


@pytest.mark.parametrize("shift", [0.0, 7.5, 100.0])
def test_a_group_is_centred_on_what_it_wanted(shift: float) -> None:
    places = spread([100 + shift, 101 + shift, 102 + shift], gap=40, low=0, high=1000)
    assert sum(places) / 3 == pytest.approx(101 + shift)
