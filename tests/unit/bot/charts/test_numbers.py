"""Numbers are written as a person reads them; all expected texts are worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.charts import numbers
from bot.charts.number_format import NumberFormat
from bot.messages.words import Words

ENGLISH = NumberFormat()
GERMAN = Words.of("de", "UTC").chart_words().numbers
SPANISH = Words.of("es", "UTC").chart_words().numbers


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (70_000.0, 100.0, "70,000"),
        (65_432.1, 0.1, "65,432.1"),
        (3.2105, 0.01, "3.21"),
        (0.00001234, 1e-8, "0.00001234"),
        (1.2341e-8, 1e-11, "1.234e−8"),
        (-42.5, 0.1, "−42.5"),
        (1_002_500_000.0, 100_000.0, "1.0025B"),
        (12_500_000.0, 100_000.0, "12.5M"),
        (2e16, 1e14, "2.00e16"),
        (5.0, 0.0, "5.00"),
        (0.00000123, 1e-10, "0.0000012300"),
        (0.0, 1e-14, "0"),
        (math.nan, 1.0, "–"),
        (math.inf, 1.0, "–"),
    ],
)
def test_a_price_has_the_decimals_its_step_needs(value: float, step: float, text: str) -> None:
    assert ENGLISH.price(value, step) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10_412.337, "10,412.34"),
        (-0.5, "−0.50000"),
        (0.0231, "0.023100"),
        (0.0, "0.00"),
        (25_000_000.0, "25.000M"),
    ],
)
def test_an_amount_shows_cents_or_five_digits(value: float, text: str) -> None:
    assert ENGLISH.amount(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0123, "+1.2 %"),
        (-0.5, "−50.0 %"),
        (0.0, "0.0 %"),
        (-0.0001, "0.0 %"),
        (12.3456, "+1,235 %"),
        (math.nan, "–"),
    ],
)
def test_a_percentage_carries_its_sign(fraction: float, text: str) -> None:
    assert ENGLISH.percent(fraction) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12_345.0, "12.3k"),
        (4_960.0, "4.96k"),
        (106_000_000.0, "106M"),
        (999.0, "999"),
        (0.5, "0.500"),
        (0.0, "0"),
        (math.nan, "–"),
    ],
)
def test_a_compact_number_has_three_digits(value: float, text: str) -> None:
    assert ENGLISH.compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(20_000.0, "20k"), (2_500_000.0, "2.5M"), (100.0, "100"), (1e20, "1.00e20"), (0.0, "0")],
)
def test_a_round_number_has_no_needless_zeros(value: float, text: str) -> None:
    assert ENGLISH.rounded(value) == text


def test_a_german_number_has_a_decimal_comma_and_german_words() -> None:
    assert GERMAN.price(65_432.1, 0.1) == "65.432,1"
    assert GERMAN.percent(0.0123) == "+1,2 %"
    assert GERMAN.compact(12_345.0) == "12,3k"
    assert GERMAN.amount(25_000_000.0) == "25,000 Mio."
    assert GERMAN.rounded(2e9) == "2 Mrd."
    assert GERMAN.price(1.2341e-8, 1e-11) == "1,234e−8"
    assert GERMAN.bare(27.5) == "27,5"


def test_a_spanish_billion_is_a_thousand_millions() -> None:
    assert SPANISH.compact(1.5e9) == "1,50 mil M"
    assert SPANISH.compact(1.5e12) == "1,50 B"


def test_two_numbers_that_differ_never_look_equal() -> None:
    assert ENGLISH.apart(65.96, 66.0) == "65.96"
    assert ENGLISH.apart(66.0, 65.96) == "66.00"
    assert ENGLISH.apart(65.9, 66.0) == "65.9"
    assert ENGLISH.apart(66.0, None) == "66.0"


@given(
    place=st.integers(-200_000, 200_000),
    multiple=st.sampled_from((1.0, 2.0, 5.0)),
    power=st.integers(-16, 12),
    numbers_of=st.sampled_from((ENGLISH, GERMAN, SPANISH)),
)
def test_neighbours_on_an_axis_are_told_apart(
    place: int, multiple: float, power: int, numbers_of: NumberFormat
) -> None:
    step = multiple * 10.0**power
    texts = {numbers_of.price(k * step, step) for k in (place, place + 1, place + 2)}
    assert len(texts) == 3


def test_round_ticks_are_multiples_of_one_two_or_five() -> None:
    # (38,000 − 31,500) / 4 = 1,625, so the step is 2,000.
    assert numbers.round_ticks(31_500.0, 38_000.0, 4) == [32_000.0, 34_000.0, 36_000.0, 38_000.0]


@given(
    low=st.floats(-1e9, 1e9),
    span=st.floats(1e-3, 1e9),
    count=st.integers(2, 12),
)
def test_ticks_lie_inside_the_range_and_are_few(low: float, span: float, count: int) -> None:
    ticks = numbers.round_ticks(low, low + span, count)
    slack = 1e-6 * span + 1e-6
    assert len(ticks) <= count + 1
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_float_has_a_short_text(value: float) -> None:
    for text in (ENGLISH.amount(value), ENGLISH.compact(value), ENGLISH.percent(value)):
        assert 1 <= len(text) <= 18


def test_the_last_known_value_skips_what_is_unknown() -> None:
    assert numbers.last_known(np.array([1.0, 2.0, math.nan])) == 2.0
    assert math.isnan(numbers.last_known(np.full(3, math.nan)))
