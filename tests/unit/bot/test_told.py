"""What the sender remembers of each message, and what it forgets in time."""

import zlib

import pytest

from bot.channel import Button, Outgoing
from bot.stand_in import stand_in
from bot.told import ToldMemory

BUTTON = ((Button(text="a", data="1"),),)
WORDS = Outgoing(text="words", keyboard=BUTTON)
PHOTO = Outgoing(text="words", keyboard=BUTTON, photo=b"one")


def sent(message: Outgoing) -> ToldMemory:
    memory = ToldMemory()
    memory.sent(1, 10, message)
    return memory


def test_what_was_sent_is_said() -> None:
    assert sent(WORDS).says(1, 10, WORDS)
    assert not sent(WORDS).says(1, 11, WORDS)
    assert not sent(WORDS).says(2, 10, WORDS)


@pytest.mark.parametrize(
    "other",
    [
        Outgoing(text="other words", keyboard=BUTTON),
        Outgoing(text="words"),
        Outgoing(text="words", keyboard=((Button(text="a", data="2"),),)),
        Outgoing(text="words", keyboard=BUTTON, is_plain=True),
        PHOTO,
    ],
)
def test_any_other_word_button_or_picture_is_another_message(other: Outgoing) -> None:
    assert not sent(WORDS).says(1, 10, other)


def test_an_edit_without_a_picture_keeps_the_one_there_is() -> None:
    memory = sent(PHOTO)
    assert memory.says(1, 10, WORDS)
    other = Outgoing(text="later", keyboard=BUTTON)
    memory.arrived(1, 10, other, memory.leave(1, 10))
    assert memory.says(1, 10, Outgoing(text="later", keyboard=BUTTON, photo=b"one"))
    assert not memory.says(1, 10, Outgoing(text="later", keyboard=BUTTON, photo=b"two"))


def test_a_change_that_has_left_is_of_unknown_outcome() -> None:
    memory = sent(WORDS)
    memory.leave(1, 10)
    assert not memory.says(1, 10, WORDS)


def test_of_two_changes_at_once_nothing_is_known() -> None:
    memory = sent(WORDS)
    edit = memory.leave(1, 10)
    memory.leave(1, 10)  # the buttons are taken away meanwhile
    memory.arrived(1, 10, WORDS, edit)
    assert not memory.says(1, 10, WORDS)


def test_only_the_newest_are_remembered() -> None:
    memory = ToldMemory(size=2)
    for number in (1, 2, 3):
        memory.sent(1, number, WORDS)
    assert [memory.says(1, number, WORDS) for number in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize("theme", ["dark", "light", "another"])
def test_the_picture_in_place_of_another_is_a_png_that_shows_no_market(theme: str) -> None:
    picture = stand_in(theme)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    start = picture.index(b"IDAT") + 4
    length = int.from_bytes(picture[start - 8 : start - 4])
    rows = zlib.decompress(picture[start : start + length])
    assert len(rows) == 360 * (1 + 3 * 1080)
    assert len({rows[k : k + 3] for k in range(1, 3 * 1080, 3)}) == 1
    assert stand_in(theme) is picture
