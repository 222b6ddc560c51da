"""Seals: a hash of a record's whole content, put into the chained audit trail when it is written.

record → canonical text of its fields → SHA-256. A row that was changed afterwards no longer fits
the seal in the trail, and a changed seal breaks the chain: either way the row can be named.

One form per value, whatever it was stored in: amounts without trailing zeros, moments in UTC,
enums by value, mappings by key. Floats are written shortest, as they are stored.

Bars are sealed with the places where none was stored, because gaps are filled later: leaving out
exactly what was absent then must give the seal again. A changed bar, or one that was taken away,
never does.
"""

import dataclasses
import hashlib
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from itertools import compress, pairwise

from engine.domain.desk import Json
from engine.domain.ids import digest
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import to_ms


def seal(value: object) -> str:
    """Hexadecimal SHA-256 of a record's content."""
    return digest(_text(value))


def candles_seal(series: CandleSeries) -> str:
    """Hexadecimal SHA-256 of bars: their columns' bytes, little-endian, one after the other."""
    found = hashlib.sha256()
    for column in series.columns():
        found.update(column.tobytes())
    return found.hexdigest()


def window_seal(series: CandleSeries, frame: Timeframe, closed_at: datetime) -> dict[str, Json]:
    """The seal of the bars up to a close, with what it takes to find the same bars again.

    ``first`` is the first bar's open time in milliseconds (absent where there is no bar), ``holes``
    the runs without a bar from there to the close: open time of the first, and how many.
    """
    found: dict[str, Json] = {"candles": candles_seal(series), "bars": len(series)}
    if not len(series):
        return found
    holes: list[Json] = []
    known = [*series.open_ms, to_ms(frame.floor(closed_at))]
    for before, after in pairwise(known):
        absent = (after - before) // frame.ms - 1
        if absent > 0:
            holes.append([before + frame.ms, absent])
    return {**found, "first": known[0], "holes": holes}


def hole_opens(holes: Json, frame: Timeframe) -> frozenset[int]:
    """Open times in milliseconds of every bar that ``window_seal`` found absent."""
    runs = [run for run in holes if isinstance(run, list)] if isinstance(holes, list) else []
    return frozenset(
        begin + step * frame.ms
        for begin, count in runs
        if isinstance(begin, int) and isinstance(count, int)
        for step in range(count)
    )


def without(series: CandleSeries, opens: frozenset[int]) -> CandleSeries:
    """The bars that open at none of these times in milliseconds."""
    is_kept = [opened not in opens for opened in series.open_ms]

    def kept(column: "array[float]") -> "array[float]":
        # Column by column: a row that somebody made nonsense of must be named, not refused.
        return array("d", compress(column, is_kept))

    return CandleSeries(
        open_ms=array("q", compress(series.open_ms, is_kept)),
        open=kept(series.open),
        high=kept(series.high),
        low=kept(series.low),
        close=kept(series.close),
        volume=kept(series.volume),
    )


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
