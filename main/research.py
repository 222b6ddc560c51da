"""Playing and proving, for the command line and for jobs that were asked for in the chat.

job → strategy version → stored candles → a backtest's document, or a verdict in the store

Proving a job judges the very version, untrained: what was tuned is in the version already, and a
verdict about a procedure would be no licence for it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from config import Settings
from engine.desk.calibrated import calibration_of
from engine.desk.research import read_wish
from engine.domain.desk import Json
from engine.domain.proof import ResearchJob
from engine.domain.research import BacktestWish
from engine.market.progress import Progress
from engine.ports import Units
from engine.strategy.version import StrategyVersion
from main.command_line import simulated_venues
from main.strategies import chosen_strategy, in_force

if TYPE_CHECKING:
    from engine.backtest.report import BacktestReport
    from engine.backtest.state import ApprovalModel
    from main.planning import Period

_MONEY_DIGITS = 2
_FRACTION_DIGITS = 5


def play(
    settings: Settings,
    units: Units,
    made: StrategyVersion,
    period: "Period",
    *,
    progress: Progress,
    approval: "ApprovalModel | None" = None,
) -> "BacktestReport":
    """Play a strategy over stored candles with the owner's limits and costs.

    The active calibration of the version is used, as the desk does. Whoever sees the result has
    made a trial, which is counted. ``DataError`` where nothing is stored of the period.
    """
    from engine.backtest.report import report
    from engine.backtest.runner import run_backtest
    from main.history import load_finer
    from main.planning import history_of, plan_of
    from main.proving import keep_backtest
    from main.reports.about import Played, about

    history = history_of(settings, units, made, period, progress)
    with units(read_only=True) as unit:
        calibration = calibration_of(unit, made)
    plan = plan_of(
        settings,
        made,
        history,
        approval=approval,
        calibration=calibration,
        finer=load_finer(units, history, period.finer, progress) if period.finer else None,
        finer_timeframe=period.finer,
    )
    run = run_backtest(plan, progress=progress)
    keep_backtest(units, plan)
    played = Played(plan=plan, history=history, quote=settings.trading.quote)
    return report(run, about(played, run.result))


def do_job(
    settings: Settings, units: Units, job: ResearchJob, progress: Progress
) -> dict[str, Json]:
    """Do what a job asks for; raises what the work raises (``DataError`` without candles)."""
    settings = in_force(settings, units)
    wish = read_wish(job.parameters)
    timeframe = wish.timeframe.value if wish.timeframe else None
    made = chosen_strategy(
        settings,
        units,
        spec=wish.strategy or None,
        timeframe=timeframe,
        simulated=settings.venue(settings.venue_name).kind == "simulated",
    )
    work = _prove if job.kind == "prove" else _backtest
    return work(settings, units, made, wish, progress)


def _backtest(
    settings: Settings,
    units: Units,
    made: StrategyVersion,
    wish: BacktestWish,
    progress: Progress,
) -> dict[str, Json]:
    document = play(settings, units, made, _period(wish), progress=progress).summary()
    data = document["data"]
    venue = data.get("venue") if isinstance(data, dict) else None
    return {
        **document,
        "curve": _thinned(document["curve"]),
        "fingerprint": made.fingerprint,
        "simulated": venue in simulated_venues(settings),
    }


def _prove(
    settings: Settings,
    units: Units,
    made: StrategyVersion,
    wish: BacktestWish,
    progress: Progress,
) -> dict[str, Json]:
    from engine.proof.walkforward.walked import Procedure
    from engine.proof.walkforward.windows import Mode
    from main.proving import prove_strategy

    fixed = Procedure(mode=Mode.FIXED)
    proved = prove_strategy(settings, units, made, fixed, _period(wish), progress=progress)
    return {
        "proof_id": proved.proof.id,
        "strategy_version": proved.proof.strategy_version,
        "fingerprint": proved.proof.fingerprint,
        "passed": proved.proof.passed,
    }


def _period(wish: BacktestWish) -> "Period":
    from main.planning import Period

    return Period(
        start=datetime.combine(wish.start, time(0), UTC) if wish.start else None,
        end=datetime.combine(wish.end, time(0), UTC) if wish.end else None,
    )


def _thinned(curve: Json) -> Json:
    """The curve with as many digits as a picture shows; it is read with every look at the job."""
    if not isinstance(curve, Mapping):
        return curve
    return {name: _rounded(name, values) for name, values in curve.items()}


def _rounded(name: str, values: Json) -> Json:
    digits = _FRACTION_DIGITS if name.endswith("_fraction") else _MONEY_DIGITS
    if not isinstance(values, list):
        return values
    return [round(one, digits) if isinstance(one, float) else one for one in values]
