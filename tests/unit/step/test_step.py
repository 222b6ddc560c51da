import math

import numpy as np
import pytest

from engine.domain.reasons import (
    ActionCode,
    CheckCode,
    ClampCode,
    ReasonCode,
    RouteCode,
    RuleCode,
    VerdictCode,
)
from tests.unit.step.builders import (
    WIDE,
    book,
    first,
    hold,
    markets,
    policy,
    rows,
    run_step,
)


def test_an_entry_is_sized_by_its_stop() -> None:
    found = first(run_step())
    # One percent of 10,000 over the two ATR of 1.00 to the stop: 50 units, 5,000 of notional.
    assert (found.action, found.route) == (ActionCode.ENTER, RouteCode.ASK)
    assert (found.lots, found.stop_ticks) == (50_000, 9_800)
    assert found.notional_quote == pytest.approx(5_000.0)
    assert found.risk_quote == pytest.approx(100.0)


def test_a_round_trip_at_that_size_is_priced() -> None:
    found = first(run_step())
    # Fee 2 x 10, half-spread 2 x 10, impact 2 x 0.02 x sqrt(5,000 / 1e9) x 1e4 = 0.894.
    assert found.fee_bps == 20.0
    assert found.spread_bps == 20.0
    assert found.slippage_bps == pytest.approx(2 * 200 * math.sqrt(5e-6))
    assert found.cost_bps == pytest.approx(40.894, abs=1e-3)


def test_target_and_trail_are_set_from_the_range() -> None:
    exits = {"target_atr_multiple": 3.0, "trailing_atr_multiple": 2.5}
    found = first(run_step(with_policy=policy(exits=exits)))
    assert (found.target_ticks, found.trail_ticks) == (10_300, 250)


def test_a_stop_below_zero_is_one_tick() -> None:
    assert first(run_step(rows(atr=80.0))).stop_ticks == 1


def test_the_net_edge_is_the_edge_less_the_cost() -> None:
    found = first(run_step(rows(calibrated=True, edge_bps=100.0, edge_low_bps=60.0)))
    assert found.net_edge_bps == pytest.approx(100.0 - found.cost_bps)
    assert found.net_edge_low_bps == pytest.approx(60.0 - found.cost_bps)
    assert (found.route, found.reason) == (RouteCode.AUTO, ReasonCode.ENTER_AUTO)


def test_a_lower_bound_at_the_minimum_is_inside_it() -> None:
    cost = first(run_step()).cost_bps
    least = WIDE.automation.min_net_edge_bps
    bars = rows(calibrated=True, edge_bps=200.0, edge_low_bps=cost + least)
    assert first(run_step(bars)).reason == ReasonCode.ENTER_AUTO
    bars[0].edge_low_bps -= 1e-6
    assert first(run_step(bars)).reason == ReasonCode.EDGE_TOO_SMALL


def test_a_rank_at_the_threshold_is_inside_it() -> None:
    assert first(run_step(rows(rank_fraction=0.5))).action == ActionCode.ENTER
    assert first(run_step(rows(rank_fraction=0.499))).reason == ReasonCode.BELOW_THRESHOLD


def test_a_cost_at_the_limit_is_inside_it() -> None:
    # 40 of fee and spread and twice 55 of slippage: 150.
    assert first(run_step(rows(book_slippage_bps=55.0))).route == RouteCode.ASK
    assert first(run_step(rows(book_slippage_bps=55.01))).reason == ReasonCode.COST_TOO_HIGH


def test_the_first_failing_check_names_the_reason_and_the_rest_are_not_reached() -> None:
    decided = run_step(terms=markets(rule=RuleCode.DENY))
    verdicts = [VerdictCode(v) for v in decided.check_verdict[0]]
    assert verdicts[: CheckCode.SYMBOL_RULE] == [VerdictCode.PASSED] * CheckCode.SYMBOL_RULE
    assert verdicts[CheckCode.SYMBOL_RULE] is VerdictCode.FAILED
    assert set(verdicts[CheckCode.COOLDOWN :]) == {VerdictCode.NOT_REACHED}
    assert math.isnan(decided.check_value[0, CheckCode.COOLDOWN])


def test_checks_record_what_they_saw_and_its_limit() -> None:
    decided = run_step()
    value, limit = decided.check_value[0], decided.check_limit[0]
    assert (value[CheckCode.RISK_SIZE], limit[CheckCode.RISK_SIZE]) == (100.0, 100.0)
    assert (value[CheckCode.DAILY_COUNT], limit[CheckCode.DAILY_COUNT]) == (1.0, 100.0)
    assert decided.check_verdict[0, CheckCode.NET_EDGE] == VerdictCode.UNKNOWN


def test_a_symbol_that_asks_by_rule_says_so_in_its_check() -> None:
    decided = run_step(terms=markets(rule=RuleCode.ASK))
    assert decided.check_verdict[0, CheckCode.SYMBOL_RULE] == VerdictCode.ASK


def test_clamps_record_before_and_after_and_only_shrink() -> None:
    decided = run_step(with_policy=policy(risk={"max_symbol_fraction": 0.2}))
    # 2,000 at the drifted price of 102: 19,607 lots of the 50,000 wanted.
    symbol = ClampCode.SYMBOL_NOTIONAL
    assert decided.clamp_before[0, symbol] == 50_000
    assert decided.clamp_after[0, symbol] == 19_607
    assert first(decided).lots == 19_607
    assert first(decided).risk_quote == pytest.approx(19.607 * 2.0)


def test_the_liquidity_clamp_takes_a_share_of_the_bars_volume() -> None:
    decided = run_step(with_policy=policy(risk={"max_bar_volume_fraction": 0.001}))
    assert first(decided).lots == 1_000  # one unit of 1,000


def test_the_best_score_is_served_first_and_equal_scores_by_symbol() -> None:
    bars = rows(4)
    for i, score in enumerate((60.0, 90.0, 60.0, 75.0)):
        bars[i].score = score
    decided = run_step(bars)
    assert decided.order.tolist() == [1, 3, 0, 2]


def test_entries_of_one_close_share_the_cash() -> None:
    decided = run_step(rows(3), with_policy=policy(risk={"max_open_positions": 3}))
    lots = [int(decided.outcomes[i].lots) for i in range(3)]
    # The first two take 5,000 of 10,000 each, less what the drift and the costs reserve.
    assert lots[0] == 50_000
    assert 0 < lots[1] < 50_000
    assert decided.outcomes[2].route == RouteCode.REFUSE
    assert sum(lots[:2]) * 0.1 <= 10_000.0


def test_a_refused_entry_takes_nothing_from_the_others() -> None:
    terms = markets(2)
    terms[0].rule = RuleCode.DENY
    decided = run_step(rows(2), terms)
    assert decided.outcomes[1].lots == 50_000


def test_open_questions_reserve_their_cash() -> None:
    of = book(2)
    of.slots[1].pending_lots, of.slots[1].pending_price = 90_000, 100.0
    decided = run_step(rows(2), of=of)
    # 9,000 at 102 with spread and fee leave 801.6 of 10,000 in cash: 7,843 lots.
    assert decided.outcomes[0].lots == pytest.approx(7_843, abs=2)
    assert decided.outcomes[1].reason == ReasonCode.DUPLICATE


def test_a_late_symbol_is_refused_and_does_not_hold_up_the_others() -> None:
    bars = rows(2)
    bars[0].present = False
    decided = run_step(bars)
    late = decided.outcomes[0]
    assert (late.action, late.route, late.reason) == (
        ActionCode.NONE,
        RouteCode.REFUSE,
        ReasonCode.DATA_LATE,
    )
    assert decided.outcomes[1].action == ActionCode.ENTER


def test_an_exit_is_stopped_by_no_check() -> None:
    of = book()
    hold(of)
    of.desk[0].killed = of.desk[0].paused = of.desk[0].drawdown_latched = True
    found = first(
        run_step(
            rows(score=-90.0),
            markets(rule=RuleCode.DENY),
            of,
            policy(exits={"exit_score": -30.0}),
        )
    )
    assert (found.action, found.route) == (ActionCode.EXIT, RouteCode.AUTO)
    assert found.lots == 10_000


def test_an_exit_score_at_the_setting_closes_and_below_it_holds() -> None:
    of = book()
    hold(of)
    exits = policy(exits={"exit_score": -30.0})
    assert first(run_step(rows(score=-30.0), of=of, with_policy=exits)).action == ActionCode.EXIT
    assert first(run_step(rows(score=-29.9), of=of, with_policy=exits)).action == ActionCode.NONE


def test_the_trailing_stop_follows_the_high_and_never_falls() -> None:
    of = book()
    hold(of)
    of.slots[0].trail_ticks = 150
    up = first(run_step(rows(high=103.0, close=102.0), of=of))
    assert (up.action, up.stop_ticks) == (ActionCode.AMEND_STOP, 10_150)
    of.slots[0].stop_ticks = 10_150
    down = first(run_step(rows(high=101.0, close=100.0), of=of))
    assert (down.action, down.stop_ticks) == (ActionCode.NONE, 10_150)


def test_an_exit_on_its_way_is_not_sent_twice() -> None:
    of = book()
    hold(of)
    of.slots[0].exiting, of.slots[0].exit_in_flight = ReasonCode.EXIT_TIME, True
    assert first(run_step(of=of)).reason == ReasonCode.HOLDING


@pytest.mark.parametrize("flag", ["present", "blocked"])
def test_a_position_without_a_good_bar_is_left_alone(flag: str) -> None:
    of = book()
    hold(of)
    found = first(run_step(rows(exit_flag=True, **{flag: flag == "blocked"}), of=of))
    assert (found.action, found.route) == (ActionCode.NONE, RouteCode.NONE)


def test_step_writes_nothing_but_its_outcome() -> None:
    bars, terms, of = rows(3), markets(3), book(3)
    hold(of, 1)
    before = [repr(np.asarray(part).tolist()) for part in (bars, terms, of.slots, of.desk)]
    run_step(bars, terms, of)
    after = [repr(np.asarray(part).tolist()) for part in (bars, terms, of.slots, of.desk)]
    assert before == after


def test_a_desk_without_symbols_decides_nothing() -> None:
    assert len(run_step(rows(0), markets(0), book(0)).outcomes) == 0
