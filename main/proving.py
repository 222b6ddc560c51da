"""What ``walkforward``, ``prove`` and ``sweep`` share: the ground, the procedure, trials, cost.

settings + options → strategy version → history → ground → walk-forward → a trial in the store
"""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from config import Settings
from engine.backtest.runner import BacktestPlan
from engine.clock import SystemClock
from engine.desk.research_trail import gap, note_added
from engine.domain.desk import Json
from engine.domain.errors import DataError, InvalidValueError, SafetyRefusedError, UsageError
from engine.domain.market import Timeframe
from engine.domain.proof import Proof, Trial
from engine.domain.values import to_ms
from engine.market.progress import Progress, silent
from engine.ports import Units
from engine.proof.breakouts import breakout_average
from engine.proof.daily import days_with_bars
from engine.proof.gate import GatePolicy
from engine.proof.ground import Ground, ground_of
from engine.proof.prove import Proved, Standing, prove
from engine.proof.search import SearchPolicy, SearchSpace, default_space
from engine.proof.trials import (
    RESEARCH,
    Grounds,
    configuration_id,
    excess_of,
    explored,
    inherited_trials,
    lineages,
    overlapping,
    rerun,
    seen_returns,
    trial_of,
)
from engine.proof.walkforward.walk import walk_forward
from engine.proof.walkforward.walked import Procedure, WalkForward
from engine.proof.walkforward.windows import Mode, WindowPolicy
from engine.strategy.owner import terms_digest
from engine.strategy.version import StrategyVersion
from main.planning import Period, history_of, plan_of

_MB = 1024 * 1024
_ACTOR = "research"


@dataclass(slots=True)
class Effort:
    """Time since the start in seconds, and the most memory this process has used."""

    took_s: float = 0.0
    peak_memory_mb: float = 0.0

    def __str__(self) -> str:
        return f"took {self.took_s:.1f} s, at most {self.peak_memory_mb:,.0f} MB"


@contextmanager
def measured() -> Iterator[Effort]:
    """Measure what is done inside; the figures are there afterwards."""
    effort, began = Effort(), time.perf_counter()
    try:
        yield effort
    finally:
        effort.took_s = time.perf_counter() - began
        effort.peak_memory_mb = peak_memory_mb()


def peak_memory_mb() -> float:
    """The most memory this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / _MB if sys.platform == "darwin" else used / 1024


def ground_for(
    settings: Settings,
    units: Units,
    strategy: StrategyVersion,
    period: Period,
    progress: Progress = silent,
) -> Ground:
    """Stored candles and the owner's policies for one strategy, laid out."""
    history = history_of(settings, units, strategy, period, progress)
    return ground_of(plan_of(settings, strategy, history))


def grounds_for(settings: Settings, units: Units, ground: Ground, period: Period) -> Grounds:
    """The same history on other timeframes, each laid out once, ``None`` where there is none."""
    known: dict[Timeframe, Ground | None] = {ground.timeframe: ground}

    def of(timeframe: Timeframe) -> Ground | None:
        if timeframe not in known:
            strategy = replace(ground.plan.strategy, timeframe=timeframe)
            try:
                known[timeframe] = ground_for(settings, units, strategy, period)
            except DataError:
                known[timeframe] = None
        return known[timeframe]

    return of


def procedure_for(
    *,
    mode: str,
    train_days: int,
    test_days: int,
    points: int,
    seed: int,
    calibrate: bool,
    axes: Sequence[str],
) -> Procedure:
    """The procedure that options describe; ``UsageError`` with an example for a wrong one."""
    try:
        chosen = Mode(mode)
    except ValueError as err:
        raise UsageError(f"--mode {mode!r} is not one of {', '.join(Mode)}") from err
    return Procedure(
        mode=chosen,
        windows=WindowPolicy(train_days=train_days, test_days=test_days),
        search=SearchPolicy(points=points, seed=seed),
        space=parse_axes(axes) if axes else None,
        calibrate=calibrate,
    )


def parse_axes(texts: Sequence[str]) -> SearchSpace:
    """Axes written as ``NAME=V,V,…``; ``UsageError`` with an example otherwise."""
    axes: dict[str, tuple[Json, ...]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign or not name or not values:
            raise UsageError(
                f"--axis {text!r} is no axis; write --axis exits.stop_atr_multiple=2,3,4"
            )
        axes[name] = tuple(parse_value(value) for value in values.split(","))
    return SearchSpace(axes=axes)


def parse_value(text: str) -> Json:
    """A number, ``true``, ``false``, ``none``, or the text itself."""
    words: dict[str, Json] = {"none": None, "null": None, "true": True, "false": False}
    plain = text.strip()
    if plain.lower() in words:
        return words[plain.lower()]
    kinds: tuple[Callable[[str], Json], ...] = (int, float)
    for kind in kinds:
        try:
            return kind(plain)
        except ValueError:
            continue
    return plain


def window_store(settings: Settings) -> Path:
    """Where finished windows are kept."""
    return settings.app.data_dir / "walkforward"


def keep_trials(units: Units, strategy: StrategyVersion, trials: Sequence[Trial]) -> int:
    """Count these trials and those that its research made; returns the lineage's.

    The lineage includes the shipped ones that the version grew out of.
    """
    seeds = inherited_trials(strategy, seen_at=now())
    with units() as unit:
        added = sum(unit.trials.add(trial) for trial in (*seeds, *trials))
        note_added(unit, at=now(), actor=_ACTOR, trials=added)
        count = sum(unit.trials.count(name) for name in lineages(strategy))
        unit.commit()
    return count + explored(strategy)


def keep_backtest(units: Units, plan: BacktestPlan) -> None:
    """Count a backtest that somebody saw as the trial that proving the same would be.

    One that is too short to be walked is no evidence, and none that a proof could rest on.
    """
    try:
        walked = walk_forward(ground_of(plan), plan.strategy, Procedure(mode=Mode.FIXED))
    except (DataError, InvalidValueError):
        return
    keep_trials(units, plan.strategy, [trial_of(walked, seen_at=now())])


def all_trials(units: Units) -> Sequence[Trial]:
    """Every trial of every lineage: research first, then oldest first."""
    with units(read_only=True) as unit:
        found = unit.trials.all()
    return sorted(found, key=lambda trial: (trial.data_digest != RESEARCH, trial.seen_at))


def lineage(trials: Iterable[Trial], strategy: StrategyVersion) -> Sequence[Trial]:
    """Those of its lineage and of those it grew out of, in the same order."""
    names = lineages(strategy)
    return [trial for trial in trials if trial.lineage in names]


def counted(trials: Iterable[Trial], walked: WalkForward) -> tuple[Trial, ...]:
    """Those over some of the days of a walk-forward, whatever their lineage and market."""
    days = walked.days
    end_day = days.first_day + timedelta(days=len(days.returns))
    return overlapping(trials, first_day=days.first_day, end_day=end_day)


def keep_proof(units: Units, proof: Proof) -> bool:
    """Store a verdict; ``False`` if this very one is there already."""
    with units() as unit:
        is_new = unit.proofs.add(proof)
        note_added(unit, at=now(), actor=_ACTOR, proofs=int(is_new))
        unit.commit()
    return is_new


def require_whole(units: Units) -> None:
    """``SafetyRefusedError`` if trials or verdicts are missing: what is left proves nothing."""
    with units(read_only=True) as unit:
        lost = gap(unit)
    if lost:
        raise SafetyRefusedError(f"nothing can be proved: {lost}")


def now() -> datetime:
    """The present moment."""
    return SystemClock().now()


def prove_strategy(
    settings: Settings,
    units: Units,
    strategy: StrategyVersion,
    procedure: Procedure,
    period: Period,
    *,
    progress: Progress = silent,
) -> Proved:
    """Walk, count the trial, walk the lineage again, judge, and store the verdict.

    ``SafetyRefusedError`` if trials or verdicts are missing from the store.
    """
    require_whole(units)
    ground = ground_for(settings, units, strategy, period, progress)
    store = window_store(settings)
    walked = walk_forward(ground, strategy, procedure, store=store, progress=progress)
    trial = trial_of(walked, seen_at=now())
    of_lineage = keep_trials(units, strategy, [trial])
    known = all_trials(units)
    reruns = rerun(
        strategy,
        lineage(known, strategy),
        grounds_for(settings, units, ground, period),
        store=store,
        without=[configuration_id(strategy, procedure)],
        progress=progress,
    )
    start, end = walked.windows[0].window.test_from, walked.windows[-1].window.test_to
    beside = counted(known, walked)
    seen = seen_returns(
        beside,
        reruns,
        lineages=lineages(strategy),
        candidate=trial.id,
        own=excess_of(walked.days),
    )
    proved = prove(
        walked,
        reruns,
        trial_count=explored(strategy) + len(beside),
        seen=seen,
        lineage_count=of_lineage,
        standing=Standing(
            terms=terms_digest(settings.policy),
            venue=ground.plan.venue,
            market_days=days_with_bars(ground, walked.days),
        ),
        yardstick=breakout_average(ground, start_ms=to_ms(start), end_ms=to_ms(end)),
        policy=GatePolicy(),
        made_at=now(),
    )
    return replace(proved, is_new=keep_proof(units, proved.proof))


def swept_space(strategy: StrategyVersion) -> SearchSpace:
    """What a sweep plays when nobody says: the threshold and the stop around the strategy's own."""
    axes = default_space(strategy).axes
    wanted = ("entry.min_rank_fraction", "entry.min_score", "exits.stop_atr_multiple")
    return SearchSpace(axes={name: axes[name] for name in wanted if name in axes})
