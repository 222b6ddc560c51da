from hypothesis import given
from hypothesis import strategies as st

from llm.text import clean, without_links


def test_control_format_and_bidirectional_characters_go() -> None:
    assert clean("a\u202eb\u200bc\x00d\n e", 50) == "abcd e"


def test_compatibility_forms_become_plain() -> None:
    assert clean("\uff11\uff12 \ufb01t", 50) == "12 fit"


def test_length_is_capped() -> None:
    assert clean("abcdef", 3) == "abc"


def test_links_lose_their_address_and_keep_their_words() -> None:
    text = "See [the book](https://evil.example/x) or www.evil.example/now and evil.com/x ok"
    assert without_links(text) == "See the book or and ok"


def test_mentions_commands_and_tags_go() -> None:
    assert without_links("@scammer says /kill #moon $PUMP now") == "says now"


def test_markup_goes() -> None:
    assert without_links('<a href="tg://user?id=1">you</a> <b>win</b>') == "you win"


def test_slots_survive() -> None:
    text = "{{symbol}} / {{timeframe}}: score {{score}}"
    assert without_links(text) == text


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text, 100)
    assert clean(once, 100) == once
