"""``bench backtest --scaling``: what more bars, more symbols and more combinations cost.

    python -m main.bench.scaling bars|symbols|combinations COUNT    → one JSON object on stdout

Each cell is a process of its own, so that its memory is its own. Timed is everything from candles
to trades: indicators, the rule, one timeline for all symbols, the replay.

Cost is to be linear in bars times symbols. It is held against a cell that no longer fits into the
processor's cache and whose symbols have to be merged: smaller ones are cheaper still.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.market.progress import Progress, Step
from main.bench.candles import SEED, make_bars, save_bars
from main.bench.environment import peer_python
from main.bench.process import PROGRAMS, run_measured
from main.bench.values import Target

KINDS = {
    "bars": (10_000, 100_000, 1_000_000, 10_000_000),
    "symbols": (1, 5, 10, 25, 50),
    "combinations": (1, 10, 100, 200, 1_000),
}
_COMPARED = (("bars", 1_000_000, 10_000_000), ("symbols", 5, 50))
_BARS = 100_000
_WARMUP_BARS = 2_000
_LEAST_S = 1.5
_LEAST_RUNS = 3
_MOST_RUNS = 50
_SWEEP = 200
_OTHERS = "combinations in vectorbt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One row: ``work`` is bars times symbols times combinations, ``run_s`` the best run."""

    kind: str
    count: int
    work: int
    run_s: float
    peak_rss_mb: float
    trades: int

    @property
    def ns_per_bar(self) -> float:
        """Cost of one bar of one symbol in one combination."""
        return self.run_s / self.work * 1e9


def bench_scaling(
    folder: Path, *, most_bars: int, peers: bool, progress: Progress
) -> tuple[tuple[Cell, ...], tuple[Target, ...]]:
    """Measure every cell whose bars are at most ``most_bars`` in all.

    ``ConfigurationError`` if ``peers`` are wanted and their environment cannot be built.
    """
    python = peer_python(folder) if peers else None
    plan = [
        (kind, count)
        for kind, counts in KINDS.items()
        for count in counts
        if (count if kind == "bars" else count * _BARS) <= most_bars or kind == "combinations"
    ]
    cells = []
    for done, (kind, count) in enumerate(plan, start=1):
        cells.append(_cell(folder, kind, count))
        progress(Step(label="scaling", done=done, total=len(plan), eta_s=None))
    if python is not None:
        cells.append(_vectorbt(folder, python))
    return tuple(cells), targets_of(cells)


def _vectorbt(folder: Path, python: str) -> Cell:
    """As many combinations in vectorbt, by much the same rule."""
    from main.bench.sweep import lengths_of

    file = folder / f"columns-{_BARS}.npz"
    save_bars(make_bars(_BARS), file)
    lengths = (",".join(map(str, one)) for one in lengths_of(_SWEEP))
    words = [str(PROGRAMS / "sweep_vectorbt.py"), str(file), *lengths, str(_LEAST_RUNS)]
    found = run_measured(words, caches=folder, python=python)
    return Cell(
        kind=_OTHERS,
        count=found.answer["combinations"],
        work=found.answer["combinations"] * _BARS,
        run_s=min(found.seconds),
        peak_rss_mb=found.peak_rss_mb,
        trades=found.answer["trades"],
    )


def _cell(folder: Path, kind: str, count: int) -> Cell:
    found = run_measured(["-m", "main.bench.scaling", kind, str(count)], caches=folder)
    return Cell(
        kind=kind,
        count=count,
        work=found.answer["work"],
        run_s=min(found.seconds),
        peak_rss_mb=found.peak_rss_mb,
        trades=found.answer["trades"],
    )


def targets_of(cells: list[Cell]) -> tuple[Target, ...]:
    """Cost per bar of the largest cells against a tenth of them; speed of the sweep."""
    by_place = {(one.kind, one.count): one for one in cells}
    linear = [
        Target(
            name=f"cost per bar, {most:,} {kind} against {least:,}",
            value=by_place[kind, most].ns_per_bar / by_place[kind, least].ns_per_bar,
            limit=1.5,
            at_least=False,
            unit="×",
        )
        for kind, least, most in _COMPARED
        if (kind, most) in by_place
    ]
    swept, other = (by_place.get((kind, _SWEEP)) for kind in ("combinations", _OTHERS))
    if swept is None:
        return tuple(linear)
    sweep = f"sweep, {_SWEEP} combinations of {_BARS:,} bars"
    return (
        *linear,
        Target(
            name=sweep,
            value=other.run_s / swept.run_s if other else None,
            limit=30.0,
            at_least=True,
            unit="× vectorbt",
        ),
        Target(
            name=f"{sweep}, memory",
            value=swept.peak_rss_mb,
            limit=300.0,
            at_least=False,
            unit="MB",
        ),
    )


def main(kind: str, count: int) -> None:
    """Measure one cell and print it."""
    play = {"bars": _bars, "symbols": _symbols, "combinations": _sweep}[kind]
    play(1 if kind != "bars" else _WARMUP_BARS)()  # compiled code is loaded here
    run = play(count)
    seconds: list[float] = []
    began, trades = time.perf_counter(), 0
    while len(seconds) < _LEAST_RUNS or (
        len(seconds) < _MOST_RUNS and time.perf_counter() - began < _LEAST_S
    ):
        start = time.perf_counter()
        trades = run()
        seconds.append(time.perf_counter() - start)
    work = count if kind == "bars" else count * _BARS
    print(json.dumps({"work": work, "trades": trades, "seconds": seconds}))  # noqa: T201 - the answer


def _bars(count: int) -> Callable[[], int]:
    return _play_symbols(1, count)


def _symbols(count: int) -> Callable[[], int]:
    return _play_symbols(count, _BARS)


def _play_symbols(symbols: int, count: int) -> Callable[[], int]:
    from main.bench.rule import bench_market, play_symbols, profit

    histories = [make_bars(count, SEED + number) for number in range(symbols)]
    market = bench_market(histories[0], symbols)
    return lambda: profit(play_symbols(histories, market)).trades


def _sweep(count: int) -> Callable[[], int]:
    from main.bench.sweep import sweep_lengths

    bars = make_bars(_BARS)
    return lambda: int(sweep_lengths(bars, count).column("trades").sum())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
