"""Domain records as JSON text and back, without loss.

value → ``encode`` → plain JSON tree → canonical text → ``decode(type, …)`` → an equal value

- The annotations of the frozen dataclasses are the schema; there is no second description to keep
  in step. Decoders are built once per type.
- Decimals travel as text, moments as ISO 8601 in UTC, text enums as their values, numbered ones as
  their lower-case names (which people can read), floats as JSON numbers
  (Python writes the shortest text that reads back equal) and non-finite floats as words, because
  JSON has no sign for them.
- Text is ASCII with escapes and sorted keys, so that equal values have equal text in every database
  and hashes over it are stable.
- Whole records carry the version of the format. A field added later needs a default; any other
  change raises ``FORMAT_VERSION`` and adds a step to ``_UPGRADES``.
"""

import json
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, IntEnum
from functools import cache, partial
from math import isfinite
from typing import Any, NewType, TypeAliasType, Union, cast, get_args, get_origin, get_type_hints

from engine.domain.desk import Json
from engine.domain.errors import DataError, InvalidValueError
from engine.domain.market import Symbol

FORMAT_VERSION = 1

type _Decoder = Callable[[Any], Any]
type _Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

# (record type's name, version it has) → the step to the next version.
_UPGRADES: Mapping[tuple[str, int], _Upgrade] = {}


def canonical(tree: object) -> str:
    """One text per JSON value: sorted keys, no spaces, ASCII; ``InvalidValueError`` if not JSON."""
    try:
        return json.dumps(
            tree,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=True,
            allow_nan=False,
            default=_plain_container,
        )
    except (TypeError, ValueError) as err:
        raise InvalidValueError("stored value", f"JSON ({err})", tree) from err


def _plain_container(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def parse(text: str) -> Json:
    """Read JSON text; ``DataError`` if it is damaged."""
    try:
        return cast("Json", json.loads(text))
    except ValueError as err:
        raise DataError(
            f"stored JSON is damaged: {err}; restore the database from a backup"
        ) from err


def encode(value: object) -> Json:
    """A domain value as a JSON tree; ``InvalidValueError`` for a type that has no form there."""
    coder = _ENCODERS.get(type(value))
    if coder is not None:
        return coder(value)
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return cast("Json", value.value)
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    raise InvalidValueError("stored value", "a domain value", value)


def decimal_text(value: Decimal) -> str:
    """Plain digits with the decimals as they are, never an exponent; 1.50 stays 1.50.

    ``InvalidValueError`` for NaN and infinities, which are no amounts.
    """
    if not value.is_finite():
        raise InvalidValueError("stored amount", "finite", value)
    return format(value, "f") if value else format(abs(value), "f")


def _encode_float(value: Any) -> Json:  # noqa: ANN401 - dispatched by exact type
    return value if isfinite(value) else repr(value)


def _encode_items(value: Any) -> Json:  # noqa: ANN401 - dispatched by exact type
    return [encode(item) for item in value]


_ENCODERS: Mapping[type, Callable[[Any], Json]] = {
    types.NoneType: lambda value: value,
    bool: lambda value: value,
    int: lambda value: value,
    str: lambda value: value,
    float: _encode_float,
    Decimal: decimal_text,
    datetime: lambda value: value.astimezone(UTC).isoformat(),
    date: lambda value: value.isoformat(),
    Symbol: str,
    list: _encode_items,
    tuple: _encode_items,
}


def decode[T](kind: type[T], tree: Json) -> T:
    """The value of type ``kind`` that ``encode`` made ``tree`` from; ``DataError`` if damaged."""
    try:
        return cast("T", _decoder(cast("Hashable", kind))(tree))
    except (AttributeError, TypeError, ValueError, LookupError, InvalidOperation) as err:
        raise DataError(f"a stored {_name(kind)} cannot be read: {err}") from err


def dump_record(value: object) -> str:
    """A whole record with the version of its format, as canonical text."""
    return canonical({"v": FORMAT_VERSION, "record": encode(value)})


def load_record[T](kind: type[T], text: str) -> T:
    """The record in ``text``; older formats are brought up to date, newer ones are refused."""
    envelope = parse(text)
    if not isinstance(envelope, dict) or not isinstance(version := envelope.get("v"), int):
        raise DataError(f"a stored {_name(kind)} has no format version")
    if version > FORMAT_VERSION:
        raise DataError(
            f"a stored {_name(kind)} has format {version}, this program knows {FORMAT_VERSION}: "
            "run the newer program"
        )
    tree = cast("dict[str, Any]", envelope.get("record"))
    for step in range(version, FORMAT_VERSION):
        upgrade = _UPGRADES.get((_name(kind), step))
        tree = upgrade(tree) if upgrade else tree
    return decode(kind, tree)


def _name(kind: object) -> str:
    return getattr(kind, "__name__", str(kind))


@cache
def _decoder(kind: Any) -> _Decoder:  # noqa: ANN401 - any annotation
    simple = _DECODERS.get(kind)
    if simple is not None:
        return simple
    if isinstance(kind, NewType):
        return _decoder(kind.__supertype__)
    if isinstance(kind, TypeAliasType) or kind is Any:
        return _same
    origin = get_origin(kind)
    if origin is not None:
        return _generic_decoder(origin, get_args(kind))
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return partial(_numbered, kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if is_dataclass(kind):
        return _dataclass_decoder(cast("type", kind))
    raise TypeError(f"no stored form for {kind!r}")


def _generic_decoder(origin: object, arguments: tuple[Any, ...]) -> _Decoder:
    if origin in (Union, types.UnionType):
        (inner,) = (a for a in arguments if a is not types.NoneType)
        return partial(_optional, _decoder(inner))
    if origin is tuple and arguments[-1] is Ellipsis:
        return partial(_items, _decoder(arguments[0]))
    if origin is tuple:
        return partial(_fixed_items, tuple(_decoder(a) for a in arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return partial(_mapping, _decoder(arguments[1]))
    raise TypeError(f"no stored form for {origin!r}")


def _dataclass_decoder(kind: type) -> _Decoder:
    hints = get_type_hints(kind)
    decoders = {field.name: _decoder(hints[field.name]) for field in fields(kind)}
    required = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }
    return partial(_build, kind, decoders, frozenset(required))


def _build(
    kind: type,
    decoders: Mapping[str, _Decoder],
    required: frozenset[str],
    tree: Mapping[str, Any],
) -> object:
    if missing := required - tree.keys():
        raise LookupError(f"{kind.__name__} lacks {sorted(missing)}")
    return kind(**{name: decoders[name](item) for name, item in tree.items()})


def _numbered(kind: type[IntEnum], tree: str) -> IntEnum:
    return kind[tree.upper()]


def _same(tree: object) -> object:
    return tree


def _optional(inner: _Decoder, tree: object) -> object:
    return None if tree is None else inner(tree)


def _items(inner: _Decoder, tree: list[Any]) -> tuple[object, ...]:
    return tuple([inner(item) for item in tree])


def _fixed_items(inner: tuple[_Decoder, ...], tree: list[Any]) -> tuple[object, ...]:
    return tuple(decoder(item) for decoder, item in zip(inner, tree, strict=True))


def _mapping(inner: _Decoder, tree: Mapping[str, Any]) -> dict[str, object]:
    return {key: inner(item) for key, item in tree.items()}


def _utc(tree: str) -> datetime:
    return datetime.fromisoformat(tree).astimezone(UTC)


_DECODERS: Mapping[object, _Decoder] = {
    types.NoneType: _same,
    bool: _same,
    int: _same,
    str: _same,
    object: _same,
    float: float,
    Decimal: Decimal,
    datetime: _utc,
    date: date.fromisoformat,
    Symbol: lambda tree: Symbol(*tree.split("/")),
}
