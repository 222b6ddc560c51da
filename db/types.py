"""Column types that lose nothing, the same on SQLite and PostgreSQL.

- SQLite's NUMERIC is a float: ``ExactDecimal`` keeps plain decimal text there and an unbounded
  NUMERIC on PostgreSQL. Sums are made in Python, never by SQLite.
- SQLite has no time zones: ``UtcDateTime`` keeps whole microseconds there and timestamptz on
  PostgreSQL. Naive moments are refused.
- PostgreSQL refuses NUL and both refuse lone surrogates, yet a chat or a venue may send them:
  ``SafeText`` escapes what cannot be stored and gives back the very text. It sorts by code point on
  both databases.
- ``JsonText`` and ``Coded`` are canonical JSON text on both, so that hashes and copies agree.
- ``Floats`` is for long series that nobody reads by eye: eight bytes a number instead of twenty.
"""

# ruff: noqa: ANN401, ARG002 - the signatures are those of TypeDecorator

import re
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Numeric, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from db import codec
from engine.domain.desk import Json
from engine.domain.errors import DataError, InvalidValueError
from engine.domain.market import Symbol, Timeframe

# SQLite's row number is an INTEGER (64 bits there); PostgreSQL's INTEGER has only 32.
BIG_INTEGER = BigInteger().with_variant(Integer, "sqlite")

_DOUBLE_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ESCAPE = "\ue000"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\ue000]")
_ESCAPED = re.compile("\ue000([0-9a-f]{4})")


def is_postgres(dialect: Dialect) -> bool:
    """Whether statements go to PostgreSQL (else SQLite)."""
    return dialect.name == "postgresql"


def shield(text: str) -> str:
    """``text`` with the characters escaped that a database cannot hold."""
    if not _UNSTORABLE.search(text):
        return text
    return _UNSTORABLE.sub(lambda hit: f"{_ESCAPE}{ord(hit[0]):04x}", text)


def unshield(text: str) -> str:
    """The text that ``shield`` was given."""
    if _ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda hit: chr(int(hit[1], 16)), text)


def text_column(dialect: Dialect) -> TypeEngine[str]:
    """Text that compares and sorts by code point."""
    collation = "C" if is_postgres(dialect) else None
    return cast("TypeEngine[str]", dialect.type_descriptor(Text(collation=collation)))


class SafeText(TypeDecorator[str]):
    """Any Python text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text by code point."""
        return text_column(dialect)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what cannot be stored."""
        return None if value is None else shield(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Give back the very text."""
        return None if value is None else unshield(value)


class ExactDecimal(TypeDecorator[Decimal]):
    """A finite decimal with every digit and its number of decimals."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC without bounds, or text."""
        if is_postgres(dialect):
            return dialect.type_descriptor(Numeric(asdecimal=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Plain digits."""
        if value is None:
            return None
        text = codec.decimal_text(value)
        return Decimal(text) if is_postgres(dialect) else text

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """A decimal again."""
        return None if value is None else Decimal(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Timestamptz, or microseconds since 1970."""
        if is_postgres(dialect):
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Integer())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive moments."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InvalidValueError("stored time", "aware", value)
        return value.astimezone(UTC) if is_postgres(dialect) else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware UTC moment."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + int(value) * _MICROSECOND


class EnumText(TypeDecorator[Enum]):
    """A text enum by its value."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text by code point."""
        return text_column(dialect)

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:
        """The value."""
        return None if value is None else str(value.value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Enum | None:
        """The member; ``DataError`` for a value this program does not know."""
        return None if value is None else codec.decode(self.kind, value)


class EnumNumber(TypeDecorator[Enum]):
    """A numbered enum by its number."""

    impl = Integer
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> int | None:
        """The number."""
        return None if value is None else int(value.value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Enum | None:
        """The member."""
        return None if value is None else self.kind(value)


class SymbolText(TypeDecorator[Symbol]):
    """A market as ``BASE/QUOTE``."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text by code point."""
        return text_column(dialect)

    def process_bind_param(self, value: Symbol | None, dialect: Dialect) -> str | None:
        """Both currencies."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Symbol | None:
        """The market; codes hold no slash."""
        return None if value is None else Symbol(*value.split("/"))


class JsonText(TypeDecorator[Json]):
    """A JSON value as canonical text; Python's ``None`` is JSON's null, never SQL's NULL."""

    impl = Text
    cache_ok = True
    should_evaluate_none = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Canonical text."""
        return codec.canonical(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Json:
        """The value."""
        return None if value is None else codec.parse(value)


class Coded(TypeDecorator[Any]):
    """A domain value (or tuple of them) as JSON text through the codec."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Canonical text."""
        return None if value is None else codec.canonical(codec.encode(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The value."""
        return None if value is None else codec.decode(self.kind, codec.parse(value))


class Floats(TypeDecorator[tuple[float, ...]]):
    """A series of floats, bit by bit: IEEE 754 doubles, little-endian."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: tuple[float, ...] | None, dialect: Dialect) -> bytes | None:
        """Packed numbers."""
        return None if value is None else struct.pack(f"<{len(value)}d", *value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[float, ...] | None:
        """The numbers; ``DataError`` if the bytes were cut."""
        if value is None:
            return None
        count, rest = divmod(len(value), _DOUBLE_BYTES)
        if rest:
            raise DataError("a stored series of numbers is cut; restore it from a backup")
        return struct.unpack(f"<{count}d", value)


TIMEFRAME = EnumText(Timeframe)
