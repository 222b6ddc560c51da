"""What people are called, and who is meant where nobody's name stands."""

from collections.abc import Mapping

from bot.messages.words import Words
from engine.domain.desk import Json

_TERMINAL = 0


def end_name(words: Words, prefix: str, state: str, note: Json) -> str:
    """The text about an end: that of its note, where ``prefix`` has one, else that of its state.

    A question that was superseded has a newer one after it, but for a few notes that say otherwise.
    """
    own = f"{prefix}{state}_{note}"
    return own if words.knows(own) else f"{prefix}{state}"


def called(words: Words, names: Mapping[int, str], user_id: int | None) -> str:
    """A person by name, by number if there is none; the terminal and the desk by their words."""
    if user_id is None:
        return words.raw("card.nobody")
    if user_id == _TERMINAL:
        return words.raw("card.terminal")
    return names.get(user_id) or str(user_id)
