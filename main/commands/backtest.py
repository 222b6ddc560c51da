"""``cryptotrader backtest``: the strategy over stored candles, by the functions the desk uses."""

import csv
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from config import Settings
from engine.backtest.result import BacktestResult, Trade
from main.command_line import (
    ConfigOption,
    JsonOption,
    SymbolsOption,
    load_settings,
    new_app,
    parse_moment,
    parse_symbols,
    simulated_venues,
    stored_venue,
)
from main.output import print_json, print_table, say, to_json
from main.store import open_store

app = new_app("Play the strategy over stored candles.")


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
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the result as files.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Play the strategy over stored candles, with costs, limits and a modelled approval."""
    settings = load_settings(config).settings
    result = _play(settings, strategy, symbol, timeframe, since, until, venue)
    if report is not None:
        _write(result, report)
    if json:
        print_json(result.to_json())
    else:
        _print(result, settings.trading.quote)


def _play(
    settings: Settings,
    strategy: str | None,
    symbols: list[str] | None,
    timeframe: str | None,
    since: str | None,
    until: str | None,
    venue: str | None,
) -> BacktestResult:
    from engine.backtest.runner import BacktestPlan, run_backtest
    from engine.backtest.state import ApprovalModel
    from main.history import load_history
    from main.strategies import chosen_strategy

    with open_store(settings) as units:
        made = chosen_strategy(settings, units, spec=strategy, timeframe=timeframe)
        history = load_history(
            units,
            venue=venue,
            preferred=stored_venue(settings, None),
            avoid=simulated_venues(settings),
            timeframe=made.timeframe,
            symbols=parse_symbols(symbols or ()),
            start=parse_moment(since, "--from") if since else None,
            end=parse_moment(until, "--to") if until else None,
        )
    plan = BacktestPlan(
        histories=history.candles,
        rules=history.rules,
        start=history.start,
        end=history.end,
        start_equity_quote=float(settings.trading.start_equity_quote),
        strategy=made,
        policies=settings.policy,
        fills=settings.fills,
        approval=ApprovalModel(),
    )
    return run_backtest(plan).result


def _print(result: BacktestResult, quote: str) -> None:
    change = result.final_equity / result.start_equity - 1
    say(
        f"{result.strategy_version} on {len(result.symbols)} symbols, {result.timeframe}: "
        f"{result.start_equity:,.2f} -> {result.final_equity:,.2f} {quote} ({change:+.2%}), "
        f"{len(result.trades)} trades, {len(result.open_positions)} open"
    )
    rows = [(f.name, _figure(getattr(result.metrics, f.name))) for f in fields(result.metrics)]
    print_table("Metrics", ("figure", ">value"), rows)
    rows = [(name, f"{amount:,.2f} {quote}") for name, amount in result.costs.items()]
    print_table("Costs", ("cost", ">amount"), rows)
    print_table("Decisions", ("reason", ">count"), sorted(result.decisions.items()))


def _figure(value: object) -> str | None:
    if isinstance(value, float):
        return f"{value:,.4f}"
    return None if value is None else str(value)


def _write(result: BacktestResult, folder: Path) -> None:
    """``result.json``, ``trades.csv`` and ``equity.csv``."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(to_json(result.to_json()), indent=2, allow_nan=False)
    (folder / "result.json").write_text(document, encoding="utf-8")
    names = [field.name for field in fields(Trade)]
    with (folder / "trades.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(trade, name) for name in names] for trade in result.trades)
    with (folder / "equity.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("ts_ms", "equity_quote"))
        points = zip(result.close_ms.tolist(), result.equity_quote.tolist(), strict=True)
        writer.writerows(points)
