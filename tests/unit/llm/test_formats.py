from decimal import Decimal

import pytest

from llm.formats import exact, number, percent


def d(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "−2,400.50"), ("de", "−2.400,50"), ("es", "−2.400,50")]
)
def test_numbers_follow_the_language(language: str, shown: str) -> None:
    assert number(d("-2400.5"), 2, language) == shown  # type: ignore[arg-type]  # parametrised


def test_a_signed_number_shows_its_sign_but_zero_has_none() -> None:
    assert number(d("38"), 1, "en", signed=True) == "+38.0"
    assert number(d("-0.04"), 1, "en", signed=True) == "0.0"


def test_prices_keep_all_their_digits() -> None:
    assert exact(d("0.00001234"), "en") == "0.00001234"
    assert exact(d("100.00"), "en") == "100"
    assert exact(d("12345.6"), "de") == "12.345,6"
    assert exact(d("1E+3"), "en") == "1,000"


def test_percent_is_glued_in_english_only() -> None:
    assert percent(d("4.3"), 1, "en") == "4.3%"
    assert percent(d("4.3"), 1, "de") == "4,3 %"
