"""The strategy versions that come with the program, by name.

- ``trend`` is the default: slow, diversified over horizons, chosen on 2018 to 2023 only. What it
  earned there, and why not to expect that much, is in ``docs/research/default-strategy.md``.
- ``score`` weighs eight classic indicators on 1h candles. It shows what they say; after costs it
  does not earn.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from engine.domain.market import Timeframe
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.reference import default_reference, packaged_reference
from engine.strategy.rules import shipped_rules
from engine.strategy.trend.horizon import Trend
from engine.strategy.trend.stretch import Stretch
from engine.strategy.version import StrategyVersion
from engine.strategy.weights import DEFAULT_VERSION, WeightSet, default_weights

DEFAULT_STRATEGY = "trend"
TREND_VERSION = "trend-1"

_BARS_PER_DAY = 6.0
_HORIZONS_DAYS = (10, 20, 40, 80)
_STRETCHES = (
    Stretch(
        code="S20",
        days=20,
        bars_per_day=_BARS_PER_DAY,
        start_fraction=0.2,
        full_fraction=0.6,
        most_points=50.0,
    ),
    Stretch(
        code="S40",
        days=40,
        bars_per_day=_BARS_PER_DAY,
        start_fraction=0.3,
        full_fraction=0.9,
        most_points=50.0,
    ),
)


@cache
def trend_strategy() -> StrategyVersion:
    """The trend over 10, 20, 40 and 80 days on 4h candles, left when it has run too far; long only.

    score = mean of the four trends − S20 − S40, in points: all trends together weigh as much as
    either stretch, and the scale of the reference is their share of the weights. What the weights
    learn from a person changes that. It leaves by the score; the stop is for the day on which the
    market falls through everything, and sizes the position.
    """
    trends = tuple(
        Trend(code=f"T{days}", days=days, bars_per_day=_BARS_PER_DAY) for days in _HORIZONS_DAYS
    )
    weights = {rule.code: 1.0 / len(trends) for rule in trends}
    return StrategyVersion(
        name="trend",
        version=TREND_VERSION,
        timeframe=Timeframe.H4,
        rules=(*trends, *_STRETCHES),
        weights=WeightSet(
            version=TREND_VERSION, weights=weights | {rule.code: 1.0 for rule in _STRETCHES}
        ),
        reference=packaged_reference(TREND_VERSION),
        entry=EntryPolicy(min_rank_fraction=0.0, min_score=40.0),
        exits=ExitPolicy(
            stop_atr_multiple=10.0,
            target_atr_multiple=None,
            trailing_atr_multiple=None,
            time_stop_bars=None,
            exit_score=10.0,
        ),
    )


@cache
def score_strategy() -> StrategyVersion:
    """Eight indicators on 1h candles, weighted into one score."""
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
    """Return every shipped version by its lineage; the default comes first."""
    return MappingProxyType({made.name: made for made in (trend_strategy(), score_strategy())})
