"""The strategy versions that come with the program, by name."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from engine.domain.market import Timeframe
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.reference import default_reference
from engine.strategy.rules import shipped_rules
from engine.strategy.version import StrategyVersion
from engine.strategy.weights import DEFAULT_VERSION, default_weights

DEFAULT_STRATEGY = "score"


@cache
def score_strategy() -> StrategyVersion:
    """Eight indicators on 1h candles, weighted into one score; the shortest-lived of the two."""
    return StrategyVersion(
        name="score",
        version=DEFAULT_VERSION,
        timeframe=Timeframe.H1,
        rules=tuple(shipped_rules()),
        weights=default_weights(),
        reference=default_reference(),
        entry=EntryPolicy(),
        exits=ExitPolicy(),
    )


@cache
def shipped_strategies() -> Mapping[str, StrategyVersion]:
    """Return every shipped version by its lineage."""
    return MappingProxyType({made.name: made for made in (score_strategy(),)})
