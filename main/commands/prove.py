"""``cryptotrader prove``: the gate's verdict about a strategy version; exit code 3 if it fails."""

from typing import TYPE_CHECKING, Annotated

import typer

from config import Settings
from main.command_line import ConfigOption, JsonOption, SymbolsOption, load_settings, new_app
from main.commands.walkforward import (
    AxisOption,
    CalibrateOption,
    PointsOption,
    ReportOption,
    SeedOption,
    SinceOption,
    StrategyOption,
    TestOption,
    TimeframeOption,
    TrainOption,
    UntilOption,
    VenueOption,
)
from main.output import print_json, progress_bar, say
from main.store import open_store

if TYPE_CHECKING:
    from engine.market.progress import Progress
    from engine.proof.prove import Proved
    from engine.proof.walkforward.walked import Procedure
    from main.planning import Period

app = new_app("Judge a strategy version; exit code 3 if it fails.")


@app.command(epilog="Example: cryptotrader prove --from 2018-01-01 --to 2024-01-01 --report proof")
def prove(
    strategy: StrategyOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    mode: Annotated[
        str,
        typer.Option(help="fixed: this very version; anchored or rolling: how it is trained."),
    ] = "fixed",
    train: TrainOption = 730,
    test: TestOption = 182,
    points: PointsOption = 60,
    seed: SeedOption = 7,
    axis: AxisOption = None,
    calibration: CalibrateOption = True,
    since: SinceOption = None,
    until: UntilOption = None,
    venue: VenueOption = None,
    report: ReportOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Judge a strategy version out of sample, beside everything its lineage has tried."""
    from engine.domain.errors import SafetyRefusedError
    from main.options import check_axes, prepare_folder, write_report
    from main.planning import period_of
    from main.proving import measured, procedure_for
    from main.reports.proof import document, print_proved, write_proved

    period = period_of(symbols=symbol, since=since, until=until, venue=venue)
    check_axes(axis or ())
    prepare_folder(report)
    settings = load_settings(config).settings
    procedure = procedure_for(
        mode=mode,
        train_days=train,
        test_days=test,
        points=points,
        seed=seed,
        calibrate=calibration,
        axes=axis or (),
    )
    with measured() as effort, progress_bar(quiet=json) as progress:
        proved = _prove(settings, strategy, timeframe, procedure, period, progress)
    made = document(proved, effort=effort)
    zone = settings.app.timezone
    problem = write_report(
        report, lambda folder: write_proved(proved, made, folder, zone_name=zone)
    )
    if json:
        print_json(made)
    else:
        print_proved(proved, quote=settings.trading.quote)
        say(str(effort))
    if problem is not None:
        raise problem
    if not proved.proof.passed:
        failed = ", ".join(one.name for one in proved.proof.failed)
        raise SafetyRefusedError(f"{proved.proof.strategy_version} is unproven: {failed}")


def _prove(
    settings: Settings,
    spec: str | None,
    timeframe: str | None,
    procedure: "Procedure",
    period: "Period",
    progress: "Progress",
) -> "Proved":
    from main.options import check_procedure
    from main.proving import prove_strategy
    from main.strategies import chosen_strategy, in_force

    with open_store(settings) as units:
        settings = in_force(settings, units)
        made = chosen_strategy(settings, units, spec=spec, timeframe=timeframe)
        check_procedure(made, procedure)
        return prove_strategy(settings, units, made, procedure, period, progress=progress)
