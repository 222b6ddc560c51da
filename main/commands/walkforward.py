"""``cryptotrader walkforward``: train on the past, trade the unseen, stitch the results."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config import Settings
from main.command_line import ConfigOption, JsonOption, SymbolsOption, load_settings, new_app
from main.options import MOST_COUNT, MOST_DAYS, MOST_SEED
from main.output import print_json, progress_bar, say
from main.store import open_store

if TYPE_CHECKING:
    from engine.market.progress import Progress
    from engine.proof.walkforward.walked import Procedure, WalkForward
    from main.planning import Period

app = new_app("Train on the past, trade the unseen, stitch the results.")

StrategyOption = Annotated[
    str | None, typer.Option(metavar="FILE", help="A strategy file, or a shipped name.")
]
TimeframeOption = Annotated[
    str | None, typer.Option(metavar="TF", help="Decision candles, in place of the strategy's.")
]
SinceOption = Annotated[str | None, typer.Option("--from", metavar="T", help="First bar.")]
UntilOption = Annotated[str | None, typer.Option("--to", metavar="T", help="Bars before it.")]
VenueOption = Annotated[
    str | None, typer.Option(metavar="V", help="Venue whose candles are played.")
]
ReportOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder for a picture, JSON and tables.")
]
TrainOption = Annotated[
    int,
    typer.Option("--train", metavar="DAYS", min=1, max=MOST_DAYS, help="Days of training."),
]
TestOption = Annotated[
    int,
    typer.Option("--test", metavar="DAYS", min=1, max=MOST_DAYS, help="Days of each test."),
]
PointsOption = Annotated[
    int, typer.Option(metavar="N", min=1, max=MOST_COUNT, help="Points searched per window.")
]
SeedOption = Annotated[
    int, typer.Option(metavar="N", min=0, max=MOST_SEED, help="Seed of the search.")
]
AxisOption = Annotated[
    list[str] | None,
    typer.Option("--axis", metavar="NAME=V,…", help="Search this, not the defaults; repeatable."),
]
CalibrateOption = Annotated[
    bool, typer.Option(help="Trade each test by the net edge that its past promised.")
]


@app.command(
    epilog="Example: cryptotrader walkforward --mode rolling --train 730 --test 182 --report wf"
)
def walkforward(
    strategy: StrategyOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    mode: Annotated[
        str, typer.Option(help="anchored, rolling, or fixed: train nothing.")
    ] = "anchored",
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
    """Walk a strategy forward; what you see is counted as a trial of its lineage."""
    from main.options import check_axes, prepare_folder, write_report
    from main.planning import period_of
    from main.proving import measured, procedure_for
    from main.reports.walkforward import document, print_walked, write_walked

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
        walked, count = _walk(settings, strategy, timeframe, procedure, period, progress)
    made = document(walked, trials=count, effort=effort)
    zone = settings.app.timezone
    problem = write_report(
        report, lambda folder: write_walked(walked, made, folder, zone_name=zone)
    )
    if json:
        print_json(made)
    else:
        print_walked(walked, quote=settings.trading.quote)
        say(f"trial {count} of {walked.strategy.name}; {effort}")
    if problem is not None:
        raise problem


def _walk(
    settings: Settings,
    spec: str | None,
    timeframe: str | None,
    procedure: "Procedure",
    period: "Period",
    progress: "Progress",
) -> "tuple[WalkForward, int]":
    from engine.proof.trials import trial_of
    from engine.proof.walkforward.walk import walk_forward
    from main.options import check_procedure
    from main.proving import ground_for, keep_trials, now, window_store
    from main.strategies import chosen_strategy, in_force

    with open_store(settings) as units:
        settings = in_force(settings, units)
        made = chosen_strategy(settings, units, spec=spec, timeframe=timeframe)
        check_procedure(made, procedure)
        ground = ground_for(settings, units, made, period, progress)
        walked = walk_forward(
            ground, made, procedure, store=window_store(settings), progress=progress
        )
        return walked, keep_trials(units, made, [trial_of(walked, seen_at=now())])
