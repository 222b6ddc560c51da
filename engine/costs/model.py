"""Cost of a round trip, in basis points of notional, at the size in question.

Fee in and out, half the spread twice, slippage twice, funding over the expected hold, transfer.
Slippage comes from the order book where its depth is known, else from the square-root law of
impact: `k * daily volatility * sqrt(notional / ADV)` (Almgren et al. 2005, "Direct Estimation of
Equity Market Impact"; Tóth et al. 2011 for its square root). Both legs pay the taker fee: a stop
is a market order, and hoping for the cheaper leg would flatter the edge.
"""

import math
from typing import NamedTuple

from engine.costs.policy import CostPolicy
from engine.kernel import lean

BPS = 1e4


class CostNumbers(NamedTuple):
    """`CostPolicy` as the compiled rooms read it; fees and spread stand in the market's rules."""

    impact_coefficient: float
    min_slippage_bps: float
    funding_bps: float
    transfer_bps: float
    max_cost_bps: float


class RoundTrip(NamedTuple):
    """Parts of the cost in basis points, both ways together, and their sum."""

    fee_bps: float
    spread_bps: float
    slippage_bps: float
    funding_bps: float
    transfer_bps: float
    total_bps: float


def pack_costs(policy: CostPolicy) -> CostNumbers:
    """Return the policy as plain numbers."""
    return CostNumbers(
        impact_coefficient=policy.impact_coefficient,
        min_slippage_bps=policy.min_slippage_bps,
        funding_bps=policy.funding_bps,
        transfer_bps=policy.transfer_bps,
        max_cost_bps=policy.max_cost_bps,
    )


@lean
def impact_bps(
    notional_quote: float, adv_quote: float, sigma_day: float, coefficient: float
) -> float:
    """Return the one-way square-root impact; NaN where volume or volatility is unknown.

    `sigma_day` is the standard deviation of daily returns as a fraction, `adv_quote` the average
    daily volume in quote currency.
    """
    if not (adv_quote > 0.0 and sigma_day >= 0.0 and notional_quote >= 0.0):
        return math.nan
    return coefficient * sigma_day * math.sqrt(notional_quote / adv_quote) * BPS


@lean
def slippage_bps(
    notional_quote: float,
    adv_quote: float,
    sigma_day: float,
    book_slippage_bps: float,
    costs: CostNumbers,
) -> float:
    """Return the one-way slippage: from the book if given, else estimated; NaN if neither."""
    estimate = book_slippage_bps
    if math.isnan(estimate):
        estimate = impact_bps(notional_quote, adv_quote, sigma_day, costs.impact_coefficient)
    if math.isnan(estimate):
        return math.nan
    return max(estimate, costs.min_slippage_bps)


@lean
def round_trip(
    taker_fee_bps: float, half_spread_bps: float, one_way_slippage_bps: float, costs: CostNumbers
) -> RoundTrip:
    """Return the parts and the sum; an unknown slippage makes the sum NaN."""
    fee = 2.0 * taker_fee_bps
    spread = 2.0 * half_spread_bps
    slippage = 2.0 * one_way_slippage_bps
    total = fee + spread + slippage + costs.funding_bps + costs.transfer_bps
    return RoundTrip(fee, spread, slippage, costs.funding_bps, costs.transfer_bps, total)
