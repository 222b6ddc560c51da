"""``cryptotrader rehearse``: stored candles through the whole desk, as fast as they go."""

from pathlib import Path
from typing import Annotated

import typer

from main.command_line import (
    ConfigOption,
    JsonOption,
    load_settings,
    new_app,
)

app = new_app("Replay stored candles through the whole desk.")


@app.command(
    epilog="Example: cryptotrader rehearse --from 2020-10-01 --to 2021-01-01 --approve auto"
)
def rehearse(
    start: Annotated[str, typer.Option("--from", metavar="T", help="First moment, UTC.")],
    end: Annotated[str, typer.Option("--to", metavar="T", help="Last close, UTC.")],
    approve: Annotated[
        str, typer.Option(help="Who answers questions: auto (yes at once), ask (you), none.")
    ] = "auto",
    symbol: Annotated[
        list[str] | None, typer.Option(metavar="S", help="Only these markets; repeatable.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(metavar="FILE", help="A strategy file, or a shipped name.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option(metavar="TF", help="Decision candles.")] = None,
    venue: Annotated[str | None, typer.Option(metavar="V", help="Whose candles.")] = None,
    speed: Annotated[float, typer.Option(metavar="N", help="Closes a second; 0 is full.")] = 0.0,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="An empty database [a new SQLite file].")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pictures and the report here.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Replay a period: scan, questions, orders, paper fills, messages, audit.

    What you see counts as a trial of the strategy's lineage, as a backtest of the same would.
    """
    from engine.desk.rehearsal import Approver
    from engine.domain.errors import UsageError
    from main.options import prepare_folder
    from main.output import print_json, say
    from main.planning import period_of, plan_of
    from main.proving import keep_backtest
    from main.rehearsal_report import print_report, report_json, write_report
    from main.rehearsing import Plan, fresh_file, stage, terminal_answer, watching
    from main.store import open_units
    from main.strategies import chosen_strategy, in_force

    if approve not in set(Approver):
        raise UsageError(f"--approve {approve!r} is not one of {', '.join(Approver)}")
    settings = load_settings(config).settings
    period = period_of(symbols=symbol, since=start, until=end, venue=venue)
    prepare_folder(report)
    stored = open_units(settings)
    settings = in_force(settings, stored)
    plan = Plan(
        strategy=chosen_strategy(settings, stored, spec=strategy, timeframe=timeframe),
        period=period,
        database_url=database or fresh_file(settings, period),
    )
    staged = stage(settings, stored, plan)
    answer = terminal_answer(staged.assembled) if approve == Approver.ASK else None
    with watching(speed, quiet=json) as watch:
        done = staged.run(Approver(approve), watch=watch, answer=answer)
    keep_backtest(stored, plan_of(settings, plan.strategy, staged.history))
    if report is not None:
        write_report(staged, done, report)
    sources = staged.history.sources
    if json:
        print_json(report_json(done) | {"resampled_from": sources})
    else:
        print_report(done, staged.assembled.context)
        if sources:
            finer = ", ".join(sorted(set(sources.values())))
            say(f"{staged.history.timeframe} candles resampled from {finer}, whole bars only")
    staged.units.close()
    stored.close()
