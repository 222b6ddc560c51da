"""Whoever decided is called by a name; nobody is ever "by 0"."""

import pytest

from bot.messages.names import called
from bot.messages.words import Words
from bot.policy import LANGUAGES


@pytest.mark.parametrize(
    ("user_id", "name"), [(7, "Ann"), (8, "8"), (0, "the terminal"), (None, "the desk")]
)
def test_people_the_terminal_and_the_desk_are_called_so(user_id: int | None, name: str) -> None:
    words = Words.of("en", "UTC")
    assert called(words, {7: "Ann", 8: "", 0: "root"}, user_id) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terminal_has_a_word_in_every_language(language: str) -> None:
    assert called(Words.of(language, "UTC"), {}, 0) not in ("0", "card.terminal")
