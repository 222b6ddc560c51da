"""``cryptotrader calibrate``: what a strategy's scores were worth, as a version to be approved.

stored candles → outcomes → the table of promises and outcomes → a stored version nobody uses yet;
``--activate`` puts one to use after a question to the person at the terminal, and audits it.

Only a person makes a calibration active: without a terminal to ask on, the command refuses (exit
code 3) unless that person has said ``--yes`` beforehand.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config import Settings
from engine.clock import SystemClock
from engine.domain.desk import AuditEvent
from engine.domain.errors import SafetyRefusedError, UsageError
from engine.domain.proof import Calibration, CalibrationCurve
from engine.domain.reliability import Reliability
from engine.ports import Units
from main.command_line import (
    ConfigOption,
    JsonOption,
    SymbolsOption,
    load_settings,
    new_app,
)
from main.output import print_json, print_table, say, to_json
from main.store import open_store

if TYPE_CHECKING:
    from engine.proof.calibration.fit import Fitted
    from main.planning import Period

app = new_app("Measure what a score is worth.")

_ACTOR = "terminal"
_LONG = 1


@app.command(epilog="Example: cryptotrader calibrate --strategy score --from 2024-01-01")
def calibrate(
    strategy: Annotated[
        str | None, typer.Option(metavar="FILE", help="A strategy file, or a shipped name.")
    ] = None,
    symbol: SymbolsOption = None,
    timeframe: Annotated[
        str | None, typer.Option(metavar="TF", help="In place of the strategy's.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="T", help="First bar: after the strategy was chosen."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="T", help="Bars before it.")] = None,
    venue: Annotated[
        str | None, typer.Option(metavar="V", help="Venue whose candles are used.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the table and its picture.")
    ] = None,
    stored: Annotated[bool, typer.Option("--list", help="Only list the stored versions.")] = False,
    activate: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Put a stored version to use.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --activate: the owner has agreed, do not ask.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Fit a calibration to stored candles and store it unused; or list, or put one to use."""
    from main.options import prepare_folder, write_report
    from main.planning import period_of

    period = period_of(symbols=symbol, since=since, until=until, venue=venue)
    prepare_folder(report)
    settings = load_settings(config).settings
    with open_store(settings) as units:
        if stored:
            _list(units, json=json)
        elif activate is not None:
            _activate(units, activate, yes=yes, json=json)
        else:
            fitted = _fit(settings, units, strategy, timeframe, period)
            with units() as unit:
                unit.calibrations.add(fitted.calibration)
                unit.commit()
            problem = write_report(report, lambda folder: _write(fitted, folder))
            _tell(fitted, json=json)
            if problem is not None:
                raise problem


def _fit(
    settings: Settings,
    units: Units,
    strategy: str | None,
    timeframe: str | None,
    period: "Period",
) -> "Fitted":
    from engine.proof.calibration.fit import calibrate as fit
    from main.planning import history_of, plan_of
    from main.proving import keep_backtest
    from main.strategies import chosen_strategy, in_force

    settings = in_force(settings, units)
    made = chosen_strategy(settings, units, spec=strategy, timeframe=timeframe)
    history = history_of(settings, units, made, period)
    fitted = fit(
        made,
        history.candles,
        history.rules,
        settings.policy,
        equity_quote=float(settings.trading.start_equity_quote),
        made_at=SystemClock().now(),
        since=history.start,
    )
    # What a score earned, by regime, is a look at the result like any other; a refusal shows none.
    keep_backtest(units, plan_of(settings, made, history))
    return fitted


def _list(units: Units, *, json: bool) -> None:
    with units(read_only=True) as unit:
        versions = unit.calibrations.all()
    if json:
        print_json(versions)
        return
    if not versions:
        say("no calibration is stored; make one: cryptotrader calibrate")
        return
    columns = ("version", "strategy", "candles", "method", "made", "in use")
    print_table("Calibrations", columns, [_line(version) for version in versions])


def _line(version: Calibration) -> Sequence[object]:
    return (
        version.version,
        f"{version.strategy_version} {version.timeframe}",
        f"{version.data_from:%Y-%m-%d} to {version.data_to:%Y-%m-%d}",
        version.method,
        f"{version.made_at:%Y-%m-%d %H:%M}",
        "yes" if version.active else None,
    )


def _activate(units: Units, version: str, *, yes: bool, json: bool) -> None:
    with units(read_only=True) as unit:
        versions = unit.calibrations.all()
    wanted = next((one for one in versions if one.version == version), None)
    if wanted is None:
        known = ", ".join(one.version for one in versions) or "none; run: cryptotrader calibrate"
        raise UsageError(f"--activate {version!r} is not a stored calibration (stored: {known})")
    if not yes:
        _ask(wanted)
    now = SystemClock().now()
    with units() as unit:
        before = unit.calibrations.active(wanted.strategy_version, wanted.timeframe)
        unit.calibrations.activate(version)
        unit.audit.append(
            AuditEvent(
                at=now,
                actor=_ACTOR,
                action="calibration_activated",
                subject=version,
                detail={"before": before.version if before else None, "asked": not yes},
            )
        )
        unit.commit()
    if json:
        print_json({"active": version, "before": before.version if before else None})
    else:
        say(f"{version} is in use for {wanted.strategy_version} on {wanted.timeframe}")


def _ask(wanted: Calibration) -> None:
    """Ask the person at the terminal, who sees what would be used; anything but yes refuses."""
    if not sys.stdin.isatty():
        raise SafetyRefusedError(
            "a calibration is put to use by a person; run this in a terminal, or add --yes if the "
            "owner has agreed"
        )
    _print_curves(wanted)
    question = f"Let the desk use {wanted.version} for {wanted.strategy_version}?"
    if not typer.confirm(question, err=True):
        raise SafetyRefusedError("the calibration in use stays as it is")


def _tell(fitted: "Fitted", *, json: bool) -> None:
    calibration, reliability = fitted.calibration, fitted.reliability
    if json:
        print_json(
            {"calibration": calibration, "reliability": {**_document(reliability)}, "active": False}
        )
        return
    say(
        f"{calibration.version}: {calibration.strategy_version} on {calibration.timeframe}, "
        f"{calibration.data_from:%Y-%m-%d} to {calibration.data_to:%Y-%m-%d}, "
        f"{calibration.method}; {calibration.note}"
    )
    _print_reliability(reliability)
    _print_curves(calibration)
    say("Not in use. Scores that were chosen on these same candles make every figure too good.")
    say(f"To use it: cryptotrader calibrate --activate {calibration.version}")


def _document(reliability: Reliability) -> dict[str, object]:
    return {**to_json(reliability), "skill": dict(reliability.skill)}


def _print_reliability(reliability: Reliability) -> None:
    rows = [
        (
            f"{row.score_from:.0f}-{row.score_to:.0f}",
            f"{row.promised_bps:+.0f}",
            f"{row.realised_bps:+.0f} [{row.low_bps:+.0f}, {row.high_bps:+.0f}]",
            f"{row.promised_win:.0%}",
            f"{row.won:.0%} [{row.won_low:.0%}, {row.won_high:.0%}]",
            f"{row.n:,}",
            f"{row.bars:,}",
            "kept" if row.is_kept else "missed",
        )
        for row in reliability.rows
    ]
    title = (
        f"Promised and realised, out of sample (long, bps before costs of "
        f"{reliability.cost_bps:.0f}; won after them)"
    )
    columns = ("scored", ">promised", ">realised", ">promised", ">won", ">n", ">bars", "promise")
    print_table(title, columns, rows)


def _print_curves(calibration: Calibration) -> None:
    for curve in calibration.curves:
        side = "long" if curve.direction == _LONG else "short, for information"
        columns = ("from score", ">edge bps", ">win", ">payoff", ">n")
        print_table(f"{curve.regime}, {side}", columns, _knots(curve))


def _knots(curve: CalibrationCurve) -> list[Sequence[object]]:
    edges = zip(curve.edge_bps, curve.edge_low_bps, curve.edge_high_bps, strict=True)
    wins = zip(curve.win_probability, curve.win_low, curve.win_high, strict=True)
    columns = zip(curve.score, edges, wins, curve.payoff, curve.n, strict=True)
    return [
        (
            f"{score:.0f}",
            f"{edge:+.0f} [{edge_low:+.0f}, {edge_high:+.0f}]",
            f"{win:.0%} [{win_low:.0%}, {win_high:.0%}]",
            f"{payoff:.2f}",
            f"{n:,}",
        )
        for score, (edge, edge_low, edge_high), (win, win_low, win_high), payoff, n in columns
    ]


def _write(fitted: "Fitted", folder: Path) -> None:
    """``reliability.json`` and ``reliability.png``."""
    from json import dumps

    from bot.charts import draw_reliability
    from bot.charts.views_reliability import ReliabilityPicture

    folder.mkdir(parents=True, exist_ok=True)
    document = dumps(_document(fitted.reliability), indent=2, allow_nan=False)
    (folder / "reliability.json").write_text(document, encoding="utf-8")
    made = fitted.calibration
    picture = ReliabilityPicture(
        title=f"{made.strategy_version} · {made.timeframe}", reliability=fitted.reliability
    )
    (folder / "reliability.png").write_bytes(draw_reliability(picture))
