"""Where an entry goes that passed its checks, and whether a decided one still stands.

Amount, then the symbol's rule, then what is not known: the first that wants a person names the
reason. A value equal to a threshold is inside it.
"""

from typing import NamedTuple

from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.domain.reasons import ReasonCode, RuleCode, UncalibratedCode
from engine.kernel import at_most, lean


class RoutingNumbers(NamedTuple):
    """Both routing policies as the compiled rooms read them; cooldowns in milliseconds.

    `uncalibrated` is the one `UncalibratedCode` that holds for the venue in use, so that compiled
    code never asks which mode it runs in.
    """

    ask_above_quote: float
    ask_above_equity_fraction: float
    max_drift_bps: float
    expires_after_ms: int
    max_entries_per_day: int
    cooldown_after_exit_ms: int
    cooldown_after_loss_ms: int
    cooldown_after_refusal_ms: int
    min_net_edge_bps: float
    uncalibrated: int


def pack_routing(
    automation: AutomationPolicy,
    approval: ApprovalPolicy,
    *,
    timeframe_ms: int,
    venue_is_live: bool,
) -> RoutingNumbers:
    """Return both policies as plain numbers for one timeframe and kind of venue."""
    word = automation.uncalibrated_live if venue_is_live else automation.uncalibrated_paper
    return RoutingNumbers(
        ask_above_quote=float(approval.ask_above_quote),
        ask_above_equity_fraction=approval.ask_above_equity_fraction,
        max_drift_bps=approval.max_drift_bps,
        expires_after_ms=approval.expires_after_s * 1000,
        max_entries_per_day=automation.max_entries_per_day,
        cooldown_after_exit_ms=automation.cooldown_after_exit_bars * timeframe_ms,
        cooldown_after_loss_ms=automation.cooldown_after_loss_bars * timeframe_ms,
        cooldown_after_refusal_ms=automation.cooldown_after_refusal_bars * timeframe_ms,
        min_net_edge_bps=automation.min_net_edge_bps,
        uncalibrated=int(UncalibratedCode[word.upper()]),
    )


@lean
def entry_reason(
    notional_quote: float,
    equity_quote: float,
    rule: int,
    calibrated: bool,  # noqa: FBT001 (see above)
    caution: bool,  # noqa: FBT001 (see above)
    routing: RoutingNumbers,
) -> int:
    """Return why an entry asks, is refused for want of calibration, or may go by itself."""
    if not calibrated and routing.uncalibrated == UncalibratedCode.REFUSE:
        return ReasonCode.UNCALIBRATED_REFUSED.value
    if not at_most(notional_quote, routing.ask_above_quote):
        return ReasonCode.ASK_ABOVE_QUOTE.value
    if not at_most(notional_quote, routing.ask_above_equity_fraction * equity_quote):
        return ReasonCode.ASK_ABOVE_EQUITY.value
    if rule == RuleCode.ASK:
        return ReasonCode.ASK_SYMBOL_RULE.value
    if not calibrated and routing.uncalibrated == UncalibratedCode.ASK:
        return ReasonCode.ASK_UNCALIBRATED.value
    if caution:
        return ReasonCode.ASK_CAUTION.value
    return ReasonCode.ENTER_AUTO.value


@lean
def drift_bps(reference_price: float, price: float) -> float:
    """Return how far the price has moved from its reference, either way."""
    return abs(price / reference_price - 1.0) * 1e4


@lean
def cooldown_after_exit(exit_ms: int, pnl_quote: float, routing: RoutingNumbers) -> int:
    """Return until when a symbol rests after a position in it was closed, in epoch ms."""
    if pnl_quote < 0.0:
        return exit_ms + max(routing.cooldown_after_exit_ms, routing.cooldown_after_loss_ms)
    return exit_ms + routing.cooldown_after_exit_ms


@lean
def cooldown_after_refusal(refused_ms: int, routing: RoutingNumbers) -> int:
    """Return until when a symbol rests after a person said no or nothing, in epoch ms."""
    return refused_ms + routing.cooldown_after_refusal_ms
