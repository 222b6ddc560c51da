"""Trials of a lineage: what counts as one, and playing the others again on the data at hand.

a seen walk-forward → `Trial`, by digest of code, parameters and data → stored once
the lineage's stored trials → configurations → walked again over the same days → excess returns
all stored trials → those over the same days → what is known of their excess returns

Choices:
- Who looks at a stitched result has made a trial, whatever they do with it. Procedure, owner's
  limits and costs belong to the parameters: whoever turns those until a result pleases has searched
  as well.
- Probability of backtest overfitting needs all trials over the same days. What was stored was seen
  on other data, so the configurations are walked again, with the code as it is now. One that can no
  longer be built (a rule is gone) is not ranked, but stays counted.
- A shipped version comes with the configurations that its research tried, as a JSON file beside it:
  a list of parameters by name. They are trials of the lineage from the first proof on. What was
  looked at before and not written down one by one is a number in that file, and counts as well.
- Research belongs to what a strategy is, not to its name. Whoever has a rule of a shipped version,
  or one derived from it, takes over all that its research looked at: a new name, a weight or a
  rule more or less is one more step of the same search.
- What deflates a Sharpe ratio is every trial in the store over some of the same days, of whatever
  lineage and market: somebody looked at those as well. A lineage and a market's name can be changed
  (BTC/USDC moves as BTC/USDT does), and crypto markets move together, so that a search on one is a
  search on all of them. Days cannot be renamed. Where a trial does not say its stretch, it counts.
- Number and scatter are taken over the same trials. A trial is stored with its returns beyond
  random entries, so that another lineage's verdict knows them too; those of a sweep are too many to
  keep. What the lineage did not keep is walked again; of others it stays unknown.
"""

import json
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np

from engine.domain.desk import Json
from engine.domain.errors import DataError, InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.proof import Trial
from engine.market.progress import Progress, Step, silent
from engine.proof.daily import DAYS_PER_YEAR, Days, calendar, day_of
from engine.proof.gate import TrialReturns
from engine.proof.ground import Ground
from engine.proof.search import SearchPolicy, SearchSpace
from engine.proof.statistics.random_entries import expected_returns
from engine.proof.sweep.play import Swept
from engine.proof.variants import as_names, parameters_of, varied
from engine.proof.walkforward.walk import data_digest, owner_digest, walk_forward
from engine.proof.walkforward.walked import Procedure, WalkForward
from engine.proof.walkforward.windows import Mode, WindowPolicy
from engine.strategy.shipped import shipped_strategies
from engine.strategy.version import StrategyVersion, digest_of

RESEARCH = "research"
"""Data digest of trials that come with a shipped version."""
_PROCEDURE, _OWNER, _STRETCH = "procedure", "owner", "stretch"

type Grounds = Callable[[Timeframe], Ground | None]
"""The same history on another timeframe, or `None` where it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rerun:
    """A configuration of the lineage, walked over the days at hand.

    `excess` is `None` where that could not be done; `parameters` are then those that were stored,
    else all of them. `sharpe` is per year, before random entries are taken off. `seen_as` are the
    ids of the trials that had this configuration.
    """

    parameters: Mapping[str, Json]
    excess: TrialReturns | None
    sharpe: float | None
    seen_as: frozenset[str] = frozenset()


def trial_of(walked: WalkForward, *, seen_at: datetime, note: str = "") -> Trial:
    """Return the trial that somebody made by seeing this result."""
    parameters = {**walked.parameters, _OWNER: walked.owner_digest}
    days = walked.days
    end = days.first_day + timedelta(days=len(days.returns))
    return Trial(
        id=trial_id(walked.strategy.code_digest, parameters, walked.data_digest),
        lineage=walked.strategy.name,
        strategy_version=walked.strategy.version,
        parameters={**parameters, _STRETCH: _stretch(days.symbols, days.first_day, end)},
        code_digest=walked.strategy.code_digest,
        data_digest=walked.data_digest,
        seen_at=seen_at,
        first_day=walked.days.first_day,
        daily_returns=tuple(walked.days.returns.tolist()),
        sharpe=walked.days.sharpe,
        trades=len(walked.trades),
        note=note,
        excess_returns=tuple(excess_of(days).excess_returns.tolist()),
    )


def trial_id(code: str, parameters: Mapping[str, Json], data: str) -> str:
    """Digest of what makes a trial distinct."""
    return f"t{digest_of([code, as_names(parameters), data])}"


def _stretch(symbols: Sequence[str], first: date, end: date) -> dict[str, Json]:
    """The markets and days of a trial; no part of its id, which has the digest of the data."""
    return {"symbols": list(symbols), "from": first.isoformat(), "to": end.isoformat()}


def overlapping(trials: Iterable[Trial], *, first_day: date, end_day: date) -> tuple[Trial, ...]:
    """Return the trials over some of these days, `end_day` excluded, on whatever markets."""
    return tuple(one for one in trials if _overlaps(one, first_day, end_day))


def _overlaps(trial: Trial, first_day: date, end_day: date) -> bool:
    stretch = trial.parameters.get(_STRETCH)
    if not isinstance(stretch, dict):
        return True
    first, end = (date.fromisoformat(str(stretch[name])) for name in ("from", "to"))
    return first < end_day and end > first_day


def seen_returns(
    counted: Iterable[Trial],
    reruns: Iterable[Rerun],
    *,
    lineages: Container[str],
    candidate: str,
    own: TrialReturns,
) -> tuple[TrialReturns, ...]:
    """Return what is known of the counted trials' returns, in their order, but the candidate's.

    As they were when they were seen, where that was kept. Otherwise, for those of these `lineages`,
    as walked again; who was not is of the candidate's own configuration.
    """
    again = {name: one.excess for one in reruns for name in one.seen_as}
    known: list[TrialReturns | None] = []
    for trial in counted:
        if trial.id == candidate:
            continue
        if trial.excess_returns:
            values = np.array(trial.excess_returns)
            known.append(TrialReturns(first_day=trial.first_day, excess_returns=values))
        elif trial.lineage in lineages:
            known.append(again.get(trial.id, own))
    return tuple(one for one in known if one is not None)


def configuration_id(version: StrategyVersion, procedure: Procedure) -> str:
    """Digest of a configuration: what decides and how it is trained, not the owner's limits."""
    return digest_of([version.fingerprint, procedure.to_plain(version)])


def ancestors(strategy: StrategyVersion) -> tuple[StrategyVersion, ...]:
    """Return the shipped versions that a strategy grew out of, by its name or by any of its rules.

    Names can be given anew, so a rule of the same class, or of one derived from it, is enough.
    """
    kinds = {kind for rule in strategy.rules for kind in type(rule).__mro__}
    return tuple(
        made
        for made in shipped_strategies().values()
        if made.name == strategy.name or any(type(rule) in kinds for rule in made.rules)
    )


def lineages(strategy: StrategyVersion) -> tuple[str, ...]:
    """Return the strategy's own lineage and those that it grew out of."""
    return tuple(dict.fromkeys((strategy.name, *(made.name for made in ancestors(strategy)))))


def researched(
    strategy: StrategyVersion, folder: Path | None = None
) -> tuple[dict[str, Json], ...]:
    """Return the configurations that the research of its ancestors tried; see `ancestors`.

    They stand under `trials` in ``engine/strategy/<version>_trials.json``, or in `folder`, each
    with its `parameters` by name. `DataError` if the file is not that.
    """
    return tuple(row for made in ancestors(strategy) for row in _rows(made, folder))


def _rows(made: StrategyVersion, folder: Path | None = None) -> tuple[dict[str, Json], ...]:
    rows = _research(made, folder).get("trials", [])
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("parameters"), dict) for row in rows
    ):
        raise DataError(f"the trials of {made.version} must be a list of parameters by name")
    return tuple(cast("dict[str, Json]", row["parameters"]) for row in rows)


def explored(strategy: StrategyVersion, folder: Path | None = None) -> int:
    """Return how many configurations its ancestors' research tried before, counted but not kept."""
    counts = [_research(made, folder).get("explored", 0) for made in ancestors(strategy)]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        raise DataError(f"the trials explored for {strategy.version} must be a count")
    return sum(counts)


def inherited_trials(strategy: StrategyVersion, *, seen_at: datetime) -> tuple[Trial, ...]:
    """Return the trials of the research that a strategy grew out of, in the shipped lineages."""
    return tuple(
        trial
        for made in ancestors(strategy)
        for trial in research_trials(made, _rows(made), seen_at=seen_at)
    )


def _research(strategy: StrategyVersion, folder: Path | None) -> dict[str, Any]:
    """Read the file that research left; empty where it left none."""
    name = f"{strategy.version.replace('-', '_')}_trials.json"
    file = folder / name if folder else resources.files("engine.strategy").joinpath(name)
    if not file.is_file():
        return {}
    plain = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(plain, dict):
        raise DataError(f"{name} must hold `trials` and `explored`")
    return plain


def research_trials(
    strategy: StrategyVersion, rows: Iterable[Mapping[str, Json]], *, seen_at: datetime
) -> tuple[Trial, ...]:
    """Return the trials of a shipped version's research; their results are not kept."""
    return tuple(
        Trial(
            id=trial_id(strategy.code_digest, row, RESEARCH),
            lineage=strategy.name,
            strategy_version=strategy.version,
            parameters=row,
            code_digest=strategy.code_digest,
            data_digest=RESEARCH,
            seen_at=seen_at,
            first_day=date(1970, 1, 1),
            daily_returns=(),
            sharpe=None,
            trades=0,
            note="tried in research",
        )
        for row in rows
    )


def rebuilt(
    strategy: StrategyVersion, parameters: Mapping[str, Json]
) -> tuple[StrategyVersion, Procedure]:
    """Return a configuration as a version and a procedure; `InvalidValueError` if it cannot be."""
    beside = {_PROCEDURE, _OWNER, _STRETCH}
    own = {name: value for name, value in parameters.items() if name not in beside}
    plain = parameters.get(_PROCEDURE)
    procedure = procedure_of(plain) if isinstance(plain, dict) else Procedure(mode=Mode.FIXED)
    return varied(strategy, own), procedure


def procedure_of(plain: Mapping[str, Any]) -> Procedure:
    """Read what `Procedure.to_plain` wrote."""
    if Mode(plain["mode"]) is Mode.FIXED:
        return Procedure(mode=Mode.FIXED)
    return Procedure(
        mode=Mode(plain["mode"]),
        windows=WindowPolicy(**plain["windows"]),
        search=SearchPolicy(**plain["search"]),
        space=SearchSpace(axes={name: tuple(of) for name, of in plain["space"].items()}),
        calibrate=bool(plain["calibrate"]),
    )


def rerun(
    strategy: StrategyVersion,
    trials: Sequence[Trial],
    grounds: Grounds,
    *,
    store: Path | None = None,
    without: Iterable[str] = (),
    progress: Progress = silent,
) -> tuple[Rerun, ...]:
    """Walk every distinct configuration of the lineage again, except those of `without` (ids)."""
    known: dict[str, Configuration] = {}
    seen_as: dict[str, set[str]] = {}
    for trial in trials:
        found = _configuration(strategy, trial.parameters)
        known.setdefault(found.id, found)
        seen_as.setdefault(found.id, set()).add(trial.id)
    wanted = [found for key, found in known.items() if key not in set(without)]
    done = []
    for number, found in enumerate(wanted):
        progress(Step(label="trials", done=number, total=len(wanted), eta_s=None))
        again = _again(found, grounds, store)
        done.append(replace(again, seen_as=frozenset(seen_as[found.id])))
    progress(Step(label="trials", done=len(wanted), total=len(wanted), eta_s=None))
    return tuple(done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A trial's parameters, and what they make; `made` is `None` where they make nothing."""

    id: str
    parameters: Mapping[str, Json]
    made: tuple[StrategyVersion, Procedure] | None


def _configuration(strategy: StrategyVersion, parameters: Mapping[str, Json]) -> Configuration:
    try:
        made = rebuilt(strategy, parameters)
    except InvalidValueError:
        return Configuration(id=digest_of(as_names(parameters)), parameters=parameters, made=None)
    return Configuration(id=configuration_id(*made), parameters=parameters, made=made)


def _again(found: Configuration, grounds: Grounds, store: Path | None) -> Rerun:
    nothing = Rerun(parameters=found.parameters, excess=None, sharpe=None)
    if found.made is None:
        return nothing
    version, procedure = found.made
    try:
        ground = grounds(version.timeframe)
        if ground is None:
            return nothing
        walked = walk_forward(ground, version, procedure, store=store)
    except (InvalidValueError, DataError):
        return nothing
    return Rerun(parameters=walked.parameters, excess=excess_of(walked.days), sharpe=walked.sharpe)


def excess_of(days: Days) -> TrialReturns:
    """Return what days earned beyond random entries of the same exposure."""
    expected = expected_returns(days.exposure, days.market)
    return TrialReturns(first_day=days.first_day, excess_returns=days.returns - expected)


def swept_trials(
    ground: Ground, strategy: StrategyVersion, swept: Swept, *, seen_at: datetime
) -> tuple[Trial, ...]:
    """Return the trials that somebody made by seeing a sweep: every variant, as a fixed version.

    Their daily returns are not kept: what a proof needs of them it plays again.
    """
    data, owner = data_digest(ground), owner_digest(ground)
    sharpes, trades = swept.column("sharpe"), swept.column("trades")
    return tuple(
        _swept_trial(ground, varied(strategy, choice), data, owner, sharpe, int(count), seen_at)
        for choice, sharpe, count in zip(
            swept.choices, sharpes.tolist(), trades.tolist(), strict=True
        )
    )


def _swept_trial(
    ground: Ground,
    version: StrategyVersion,
    data: str,
    owner: str,
    sharpe: float,
    trades: int,
    seen_at: datetime,
) -> Trial:
    procedure = Procedure(mode=Mode.FIXED).to_plain(version)
    parameters: dict[str, Json] = {
        **parameters_of(version),
        _PROCEDURE: procedure,
        _OWNER: owner,
    }
    first, count = calendar(ground.start_ms, ground.end_ms)
    first_day, end = day_of(first), day_of(first + count)
    return Trial(
        id=trial_id(version.code_digest, parameters, data),
        lineage=version.name,
        strategy_version=version.version,
        parameters={**parameters, _STRETCH: _stretch(ground.symbols, first_day, end)},
        code_digest=version.code_digest,
        data_digest=data,
        seen_at=seen_at,
        first_day=first_day,
        daily_returns=(),
        sharpe=sharpe / math.sqrt(DAYS_PER_YEAR) if math.isfinite(sharpe) else None,
        trades=trades,
        note="swept",
    )
