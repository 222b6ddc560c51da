"""Candles in and out of the drivers as whole columns, without an object per row where it counts.

- SQLite in: one prepared statement over zipped columns. Out: an aggregate function of our own that
  SQLite calls with the numbers of every row, all within one step of the statement; a cursor, which
  makes a step and an object of every row, takes a third longer. The rows come in the order of the
  inner query, which SQLite keeps for aggregates that are not its own
  (https://sqlite.org/forum/forumpost/878ca7a9be0862af). Milliseconds are exact in a float up to
  2**53.
- PostgreSQL in: its binary COPY format into a temporary table that an upsert empties. A row of six
  8-byte fields always takes 74 bytes there (field count, then length and value of each), so the
  whole stream is one structured array in network byte order. Few rows go by plain statements. Out:
  one row of six arrays in binary form, because COPY hands out every row as a message of its own.
  Formats: https://www.postgresql.org/docs/current/sql-copy.html ("Binary Format") and
  ``array_send`` in PostgreSQL's ``arrayfuncs.c``.

NumPy is imported late: what never touches candles starts without it.
"""

import sqlite3
import struct
from array import array
from itertools import count, repeat
from typing import Any

import psycopg

from engine.domain.errors import DatabaseError
from engine.domain.market import CandleSeries
from engine.domain.values import require

_FIELDS = ("open_ms", "open", "high", "low", "close", "volume")
_LIST = ", ".join(_FIELDS)
_UPDATE = (
    "ON CONFLICT (series_id, open_ms) DO UPDATE SET open = excluded.open, high = excluded.high, "
    "low = excluded.low, close = excluded.close, volume = excluded.volume"
)
_INTO = f"INSERT INTO candles (series_id, {_LIST})"
_SQLITE_UPSERT = f"{_INTO} VALUES (?, ?, ?, ?, ?, ?, ?) {_UPDATE}"
_POSTGRES_UPSERT = f"{_INTO} VALUES (%s, %s, %s, %s, %s, %s, %s) {_UPDATE}"
_POSTGRES_MERGE = f"{_INTO} SELECT %s, {_LIST} FROM candle_import {_UPDATE}"  # noqa: S608 - all constant
_TEMPORARY = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS candle_import (open_ms bigint, open float8, high float8, "
    "low float8, close float8, volume float8) ON COMMIT DELETE ROWS"
)
_FEW = 200
_COPY_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_COPY_TRAILER = struct.pack("!h", -1)
_ARRAY_HEADER = struct.Struct("!iiiii")  # dimensions, has nulls, element type, length, lower bound
_VALUE_BYTES = 8


def require_finite(candles: CandleSeries) -> None:
    """``InvalidValueError`` if a price or a volume is NaN or infinite."""
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    for name, column in zip(_FIELDS, candles.columns(), strict=True):
        require(
            bool(np.isfinite(np.asarray(column)).all()), f"candle {name}", "finite", "NaN or inf"
        )


def write_sqlite(connection: sqlite3.Connection, series: int, candles: CandleSeries) -> None:
    """Insert or replace the rows of a series."""
    connection.executemany(_SQLITE_UPSERT, zip(repeat(series), *candles.columns()))


def write_postgres(connection: psycopg.Connection[Any], series: int, candles: CandleSeries) -> None:
    """Insert or replace the rows of a series."""
    with connection.cursor() as cursor:
        if len(candles) <= _FEW:
            cursor.executemany(_POSTGRES_UPSERT, list(zip(repeat(series), *candles.columns())))
            return
        cursor.execute(_TEMPORARY)
        cursor.execute("TRUNCATE candle_import")
        with cursor.copy("COPY candle_import FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_COPY_SIGNATURE)
            copy.write(_copy_rows(candles))
            copy.write(_COPY_TRAILER)
        cursor.execute(_POSTGRES_MERGE, (series,))


def _copy_rows(candles: CandleSeries) -> bytes:
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    fields = [("count", ">i2")]
    for name in _FIELDS:
        fields += [(f"{name}_bytes", ">i4"), (name, ">i8" if name == "open_ms" else ">f8")]
    rows = np.empty(len(candles), dtype=fields)
    rows["count"] = len(_FIELDS)
    for name, column in zip(_FIELDS, candles.columns(), strict=True):
        rows[f"{name}_bytes"] = _VALUE_BYTES
        rows[name] = column
    return rows.tobytes()


class _Gather:
    """The aggregate ``gather``: all numbers of all rows in one array, kept under the result."""

    __slots__ = ("_flat", "step")

    def __init__(self) -> None:
        self._flat = array("d")
        extend = self._flat.extend
        self.step = lambda *row: extend(row)

    def finalize(self) -> int:
        number = next(_numbers_given)
        _gathered[number] = self._flat
        return number


_numbers_given = count()
_gathered: "dict[int, array[float]]" = {}


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Teach a new connection what ``read_sqlite`` needs."""
    connection.create_aggregate("gather", len(_FIELDS), _Gather)


def read_sqlite(connection: sqlite3.Connection, where: str) -> CandleSeries:
    """The candles that ``where`` (the query's part after FROM) selects, in its order."""
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    query = f"SELECT gather({_LIST}) FROM (SELECT {_LIST} FROM {where})"  # noqa: S608 - made of constants and integers
    (number,) = connection.execute(query).fetchone()
    if number is None:
        return CandleSeries.empty()
    rows = np.frombuffer(_gathered.pop(number)).reshape(-1, len(_FIELDS))
    columns = np.ascontiguousarray(rows.T)
    return _series([columns[0].astype(np.int64), *columns[1:]])


def read_postgres(connection: psycopg.Connection[Any], where: str) -> CandleSeries:
    """The candles that ``where`` (the query's part after FROM) selects, in its order."""
    arrays = ", ".join(f"array_agg({name})" for name in _FIELDS)
    query = f"SELECT {arrays} FROM (SELECT {_LIST} FROM {where}) AS picked"  # noqa: S608 - made of constants and integers
    with connection.cursor(binary=True) as cursor:
        cursor.execute(query.encode())
        result = cursor.pgresult
        assert result is not None  # a SELECT that did not raise has one
        raw = [result.get_value(0, index) for index in range(len(_FIELDS))]
    if raw[0] is None:
        return CandleSeries.empty()
    return _series([_numbers(values or b"", index == 0) for index, values in enumerate(raw)])


def _numbers(values: bytes, whole: bool) -> Any:  # noqa: ANN401, FBT001 - a NumPy column
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    dimensions, has_nulls, _, length, _ = _ARRAY_HEADER.unpack_from(values)
    if dimensions != 1 or has_nulls:
        raise DatabaseError("stored candles have empty columns; restore the database from a backup")
    kind = [("bytes", ">i4"), ("value", ">i8" if whole else ">f8")]
    items = np.frombuffer(values, dtype=kind, offset=_ARRAY_HEADER.size, count=length)
    return items["value"].astype(np.int64 if whole else np.float64)


def _series(columns: list[Any]) -> CandleSeries:
    def column(index: int, kind: str) -> "array[Any]":
        made: array[Any] = array(kind)
        made.frombytes(columns[index].view("uint8"))
        return made

    return CandleSeries(
        open_ms=column(0, "q"),
        open=column(1, "d"),
        high=column(2, "d"),
        low=column(3, "d"),
        close=column(4, "d"),
        volume=column(5, "d"),
    )
