"""Three languages say the same things, and numbers are written as their readers write them."""

import string
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.handlers.commands import COMMANDS
from bot.messages.callbacks import REJECT_REASONS
from bot.messages.words import Words, load_texts
from bot.policy import LANGUAGES
from engine.domain.desk import Mode, Role
from engine.domain.lifecycles import ApprovalState
from engine.domain.reasons import CheckCode, ReasonCode
from engine.domain.views import Press, PressResult
from tests.servers.telegram.entities import format_text

EN, DE = (Words.of(language, "Europe/Berlin") for language in ("en", "de"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_values(language: str) -> None:
    english, other = load_texts("en"), load_texts(language)
    assert english.keys() == other.keys()
    assert {name: placeholders(text) for name, text in english.items()} == {
        name: placeholders(text) for name, text in other.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_the_desk_can_say_has_a_word(language: str) -> None:
    needed = {
        *(f"reasons.{code.label}" for code in ReasonCode),
        *(f"gates.{code.label}" for code in CheckCode),
        *(f"press.{result}" for result in PressResult),
        *(f"buttons.{press}" for press in Press),
        *(f"mode.{mode}" for mode in Mode),
        *(f"roles.{role}" for role in Role),
        *(f"card.state_{state}" for state in ApprovalState if state is not ApprovalState.PENDING),
        *(f"reject_reasons.{reason}" for reason in REJECT_REASONS),
    }
    assert needed <= load_texts(language).keys()
    commands = {name for name in load_texts(language) if name.startswith("commands.")}
    assert commands == {f"commands.{name}" for name in COMMANDS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_valid_markup_and_fits_where_it_goes(language: str) -> None:
    words = Words.of(language, "UTC")
    for name, template in load_texts(language).items():
        if name.startswith("format."):
            continue
        values = dict.fromkeys(placeholders(template), "<x> & 🚀")
        format_text(words(name, **values), "HTML", None)
        if name.startswith("press."):
            assert len(template) <= 150  # answers to presses hold 200 characters
        if name.startswith("commands."):
            assert len(template) <= 256


def test_values_are_escaped() -> None:
    text = EN("notices.unknown_symbol", symbol="<b>&")
    assert "&lt;b&gt;&amp;" in text


def test_a_text_that_is_not_there_shows_its_name_and_values() -> None:
    assert EN("notices.new_thing", count=3) == "notices.new_thing count=3"


def test_a_value_that_is_missing_leaves_its_name() -> None:
    assert "{symbol}" in EN("notices.unknown_symbol")


def test_an_unknown_language_is_english() -> None:
    assert Words.of("fr", "UTC").language == "en"
    assert Words.of("de-AT", "UTC").language == "de"


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        ("1234.5", "1,234.50 USDT", "1.234,50 USDT"),
        ("-0.004", "0.00 USDT", "0,00 USDT"),
        ("-12.345", "−12.34 USDT", "−12,34 USDT"),
        ("12345678.995", "12,345,679.00 USDT", "12.345.679,00 USDT"),
    ],
)
def test_money(value: str, english: str, german: str) -> None:
    assert EN.money(Decimal(value), "USDT") == english
    assert DE.money(Decimal(value), "USDT") == german


def test_money_gained_has_its_sign() -> None:
    assert EN.money(Decimal(5), "EUR", signed=True) == "+5.00 EUR"
    assert EN.money(Decimal(-5), "EUR", signed=True) == "−5.00 EUR"
    assert EN.money(Decimal(0), "EUR", signed=True) == "0.00 EUR"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("64123.456", "64,123.46"),
        ("64123", "64,123.00"),
        ("195.1", "195.10"),
        ("1.23456789", "1.23457"),
        ("0.50", "0.50"),
        ("0.000012345678", "0.0000123457"),
        ("1E+3", "1,000.00"),
    ],
)
def test_prices_keep_the_digits_that_matter(value: str, text: str) -> None:
    assert EN.price(Decimal(value)) == text


def test_percentages_and_points() -> None:
    assert EN.percent(Decimal("0.0123"), digits=2, signed=True) == "+1.23 %"
    assert DE.percent(Decimal("-0.5")) == "−50,0 %"
    assert EN.points(Decimal("-3.14")) == "−3.1"
    assert EN.bps(Decimal(38), signed=True) == "+38 bps"


def test_times_are_in_the_owners_zone() -> None:
    moment = datetime(2026, 7, 1, 12, 30, 5, tzinfo=UTC)
    assert EN.clock(moment) == "14:30:05"
    assert EN.moment(moment) == "2026-07-01 14:30"


def test_a_deadline_on_another_day_in_the_owners_zone_has_its_date() -> None:
    asked = datetime(2026, 7, 1, 21, 50, tzinfo=UTC)
    assert EN.clock_beside(asked.replace(minute=59), asked) == "23:59:00"
    assert EN.clock_beside(asked.replace(hour=22), asked) == "2026-07-02 00:50"
