"""Choose the figures of the projection on bars to 2020, and measure its bands on years after them.

    python docs/research/projection.py DATA [--choose] [--out FOLDER]

``DATA`` holds ``1h/*.parquet``, ``5m/*.parquet`` and ``1m/*.parquet`` with columns ``ts_ms, open,
high, low, close, volume``. 4h and 1d are resampled from 1h and 15m from 5m, whole buckets only.
``FOLDER`` receives ``projection_1_hits.json``, the record that the package ships. Rates of ``SEEN``
timeframes are marked there, and no picture prints them.

- ``--choose`` compares methods on 1h, 4h and 1d bars that close by the end of 2020: pinball loss in
  units of the last 240 bars' volatility, and coverage per year. Nothing later is read.
- Otherwise bands are measured from 2021 on. On each market the first horizon of a year begins with
  the year's first close, each next one where the last ended, and the last ends within the year.

Two intervals stand beside each coverage: Wilson's, which takes all outcomes as independent, and one
that takes those that began at one moment as one, because markets move together.
"""  # noqa: INP001 - a script to run, not to import

import argparse
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from engine.domain.market import Timeframe
from engine.domain.projection import HitRate, NoProjection
from engine.domain.values import to_ms
from engine.indicators.bars import Bars
from engine.strategy.projection import (
    FEWEST_BARS,
    FRACTIONS,
    LEVEL,
    METHOD,
    VERSION,
    Method,
    bar_variance,
    moves,
)
from engine.strategy.projection_record import Outcome, hit_rate, outcome, to_plain

HORIZONS = (6, 24, 48)
CHOSEN_UNTIL = 2020
YEARS = (2021, 2022, 2023)
LOWEST, HIGHEST = 0.75, 0.85
INNER = 0.50

SEEN = (Timeframe.D1,)
"""Timeframes for which the method was changed after a look at the years from 2021 on."""

_SEED = 7
_PATHS_TO_CHOOSE = 250
_HOURLY = (Timeframe.H1, Timeframe.H4, Timeframe.D1)
_TENTHS = 10
_NORMAL_95 = 1.959963984540054

CANDIDATES: Mapping[str, Method] = {
    "as shipped": METHOD,
    "years": replace(METHOD, most_days=36_500),
    "240 days": replace(METHOD, most_days=240),
    "500 bars": replace(METHOD, most_bars=500),
    "block 1/6": replace(METHOD, block_bars=4),
    "block 1/2": replace(METHOD, block_bars=12),
    "block x 2": replace(METHOD, block_bars=48),
    "recent 12": replace(METHOD, recent_bars=12),
    "recent 48": replace(METHOD, recent_bars=48),
    "believe 0": replace(METHOD, recent_share=0.0),
    "believe 0.5": replace(METHOD, recent_share=0.5),
    "believe 0.95": replace(METHOD, recent_share=0.95),
    "half-life 6": replace(METHOD, half_life_bars=6.0),
    "half-life 24": replace(METHOD, half_life_bars=24.0),
    "no reversion": replace(METHOD, half_life_bars=1e9),
}


class Cell(NamedTuple):
    """Outcomes of all markets on one timeframe in one period at one horizon."""

    timeframe: Timeframe
    period: str
    horizon: int
    outcomes: tuple[Outcome, ...]
    markets: int


class Fit(NamedTuple):
    """How one method did on one timeframe: pinball loss x 1000, coverage per year and per storm."""

    loss: float
    covered: tuple[float, ...]
    by_storm: tuple[float, ...]


def read(path: Path, timeframe: Timeframe) -> Bars:
    """Read one parquet file."""
    table = pq.read_table(path)
    column: dict[str, Any] = {name: table[name].to_numpy() for name in table.column_names}
    names = ("open", "high", "low", "close", "volume")
    prices = {name: np.ascontiguousarray(column[name], np.float64) for name in names}
    return Bars(timeframe=timeframe, open_ms=column["ts_ms"].astype(np.int64), **prices)


def resampled(bars: Bars, timeframe: Timeframe) -> Bars:
    """Join whole buckets; a bucket with a missing bar is left out."""
    size = timeframe.ms // bars.timeframe.ms
    bucket = bars.open_ms // timeframe.ms
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    whole = starts[np.diff(starts, append=bucket.size) == size]
    rows = whole[:, None] + np.arange(size)
    return Bars(
        timeframe=timeframe,
        open_ms=bars.open_ms[whole],
        open=bars.open[whole],
        high=bars.high[rows].max(axis=1),
        low=bars.low[rows].min(axis=1),
        close=bars.close[rows[:, -1]],
        volume=bars.volume[rows].sum(axis=1),
    )


def markets(data: Path, folder: str, timeframe: Timeframe) -> list[Bars]:
    """All files of a folder on a timeframe."""
    base = Timeframe(folder)
    found = [read(path, base) for path in sorted((data / folder).glob("*.parquet"))]
    return found if base is timeframe else [resampled(bars, timeframe) for bars in found]


def year_ms(year: int) -> int:
    """The first instant of a year."""
    return to_ms(datetime(year, 1, 1, tzinfo=UTC))


def origins(bars: Bars, horizon: int, start_ms: int, end_ms: int) -> range:
    """Bars that horizons begin with whose outcomes lie in the period, one after the other."""
    first = max(FEWEST_BARS - 1, int(np.searchsorted(bars.close_ms, start_ms)))
    last = int(np.searchsorted(bars.close_ms, end_ms, side="right")) - 1
    return range(first, last - horizon + 1, horizon)


def measured(
    many: Sequence[Bars], horizon: int, period: str, span: tuple[int, int], progress: Progress
) -> Cell:
    """Project and look, on every market."""
    timeframe = many[0].timeframe
    found: list[Outcome] = []
    task = progress.add_task(f"{timeframe} {period} horizon {horizon}", total=len(many))
    for bars in many:
        places = origins(bars, horizon, *span)
        looked = (outcome(bars, place, horizon, seed=_SEED) for place in places)
        found += [one for one in looked if one is not None]
        progress.advance(task)
    progress.remove_task(task)
    return Cell(timeframe, period, horizon, tuple(found), len(many))


def record(data: Path, progress: Progress) -> Iterator[Cell]:
    """Measure every timeframe, period and horizon that nothing was chosen on."""
    for timeframe in _HOURLY:
        many = markets(data, "1h", timeframe)
        for year in YEARS:
            span = year_ms(year), year_ms(year + 1)
            for horizon in HORIZONS:
                yield measured(many, horizon, str(year), span, progress)
    for folder, timeframe in (
        ("5m", Timeframe.M15),
        ("5m", Timeframe.M5),
        ("1m", Timeframe.M1),
    ):
        many = markets(data, folder, timeframe)
        first, last = many[0].open_ms[0] // 1000, many[0].open_ms[-1] // 1000
        years = sorted({datetime.fromtimestamp(int(at), UTC).year for at in (first, last)})
        for horizon in HORIZONS:
            yield measured(many, horizon, str(years[-1]), (0, 2**62), progress)


def together(outcomes: Sequence[Outcome], level: float) -> float:
    """Half a 95 % interval of coverage that counts what began at one moment as one outcome."""
    inside = np.array([one.is_inside(level) for one in outcomes], np.float64)
    _, moment = np.unique([one.made_ms for one in outcomes], return_inverse=True)
    sums = np.bincount(moment, weights=inside - inside.mean())
    return _NORMAL_95 * math.sqrt(float(np.sum(sums**2))) / len(outcomes)


def joined(cells: Iterable[Cell]) -> tuple[Outcome, ...]:
    """All outcomes of some cells."""
    return tuple(one for cell in cells for one in cell.outcomes)


def row(name: Sequence[str], outcomes: Sequence[Outcome], horizon: int) -> list[str]:
    """One line of the table."""
    outer, inner = (hit_rate(outcomes, horizon, level) for level in (LEVEL, INNER))
    ranks = np.histogram([one.rank for one in outcomes], _TENTHS, (0.0, 1.0))[0]
    tenths = " ".join(f"{share:.0f}" for share in 100 * ranks / len(outcomes))
    mark = "" if LOWEST <= outer.fraction <= HIGHEST else " outside"
    return [
        *name,
        f"{outer.n:,}",
        f"{outer.fraction:.1%}{mark}",
        f"{outer.low:.1%}-{outer.high:.1%}",
        f"±{together(outcomes, LEVEL):.1%}",
        f"{inner.fraction:.1%}",
        tenths,
    ]


def print_record(cells: Sequence[Cell], console: Console) -> None:
    """Print coverage per timeframe and period: by horizon, then of all horizons."""
    table = Table(title="Share of closes inside the band, out of sample")
    for name in ("tf", "period", "bars", "n", "80 %", "Wilson 95 %", "by moment", "50 %", "ranks"):
        table.add_column(name, no_wrap=True)
    for timeframe, period in dict.fromkeys((c.timeframe, c.period) for c in cells):
        these = [c for c in cells if (c.timeframe, c.period) == (timeframe, period)]
        for cell in these:
            names = (str(timeframe), period, str(cell.horizon))
            table.add_row(*row(names, cell.outcomes, cell.horizon))
        table.add_row(*row((str(timeframe), period, "all"), joined(these), HORIZONS[0]))
        table.add_section()
    console.print(table)
    print_storms(cells, console)


def print_storms(cells: Sequence[Cell], console: Console) -> None:
    """Print coverage by how wild it was when the band was made, a third of the moments each."""
    table = Table(title="Share inside the 80 % band after calm, usual and wild moments")
    for name in ("tf", "calm", "usual", "wild"):
        table.add_column(name)
    for timeframe in dict.fromkeys(c.timeframe for c in cells):
        found = joined(c for c in cells if c.timeframe is timeframe)
        thirds = by_storm([(one.storm, one.is_inside(LEVEL)) for one in found])
        table.add_row(str(timeframe), *(f"{share:.1%}" for share in thirds))
    console.print(table)


def by_storm(found: Sequence[tuple[float, bool]]) -> tuple[float, ...]:
    """Coverage in each third of the outcomes, ordered by storm."""
    inside = [is_inside for _, is_inside in sorted(found, key=lambda one: one[0])]
    return tuple(float(np.mean(third)) for third in np.array_split(inside, 3))


def rates(cells: Sequence[Cell]) -> list[HitRate]:
    """The record to ship: one rate per timeframe and horizon, of all periods."""
    groups = dict.fromkeys((c.timeframe, c.horizon, c.markets) for c in cells)
    return [
        hit_rate(
            joined(c for c in cells if (c.timeframe, c.horizon) == (timeframe, horizon)),
            horizon,
            markets=count,
        )
        for timeframe, horizon, count in groups
    ]


def write(cells: Sequence[Cell], folder: Path) -> None:
    """Write the record that the package ships."""
    groups = dict.fromkeys((c.timeframe, c.horizon) for c in cells)
    rows = [
        {**to_plain(timeframe, rate), "seen": timeframe in SEEN}
        for (timeframe, _), rate in zip(groups, rates(cells), strict=True)
    ]
    text = ",\n  ".join(json.dumps(one) for one in rows)
    plain = f'{{"version": "{VERSION}", "rates": [\n  {text}\n]}}\n'
    (folder / "projection_1_hits.json").write_text(plain, encoding="utf-8")


def losses(bars: Bars, place: int, method: Method) -> list[tuple[float, float, bool]] | None:
    """Pinball loss, storm and hit at every horizon from one moment; ``None`` if refused."""
    seen = bars.between(max(0, place + 1 - method.window_bars(bars.timeframe)), place + 1)
    drawn = moves(seen, HORIZONS[-1], seed=_SEED, paths=_PATHS_TO_CHOOSE, method=method)
    if isinstance(drawn, NoProjection):
        return None
    found = []
    yardstick = math.sqrt(float(bar_variance(seen)[-FEWEST_BARS:].mean()))
    for horizon in HORIZONS:
        ends = drawn.paths[:, horizon - 1]
        quantiles = np.quantile(np.concatenate((ends, -ends)), FRACTIONS)
        real = math.log(bars.close[place + horizon] / bars.close[place])
        loss = pinball(real - quantiles) / (yardstick * math.sqrt(horizon))
        is_inside = bool(quantiles[0] <= real <= quantiles[-1])
        found.append((loss, drawn.sigma_now / drawn.sigma_usual, is_inside))
    return found


def pinball(misses: NDArray[np.floating[Any]]) -> float:
    """Mean pinball loss of the quantiles of ``FRACTIONS``, whose misses are real minus quantile."""
    fractions = np.array(FRACTIONS)
    return float(np.mean(np.maximum(fractions * misses, (fractions - 1) * misses)))


def fit(method: Method, many: Sequence[Bars]) -> Fit:
    """Judge one method on bars to 2020: a moment every longest horizon, on 1d every shortest."""
    step = HORIZONS[0] if many[0].timeframe is Timeframe.D1 else HORIZONS[-1]
    found: list[tuple[float, float, bool]] = []
    years: dict[int, list[bool]] = {}
    for bars in many:
        for place in range(FEWEST_BARS - 1, len(bars) - HORIZONS[-1], step):
            year = datetime.fromtimestamp(int(bars.close_ms[place]) // 1000, UTC).year
            looked = losses(bars, place, method) or []
            found += looked
            years.setdefault(year, []).extend(one[2] for one in looked)
    return Fit(
        loss=1000 * float(np.mean([one[0] for one in found])),
        covered=tuple(float(np.mean(inside)) for _, inside in sorted(years.items())),
        by_storm=by_storm([one[1:] for one in found]),
    )


def choose(data: Path, progress: Progress, console: Console) -> None:
    """Print how every candidate did on bars to 2020."""
    table = Table(title="Pinball loss x 1000 and coverage of the 80 % band, bars to 2020")
    for name in ("tf", "method", "loss", "2018 / 2019 / 2020", "calm / usual / wild"):
        table.add_column(name, no_wrap=True)
    task = progress.add_task("methods", total=len(_HOURLY) * len(CANDIDATES))
    for timeframe in _HOURLY:
        past = [
            bars.between(0, int(np.searchsorted(bars.close_ms, year_ms(CHOSEN_UNTIL + 1), "right")))
            for bars in markets(data, "1h", timeframe)
        ]
        for name, method in CANDIDATES.items():
            found = fit(method, past)
            shares = (found.covered, found.by_storm)
            told = [" / ".join(f"{share:.1%}" for share in one) for one in shares]
            table.add_row(str(timeframe), name, f"{found.loss:.1f}", *told)
            progress.advance(task)
        table.add_section()
    console.print(table)


def main() -> None:
    """Choose, or measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    console = Console(width=140)
    with Progress(console=Console(stderr=True)) as progress:
        if arguments.choose:
            choose(arguments.data, progress, console)
            return
        cells = list(record(arguments.data, progress))
    print_record(cells, console)
    if arguments.out is not None:
        write(cells, arguments.out)


if __name__ == "__main__":
    main()
