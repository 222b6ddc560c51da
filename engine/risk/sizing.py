"""Sizing: how much quote currency one trade may lose, and how many lots that is.

Equity, the distance to the stop and, for Kelly, the measured odds go in; an amount at risk comes
out. Limits come afterwards (`clamps`) and only shrink.

Kelly, J. (1956), "A New Interpretation of Information Rate": for a bet that wins `b` units of risk
with probability `p` and else loses one, the growth-optimal share at risk is `p - (1 - p) / b`. It
is a share of equity *at risk*, not of equity invested, and it is taken in part because `p` and `b`
are estimates. Calibration measures both after costs and in units of the initial risk: `p` is how
often a trade earned, `b` the mean win over the mean loss. The formula takes a loss for one whole
unit; trailing stops lose less on average, and the bet is then smaller than Kelly's, never larger.
"""

import math
from typing import NamedTuple

from engine.domain.reasons import SizingCode
from engine.kernel import floor_count, lean
from engine.risk.policy import RiskPolicy


class RiskNumbers(NamedTuple):
    """`RiskPolicy` as the compiled rooms read it; fields and units as there."""

    sizing: int
    risk_fraction: float
    max_risk_fraction: float
    kelly_multiplier: float
    volatility_target_fraction: float
    max_symbol_fraction: float
    max_exposure_fraction: float
    max_open_positions: int
    max_cluster_fraction: float
    max_bar_volume_fraction: float
    max_daily_loss_fraction: float
    max_drawdown_fraction: float


def pack_risk(policy: RiskPolicy) -> RiskNumbers:
    """Return the policy as plain numbers."""
    return RiskNumbers(
        sizing=int(SizingCode[policy.sizing.upper()]),
        risk_fraction=policy.risk_fraction,
        max_risk_fraction=policy.max_risk_fraction,
        kelly_multiplier=policy.kelly_multiplier,
        volatility_target_fraction=policy.volatility_target_fraction,
        max_symbol_fraction=policy.max_symbol_fraction,
        max_exposure_fraction=policy.max_exposure_fraction,
        max_open_positions=policy.max_open_positions,
        max_cluster_fraction=policy.max_cluster_fraction,
        max_bar_volume_fraction=policy.max_bar_volume_fraction,
        max_daily_loss_fraction=policy.max_daily_loss_fraction,
        max_drawdown_fraction=policy.max_drawdown_fraction,
    )


@lean
def kelly_fraction(win_probability: float, payoff: float, multiplier: float) -> float:
    """Return the share of equity to put at risk: `multiplier * max(0, p - q / b)`.

    `payoff` is b, the mean win over the mean loss, both after costs in units of risk. Unknown odds
    (NaN, b <= 0) give 0.
    """
    if not (payoff > 0.0 and 0.0 <= win_probability <= 1.0):
        return 0.0
    return multiplier * max(0.0, win_probability - (1.0 - win_probability) / payoff)


@lean
def risk_budget_quote(
    equity_quote: float,
    stop_distance: float,
    atr: float,
    win_probability: float,
    payoff: float,
    risk: RiskNumbers,
) -> float:
    """Return the quote amount a trade may lose at its stop, at most `max_risk_fraction` of equity.

    `stop_distance` and `atr` are in price units. Kelly falls back to the fixed fraction while its
    odds are not measured, so that paper trading can gather them.
    """
    fraction = risk.risk_fraction
    if risk.sizing == SizingCode.KELLY and not math.isnan(win_probability + payoff):
        fraction = kelly_fraction(win_probability, payoff, risk.kelly_multiplier)
    elif risk.sizing == SizingCode.VOLATILITY_TARGET:
        # One ATR is to move the target share; the stop is stop_distance / atr such moves away.
        fraction = risk.volatility_target_fraction * stop_distance / atr if atr > 0.0 else 0.0
    return max(0.0, equity_quote) * min(fraction, risk.max_risk_fraction)


@lean
def lots_at_risk(risk_quote: float, stop_distance: float, lot_size: float) -> int:
    """Return the whole lots that lose at most `risk_quote` over `stop_distance` (price units)."""
    per_lot = stop_distance * lot_size
    if not per_lot > 0.0:
        return 0
    return floor_count(risk_quote / per_lot)
