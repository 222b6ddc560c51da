"""``cryptotrader backtest``: the strategy over stored candles, by the functions the desk uses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from main.command_line import (
    ConfigOption,
    JsonOption,
    SymbolsOption,
    load_settings,
    new_app,
)
from main.options import MOST_COUNT
from main.output import print_json, progress_bar, say
from main.store import open_store

if TYPE_CHECKING:
    from bot.charts.views import Theme
    from engine.backtest.compare import Comparison
    from engine.backtest.report import BacktestReport
    from engine.backtest.stored import StoredRun

app = new_app("Play the strategy over stored candles.")
_PATIENCE_S = 1.0


@app.command(
    epilog="Example: cryptotrader backtest --timeframe 1h --from 2020-10-01 --to 2021-01-01 --json"
)
def backtest(
    strategy: Annotated[
        str | None, typer.Option(metavar="FILE", help="A strategy file, or a shipped name.")
    ] = None,
    symbol: SymbolsOption = None,
    timeframe: Annotated[
        str | None, typer.Option(metavar="TF", help="In place of the strategy's.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="T", help="First bar.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="T", help="Bars before it.")] = None,
    venue: Annotated[
        str | None, typer.Option(metavar="V", help="Venue whose candles are played.")
    ] = None,
    finer: Annotated[
        str | None,
        typer.Option(metavar="TF", help="Stored candles that tell what came first inside a bar."),
    ] = None,
    approve: Annotated[
        float,
        typer.Option(metavar="P", min=0.0, max=1.0, help="Chance that a question is approved."),
    ] = 1.0,
    approve_after: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=MOST_COUNT, help="Bars that an approval takes."),
    ] = 0,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for a page, a picture, JSON and tables."),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A stored result.json to compare with.")
    ] = None,
    theme: Annotated[
        str, typer.Option(help="Colours of the report's picture: dark or light.")
    ] = "dark",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Play the strategy over stored candles, with costs, limits and a modelled approval."""
    from engine.backtest.state import ApprovalModel
    from engine.domain.errors import UsageError
    from main.options import prepare_folder, write_report
    from main.planning import period_of
    from main.reports.comparison import read_stored
    from main.research import play
    from main.strategies import chosen_strategy, in_force

    if theme not in {"dark", "light"}:
        raise UsageError(f"--theme {theme!r} is not one of dark, light")
    period = period_of(symbols=symbol, since=since, until=until, venue=venue, finer=finer)
    prepare_folder(report)
    settings = load_settings(config).settings
    person = ApprovalModel(probability=approve, delay_bars=approve_after)
    other = read_stored(compare) if compare else None
    with (
        progress_bar(quiet=json, after_s=_PATIENCE_S) as progress,
        open_store(settings) as units,
    ):
        settings = in_force(settings, units)
        made = chosen_strategy(settings, units, spec=strategy, timeframe=timeframe)
        played = play(settings, units, made, period, progress=progress, approval=person)
    beside = _beside(played, other)
    chosen: Theme = "light" if theme == "light" else "dark"
    zone = settings.app.timezone

    def write(folder: Path) -> None:
        from main.reports.files import write_files

        write_files(played, folder, comparison=beside, theme=chosen, zone_name=zone)

    problem = write_report(report, write)
    if json:
        print_json(played.to_json() | ({"comparison": beside.to_json()} if beside else {}))
    else:
        _print(played, beside, None if problem else report)
    if problem is not None:
        raise problem


def _beside(played: "BacktestReport", other: "StoredRun | None") -> "Comparison | None":
    """The run beside a stored one; it is read as it would be stored, so that like meets like."""
    from engine.backtest.compare import compare
    from engine.backtest.stored import read_run

    return compare(read_run(played.to_json()), other) if other else None


def _print(played: "BacktestReport", beside: "Comparison | None", folder: Path | None) -> None:
    from main.reports.comparison import print_comparison
    from main.reports.printed import print_report

    print_report(played)
    if beside is not None:
        print_comparison(beside)
    if folder is not None:
        say(f"written: {folder / 'report.html'}")
