"""What saying no was worth: totals and intervals, worked out by hand and from tables."""

from decimal import Decimal

import pytest

from engine.domain.shadows import FEW, margin_of, t_quantile, total_of

D = Decimal


def test_a_loss_that_was_not_made_is_saved_and_a_gain_that_was_not_made_is_its_price() -> None:
    total = total_of("all", [D(-30), D(10), D(-5), D(0)])
    assert (total.n, total.won) == (4, 1)
    assert total.saved_quote == 25
    assert total.avoided_losers_quote == 35
    assert total.rejected_winners_quote == 10


def test_the_interval_of_a_sum_by_hand() -> None:
    # 1, 2, 3: s = 1, n = 3, t with 2 degrees is 4.3027: 4.3027 · √3 = 7.4525.
    assert margin_of([1.0, 2.0, 3.0]) == D("7.45")


def test_one_result_has_no_interval_and_none_has_neither() -> None:
    assert total_of("x", [D(5)]).margin_quote is None
    assert total_of("x", []).margin_quote is None
    assert total_of("x", [D(5)]).may_be_chance


def test_few_results_are_called_few() -> None:
    assert total_of("x", [D(1)] * (FEW - 1)).is_few
    assert not total_of("x", [D(1)] * FEW).is_few


def test_a_total_inside_its_own_margin_may_be_chance() -> None:
    even = [D(-10), D(11)] * 20
    steady = [D(-10), D(-11)] * 20
    assert total_of("x", even).may_be_chance
    assert not total_of("x", steady).may_be_chance


@pytest.mark.parametrize(
    ("freedom", "tabled"),
    [
        (1, 12.7062),
        (5, 2.5706),
        (10, 2.2281),
        (11, 2.2010),
        (15, 2.1314),
        (20, 2.0860),
        (30, 2.0423),
        (60, 2.0003),
        (120, 1.9799),
        (100_000, 1.9600),
    ],
)
def test_students_t_as_the_tables_have_it(freedom: int, tabled: float) -> None:
    assert t_quantile(freedom) == pytest.approx(tabled, abs=5e-4)
