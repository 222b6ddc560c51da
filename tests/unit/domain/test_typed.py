"""A typed number is the number that was meant, or is asked back: never another number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.words import Words
from bot.policy import LANGUAGES
from engine.domain.typed import TwoReadings, read_number, take_number, typed_text

READ = {
    "7": "7",
    "70000": "70000",
    "007": "7",
    "30,5": "30.5",
    "30.5": "30.5",
    "0.125": "0.125",
    "0,125": "0.125",
    "1234.567": "1234.567",
    "1234,567": "1234.567",
    "2.3450": "2.3450",
    "51.609,42": "51609.42",
    "51,609.42": "51609.42",
    "1.000,500": "1000.500",
    "1.234.567": "1234567",
    "1,234,567": "1234567",
    "1.234.567,8": "1234567.8",
    "1 000": "1000",
    "1 000,5": "1000.5",
    "1\u202f000,500": "1000.500",
    "1\u2009234\u00a0567": "1234567",
    "1'000.50": "1000.50",
    "1’000": "1000",
    "-2,5": "-2.5",
    "−2,5": "-2.5",
    "+2.5": "2.5",
    "$1,200.50": "1200.50",
    "999999999999999.999999999999": "999999999999999.999999999999",
}
TWO = {
    "70.000": ("70", "70000"),
    "70,000": ("70", "70000"),
    "1.000": ("1", "1000"),
    "2.345": ("2.3450", "2345"),
    "2,345": ("2,3450", "2345"),
    "70.100": ("70.1", "70100"),
    "-2.345": ("-2.3450", "-2345"),
    "$70,000": ("$70", "$70000"),
    "012.345": ("012.3450", "012345"),
}
NONE = (
    *("", " ", ".", ",", "5.", ".5", "+", "$", "abc", "nan", "NaN", "inf", "-Infinity", "1e3"),
    *(
        "1E3",
        "1_000",
        "0x10",
        "٣",
        "1..5",
        "1,5,5",
        "1.00.000",
        "0.000.000",
        "1.000,5,5",
        "1,000,5",
    ),
    *(
        "1.5.000",
        "1 00",
        "1 0000",
        "12 34",
        "--5",
        "+-5",
        "$-$5",
        "5%",
        "5k",
        "1" * 40,
        "1." + "1" * 13,
    ),
    *("1" * 16, "1.000 000", "1,000.000.000", "5 USDT", "1\n2"),
)


@pytest.mark.parametrize(("text", "number"), READ.items())
def test_one_reading(text: str, number: str) -> None:
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize(("text", "typed"), TWO.items())
def test_two_readings_are_both_named_as_they_can_be_typed(
    text: str, typed: tuple[str, str]
) -> None:
    found = read_number(text)
    assert found == TwoReadings(word=text, low=typed[0], high=typed[1])
    assert all(isinstance(read_number(one), Decimal) for one in typed)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_number(text: str) -> None:
    assert read_number(text) is None


def test_a_mark_behind_the_number_is_passed_over_and_kept_in_both_readings() -> None:
    assert read_number("5,5 %", marks="%") == Decimal("5.5")
    assert read_number("70,5k", marks="km") == Decimal("70.5")
    assert read_number("2.345%", marks="%") == TwoReadings(
        word="2.345%", low="2.3450%", high="2345%"
    )
    assert read_number("5m", marks="%") is None
    assert read_number("%", marks="%") is None


@pytest.mark.parametrize(
    ("words", "taken", "rest"),
    [
        ("1 000,5 USDT", "1 000,5", ("USDT",)),
        ("1 000 000", "1 000 000", ()),
        ("30 %", "30 %", ()),
        ("30 % %", "30 %", ("%",)),
        ("250 USDT", "250", ("USDT",)),
        ("250 12", "250", ("12",)),
        ("1.5 000", "1.5", ("000",)),
    ],
)
def test_a_number_may_be_several_words(words: str, taken: str, rest: tuple[str, ...]) -> None:
    assert take_number(words.split()) == (taken, rest)


NUMBERS = st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=12)


@given(NUMBERS, st.integers(0, 12), st.sampled_from(LANGUAGES))
def test_what_the_screen_writes_is_read_back_or_asked_back(
    value: Decimal, digits: int, language: str
) -> None:
    shown = Words.of(language, "UTC").number(value, digits)
    meant = round(value, digits)
    found = read_number(shown)
    if isinstance(found, TwoReadings):
        assert meant in (read_number(found.low), read_number(found.high))
    else:
        assert found == meant


@given(NUMBERS)
def test_what_is_written_to_be_typed_has_one_reading(value: Decimal) -> None:
    for places in (0, 1, 3, 12):
        one = round(value, places)
        assert read_number(typed_text(one)) == one


@given(st.text(alphabet="0123456789.,' -+$%k\u202f_e", max_size=20) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read_number(text, marks="k%")
    if isinstance(found, Decimal):
        assert found.is_finite()
    if isinstance(found, TwoReadings):
        assert isinstance(read_number(found.low, marks="k%"), Decimal)
        assert isinstance(read_number(found.high, marks="k%"), Decimal)
