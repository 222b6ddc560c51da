"""Three languages say the same things, and numbers are written as their readers write them."""

import re
import string
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.handlers.commands import COMMANDS
from bot.messages.callbacks import REJECT_REASONS
from bot.messages.markup import Html, escape, plain, say_aside
from bot.messages.words import Words, addends, load_texts
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
        ("-0.004", "−0.004 USDT", "−0,004 USDT"),
        ("0.00123", "0.0012 USDT", "0,0012 USDT"),
        ("-0.000000001", "0.00 USDT", "0,00 USDT"),
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


def test_times_are_in_the_owners_zone_and_carry_its_name_unseen() -> None:
    moment = datetime(2026, 7, 1, 12, 30, 5, tzinfo=UTC)
    assert plain(EN.clock(moment)) == "14:30:05"
    assert plain(EN.minute(moment)) == "14:30"
    assert plain(EN.moment(moment)) == "2026-07-01 14:30"


def test_a_message_names_the_zone_of_its_times_once_at_the_first() -> None:
    moment = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    text = Html(f"<b>Closed</b> {EN.moment(moment)}, asked {EN.clock(moment)}")
    assert say_aside(text) == "<b>Closed</b> 2026-07-01 14:30 CEST, asked 14:30:00"
    far = Words.of("en", "America/Sao_Paulo")
    assert say_aside(far.minute(moment)) == "09:30 UTC-03"
    assert say_aside(Html("no time")) == "no time"


def test_a_foreign_text_cannot_name_a_zone() -> None:
    assert escape(f"x{EN.clock(datetime(2026, 7, 1, tzinfo=UTC))}"[1:]) == "02:00:00"


def test_a_deadline_on_another_day_in_the_owners_zone_has_its_date() -> None:
    asked = datetime(2026, 7, 1, 21, 50, tzinfo=UTC)
    assert plain(EN.clock_beside(asked.replace(minute=59), asked)) == "23:59:00"
    assert plain(EN.clock_beside(asked.replace(hour=22), asked)) == "2026-07-02 00:50"


def test_one_of_something_is_not_called_many() -> None:
    assert "1 open question ·" in EN("status.book", questions=1, positions=0, orders=2)
    assert "0 positions · 2 unfinished orders" in EN(
        "status.book", questions=1, positions=0, orders=2
    )
    assert "1 offene Frage · 1 Position" in DE("status.book", questions=1, positions=1, orders=1)
    assert "11 Positionen" in DE("status.book", questions="1", positions="11", orders=1)


def test_something_small_is_not_shown_as_nothing() -> None:
    assert EN.percent(Decimal("0.0004")) == "0.04 %"
    assert EN.percent(Decimal("-0.0004"), signed=True) == "−0.04 %"
    assert DE.percent(Decimal("0.000001"), digits=2, signed=True) == "+0,0001 %"
    assert EN.percent(Decimal("-0.0000000001"), signed=True) == "0.0 %"
    assert EN.percent(Decimal("0.0000000001"), signed=True) == "0.0 %"
    assert EN.bps(Decimal("0.3"), signed=True) == "+0.3 bps"
    assert EN.points(Decimal("0.04")) == "0.0"


def test_prices_that_differ_look_different() -> None:
    assert EN.prices(Decimal("98765.4321"), Decimal("98765.4309")) == ("98,765.432", "98,765.431")
    assert EN.prices(Decimal("0.00000123"), Decimal("0.00000122")) == ("0.00000123", "0.00000122")
    assert EN.prices(Decimal("1.23456789"), Decimal("1.23456788")) == ("1.23456789", "1.23456788")
    assert EN.prices(Decimal(100), Decimal(100)) == ("100.00", "100.00")
    assert EN.prices(Decimal(64000), Decimal("64000.5")) == ("64,000.00", "64,000.50")


def test_what_is_shown_adds_up_to_what_is_shown() -> None:
    parts = [Decimal("0.125"), Decimal("0.125"), Decimal("0.004")]
    assert addends(parts, Decimal("0.254"), 2) == (
        Decimal("0.13"),
        Decimal("0.12"),
        Decimal("0.00"),
    )
    losses = [Decimal("-0.335"), Decimal("0.335")]
    assert sum(addends(losses, Decimal(0), 2)) == 0


_COUNTS = (
    "bought|closed|count|days|done|entries|have|limit|markets|minutes|n|needed|orders|positions"
    "|questions|scored|total|trades|winners|losers|won"
)
_COUNTED = re.compile(rf"\{{({_COUNTS})\}} (?!\{{\1:)([^\W\d_]+)")
_SAME_FOR_ONE = frozenset(
    [
        "again",
        "agreed",
        "at",
        "before",
        "bought",
        "closed",
        "for",
        "here",
        "in",
        "more",
        "of",
        "won",
        "would",
        "einverstanden",
        "für",
        "gewonnen",
        "geschlossen",
        "gekauft",
        "im",
        "nochmals",
        "unversehrt",
        "von",
        "vor",
        "zugestimmt",
        "Kosten",
        "antes",
        "de",
        "en",
        "más",
        "por",
        "d",
        "h",
        "min",
        "s",
        "T",
    ]
)


_NEVER_ONE = ("buy.asked", "changes.votes", "job_results.", "purchase.too_few", "signals.")
"""Votes are told where several are needed, indicators look at many days, jobs speak as they do."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_after_a_number_is_left_in_the_plural(language: str) -> None:
    found = {
        f"{name}: {counted[0]}"
        for name, text in load_texts(language).items()
        for counted in _COUNTED.finditer(text)
        if counted[2] not in _SAME_FOR_ONE and not name.startswith(_NEVER_ONE)
    }
    assert not found
