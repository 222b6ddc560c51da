"""What may be searched of a strategy, and how a choice is made on training data alone.

space (axes of values) → Optuna proposes points → each is played on the training stretch → score →
the best few and all their neighbours → the one whose neighbourhood scores best

Choices:
- Axes are short lists of values in order, not intervals: a search that can tell a stop of 3.00 from
  one of 3.01 ATR fits noise, and neighbours would have no meaning.
- The score of a point is its daily Sharpe ratio per year after costs, less a penalty for trading
  too seldom to tell. Staying out scores the full penalty, and beats losing.
- The best single point of a search is the luckiest. What is chosen is the finalist with the best
  mean of itself and its neighbours, one step away on one axis: an edge that a step destroys was
  none.
- Repeatable and resumable: each proposal's seed follows from how many points are known, so a search
  that was interrupted goes on as if it had not been. Optuna's journal is a file beside the windows;
  only one process may have it at a time (`walkforward` sees to that), and one that cannot be read
  is begun anew.
- Searches inside a training stretch are not trials: nobody sees them or can choose by them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar

import structlog

from engine.domain.desk import Json
from engine.domain.errors import ConfigurationError
from engine.domain.values import require
from engine.proof.variants import value_of
from engine.strategy.version import StrategyVersion

_log = structlog.get_logger()

LEARNED_SHARE = "weights.learned_share"
BY_REGIME = "weights.by_regime"

type Point = tuple[int, ...]
"""One value of each axis, by its place on the axis; axes in the order of the space."""
type Objective = Callable[[Mapping[str, Json]], float]

_FULL_SCORE = 100.0
_RANKS = (0.90, 0.95, 0.97, 0.98, 0.99, 0.995)
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """Axes by name (see `variants`), each with its values in order.

    Two axes are not parameters but how weights are trained: `weights.learned_share` (0 keeps the
    version's own) and `weights.by_regime` (whether they may differ by regime).
    """

    axes: Mapping[str, tuple[Json, ...]]

    def __post_init__(self) -> None:
        """Refuse axes without a choice; keep them sorted by name."""
        for name, values in self.axes.items():
            require(len(values) > 0, f"axis {name}", "at least one value", values)
            require(len(set(values)) == len(values), f"axis {name}", "different values", values)
        object.__setattr__(self, "axes", MappingProxyType(dict(sorted(self.axes.items()))))

    @property
    def points(self) -> int:
        """How many points there are."""
        count = 1
        for values in self.axes.values():
            count *= len(values)
        return count

    def choice(self, point: Point) -> dict[str, Json]:
        """Return the values of a point by name."""
        return {
            name: values[place]
            for (name, values), place in zip(self.axes.items(), point, strict=True)
        }

    def neighbours(self, point: Point) -> list[Point]:
        """Points one step away on one axis; on an axis without order, all its other values."""
        found = []
        for k, values in enumerate(self.axes.values()):
            ordered = not any(isinstance(value, bool | str) for value in values)
            places = (point[k] - 1, point[k] + 1) if ordered else range(len(values))
            found += [
                (*point[:k], place, *point[k + 1 :])
                for place in places
                if 0 <= place < len(values) and place != point[k]
            ]
        return found

    def point(self, choice: Mapping[str, Json]) -> Point:
        """Return the point of a choice."""
        return tuple(values.index(choice[name]) for name, values in self.axes.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPolicy:
    """How long and how carefully a training stretch is searched."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    points: int = field(
        default=60,
        metadata={"doc": "Points that a search plays on each training stretch."},
    )
    finalists: int = field(
        default=5,
        metadata={"doc": "Best points whose neighbourhoods are compared."},
    )
    min_trades_per_year: float = field(
        default=20.0,
        metadata={"doc": "Trades a year below which a point's score is reduced."},
    )
    seed: int = field(
        default=7,
        metadata={"doc": "Seed of the search; the same seed gives the same choice."},
    )

    def __post_init__(self) -> None:
        """Refuse a search without points and negative limits."""
        require(self.points >= 1, "points", ">= 1", self.points)
        require(self.finalists >= 1, "finalists", ">= 1", self.finalists)
        require(self.min_trades_per_year >= 0, "min_trades_per_year", ">= 0", "below")
        require(self.seed >= 0, "seed", ">= 0", self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finished search: the choice, its own score, its neighbourhood's, and points played."""

    choice: Mapping[str, Json]
    score: float
    neighbourhood: float
    played: int


def default_space(strategy: StrategyVersion) -> SearchSpace:
    """Axes around a strategy's own parameters: threshold, exits and, with several rules, weights.

    What a strategy has switched off stays off.
    """
    axes: dict[str, tuple[Json, ...]] = {}
    if strategy.entry.min_rank_fraction > 0.0:
        ranks = {*_RANKS, strategy.entry.min_rank_fraction}
        axes["entry.min_rank_fraction"] = tuple(sorted(ranks))
    if strategy.entry.min_score > 0.0:
        axes["entry.min_score"] = _around(strategy.entry.min_score, (0.5, 0.75, 1, 1.25, 1.5))
    for name, factors in _EXIT_FACTORS.items():
        own = value_of(strategy, name)
        if isinstance(own, int | float):
            axes[name] = _around(own, factors, whole=isinstance(own, int))
    score = strategy.exits.exit_score
    if score is not None:
        steps = {
            max(-_FULL_SCORE, min(_FULL_SCORE, score + step)) for step in (-20, -10, 0, 10, 20)
        }
        axes["exits.exit_score"] = tuple(sorted(steps))
    if len(strategy.rules) > 1:
        axes[LEARNED_SHARE] = (0.0, 0.25, 0.5, 0.75)
        axes[BY_REGIME] = (False, True)
    return SearchSpace(axes=axes)


_EXIT_FACTORS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "exits.stop_atr_multiple": (0.5, 0.75, 1, 1.5, 2),
        "exits.target_atr_multiple": (0.5, 0.75, 1, 1.5, 2),
        "exits.trailing_atr_multiple": (0.5, 0.75, 1, 1.5, 2),
        "exits.time_stop_bars": (0.25, 0.5, 1, 2),
    }
)


def _around(own: float, factors: tuple[float, ...], *, whole: bool = False) -> tuple[Json, ...]:
    if whole:
        return tuple(sorted({max(1, round(own * factor)) for factor in factors}))
    top = max(own, _FULL_SCORE)
    return tuple(sorted({min(top, round(own * factor, _DIGITS)) for factor in factors}))


def score(sharpe_per_year: float | None, trades: int, years: float, policy: SearchPolicy) -> float:
    """Return what a point is worth; see the module. A path without dispersion has Sharpe 0."""
    enough = policy.min_trades_per_year * years
    missing = max(0.0, 1.0 - trades / enough) if enough > 0 else 0.0
    return (sharpe_per_year or 0.0) - missing


def search(
    space: SearchSpace,
    start: Mapping[str, Json],
    objective: Objective,
    policy: SearchPolicy,
    *,
    journal: Path | None = None,
) -> Found:
    """Search from `start`, a point of the space; `journal` is where to go on after an interruption.

    `ConfigurationError` if Optuna is not installed.
    """
    known: dict[Point, float] = {}

    def play(point: Point) -> float:
        if point not in known:
            known[point] = objective(space.choice(point))
        return known[point]

    first = space.point(start)
    points = min(policy.points, space.points)
    if points > 1:
        _propose(space, first, play, known, points, policy.seed, journal)
    play(first)
    best = sorted(known, key=lambda point: (-known[point], point))[: policy.finalists]
    around = {
        point: _mean([play(near) for near in [point, *space.neighbours(point)]]) for point in best
    }
    chosen = min(best, key=lambda point: (-around[point], point))
    return Found(
        choice=space.choice(chosen),
        score=known[chosen],
        neighbourhood=around[chosen],
        played=len(known),
    )


def _propose(
    space: SearchSpace,
    first: Point,
    play: Callable[[Point], float],
    known: dict[Point, float],
    points: int,
    seed: int,
    journal: Path | None,
) -> None:
    """Let Optuna propose until so many points were asked for; those of the journal are known."""
    optuna = _optuna()
    choices = optuna.distributions
    axes = {
        name: choices.IntDistribution(0, len(values) - 1) for name, values in space.axes.items()
    }
    study = _study(optuna, journal)
    for trial in study.trials:
        if trial.value is not None:
            known[tuple(trial.params[name] for name in axes)] = trial.value
        else:
            # Asked for and never answered: it must not weigh on the next proposal.
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    done = sum(trial.value is not None for trial in study.trials)
    for number in range(done, points):
        study.sampler = optuna.samplers.TPESampler(seed=seed + number, n_startup_trials=10)
        if number == 0:
            study.enqueue_trial(dict(zip(axes, first, strict=True)))
        trial = study.ask(axes)
        study.tell(trial, play(tuple(trial.params[name] for name in axes)))


def _study(optuna: ModuleType, journal: Path | None) -> Any:  # noqa: ANN401 - an untyped library
    def opened() -> Any:  # noqa: ANN401 - an untyped library
        return optuna.create_study(
            study_name="window",
            direction="maximize",
            storage=_storage(optuna, journal),
            load_if_exists=True,
        )

    try:
        return opened()
    except (ValueError, LookupError, TypeError) as err:  # what a damaged journal makes of Optuna
        if journal is None:
            raise
        _log.warning("search_journal_unreadable", file=str(journal), error=str(err))
        journal.unlink()
        return opened()


def _storage(optuna: ModuleType, journal: Path | None) -> Any:  # noqa: ANN401 - an untyped library
    if journal is None:
        return None
    journal.parent.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    return optuna.storages.JournalStorage(backend)


def _optuna() -> ModuleType:
    try:
        optuna = import_module("optuna")  # an extra, and slow to load
    except ImportError as err:
        raise ConfigurationError(
            "a search needs the optuna package; install with: uv sync --extra research"
        ) from err
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
