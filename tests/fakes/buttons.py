"""A button of every kind there is, made from the registry, so that no list has to be kept.

The fields of a kind are filled with values of their types, in every combination, until one is
written and read back by the codec as it was. Words that only an area knows are taken from the
module that the kind lives in.
"""

import dataclasses
import enum
import itertools
import random
import sys
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from bot.messages.callbacks import CALLBACKS, Callback, decode, encode
from engine.domain.errors import CryptotraderError
from engine.domain.market import Symbol
from engine.domain.secret_text import SecretText

_DIGITS = "0123456789abcdef0123"
_IDS = tuple(f"{letter}{_DIGITS}" for letter in "dormtfaewcpslxkn")
_TEXTS = (
    "",
    "abc-DEF_0123456x",
    "BTC/USDT",
    *_IDS,
    "prove",
    "viewer",
    "status",
    "risk",
    "1h",
    "en",
    "5",
    "2026-03-02",
)
_BY_TYPE: Mapping[Any, tuple[object, ...]] = {
    str: _TEXTS,
    int: (1, 0, 5, 25, 50, 100, 1_000, 1_800_000_000, 29_541_600),
    bool: (False, True),
    Decimal: (Decimal(5), Decimal("0.5")),
    Symbol: (Symbol("BTC", "USDT"),),
    date: (date(2026, 3, 2),),
    datetime: (datetime(2026, 3, 2, 12, tzinfo=UTC),),
    time: (time(22), time(7)),
    SecretText: (SecretText("000000"),),
    type(None): (None,),
}
_MOST_NESTED = 300
_TRIES = 20_000


@cache
def a_button(kind: type) -> Callback:
    """A button of this kind; ``LookupError`` if none can be made of the values known here."""
    for made in _made(kind, _words_of(kind)):
        if _is_read_back(made):
            return typing.cast("Callback", made)
    raise LookupError(f"teach tests/fakes/buttons.py to make a {kind.__name__}")


def every_button() -> dict[str, Callback]:
    """One button of every kind, by the kind's name."""
    return {kind.__name__: a_button(kind) for kind in CALLBACKS}


def values_of(hint: Any) -> Iterator[object]:  # noqa: ANN401 - whatever is declared
    """Values of a type, plausible ones first."""
    yield from _values(hint, ())


def _made(kind: type, words: tuple[str, ...]) -> Iterator[object]:
    """Values of a dataclass, those with its defaults first."""
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    choices = [tuple(_choices(field, hints[field.name], words)) for field in fields]
    # The first that come in order, then some of all: one bad first value must not hold up the rest.
    chance = random.Random(kind.__name__)
    some = ([chance.choice(values) for values in choices] for _ in range(_TRIES))
    for values in itertools.chain(itertools.islice(itertools.product(*choices), _TRIES), some):
        try:
            yield kind(**{f.name: value for f, value in zip(fields, values, strict=True)})
        except (CryptotraderError, ValueError, TypeError):
            continue


def _choices(
    field: dataclasses.Field[Any],
    hint: Any,  # noqa: ANN401 - whatever a field is declared as
    words: tuple[str, ...],
) -> Iterator[object]:
    if field.default is not dataclasses.MISSING:
        yield field.default
    yield from _values(hint, words)


def _values(hint: Any, words: tuple[str, ...]) -> Iterator[object]:  # noqa: ANN401 - likewise
    hint = getattr(hint, "__value__", getattr(hint, "__supertype__", hint))
    if hint in _BY_TYPE:
        yield from _BY_TYPE[hint]
        yield from words if hint is str else ()
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        yield from hint
    elif typing.get_origin(hint) in (tuple, frozenset, Collection, Sequence):
        part = next(_values(typing.get_args(hint)[0], words))
        yield from ((part,), ())
    elif typing.get_origin(hint) is typing.Literal:
        yield from typing.get_args(hint)
    elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield from itertools.islice(_made(hint, words), _MOST_NESTED)
    else:
        for part in typing.get_args(hint):
            yield from _values(part, words)


def _words_of(kind: type) -> tuple[str, ...]:
    """Short texts among the constants of the kind's module."""
    found: dict[str, None] = {}
    for value in vars(sys.modules[kind.__module__]).values():
        parts = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
        if isinstance(value, tuple | list | frozenset | set | Mapping | str):
            found |= {str(part): None for part in parts if isinstance(part, str)}
        elif isinstance(value, type) and issubclass(value, enum.StrEnum):
            found |= {str(member): None for member in value}
    return tuple(word for word in found if len(word) < len(_DIGITS) and word.isidentifier())


def _is_read_back(made: Any) -> bool:  # noqa: ANN401 - a button, if it is one
    try:
        return bool(decode(encode(made)) == made)
    except (CryptotraderError, KeyError, ValueError, TypeError, AttributeError):
        return False
