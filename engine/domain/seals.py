"""Seals: a hash of a record's whole content, put into the chained audit trail when it is written.

record → canonical text of its fields → SHA-256. A row that was changed afterwards no longer fits
the seal in the trail, and a changed seal breaks the chain: either way the row can be named.

One form per value, whatever it was stored in: amounts without trailing zeros, moments in UTC,
enums by value, mappings by key. Floats are written shortest, as they are stored.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from engine.domain.ids import digest
from engine.domain.market import CandleSeries, Symbol


def seal(value: object) -> str:
    """Hexadecimal SHA-256 of a record's content."""
    return digest(_text(value))


def candles_seal(series: CandleSeries) -> str:
    """Hexadecimal SHA-256 of bars: their columns' bytes, little-endian, one after the other."""
    found = hashlib.sha256()
    for column in series.columns():
        found.update(column.tobytes())
    return found.hexdigest()


def _text(value: object) -> str:  # noqa: PLR0911 - one line per kind of value
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if value is None or isinstance(value, bool | int | float | str | date):
        return repr(value)
    if isinstance(value, Symbol):
        return str(value)
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
        inner = ",".join(f"{name}={_text(getattr(value, name))}" for name in names)
        return f"{type(value).__name__}({inner})"
    if isinstance(value, Mapping):
        inner = ",".join(f"{key!s}:{_text(value[key])}" for key in sorted(value, key=str))
        return f"{{{inner}}}"
    if isinstance(value, Iterable):
        return "[" + ",".join(_text(one) for one in value) + "]"
    return repr(value)
