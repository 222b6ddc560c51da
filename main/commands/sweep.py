"""``cryptotrader sweep``: many variants of a strategy on the same candles, best first."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config import Settings
from main.command_line import ConfigOption, JsonOption, SymbolsOption, load_settings, new_app
from main.commands.walkforward import (
    SeedOption,
    SinceOption,
    StrategyOption,
    TimeframeOption,
    UntilOption,
    VenueOption,
)
from main.options import MOST_COUNT, MOST_WORKERS
from main.output import print_json, progress_bar, say
from main.store import open_store

if TYPE_CHECKING:
    from engine.domain.proof import Trial
    from engine.kernel import Floats
    from engine.market.progress import Progress
    from engine.proof.ground import Ground
    from engine.proof.sweep.play import Choice, Kind, Swept
    from engine.strategy.version import StrategyVersion
    from main.planning import Period

    type Play = Callable[[Ground, StrategyVersion, Sequence[Choice]], Swept]

app = new_app("Play many variants of a strategy, best first.")


@app.command(
    epilog="Example: cryptotrader sweep --axis rules.RSI.length=7,14,21 "
    "--axis entry.min_rank_fraction=0.95,0.99"
)
def sweep(
    strategy: StrategyOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    axis: Annotated[
        list[str] | None,
        typer.Option("--axis", metavar="NAME=V,…", help="Values of one parameter; repeatable."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=MOST_COUNT, help="So many points, drawn; all without it."
        ),
    ] = None,
    seed: SeedOption = 7,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=MOST_WORKERS, help="Workers; all cores without it."),
    ] = None,
    processes: Annotated[bool, typer.Option(help="Processes in place of threads.")] = False,
    cluster: Annotated[
        str | None, typer.Option(metavar="URL", help="A Dask scheduler, tcp://host:port.")
    ] = None,
    sort: Annotated[str, typer.Option(help="Figure to sort by.")] = "sharpe",
    top: Annotated[
        int, typer.Option(metavar="N", min=1, max=MOST_COUNT, help="Rows to print.")
    ] = 20,
    since: SinceOption = None,
    until: UntilOption = None,
    venue: VenueOption = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for JSON and a table.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Play every combination of the axes; each counts as a trial of the lineage once shown."""
    from engine.domain.errors import UsageError
    from engine.proof.sweep.play import sweep as sweep_on
    from engine.proof.sweep.summary import FIGURES
    from main.options import (
        check_axes,
        check_cluster,
        prepare_folder,
        write_report,
    )
    from main.planning import period_of
    from main.proving import measured
    from main.reports.sweep import document, print_swept, write_swept

    if sort not in FIGURES:
        raise UsageError(f"--sort {sort!r} is not one of {', '.join(FIGURES)}")
    period = period_of(symbols=symbol, since=since, until=until, venue=venue)
    check_axes(axis or ())
    check_cluster(cluster)
    prepare_folder(report)
    settings = load_settings(config).settings
    kind: Kind = "processes" if processes else "threads"
    with measured() as effort, progress_bar(quiet=json) as progress:
        play = partial(sweep_on, kind=kind, workers=workers, cluster=cluster, progress=progress)
        swept, count, name = _sweep(
            settings, strategy, timeframe, period, axis or (), sample, seed, play, progress
        )
    made = document(swept, strategy_version=name, trials=count, sort=sort, effort=effort)
    problem = write_report(report, lambda folder: write_swept(made, folder))
    if json:
        print_json(made)
    else:
        print_swept(swept, sort=sort, top=top)
        say(f"{len(swept.choices)} variants of {name}, {count} trials of its lineage; {effort}")
    if problem is not None:
        raise problem


def _sweep(
    settings: Settings,
    spec: str | None,
    timeframe: str | None,
    period: "Period",
    axes: list[str] | tuple[str, ...],
    count: int | None,
    seed: int,
    play: "Play",
    progress: "Progress",
) -> "tuple[Swept, int, str]":
    """Play each timeframe's variants on its own candles; the choices keep their order."""
    import numpy as np

    from engine.proof.sweep.play import Swept, grid, sample
    from engine.proof.trials import swept_trials
    from engine.proof.variants import altered
    from main.options import check_space
    from main.proving import ground_for, keep_trials, now, parse_axes, swept_space
    from main.strategies import chosen_strategy, in_force

    with open_store(settings) as units:
        settings = in_force(settings, units)
        made = chosen_strategy(settings, units, spec=spec, timeframe=timeframe)
        space = parse_axes(axes) if axes else swept_space(made)
        check_space(made, space, trained=False)
        choices = grid(space) if count is None else sample(space, count, seed=seed)
        figures: dict[int, Floats] = {}
        trials: list[Trial] = []
        for frame in space.axes.get("timeframe", (made.timeframe.value,)):
            places = [k for k, one in enumerate(choices) if one.get("timeframe", frame) == frame]
            if not places:
                continue
            on = altered(made, {"timeframe": frame})
            ground = ground_for(settings, units, on, period, progress)
            part = play(ground, made, [choices[k] for k in places])
            figures.update(zip(places, part.figures, strict=True))
            trials += swept_trials(ground, made, part, seen_at=now())
        rows = [figures[k] for k in range(len(choices))]
        swept = Swept(choices=tuple(choices), figures=np.array(rows))
        return swept, keep_trials(units, made, trials), made.version
