"""Foreign text cannot become markup, and no message exceeds its limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.markup import (
    Html,
    cut,
    escape,
    one_line,
    plain,
    shorten,
    shown_length,
    split,
    utf16_length,
)
from tests.fakes.samples import HOSTILE
from tests.servers.telegram.entities import format_text

LINES = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=60).map(lambda text: f"<b>{one_line(text)}</b>"),
    min_size=1,
    max_size=12,
).map(lambda lines: Html("\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "length"),
    [("abc", 3), ("é", 1), ("🚀", 2), ("€", 1), ("a🚀b", 4), ("", 0)],
)
def test_a_rocket_counts_twice(text: str, length: int) -> None:
    assert utf16_length(text) == length


def test_tags_do_not_count() -> None:
    assert shown_length("<b>1 &lt; 2</b>") == 5


@pytest.mark.parametrize(
    "text", [HOSTILE, "<b>bold</b>", "&amp;", "<script>", "a_b*c`", "</b>", "\u202eesrever"]
)
def test_foreign_text_is_read_as_it_was_written(text: str) -> None:
    escaped = escape(text)
    formatted = format_text(escaped, "HTML", None)
    assert formatted.entities == ()
    assert formatted.text.strip() == plain(escaped).strip()


def test_what_is_html_already_is_not_escaped_again() -> None:
    assert escape(Html("<b>x</b>")) == "<b>x</b>"


def test_characters_that_turn_the_line_around_are_dropped() -> None:
    assert escape("a\u202eb\u200fc\x00d") == "abcd"


def test_half_a_surrogate_pair_can_still_be_sent() -> None:
    assert escape("a\ud800b").encode()


def test_lines_become_one() -> None:
    assert one_line("a\n  b\tc") == "a b c"


def test_a_cut_never_splits_a_rocket() -> None:
    assert cut("🚀🚀🚀", 4) == "🚀…"


@given(LINES, st.integers(5, 200))
def test_a_shortened_text_fits_and_is_valid(text: Html, limit: int) -> None:
    shortened = shorten(text, limit)
    assert shown_length(shortened) <= limit
    if plain(shortened).strip():
        format_text(shortened, "HTML", None)


@given(LINES, st.integers(10, 200))
def test_a_split_text_loses_no_character(text: Html, limit: int) -> None:
    parts = split(text, limit)
    assert all(shown_length(part) <= limit for part in parts)
    told = "".join("".join(plain(part).split()) for part in parts)
    assert told.removesuffix("·") == "".join(plain(text).split()).removesuffix("·")


def test_a_short_text_stays_whole() -> None:
    assert shorten(Html("a\n<b>b</b>"), 10) == "a\n<b>b</b>"
    assert split(Html("a\nb"), 10) == ["a\nb"]
