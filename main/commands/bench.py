"""``cryptotrader bench``: how fast this program is, beside others, in one run on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from main.bench.scaling import Cell
    from main.bench.values import BacktestBench, Target

app = new_app("How fast this is, beside others, in one run.", example="cryptotrader bench backtest")

CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Where candles and other engines are kept."),
]

_YEAR_BARS = 525_600
# The benchmark itself keeps one core busy.
_BUSY = 1.5


@app.command(epilog="Example: cryptotrader bench backtest --picture bench.png")
def backtest(
    bars: Annotated[
        int, typer.Option(metavar="N", min=2_000, help="Generated one-minute candles.")
    ] = _YEAR_BARS,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Fresh processes of each engine.")
    ] = 3,
    peers: Annotated[bool, typer.Option(help="Measure vectorbt and backtesting.py, too.")] = True,
    scaling: Annotated[
        bool, typer.Option("--scaling", help="More bars, symbols and combinations instead.")
    ] = False,
    most_bars: Annotated[
        int, typer.Option(metavar="N", min=10_000, help="Bars of the largest cell of --scaling.")
    ] = 10_000_000,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the ratios as a PNG.")
    ] = None,
    cache: CacheOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Play one rule on generated candles here, in vectorbt and in backtesting.py, and compare."""
    load_settings(config)
    folder = _folder(cache)
    if scaling:
        _scaling(folder, most_bars, peers=peers, json=json)
        return
    from main.bench.speed import bench_backtest

    with progress_bar(quiet=json) as progress:
        found = bench_backtest(folder, bars=bars, peers=peers, rounds=rounds, progress=progress)
    if picture is not None:
        from main.bench.picture import picture_of

        picture.write_bytes(picture_of(found))
    if json:
        print_json({**_plain(found), "targets": _verdicts(found.targets)})
    else:
        _print_backtest(found)


@app.command(epilog="Example: cryptotrader bench indicators --bars 100000")
def indicators(
    bars: Annotated[
        int, typer.Option(metavar="N", min=1_000, help="Generated candles.")
    ] = 1_000_000,
    cache: CacheOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Compute the eight indicators here, through pandas-ta and by TA-Lib alone."""
    from main.bench.indicators import bench_indicators

    load_settings(config)
    costs = bench_indicators(_folder(cache), bars=bars)
    if json:
        print_json({"bars": bars, "indicators": costs})
        return
    print_table(
        f"{bars:,} bars, ms, best of several runs",
        ("indicator", ">TA-Lib", ">ours", ">with side and strength", ">pandas-ta", ">ours over it"),
        [
            (
                one.code,
                f"{one.raw_ms:.1f}",
                f"{one.ours_ms:.1f}",
                f"{one.judged_ms:.1f}",
                f"{one.pandas_ta_ms:.1f}",
                f"{one.pandas_ta_ms / one.ours_ms:.1f} ×",
            )
            for one in costs
        ],
    )


@app.command(epilog="Example: cryptotrader bench desk --streams 300")
def desk(
    streams: Annotated[
        int, typer.Option(metavar="N", min=1, help="Markets that close at once.")
    ] = 300,
    candles: Annotated[
        int, typer.Option(metavar="N", min=1_000, help="Candles to import.")
    ] = 1_000_000,
    cache: CacheOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Measure closes of many markets, pictures, and candles in and out of a database."""
    from main.bench.desk import bench_desk

    load_settings(config)
    with progress_bar(quiet=json) as progress:
        costs, targets = bench_desk(
            _folder(cache), streams=streams, candles=candles, progress=progress
        )
    if json:
        print_json({"costs": costs, "targets": _verdicts(targets)})
        return
    print_table(
        "The desk, a database of its own",
        ("what", ">median s", ">most s", ">MB"),
        [
            (one.what, f"{one.median_s:.3f}", f"{one.most_s:.3f}", f"{one.peak_rss_mb:,.0f}")
            for one in costs
        ],
    )
    _print_targets(targets)


@app.command(epilog="Example: cryptotrader bench chat --cards 10000")
def chat(
    markets: Annotated[
        int, typer.Option(metavar="N", min=1, help="Markets that close at once.")
    ] = 100,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="Closes that ask.")] = 50,
    cards: Annotated[
        int, typer.Option(metavar="N", min=0, help="Cards for the memory; 0 leaves it out.")
    ] = 300,
    cache: CacheOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how long a card, the answer to a press and its fill take, and the cards' memory."""
    from main.bench.chat import bench_chat

    load_settings(config)
    with progress_bar(quiet=json) as progress:
        delays, memory, targets = bench_chat(
            _folder(cache), markets=markets, rounds=rounds, cards=cards, progress=progress
        )
    if json:
        print_json({"delays": delays, "memory": memory, "targets": _verdicts(targets)})
        return
    print_table(
        "The chat, over a service in another process",
        ("what", ">rounds", ">p50 s", ">p99 s", ">most s"),
        [
            (
                one.what,
                f"{one.rounds:,}",
                f"{one.median_s:.3f}",
                f"{one.p99_s:.3f}",
                f"{one.most_s:.3f}",
            )
            for one in delays
        ],
    )
    if memory is not None:
        say(
            f"{memory.cards:,} cards with pictures: {memory.start_mb:,.0f} MB before, "
            f"{memory.warm_mb:,.0f} MB when warm, {memory.end_mb:,.0f} MB at the end"
        )
    _print_targets(targets)


def _folder(cache: Path | None) -> Path:
    from main.bench.environment import cache_folder

    folder = (cache or cache_folder()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _scaling(folder: Path, most_bars: int, *, peers: bool, json: bool) -> None:
    from main.bench.scaling import bench_scaling

    with progress_bar(quiet=json) as progress:
        cells, targets = bench_scaling(folder, most_bars=most_bars, peers=peers, progress=progress)
    if json:
        print_json(
            {
                "cells": [{**_fields(one), "ns_per_bar": one.ns_per_bar} for one in cells],
                "targets": _verdicts(targets),
            }
        )
        return
    _print_scaling(cells)
    _print_targets(targets)


def _print_backtest(found: "BacktestBench") -> None:
    say(
        f"{found.bars:,} bars; a plain loop makes {found.expected_trades:,} trades, "
        f"{found.expected_pnl_quote:,.3f} for one unit each ({found.machine})"
    )
    slowest = min((one.bars_per_s for one in found.engines), default=1.0)
    print_table(
        "The benchmark rule, best of several runs",
        ("engine", "task", ">bars/s", ">ratio", ">cold s", ">MB", ">trades", ">profit"),
        [
            (
                f"{one.name} {one.version}".strip(),
                one.task,
                f"{one.bars_per_s:,.0f}",
                f"{one.bars_per_s / slowest:,.1f}",
                f"{one.cold_s:.2f}",
                f"{one.peak_rss_mb:,.0f}",
                f"{one.trades:,}",
                f"{one.pnl_quote:,.5f}",
            )
            for one in found.engines
        ],
    )
    for one in found.engines:
        say(f"  {one.name}, {one.task}: {one.difference}")
    _print_targets(found.targets)
    if found.load > _BUSY:
        say(f"the machine was busy (load {found.load:.1f}): repeat on a quiet one")
    for line in found.missing:
        say(f"not measured: {line}")


def _print_scaling(cells: "Sequence[Cell]") -> None:
    print_table(
        "Cost of more",
        ("of", ">count", ">bars in all", ">seconds", ">bars/s", ">ns a bar", ">MB", ">trades"),
        [
            (
                one.kind,
                f"{one.count:,}",
                f"{one.work:,}",
                f"{one.run_s:.4f}",
                f"{one.work / one.run_s:,.0f}",
                f"{one.ns_per_bar:.1f}",
                f"{one.peak_rss_mb:,.0f}",
                f"{one.trades:,}",
            )
            for one in cells
        ],
    )


def _print_targets(targets: "Sequence[Target]") -> None:
    from main.bench.values import figure

    print_table(
        "Targets",
        ("target", ">measured", ">wanted", "verdict"),
        [
            (one.name, None if one.value is None else figure(one.value), one.wanted, one.verdict)
            for one in targets
        ],
    )


def _verdicts(targets: "Sequence[Target]") -> list[dict[str, object]]:
    return [{**_fields(one), "verdict": one.verdict} for one in targets]


def _plain(found: "BacktestBench") -> dict[str, object]:
    engines = [{**_fields(one), "bars_per_s": one.bars_per_s} for one in found.engines]
    return {**_fields(found), "engines": engines}


def _fields(value: object) -> dict[str, object]:
    names: Sequence[str] = type(value).__slots__  # type: ignore[attr-defined]  # a slotted value
    return {name: getattr(value, name) for name in names}
