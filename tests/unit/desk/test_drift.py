"""Paper results beside the proof: days are whole, and the interval is as wide as it honestly is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.desk.drift import FEWEST_DAYS, PaperDays, compare, dependence, interval, paper_days
from engine.domain.portfolio import EquityPoint
from engine.domain.proof import Prediction
from engine.domain.research import DriftState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def points(*equity: tuple[float, str]) -> list[EquityPoint]:
    """Equity at so many days after midnight of 2 March."""
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    return [
        EquityPoint(
            venue="bench",
            at=midnight + timedelta(days=after),
            equity_quote=Decimal(amount),
            cash_quote=Decimal(amount),
        )
        for after, amount in equity
    ]


def predicted(
    mean: float = 0.001, deviation: float = 0.02, width: float = 0.003, days: int = 700
) -> Prediction:
    """``width`` is the whole width of the bootstrap's interval, the mean in its middle."""
    return Prediction(
        daily_mean=mean,
        daily_deviation=deviation,
        daily_low=mean - width / 2,
        daily_high=mean + width / 2,
        trades_per_day=0.5,
        days=days,
    )


def constant(mean: float, count: int) -> PaperDays:
    return PaperDays(returns=(mean,) * count, until=date(2026, 4, 1))


def test_a_day_counts_from_midnight_to_midnight() -> None:
    """2 March is not whole. 3 March: 100 to 110; 4 March: 110 to 99; 5 March is not over."""
    seen = points((0.5, "90"), (0.9, "100"), (1.5, "105"), (2.0, "110"), (2.7, "99"), (3.4, "500"))
    days = paper_days(seen, NOON, NOON + 3 * DAY)
    assert days.returns == pytest.approx((0.10, -0.10))
    assert days.until == date(2026, 3, 4)


def test_a_day_without_a_look_ends_as_the_one_before() -> None:
    """Down for 3 and 4 March: what was lost is seen, and counted, on the 5th."""
    days = paper_days(points((0.5, "100"), (3.9, "80")), NOON, NOON + 4 * DAY)
    assert days.returns == pytest.approx((0.0, 0.0, -0.20))


def test_the_day_of_the_first_look_is_not_whole_either() -> None:
    """The account was reset on 4 March: 5 March is the first whole day."""
    days = paper_days(points((2.5, "100"), (3.9, "101")), NOON, NOON + 4 * DAY)
    assert days.returns == pytest.approx((0.01,))


def test_nothing_is_counted_before_a_whole_day_has_passed() -> None:
    assert paper_days([], NOON, NOON + 9 * DAY) == PaperDays()
    early = paper_days(points((0.6, "100"), (0.9, "90")), NOON, NOON + DAY)
    drift = compare(early, predicted(), NOON)
    assert (drift.state, drift.days, drift.daily_mean) == (DriftState.TOO_EARLY, 0, None)


def test_the_interval_adds_the_scatter_of_the_days_to_the_doubt_about_the_mean() -> None:
    """Independent days: 2 · 1.96 · 0.02 ÷ √700 = 0.0029632 is as wide as 0.003 within 1.24 %.

    25 days scatter by 1.96 · 1.01242 · 0.02 ÷ 5 = 0.0079373; with half of 0.003 that makes
    √(0.0079373² + 0.0015²) = 0.0080778.
    """
    low, high = interval(predicted(), 25)
    assert dependence(predicted()) == pytest.approx(1.01242, abs=1e-5)
    assert (low, high) == pytest.approx((0.001 - 0.0080778, 0.001 + 0.0080778), abs=1e-7)


def test_days_that_hang_together_make_the_interval_wider() -> None:
    """A bootstrap three times as wide as independent days: 25 days scatter three times as far."""
    width = 3 * 2 * 1.959963984540054 * 0.02 / sqrt(700)
    low, high = interval(predicted(width=width), 25)
    scatter = 3 * 1.959963984540054 * 0.02 / 5
    assert high - 0.001 == pytest.approx(sqrt(scatter**2 + (width / 2) ** 2))
    assert 0.001 - low == pytest.approx(high - 0.001)


@pytest.mark.parametrize(
    ("mean", "days", "state"),
    [
        (-0.5, FEWEST_DAYS - 1, DriftState.TOO_EARLY),
        (-0.5, FEWEST_DAYS, DriftState.BELOW),
        (0.5, FEWEST_DAYS, DriftState.ABOVE),
        (0.0, FEWEST_DAYS, DriftState.INSIDE),
        (0.001 - 0.00807, 25, DriftState.INSIDE),
        (0.001 - 0.00809, 25, DriftState.BELOW),
    ],
)
def test_results_are_judged_after_twenty_days(mean: float, days: int, state: DriftState) -> None:
    assert compare(constant(mean, days), predicted(), NOON).state is state


def test_a_right_proof_is_doubted_about_once_in_twenty_times() -> None:
    """The proof's mean is itself drawn from its uncertainty: 95 of 100 paper means lie inside."""
    rng = np.random.default_rng(5)
    truth, deviation, past, days = 0.0005, 0.01, 900, 60
    outside = 0
    for _ in range(2_000):
        mean = float(rng.normal(truth, deviation / sqrt(past)))
        width = 2 * 1.959963984540054 * deviation / sqrt(past)
        low, high = interval(predicted(mean, deviation, width, past), days)
        paper = float(rng.normal(truth, deviation / sqrt(days)))
        outside += not low <= paper <= high
    assert 0.03 <= outside / 2_000 <= 0.07


finite = st.floats(-0.05, 0.05)
predictions = st.builds(
    predicted,
    mean=finite,
    deviation=st.floats(0.0, 0.1),
    width=st.floats(0.0, 0.02),
    days=st.integers(30, 5_000),
)


@given(predictions, st.integers(1, 5_000))
def test_the_predicted_mean_is_always_inside(prediction: Prediction, days: int) -> None:
    low, high = interval(prediction, days)
    assert low <= prediction.daily_mean <= high
    assert low <= prediction.daily_low + 1e-12
    assert high >= prediction.daily_high - 1e-12


@given(predictions, st.integers(1, 2_000), st.integers(1, 2_000))
def test_more_days_never_make_it_wider(prediction: Prediction, few: int, more: int) -> None:
    wide, narrow = interval(prediction, min(few, more)), interval(prediction, max(few, more))
    assert wide[0] <= narrow[0]
    assert narrow[1] <= wide[1]


@given(predictions, st.lists(finite, min_size=FEWEST_DAYS, max_size=60))
def test_a_mirrored_world_is_judged_mirrored(
    prediction: Prediction, returns: Sequence[float]
) -> None:
    mirrored = replace(
        prediction,
        daily_mean=-prediction.daily_mean,
        daily_low=-prediction.daily_high,
        daily_high=-prediction.daily_low,
    )
    one = compare(PaperDays(returns=tuple(returns)), prediction, NOON).state
    other = compare(PaperDays(returns=tuple(-r for r in returns)), mirrored, NOON).state
    opposite = {DriftState.BELOW: DriftState.ABOVE, DriftState.ABOVE: DriftState.BELOW}
    assert other is opposite.get(one, one)


@given(st.lists(st.decimals("1", "1000000", places=2), min_size=2, max_size=40))
def test_the_days_compound_to_what_was_earned(amounts: list[Decimal]) -> None:
    seen = points(*((day + 0.99, str(amount)) for day, amount in enumerate(amounts)))
    days = paper_days(seen, NOON, NOON + len(amounts) * DAY)
    assert len(days.returns) == len(amounts) - 1
    growth = float(np.prod([1.0 + one for one in days.returns]))
    assert growth == pytest.approx(float(amounts[-1] / amounts[0]), rel=1e-9)
