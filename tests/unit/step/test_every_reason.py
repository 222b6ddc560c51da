"""Every reason code is reached, each by the smallest world that gives it."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.backtest.state import ApprovalModel
from engine.domain.reasons import ClampCode, ReasonCode, RuleCode
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from engine.strategy.book import new_decided
from engine.strategy.step_recheck import recheck
from tests.unit.step.builders import (
    PLAIN_BOOK,
    START_MS,
    book,
    first,
    hold,
    markets,
    pend,
    play,
    policy,
    rows,
    run_step,
    symbol_feed,
)

R = ReasonCode
FLAT_BAR = (100.0, 100.0, 100.0, 100.0)
FLAT = [FLAT_BAR] * 6


def decided(**changes: float) -> ReasonCode:
    """The reason for one symbol with these row values."""
    return R(first(run_step(rows(**changes))).reason)


def held(**changes: float) -> ReasonCode:
    """The reason for a held symbol under all exit rules."""
    of = book()
    hold(of)
    of.slots[0].bars_held = int(changes.pop("bars_held", 1))
    of.slots[0].trail_ticks = int(changes.pop("trail_ticks", 0))
    of.slots[0].exiting = int(changes.pop("exiting", 0))
    exits = {"exit_score": -30.0, "time_stop_bars": 10}
    return R(first(run_step(rows(**changes), of=of, with_policy=policy(exits=exits))).reason)


def with_desk(**changes: bool) -> ReasonCode:
    """The reason for an entry on a desk with these flags."""
    of = book()
    for name, value in changes.items():
        setattr(of.desk[0], name, value)
    return R(first(run_step(of=of)).reason)


def with_slot(**changes: float) -> ReasonCode:
    """The reason for an entry of a symbol with this place in the book."""
    of = book()
    for name, value in changes.items():
        setattr(of.slots[0], name, value)
    return R(first(run_step(of=of)).reason)


def with_terms(**changes: float) -> ReasonCode:
    """The reason for an entry on a market with these terms."""
    return R(first(run_step(terms=markets(**changes))).reason)


def with_policy(section: str, **keys: Any) -> ReasonCode:  # noqa: ANN401 - policy values
    """The reason for an entry under a policy that differs in one section."""
    return R(first(run_step(with_policy=policy(**{section: keys}))).reason)


def no_history() -> ReasonCode:
    of = book()
    of.slots[0].last_close = 0.0
    return R(first(run_step(rows(present=False), of=of)).reason)


def second_symbol(section: str, **keys: Any) -> ReasonCode:  # noqa: ANN401 - policy values
    """The reason for the second of two equal symbols, after the first was granted."""
    terms = markets(2, cluster=0)
    return R(run_step(rows(2), terms, with_policy=policy(**{section: keys})).outcomes[1].reason)


def no_cash() -> ReasonCode:
    """Fees and spread need cash beyond the notional.

    10,000 hold 98,039 lots at 102 (the drifted price of 100), but pay for 97,843 only; a minimum
    of 9,790 lies between 9,803.9 and 9,784.3.
    """
    deep = policy(risk={"risk_fraction": 0.05, "max_risk_fraction": 0.05})
    return R(first(run_step(terms=markets(min_notional_quote=9_790.0), with_policy=deep)).reason)


def calibrated_with(edge_low_bps: float) -> ReasonCode:
    return decided(calibrated=True, edge_bps=100.0, edge_low_bps=edge_low_bps)


def looked_at_again(price: float = 100.0, **slot: float) -> ReasonCode:
    """The reason of a recheck of a waiting entry of ten units at 100."""
    of = book()
    pend(of)
    for name, value in slot.items():
        setattr(of.slots[0], name, value)
    return R(recheck(0, price, markets(), of, policy(), new_decided(1)).reason)


def later(
    *,
    person: ApprovalModel | None = None,
    fills: FillPolicy = PLAIN_BOOK,
    asks: bool = False,
    volume: float = 1_000.0,
    **sections: Any,  # noqa: ANN401 - policy values
) -> set[ReasonCode]:
    """What became of entries in a replay of flat bars with a signal at the second close."""
    if asks:
        sections["approval"] = {"ask_above_quote": Decimal(0)}
    state = play(
        {"A": symbol_feed(FLAT, scores={1: 80.0}, volume=volume)},
        with_policy=policy(**sections),
        fills=pack_fills(fills),
        approval=person,
    )
    return {code for code in R if state.later_count[code]}


def closed(*, target: float | None = None, trail: float | None = None, bar: tuple[float, ...]) -> R:
    """The exit reason of a position that meets `bar` after one quiet bar at 102."""
    bars = [FLAT_BAR, FLAT_BAR, (100.0, 102.0, 100.0, 102.0), bar, FLAT_BAR]
    state = play(
        {"A": symbol_feed([(b[0], b[1], b[2], b[3]) for b in bars], scores={1: 80.0})},
        with_policy=policy(exits={"target_atr_multiple": target, "trailing_atr_multiple": trail}),
    )
    return R(state.trades[0].reason)


FUNDS = FillPolicy(
    book_levels=2, level_step_bps=900.0, level_volume_fraction=0.05, level_jitter_fraction=0.0
)

WORLDS: dict[ReasonCode, Callable[[], ReasonCode | set[ReasonCode]]] = {
    R.NO_HISTORY: no_history,
    R.WARMING_UP: lambda: decided(score=math.nan),
    R.BELOW_THRESHOLD: lambda: decided(rank_fraction=0.49),
    R.HOLDING: held,
    R.SPOT_NEVER_SHORT: lambda: decided(score=-80.0),
    R.ENTER_AUTO: lambda: decided(calibrated=True, edge_bps=100.0, edge_low_bps=90.0),
    R.ASK_ABOVE_QUOTE: lambda: with_policy("approval", ask_above_quote=Decimal(100)),
    R.ASK_ABOVE_EQUITY: lambda: with_policy("approval", ask_above_equity_fraction=0.01),
    R.ASK_SYMBOL_RULE: lambda: with_terms(rule=RuleCode.ASK),
    R.ASK_UNCALIBRATED: decided,
    R.ASK_CAUTION: lambda: decided(
        calibrated=True, edge_bps=100.0, edge_low_bps=90.0, caution=True
    ),
    R.KILLED: lambda: with_desk(killed=True),
    R.DESK_PAUSED: lambda: with_desk(paused=True),
    R.DATA_LATE: lambda: decided(present=False),
    R.DATA_QUARANTINED: lambda: decided(blocked=True),
    R.SYMBOL_DENIED: lambda: with_terms(rule=RuleCode.DENY),
    R.COOLING_DOWN: lambda: with_slot(cooldown_until_ms=START_MS + 1),
    R.DUPLICATE: lambda: with_slot(pending_lots=10, pending_price=100.0),
    R.DAILY_COUNT_REACHED: lambda: second_symbol("automation", max_entries_per_day=1),
    R.DAILY_LOSS_REACHED: lambda: with_desk(daily_paused=True),
    R.DRAWDOWN_LATCHED: lambda: with_desk(drawdown_latched=True),
    R.NO_STOP_DISTANCE: lambda: decided(atr=math.nan),
    R.NO_RISK_BUDGET: lambda: R(
        first(
            run_step(
                rows(win_probability=0.3, payoff=1.0), with_policy=policy(risk={"sizing": "kelly"})
            )
        ).reason
    ),
    R.BELOW_MINIMUM: lambda: with_terms(min_notional_quote=1e6),
    R.SYMBOL_NOTIONAL_FULL: lambda: with_policy("risk", max_symbol_fraction=0.0001),
    R.EXPOSURE_FULL: lambda: second_symbol("risk", max_exposure_fraction=0.4),
    R.POSITIONS_FULL: lambda: second_symbol("risk", max_open_positions=1),
    R.CLUSTER_FULL: lambda: second_symbol("risk", max_cluster_fraction=0.4),
    R.NO_LIQUIDITY: lambda: with_slot(last_volume=0.0),
    R.NO_CASH: no_cash,
    R.COST_UNKNOWN: lambda: decided(adv_quote=math.nan),
    R.COST_TOO_HIGH: lambda: decided(book_slippage_bps=500.0),
    R.EDGE_TOO_SMALL: lambda: calibrated_with(40.0),
    R.UNCALIBRATED_REFUSED: lambda: R(first(run_step(with_policy=policy(True))).reason),
    R.NO_FRESH_PRICE: lambda: looked_at_again(math.nan),
    R.PRICE_DRIFTED: lambda: looked_at_again(102.01),
    R.SIZE_SHRUNK: lambda: looked_at_again(last_volume=5.0),
    R.STOP_PASSED: lambda: looked_at_again(98.5, pending_stop_ticks=9_850),
    R.NOT_APPROVED: lambda: later(asks=True, person=ApprovalModel(probability=0.0)),
    R.QUESTION_EXPIRED: lambda: later(asks=True, person=ApprovalModel(delay_bars=1)),
    R.INSUFFICIENT_FUNDS: lambda: later(
        fills=FUNDS,
        exits={"stop_atr_multiple": 1.0},
        risk={"risk_fraction": 0.05, "max_risk_fraction": 0.05},
        approval={"max_drift_bps": 0.0, "ask_above_quote": Decimal(10**9)},
    ),
    R.NO_DEPTH: lambda: later(
        fills=FillPolicy(book_levels=1, level_volume_fraction=1e-9, level_jitter_fraction=0.0)
    ),
    R.EXIT_CUSTOM: lambda: held(exit_flag=True),
    R.EXIT_SCORE: lambda: held(score=-30.0),
    R.EXIT_TIME: lambda: held(bars_held=10),
    R.EXIT_UNFINISHED: lambda: held(exiting=R.EXIT_TIME),
    R.STOP_HIT: lambda: closed(bar=(101.0, 101.0, 97.0, 99.0)),
    R.TRAILING_STOP_HIT: lambda: closed(trail=1.0, bar=(101.5, 101.5, 100.0, 101.0)),
    R.TARGET_HIT: lambda: closed(target=3.0, bar=(102.0, 104.0, 102.0, 104.0)),
    R.TRAIL_STOP: lambda: held(trail_ticks=100, high=100.0),
}


@pytest.mark.parametrize("code", WORLDS, ids=lambda code: code.label)
def test_it_is_reached(code: ReasonCode) -> None:
    reached = WORLDS[code]()
    assert reached == code or (isinstance(reached, set) and code in reached)


def test_no_reason_is_left_out() -> None:
    given_by_a_person = {R.NONE, R.EXIT_MANUAL}
    given_by_the_desk = {R.VENUE_AWAY}  # see tests/unit/desk/test_unheard_venue.py
    assert set(R) - set(WORLDS) == given_by_a_person | given_by_the_desk


def test_the_clamps_reasons_follow_the_order_of_the_clamps() -> None:
    expected = [
        R.SYMBOL_NOTIONAL_FULL,
        R.EXPOSURE_FULL,
        R.POSITIONS_FULL,
        R.CLUSTER_FULL,
        R.NO_LIQUIDITY,
        R.NO_CASH,
    ]
    assert [R.SYMBOL_NOTIONAL_FULL + clamp for clamp in ClampCode] == expected
