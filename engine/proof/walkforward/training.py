"""Train a strategy on one stretch of the past: weights, threshold, exits, scale.

usual holding time → learned weights → search (each point: weights mixed, scale measured, played) →
the chosen version; its calibration is measured afterwards by `past_calibration`

- Everything is measured inside `[start_ms, end_ms)`: the scale and rank of the score too, which the
  shipped version takes from all years. A version that was never measured (`n` = 0) has no scale.
- What training found is plain JSON, and the version is always built from that, so that a run that
  goes on after an interruption equals one that was not interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.domain.desk import Json
from engine.domain.market import Timeframe
from engine.kernel import Floats
from engine.proof.daily import DAYS_PER_YEAR, calendar, daily_returns, sharpe_of_days
from engine.proof.ground import Ground
from engine.proof.search import (
    BY_REGIME,
    LEARNED_SHARE,
    Found,
    SearchPolicy,
    SearchSpace,
    score,
    search,
)
from engine.proof.variants import as_names, named, parameters_of, value_of, varied
from engine.proof.walkforward.fitted_weights import Learned, learn, mixed
from engine.strategy.reference import ScoreReference, from_plain, measure, to_plain
from engine.strategy.signals import Rule
from engine.strategy.version import StrategyVersion

_MOST_HORIZON_BARS = 500
_HORIZON_BARS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What training found. `score` is that of the choice, `neighbourhood` the mean around it."""

    strategy: StrategyVersion
    choice: Mapping[str, Json]
    score: float
    neighbourhood: float
    played: int

    def to_plain(self) -> dict[str, Json]:
        """Return what JSON can hold; `restored` reads it."""
        reference: Any = to_plain(self.strategy.reference)
        return {
            "choice": dict(self.choice),
            "score": self.score,
            "neighbourhood": self.neighbourhood,
            "played": self.played,
            "parameters": parameters_of(self.strategy),
            "reference": reference,
        }


def restored(base: StrategyVersion, plain: Mapping[str, Any]) -> Trained:
    """Build what training found again from JSON and the version that was trained."""
    reference = from_plain(plain["reference"])
    strategy = replace(varied(base, plain["parameters"]), reference=reference)
    return Trained(
        strategy=named(base, strategy),
        choice=MappingProxyType(dict(plain["choice"])),
        score=float(plain["score"]),
        neighbourhood=float(plain["neighbourhood"]),
        played=int(plain["played"]),
    )


def train(
    ground: Ground,
    base: StrategyVersion,
    space: SearchSpace,
    policy: SearchPolicy,
    *,
    start_ms: int,
    end_ms: int,
    journal: Path | None = None,
) -> Trained:
    """Search the space on `[start_ms, end_ms)`; see the module."""
    school = _School(ground, base, policy, start_ms, end_ms)
    found = search(space, starting_point(base, space), school.score, policy, journal=journal)
    return _trained(base, school.version(found.choice), found)


def starting_point(base: StrategyVersion, space: SearchSpace) -> dict[str, Json]:
    """Return the point of the space nearest to the version as it is."""
    return {name: _nearest(base, name, values) for name, values in space.axes.items()}


def _nearest(base: StrategyVersion, name: str, values: tuple[Json, ...]) -> Json:
    if name in {LEARNED_SHARE, BY_REGIME}:
        return values[0]
    own = value_of(base, name)
    if own in values:
        return own
    numbers = [value for value in values if isinstance(value, int | float)]
    if not isinstance(own, int | float) or not numbers:
        return values[0]
    return min(numbers, key=lambda value: abs(value - own))


def _trained(base: StrategyVersion, strategy: StrategyVersion, found: Found) -> Trained:
    plain = Trained(
        strategy=strategy,
        choice=found.choice,
        score=found.score,
        neighbourhood=found.neighbourhood,
        played=found.played,
    ).to_plain()
    return restored(base, plain)


class _School:
    """Makes and scores the versions of one training stretch; remembers what they share."""

    def __init__(
        self,
        ground: Ground,
        base: StrategyVersion,
        policy: SearchPolicy,
        start_ms: int,
        end_ms: int,
    ) -> None:
        self._ground, self._base, self._policy = ground, base, policy
        self._start_ms, self._end_ms = start_ms, end_ms
        self._horizon_bars = _usual_holding(ground, base, start_ms, end_ms)
        self._learned: dict[tuple[Rule, ...], Learned] = {}
        self._references: dict[str, ScoreReference] = {}

    def score(self, choice: Mapping[str, Json]) -> float:
        """Play a choice on the training stretch."""
        ground, start_ms, end_ms = self._ground, self._start_ms, self._end_ms
        played = ground.play(self.version(choice), start_ms=start_ms, end_ms=end_ms)
        first, count = calendar(start_ms, end_ms)
        daily = sharpe_of_days(daily_returns(ground, played, first, count))
        yearly = None if daily is None else daily * float(np.sqrt(DAYS_PER_YEAR))
        return score(yearly, len(played.trades), count / DAYS_PER_YEAR, self._policy)

    def version(self, choice: Mapping[str, Json]) -> StrategyVersion:
        """Build the version of a choice with its weights and its scale."""
        about_weights = {LEARNED_SHARE, BY_REGIME}
        changes = {name: value for name, value in choice.items() if name not in about_weights}
        strategy = varied(self._base, changes)
        share, split = choice.get(LEARNED_SHARE, 0.0), choice.get(BY_REGIME, False)
        if share or split:
            weights = mixed(
                strategy,
                self._weights(strategy),
                share=float(share) if isinstance(share, int | float) else 0.0,
                split=bool(split),
            )
            strategy = replace(strategy, weights=weights)
        return named(self._base, replace(strategy, reference=self._reference(strategy)))

    def _weights(self, strategy: StrategyVersion) -> Learned:
        if strategy.rules not in self._learned:
            self._learned[strategy.rules] = learn(
                self._ground,
                strategy,
                start_ms=self._start_ms,
                end_ms=self._end_ms,
                horizon_bars=self._horizon_bars,
            )
        return self._learned[strategy.rules]

    def _reference(self, strategy: StrategyVersion) -> ScoreReference:
        key = repr((strategy.rules, sorted(as_names(_weights_of(strategy)).items())))
        if key not in self._references:
            self._references[key] = measured_reference(
                self._ground, strategy, start_ms=self._start_ms, end_ms=self._end_ms
            )
        return self._references[key]


def measured_reference(
    ground: Ground, strategy: StrategyVersion, *, start_ms: int, end_ms: int
) -> ScoreReference:
    """Measure scale and ranks on one stretch; one that was never measured stays so."""
    own = strategy.reference
    if own.of(ground.timeframe).n == 0:
        return own
    first, last = ground.span(start_ms, end_ms)
    known = ground.feed.present[first:last] & (ground.feed.regime[first:last] >= 0)
    net: Floats = ground.net(strategy, first, last)[known]
    if not net.any():
        return own
    frame = measure(net, ground.timeframe)
    return replace(own, frames={Timeframe.H1: frame, ground.timeframe: frame})


def _weights_of(strategy: StrategyVersion) -> dict[str, Json]:
    parameters = parameters_of(strategy)
    return {name: parameters[name] for name in ("weights", "weights_by_regime")}


def _usual_holding(ground: Ground, base: StrategyVersion, start_ms: int, end_ms: int) -> int:
    """Median bars that the version as it is held its positions on this stretch."""
    trades = ground.play(base, start_ms=start_ms, end_ms=end_ms).trades
    held = trades["bars_held"] if len(trades) else np.array([_HORIZON_BARS])
    return int(np.clip(np.median(held), 1, _MOST_HORIZON_BARS))
