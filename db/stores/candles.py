"""Clean candles in bulk: a year of minutes goes in and out in about a second or less.

The stores of facts go through SQLAlchemy; this one hands whole columns to the driver (``db.bulk``),
because a million rows of Python objects with type conversion would take minutes.
"""

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import bindparam, delete, func, select

from db import bulk
from db.failures import translated
from db.stores.base import Store
from db.tables.market import CandleRow, CandleSeriesRow, EmptyCandleRow
from engine.domain.errors import InvalidValueError
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms

# Made once: every look at a market asks for its number, and making the question cost half a look.
_SERIES = select(CandleSeriesRow.id).where(
    CandleSeriesRow.venue == bindparam("venue"),
    CandleSeriesRow.symbol == bindparam("symbol"),
    CandleSeriesRow.timeframe == bindparam("timeframe"),
)


class SqlCandles(Store):
    """See ``engine.ports.CandleStore``."""

    def add(self, venue: str, symbol: Symbol, timeframe: Timeframe, candles: CandleSeries) -> int:
        """Insert; a row that is there already is replaced. Returns how many were new.

        ``InvalidValueError`` unless the open times rise and all numbers are finite (SQLite would
        make NULL of a NaN).
        """
        if not len(candles):
            return 0
        _require_rising(candles.open_ms)
        bulk.require_finite(candles)
        series = self._series(venue, symbol, timeframe) or self._new_series(
            venue, symbol, timeframe
        )
        span = (candles.open_ms[0], candles.open_ms[-1])
        before = self._count(series, span)
        self._upsert(series, candles)
        self._unmark(series, span)
        return self._count(series, span) - before

    def _upsert(self, series: int, candles: CandleSeries) -> None:
        with translated():
            if self._tx.is_postgres:
                bulk.write_postgres(self._tx.postgres(), series, candles)
            else:
                bulk.write_sqlite(self._tx.sqlite(), series, candles)

    def _unmark(self, series: int, span: tuple[int, int]) -> None:
        """A bar that has come after all is no longer remembered as empty."""
        has_come = (
            select(CandleRow.open_ms)
            .where(
                CandleRow.series_id == EmptyCandleRow.series_id,
                CandleRow.open_ms == EmptyCandleRow.open_ms,
            )
            .exists()
        )
        self._tx.execute(
            delete(EmptyCandleRow).where(
                EmptyCandleRow.series_id == series,
                EmptyCandleRow.open_ms.between(*span),
                has_come,
            )
        )

    def _count(self, series: int, span: tuple[int, int]) -> int:
        statement = select(func.count()).where(
            CandleRow.series_id == series, CandleRow.open_ms.between(*span)
        )
        count: int = self._tx.execute(statement).scalar_one()
        return count

    def _series(self, venue: str, symbol: Symbol, timeframe: Timeframe) -> int | None:
        name = {"venue": venue, "symbol": symbol, "timeframe": timeframe}
        number: int | None = self._tx.execute(_SERIES, name).scalar_one_or_none()
        return number

    def _new_series(self, venue: str, symbol: Symbol, timeframe: Timeframe) -> int:
        self._insert_new(
            CandleSeriesRow, {"venue": venue, "symbol": symbol, "timeframe": timeframe}
        )
        number = self._series(venue, symbol, timeframe)
        assert number is not None  # inserted just now, by this or another writer
        return number

    def window(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, *, until: datetime, limit: int
    ) -> CandleSeries:
        """The last ``limit`` bars that have closed at or before ``until``, oldest first."""
        series = self._series(venue, symbol, timeframe)
        if series is None:
            return CandleSeries.empty()
        last = to_ms(until) - timeframe.ms
        return self._read(
            f"(SELECT * FROM candles WHERE series_id = {series:d} AND open_ms <= {last:d} "  # noqa: S608 - only integers are filled in
            f"ORDER BY open_ms DESC LIMIT {limit:d}) AS newest ORDER BY open_ms"
        )

    def between(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> CandleSeries:
        """Bars that open in ``[start, end)``, oldest first."""
        series = self._series(venue, symbol, timeframe)
        if series is None:
            return CandleSeries.empty()
        return self._read(
            f"candles WHERE series_id = {series:d} AND open_ms >= {_ceil_ms(start):d} "
            f"AND open_ms < {_ceil_ms(end):d} ORDER BY open_ms"
        )

    def _read(self, where: str) -> CandleSeries:
        with translated():
            if self._tx.is_postgres:
                return bulk.read_postgres(self._tx.postgres(), where)
            return bulk.read_sqlite(self._tx.sqlite(), where)

    def venues(self) -> Sequence[str]:
        """Names of the venues that have candles, sorted."""
        having = (
            select(CandleSeriesRow.venue)
            .where(
                select(CandleRow.series_id)
                .where(CandleRow.series_id == CandleSeriesRow.id)
                .exists()
            )
            .distinct()
        )
        return sorted(venue for (venue,) in self._tx.execute(having))

    def coverage(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, int, datetime, datetime]]:
        """Symbol, timeframe, count, first and last open time of everything stored."""
        opened = CandleRow.open_ms
        statement = (
            select(
                CandleSeriesRow.symbol,
                CandleSeriesRow.timeframe,
                func.count(),
                func.min(opened),
                func.max(opened),
            )
            .join(CandleRow, CandleRow.series_id == CandleSeriesRow.id)
            .where(CandleSeriesRow.venue == venue)
            .group_by(CandleSeriesRow.id, CandleSeriesRow.symbol, CandleSeriesRow.timeframe)
        )
        found = [
            (symbol, timeframe, count, from_ms(first), from_ms(last))
            for symbol, timeframe, count, first, last in self._tx.execute(statement)
        ]
        return sorted(found, key=lambda row: (str(row[0]), row[1].ms))

    def spans(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, datetime, datetime]]:
        """``coverage`` without the count: two looks into an index for every series."""
        own = select(CandleRow.open_ms).where(CandleRow.series_id == CandleSeriesRow.id)
        first = own.order_by(CandleRow.open_ms).limit(1).scalar_subquery()
        last = own.order_by(CandleRow.open_ms.desc()).limit(1).scalar_subquery()
        statement = select(CandleSeriesRow.symbol, CandleSeriesRow.timeframe, first, last).where(
            CandleSeriesRow.venue == venue
        )
        found = [
            (symbol, timeframe, from_ms(begin), from_ms(end))
            for symbol, timeframe, begin, end in self._tx.execute(statement)
            if begin is not None  # a series of which nothing but empty bars is known
        ]
        return sorted(found, key=lambda row: (str(row[0]), row[1].ms))

    def mark_empty(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Iterable[datetime]
    ) -> None:
        """Remember that the venue was asked and has no such bars."""
        moments = [to_ms(moment) for moment in open_times]
        if not moments:
            return
        series = self._series(venue, symbol, timeframe) or self._new_series(
            venue, symbol, timeframe
        )
        self._insert_all_new(
            EmptyCandleRow, [{"series_id": series, "open_ms": moment} for moment in moments]
        )

    def empty_marks(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[datetime]:
        """Remembered empty bars that open in ``[start, end)``."""
        series = self._series(venue, symbol, timeframe)
        statement = (
            select(EmptyCandleRow.open_ms)
            .where(
                EmptyCandleRow.series_id == series,
                EmptyCandleRow.open_ms >= _ceil_ms(start),
                EmptyCandleRow.open_ms < _ceil_ms(end),
            )
            .order_by(EmptyCandleRow.open_ms)
        )
        return [from_ms(moment) for moment in self._tx.execute(statement).scalars()]


def _require_rising(moments: "array[int]") -> None:
    for earlier, later in pairwise(moments):
        if earlier >= later:
            raise InvalidValueError("candle open times", "rising", (earlier, later))


def _ceil_ms(moment: datetime) -> int:
    """Bars open on whole milliseconds; a bound between two of them belongs to the later one."""
    return to_ms(moment) + bool(moment.microsecond % 1_000)
