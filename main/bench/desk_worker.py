"""How long the live desk takes, in a process and on a database of its own that is thrown away.

    python -m main.bench.desk streams|import|load COUNT    → one JSON object on stdout

``streams``: closes of so many markets at once, from stored candles to committed decisions, orders
and messages, by the rehearsal (the desk without network); then its last card, chart and portfolio
as pictures. ``import``: candles from a parquet file into SQLite. ``load``: candles from SQLite for
a backtest.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from config import Settings
from db.migrate import upgrade
from db.unit_of_work import SqlUnits
from engine.clock import SystemClock
from engine.desk.rehearsal import Approver
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import from_ms
from engine.indicators.bars import Bars
from engine.market.files import CandleImporter
from engine.market.policy import MarketPolicy
from engine.strategy.shipped import score_strategy
from main.bench.candles import as_hourly, make_bars, series_of
from main.planning import Period
from main.rehearsal_report import pictures
from main.rehearsing import Plan, Staged, stage

_CLOSES = 6
_WINDOW_BARS = 620
_DIFFERENT = 20
_PICTURES = 6
_LOADS = 5
_VENUE = "bench"


def main(kind: str, count: int) -> None:
    """Measure one kind and print it."""
    measure = {"streams": _streams, "import": _import, "load": _load}[kind]
    with tempfile.TemporaryDirectory(prefix="bench-desk-") as folder:
        print(json.dumps(measure(Path(folder), count)))  # noqa: T201 - the answer


def _streams(folder: Path, count: int) -> dict[str, list[float]]:
    """Closes of ``count`` markets; the first fills the caches and is not counted."""
    with _units(folder / "candles.db") as stored:
        staged = _stage(folder, stored, count)
        try:
            return _closes(staged)
        finally:
            staged.units.close()


def _closes(staged: Staged) -> dict[str, list[float]]:
    closes: list[float] = []
    began = time.perf_counter()

    def watch(_done: int, _total: int, _moment: datetime) -> None:
        nonlocal began
        now = time.perf_counter()
        closes.append(now - began)
        began = now

    staged.run(Approver.AUTO, watch=watch)
    drawn = [_timed(lambda: pictures(staged)) for _ in range(_PICTURES)]
    return {"close": closes[1:], "three pictures": drawn[1:]}


def _stage(folder: Path, stored: SqlUnits, count: int) -> Staged:
    bars = [make_bars(_WINDOW_BARS + _CLOSES, seed) for seed in range(1, _DIFFERENT + 1)]
    hourly = [as_hourly(series_of(one)) for one in bars]
    with stored() as unit:
        for number in range(count):
            symbol = Symbol.parse(f"S{number:04}/USDT")
            unit.candles.add(_VENUE, symbol, Timeframe.H1, hourly[number % _DIFFERENT])
        unit.commit()
    start = from_ms(hourly[0].open_ms[_WINDOW_BARS])
    plan = Plan(
        strategy=score_strategy(),
        period=Period(start=start, end=start + _CLOSES * Timeframe.H1.delta, venue=_VENUE),
        database_url=f"sqlite:///{folder / 'desk.db'}",
    )
    return stage(Settings(), stored, plan)


def _import(folder: Path, count: int) -> dict[str, list[float]]:
    bars = make_bars(count)
    names = ("open", "high", "low", "close", "volume")
    table = pa.table({"ts_ms": bars.open_ms, **{name: getattr(bars, name) for name in names}})
    file = folder / "BENCH_USDT-1m.parquet"
    parquet.write_table(table, file)
    with _units(folder / "candles.db") as units:
        importer = CandleImporter(
            units=units, venue=_VENUE, clock=SystemClock(), policy=MarketPolicy()
        )
        return {"import": [_timed(lambda: importer.import_paths([file]))]}


def _load(folder: Path, count: int) -> dict[str, list[float]]:
    with _units(folder / "candles.db") as units:
        return {"load": _loads(units, make_bars(count))}


def _loads(units: SqlUnits, bars: Bars) -> list[float]:
    symbol = Symbol.parse("BENCH/USDT")
    with units() as unit:
        unit.candles.add(_VENUE, symbol, Timeframe.M1, series_of(bars))
        unit.commit()
    start, end = from_ms(int(bars.open_ms[0])), from_ms(int(bars.close_ms[-1]))

    def load() -> None:
        with units(read_only=True) as unit:
            read = unit.candles.between(_VENUE, symbol, Timeframe.M1, start, end)
        assert len(read) == len(bars)

    return [_timed(load) for _ in range(_LOADS)]


@contextmanager
def _units(file: Path) -> Iterator[SqlUnits]:
    url = f"sqlite:///{file}"
    upgrade(url)
    units = SqlUnits(url)
    try:
        yield units
    finally:
        units.close()


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
