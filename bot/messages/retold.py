"""Sentences of the engine, told again in the reader's language.

The engine speaks English: what a rule says of a bar, what a job did, what a limit must be. Such a
sentence is recognised by the English patterns of a table in ``texts/en`` and said again by the
pattern of the same name in the reader's language, its numbers written as that language writes them.

The engine stays the only source: figures and parameters are the ones in its sentence. A sentence
that no pattern knows is somebody's own.
"""

import html
import re
import string
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache

from bot.messages.markup import Html
from bot.messages.words import Words, load_texts

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?"
_FREE = ("code", "day")
"""Fields that hold a name, which is the same in every language."""

type Figure = Callable[[str, str], str | None]
"""Another text for a field, by its name and what the engine wrote; ``None`` for the usual one."""


def retold(words: Words, table: str, sentence: str, figure: Figure | None = None) -> Html | None:
    """The sentence in the language of ``words``; ``None`` if the table does not know it.

    ``table`` holds the patterns and ``<table>_words`` the words that may stand in their fields.
    """
    for name, pattern in _patterns(table):
        found = pattern.fullmatch(sentence)
        if found is None:
            continue
        told = found.groupdict()
        special = {key: figure(key, text) if figure else None for key, text in told.items()}
        return words(
            name,
            **{key: special[key] or _said(words, table, key, text) for key, text in told.items()},
        )
    return None


@cache
def _patterns(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    known = "|".join((_NUMBER, *(re.escape(text) for text in _word_names(table))))
    return tuple(
        (name, re.compile(_pattern(html.unescape(text), known)))
        for name, text in load_texts("en").items()
        if name.startswith(f"{table}.")
    )


@cache
def _word_names(table: str) -> Mapping[str, str]:
    texts = load_texts("en").items()
    return {text: name for name, text in texts if name.startswith(f"{table}_words.")}


def _pattern(text: str, known: str) -> str:
    parts: list[str] = []
    for literal, field, plural, _ in string.Formatter().parse(text):
        parts.append(re.escape(literal))
        if plural:
            one, _, other = plural.partition("|")
            parts.append(f"(?:{re.escape(one)}|{re.escape(other)})")
        elif field is not None:
            parts.append(f"(?P<{field}>{'.{1,80}?' if field in _FREE else known})")
    return "".join(parts)


def _said(words: Words, table: str, name: str, text: str) -> str:
    if name in _FREE:
        return text
    if re.fullmatch(_NUMBER, text):
        return _number(words, text)
    return words.raw(_word_names(table)[text])


def _number(words: Words, text: str) -> str:
    """A number as the engine wrote it, in the language's form: as many digits, and its sign."""
    value = Decimal(text.rstrip("%"))
    exponent = value.as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    plus = "+" if text.startswith("+") and value else ""
    return f"{plus}{words.number(value, digits)}{' %' if text.endswith('%') else ''}"
