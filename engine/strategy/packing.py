"""The policies of a decision packed into the plain numbers that the compiled rooms read.

Apart from ``policy``, so that reading settings does not load the compiler.
"""

from typing import NamedTuple

from engine.checks.routing import RoutingNumbers, pack_routing
from engine.costs.model import CostNumbers, pack_costs
from engine.risk.sizing import RiskNumbers, pack_risk
from engine.strategy.policy import ExitPolicy, TradingPolicy

NEVER = -1e9
"""A score that no bar falls to."""


class ExitNumbers(NamedTuple):
    """`ExitPolicy` as the compiled rooms read it; 0 is off, and `NEVER` for the score."""

    stop_atr_multiple: float
    target_atr_multiple: float
    trailing_atr_multiple: float
    time_stop_bars: int
    exit_score: float


class StepPolicy(NamedTuple):
    """Everything `step` may consult beside the rows, the rules and the book."""

    min_rank_fraction: float
    min_score: float
    exits: ExitNumbers
    risk: RiskNumbers
    costs: CostNumbers
    routing: RoutingNumbers


def pack_exits(policy: ExitPolicy) -> ExitNumbers:
    """Return the policy as plain numbers."""
    return ExitNumbers(
        stop_atr_multiple=policy.stop_atr_multiple,
        target_atr_multiple=policy.target_atr_multiple or 0.0,
        trailing_atr_multiple=policy.trailing_atr_multiple or 0.0,
        time_stop_bars=policy.time_stop_bars or 0,
        exit_score=NEVER if policy.exit_score is None else policy.exit_score,
    )


def pack_policy(policies: TradingPolicy, *, timeframe_ms: int, venue_is_live: bool) -> StepPolicy:
    """Return all policies as the plain numbers of one timeframe and kind of venue."""
    return StepPolicy(
        min_rank_fraction=policies.entry.min_rank_fraction,
        min_score=policies.entry.min_score,
        exits=pack_exits(policies.exits),
        risk=pack_risk(policies.risk),
        costs=pack_costs(policies.costs),
        routing=pack_routing(
            policies.automation,
            policies.approval,
            timeframe_ms=timeframe_ms,
            venue_is_live=venue_is_live,
        ),
    )
