from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.checks.routing import (
    RoutingNumbers,
    cooldown_after_exit,
    cooldown_after_refusal,
    drift_bps,
    entry_reason,
    pack_routing,
)
from engine.domain.errors import InvalidValueError
from engine.domain.reasons import ReasonCode, RuleCode

HOUR = 3_600_000


def routing(*, live: bool = False, **automation: str) -> RoutingNumbers:
    return pack_routing(
        AutomationPolicy(**automation),  # type: ignore[arg-type]  # words given as plain strings
        ApprovalPolicy(ask_above_quote=Decimal(500), ask_above_equity_fraction=0.10),
        timeframe_ms=HOUR,
        venue_is_live=live,
    )


def reason(
    notional: float = 100.0,
    *,
    equity: float = 10_000.0,
    rule: int = RuleCode.ALLOW,
    calibrated: bool = True,
    caution: bool = False,
    numbers: RoutingNumbers | None = None,
) -> ReasonCode:
    return ReasonCode(
        entry_reason(notional, equity, rule, calibrated, caution, numbers or routing())
    )


def test_a_small_calibrated_entry_goes_by_itself() -> None:
    assert reason() is ReasonCode.ENTER_AUTO


def test_exactly_the_threshold_goes_by_itself_and_a_cent_more_asks() -> None:
    assert reason(500.0) is ReasonCode.ENTER_AUTO
    assert reason(500.01) is ReasonCode.ASK_ABOVE_QUOTE


def test_a_large_share_of_a_small_account_asks() -> None:
    assert reason(300.0, equity=3_000.0) is ReasonCode.ENTER_AUTO
    assert reason(300.01, equity=3_000.0) is ReasonCode.ASK_ABOVE_EQUITY


def test_the_symbols_rule_and_a_warning_ask() -> None:
    assert reason(rule=RuleCode.ASK) is ReasonCode.ASK_SYMBOL_RULE
    assert reason(caution=True) is ReasonCode.ASK_CAUTION


def test_an_unmeasured_edge_asks_on_paper_whatever_the_size() -> None:
    assert reason(0.01, calibrated=False) is ReasonCode.ASK_UNCALIBRATED


def test_an_unmeasured_edge_goes_by_itself_on_paper_only_by_setting() -> None:
    numbers = routing(uncalibrated_paper="auto")
    assert reason(calibrated=False, numbers=numbers) is ReasonCode.ENTER_AUTO


def test_an_unmeasured_edge_is_refused_with_money_unless_set_to_ask() -> None:
    refuses, asks = routing(live=True), routing(live=True, uncalibrated_live="ask")
    assert reason(calibrated=False, numbers=refuses) is ReasonCode.UNCALIBRATED_REFUSED
    assert reason(calibrated=False, numbers=asks) is ReasonCode.ASK_UNCALIBRATED


def test_automatic_trading_of_an_unmeasured_edge_with_money_cannot_be_set() -> None:
    with pytest.raises(InvalidValueError):
        AutomationPolicy(uncalibrated_live="auto")  # type: ignore[arg-type]  # the point


def test_drift_counts_either_way() -> None:
    assert drift_bps(100.0, 101.0) == pytest.approx(100.0)
    assert drift_bps(100.0, 99.0) == pytest.approx(100.0)


def test_cooldowns_count_bars_and_a_loss_rests_longer() -> None:
    numbers = routing()
    assert cooldown_after_exit(0, 1.0, numbers) == HOUR
    assert cooldown_after_exit(0, 0.0, numbers) == HOUR
    assert cooldown_after_exit(0, -0.01, numbers) == 6 * HOUR
    assert cooldown_after_refusal(0, numbers) == 4 * HOUR


@pytest.mark.parametrize(
    "wrong",
    [
        {"ask_above_quote": Decimal(-1)},
        {"ask_above_quote": Decimal("NaN")},
        {"ask_above_equity_fraction": 1.1},
        {"quorum": 0},
        {"expires_after_s": 0},
        {"max_drift_bps": 5_000.0},
        {"on_expiry": "panic"},
    ],
)
def test_an_approval_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        ApprovalPolicy(**wrong)  # type: ignore[arg-type]  # the point of the test
