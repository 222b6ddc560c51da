"""Reads and writes candle tables with pyarrow: csv (plain or gzip), parquet, feather.

File → ``Table``: columns as floats and milliseconds, the row number of each in the file, and what
is wrong with the rows that are no candles at all. Nothing is judged here beyond "is it a number, is
it a time"; the rest is ``sift``'s.

Text is read as text and converted with a pattern, not with pyarrow's type guessing, which gives up
on a whole file for one bad cell. Timestamps are converted to milliseconds whatever their unit:
pandas 3 writes microseconds where pandas 2 wrote nanoseconds. Times without a zone are UTC.

pyarrow takes a third of a second to import; only ``data import`` and ``export`` reach this module.
"""

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from engine.domain.errors import DataError
from engine.domain.values import to_ms
from engine.market.columns import Columns, Floats, Ints, Mask

_TIMES = ("ts_ms", "date")
_PRICES = ("open", "high", "low", "close", "volume")
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WHOLE = r"^-?[0-9]{1,15}$"
_EPOCH_ZONED, _EPOCH = pa.timestamp("ms", tz="UTC"), pa.timestamp("ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that are six numbers, with their row numbers; and the others, with the reason each.

    Row numbers are lines of the file for csv (the header is line 1), else they count from 1.
    """

    columns: Columns
    numbers: Ints
    faults: tuple[tuple[int, str], ...]

    @property
    def rows(self) -> int:
        """All rows, good and bad."""
        return len(self.numbers) + len(self.faults)


def read_table(path: Path) -> Table:
    """Every row of a candle file; ``DataError`` where the file as a whole cannot be read."""
    try:
        if path.name.lower().endswith((".csv", ".csv.gz")):
            return _from_csv(path)
        reader = pa.feather.read_table if path.suffix.lower() == ".feather" else _read_parquet
        table = reader(str(path), memory_map=False)
        wanted = _wanted(path, table.column_names)
        return _table(table.select(wanted), np.arange(1, len(table) + 1), [])
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def write_table(columns: Columns, path: Path) -> None:
    """Write all of it or nothing; the kind follows the name (.csv, .csv.gz, .parquet)."""
    table = pa.table({"ts_ms": columns.ms, **dict(zip(_PRICES, columns.values, strict=True))})
    part = path.with_name(f".{path.name}.part")
    try:
        if path.name.endswith(".csv.gz"):
            with pa.CompressedOutputStream(str(part), "gzip") as sink:
                pa.csv.write_csv(table, sink)
        elif path.suffix == ".csv":
            pa.csv.write_csv(table, str(part))
        else:
            pa.parquet.write_table(table, str(part), compression="zstd")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written: {error}") from error


def _read_parquet(path: str, *, memory_map: bool) -> pa.Table:
    return pa.parquet.ParquetFile(path, memory_map=memory_map).read()


def _wanted(path: Path, names: list[str]) -> list[str]:
    """The file's own names of time and prices, in our order; capitals and blanks do not matter."""
    known = {name.strip().lower(): name for name in reversed(names)}
    time = next((known[name] for name in _TIMES if name in known), None)
    missing = [name for name in _PRICES if name not in known]
    twice = [name for name in (*_TIMES, *_PRICES) if names.count(known.get(name, name)) > 1]
    if twice:
        raise DataError(f"{path}: has the column {twice[0]} twice")
    if time is None or missing:
        absent = [*([] if time else ["ts_ms or date"]), *missing]
        raise DataError(f"{path}: lacks the columns {', '.join(absent)}; it has {', '.join(names)}")
    return [time, *(known[name] for name in _PRICES)]


def _from_csv(path: Path) -> Table:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as file:
        names = [name.strip('"') for name in file.readline().strip("\r\n").split(",")]
    wanted = _wanted(path, [name.strip() for name in names])
    broken: list[tuple[int, str]] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        broken.append((row.number, f"{row.actual_columns} cells, not {row.expected_columns}"))
        return "skip"

    table = pa.csv.read_csv(
        str(path),
        # One thread: only then does pyarrow know the line number of a broken row.
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(invalid_row_handler=remember, ignore_empty_lines=False),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    table = table.rename_columns([name.strip() for name in table.column_names]).select(wanted)
    lines: Ints = np.arange(2, len(table) + len(broken) + 2)
    lines = lines[~np.isin(lines, [number for number, _ in broken])]
    blank = _blank(table)
    return _table(table.filter(pa.array(~blank)), lines[~blank], broken)


def _blank(table: pa.Table) -> Mask:
    """Rows without any content, such as the line after the last."""
    blank = np.ones(len(table), dtype=np.bool_)
    for column in table.columns:
        blank &= pc.equal(column, "").to_numpy()
    return blank


def _table(table: pa.Table, numbers: Ints, broken: list[tuple[int, str]]) -> Table:
    """Convert every column; a row with a cell that cannot be converted becomes a fault."""
    ms, good = _times(table.column(0))
    reasons = {i: f"not a time: {table.column(0)[i]}" for i in np.flatnonzero(~good).tolist()}
    values: list[Floats] = []
    for index, name in enumerate(_PRICES, start=1):
        column, fine = _numbers(table.column(index))
        values.append(column)
        for i in np.flatnonzero(~fine & good).tolist():
            reasons[i] = f"{name} is not a number: {table.column(index)[i]}"
        good &= fine
    o, h, l, c, v = values  # noqa: E741 - OHLCV
    columns = Columns(ms=ms, open=o, high=h, low=l, close=c, volume=v)
    faults = sorted([*broken, *((int(numbers[i]), reason) for i, reason in reasons.items())])
    return Table(columns=columns.take(good), numbers=numbers[good], faults=tuple(faults))


def _numbers(column: pa.ChunkedArray) -> tuple[Floats, Mask]:
    """As floats, and where that was possible. NaN passes: ``sift`` has the better reason for it."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
        good = _true(pc.match_substring_regex(column, _NUMBER))
        column = pc.if_else(pa.chunked_array([pa.array(good)]), column, "nan")
        return np.asarray(pc.cast(column, pa.float64())), good
    if not _is_numeric(column.type):
        return np.full(len(column), np.nan), np.zeros(len(column), dtype=np.bool_)
    good = _true(pc.is_valid(column))
    floats = pc.cast(column, pa.float64(), safe=False)
    return np.asarray(pc.fill_null(floats, float("nan"))), good


def _times(column: pa.ChunkedArray) -> tuple[Ints, Mask]:
    """As milliseconds, and where that was possible; impossible ones are 0."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        stamps = pc.cast(column, pa.timestamp("ms", tz=getattr(kind, "tz", None)), safe=False)
        return _whole(pc.cast(stamps, pa.int64()))
    if pa.types.is_integer(kind):
        return _whole(pc.cast(column, pa.int64(), safe=False))
    if pa.types.is_floating(kind):
        floats, good = _numbers(column)
        good &= np.abs(floats) < 2.0**53
        floats = np.where(good, floats, 0.0)
        good &= floats == np.floor(floats)
        return floats.astype(np.int64), good
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text_times(pc.utf8_trim_whitespace(column))
    return np.zeros(len(column), dtype=np.int64), np.zeros(len(column), dtype=np.bool_)


def _text_times(column: pa.ChunkedArray) -> tuple[Ints, Mask]:
    """Milliseconds as digits, or ISO 8601; the quick ways first, each for a whole column."""
    digits = _true(pc.match_substring_regex(column, _WHOLE))
    if np.count_nonzero(digits) * 2 > len(digits):
        column = pc.if_else(pa.chunked_array([pa.array(digits)]), column, "0")
        return np.asarray(pc.cast(column, pa.int64())), digits
    for kind in (_EPOCH_ZONED, _EPOCH):
        try:
            return _whole(pc.cast(pc.cast(column, kind), pa.int64()))
        except pa.ArrowInvalid:
            continue
    moments = [_moment(text) for text in column.to_pylist()]
    good = np.array([moment is not None for moment in moments], dtype=np.bool_)
    return np.array([moment or 0 for moment in moments], dtype=np.int64), good


def _moment(text: str | None) -> int | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _whole(column: pa.ChunkedArray) -> tuple[Ints, Mask]:
    return np.asarray(pc.fill_null(column, 0)), _true(pc.is_valid(column))


def _true(column: pa.ChunkedArray) -> Mask:
    return np.array(pc.fill_null(column, False), dtype=np.bool_)  # noqa: FBT003 - pyarrow's signature


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
