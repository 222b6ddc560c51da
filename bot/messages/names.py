"""What people are called, and who is meant where nobody's name stands."""

from collections.abc import Mapping

from bot.messages.words import Words

_TERMINAL = 0


def called(words: Words, names: Mapping[int, str], user_id: int | None) -> str:
    """A person by name, by number if there is none; the terminal and the desk by their words."""
    if user_id is None:
        return words.raw("card.nobody")
    if user_id == _TERMINAL:
        return words.raw("card.terminal")
    return names.get(user_id) or str(user_id)
