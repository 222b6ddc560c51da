"""``data import`` and ``data export``: candle files to and from the store.

Paths → files → table → ``sift`` (the firewall's own judgement) → the rows that the store does not
have → one commit per file → a ``FileReport``. A crash leaves whole files in or out, never half of
one; running again writes only what differs, which makes it both idempotent and resumable.

A row that cannot be used is reported with file, row number and reason, and kept in quarantine; its
neighbours are kept. A file that cannot be used at all is a report too: one bad file in a folder of
hundreds stops nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import structlog

from engine.domain.desk import QuarantinedCandle
from engine.domain.errors import DataError
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.columns import Columns, Feed, Mask
from engine.market.file_names import file_name, find_files, identify
from engine.market.policy import MarketPolicy
from engine.market.progress import Pace, Progress, silent
from engine.market.sift import Sifted, sift
from engine.market.tables import Table, read_table, write_table
from engine.ports import Clock, Units

_log = structlog.get_logger()

# A wrong file has a million wrong rows; the first thousand tell as much, all are counted.
_MOST_QUARANTINED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that was not used. ``row`` is the line of a csv file, else the row counted from 1."""

    path: Path
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: row {self.row}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file, in rows. ``error`` says why nothing of it was used.

    ``rows == new + changed + unchanged + forming + duplicates + bad_rows``; ``bad`` holds at most
    the first thousand. ``first`` and ``last`` are open times of the good rows.
    """

    path: Path
    symbol: Symbol | None = None
    timeframe: Timeframe | None = None
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    forming: int = 0
    duplicates: int = 0
    bad_rows: int = 0
    bad: tuple[BadRow, ...] = field(default=(), repr=False)
    first: datetime | None = None
    last: datetime | None = None
    error: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether the file could be read at all."""
        return not self.error

    @property
    def is_empty(self) -> bool:
        """Whether there was not one good row in a file that could be read."""
        return self.is_usable and self.rows == self.bad_rows


class CandleImporter:
    """Imports candle files under one venue's name."""

    def __init__(self, *, units: Units, venue: str, clock: Clock, policy: MarketPolicy) -> None:
        self._units = units
        self._venue = venue
        self._clock = clock
        self._policy = policy

    def import_paths(
        self,
        paths: Iterable[Path],
        *,
        symbol: Symbol | None = None,
        timeframe: Timeframe | None = None,
        progress: Progress = silent,
    ) -> tuple[FileReport, ...]:
        """Import files and folders; ``UsageError`` for a path that does not exist."""
        files = find_files(paths)
        pace = Pace(label="files", total=len(files), clock=self._clock, progress=progress)
        pace.at(0)
        reports = []
        for done, path in enumerate(files, start=1):
            reports.append(self.import_file(path, symbol=symbol, timeframe=timeframe))
            pace.at(done)
        return tuple(reports)

    def import_file(
        self, path: Path, *, symbol: Symbol | None = None, timeframe: Timeframe | None = None
    ) -> FileReport:
        """Import one file; what is wrong with it is in the report."""
        try:
            found = identify(path, symbol=symbol, timeframe=timeframe)
            table = read_table(path)
        except DataError as error:
            _log.warning("file_not_imported", path=str(path), error=str(error))
            return FileReport(path=path, error=str(error))
        feed = Feed(venue=self._venue, symbol=found[0], timeframe=found[1])
        sifted = sift(
            table.columns,
            timeframe=feed.timeframe,
            now_ms=to_ms(self._clock.now()),
            policy=self._policy,
        )
        bad = _bad_rows(path, table, sifted)
        report = FileReport(
            path=path,
            symbol=feed.symbol,
            timeframe=feed.timeframe,
            rows=table.rows,
            forming=sifted.forming,
            duplicates=sifted.duplicates,
            bad_rows=len(bad),
            bad=tuple(bad[:_MOST_QUARANTINED]),
        )
        return self._store(feed, table.columns.take(sifted.clean), report)

    def _store(self, feed: Feed, clean: Columns, report: FileReport) -> FileReport:
        """Commit what differs from the store, and the bad rows."""
        quarantined = [self._quarantined(feed, row) for row in report.bad]
        with self._units() as unit:
            stored = Columns.of(
                unit.candles.between(
                    feed.venue, feed.symbol, feed.timeframe, *_span(clean, feed.timeframe)
                )
            )
            differing, known = _compare(clean, stored)
            if differing.any():
                rows = clean if differing.all() else clean.take(differing)
                unit.candles.add(feed.venue, feed.symbol, feed.timeframe, rows.series())
            unit.quarantine.add(quarantined)
            if quarantined or differing.any():
                unit.commit()
        changed = int(np.count_nonzero(differing & known))
        new = int(np.count_nonzero(differing)) - changed
        return replace(
            report,
            new=new,
            changed=changed,
            unchanged=len(clean) - new - changed,
            first=from_ms(int(clean.ms[0])) if len(clean) else None,
            last=from_ms(int(clean.ms[-1])) if len(clean) else None,
        )

    def _quarantined(self, feed: Feed, bad: BadRow) -> QuarantinedCandle:
        return QuarantinedCandle(
            venue=feed.venue,
            symbol=str(feed.symbol),
            timeframe=str(feed.timeframe),
            open_ms=None,
            row=f"{bad.path.name} row {bad.row}",
            reason=bad.reason,
            seen_at=self._clock.now(),
        )


def export_candles(
    units: Units,
    *,
    feed: Feed,
    start: datetime,
    end: datetime,
    folder: Path,
    suffix: str = ".parquet",
) -> tuple[Path, int]:
    """Write the stored bars that open in ``[start, end)``; returns the file and its rows.

    ``suffix`` is ``.parquet``, ``.csv`` or ``.csv.gz``; the name is one that import understands.
    ``DataError`` where nothing is stored or the file cannot be written.
    """
    with units(read_only=True) as unit:
        series = unit.candles.between(feed.venue, feed.symbol, feed.timeframe, start, end)
    if not len(series):
        raise DataError(f"no candles of {feed} between {start:%Y-%m-%d} and {end:%Y-%m-%d}")
    path = folder / file_name(feed.symbol, feed.timeframe, suffix)
    write_table(Columns.of(series), path)
    return path, len(series)


def _bad_rows(path: Path, table: Table, sifted: Sifted) -> Sequence[BadRow]:
    faults = [*table.faults, *((int(table.numbers[f.index]), f.reason) for f in sifted.faults)]
    return [BadRow(path=path, row=row, reason=reason) for row, reason in sorted(faults)]


def _span(clean: Columns, timeframe: Timeframe) -> tuple[datetime, datetime]:
    if not len(clean):
        return from_ms(0), from_ms(0)
    return from_ms(int(clean.ms[0])), from_ms(int(clean.ms[-1]) + timeframe.ms)


def _compare(clean: Columns, stored: Columns) -> tuple[Mask, Mask]:
    """Which clean rows the store lacks or has otherwise, and which it has in some form."""
    known = np.isin(clean.ms, stored.ms)
    differing = ~known
    same = clean.take(known).same_rows(stored.take(np.isin(stored.ms, clean.ms)))
    differing[known] = ~same
    return differing, known
