"""Questions and their answers through a whole desk, on the fake, on SQLite and on PostgreSQL."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.domain.decisions import Decision
from engine.domain.desk import Delivery, Mode, Person
from engine.domain.ids import decision_id
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import Timeframe
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.domain.views import Press, PressOutcome, PressResult
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import (
    APPROVER,
    BTC,
    ETH,
    OWNER,
    SECOND,
    STRANGER,
    VENUE,
    VIEWER,
    Bench,
    build,
    rules,
)
from tests.fakes.units import FakeUnits

D = Decimal
A, R = ApprovalState, PressResult


@pytest.fixture
def bench(units: Units) -> Bench:
    return build(units)


def with_policy(units: Units, **changes: object) -> Bench:
    approval = ApprovalPolicy(**changes)  # type: ignore[arg-type]  # the names are its own
    return build(units, policies=TradingPolicy(approval=approval))


def assert_nothing_was_bought(bench: Bench) -> None:
    assert bench.fills() == ()
    assert bench.position() is None
    assert bench.balances() == {"USDT": D(10_000)}
    assert bench.broker.seen == []


# Yes, no, half


def test_a_yes_buys_what_was_asked_about(bench: Bench) -> None:
    approval = bench.ask()
    outcome = bench.approve(approval)
    assert (outcome.result, outcome.state) == (R.FILLED, A.APPROVED)
    ended = bench.now_of(approval)
    assert (ended.state, ended.decided_by, ended.decided_at) == (
        A.APPROVED,
        OWNER.user_id,
        bench.wall.now(),
    )
    position = bench.position()
    assert position is not None
    assert (position.quantity, position.entry_order_id) == (D(5), approval.order_id)
    bench.assert_protected()
    bench.assert_books_agree()


def test_a_yes_leaves_the_question_the_answer_and_the_fill_on_the_trail(bench: Bench) -> None:
    bench.approve(bench.ask(), APPROVER)
    told = [(line.event.actor, line.event.action) for line in bench.audit()]
    assert told == [
        ("desk", "approval_asked"),
        ("person:2", "approval_approved"),
        ("gateway", "order_submitting"),
        ("person:2", "press_approve"),
        ("venue", "order_filled"),
        ("gateway", "order_submitting"),
        ("venue", "order_open"),
    ]


def test_the_card_is_sent_once_and_then_edited(bench: Bench) -> None:
    bench.approve(bench.ask())
    deliveries = [message.delivery for message in bench.outbox("card")]
    assert deliveries.count(Delivery.NEW) == 1
    assert len({message.subject for message in bench.outbox("card")}) == 1


def test_a_no_ends_the_question_and_the_order(bench: Bench) -> None:
    approval = bench.ask()
    outcome = bench.press(approval, Press.REJECT, APPROVER)
    assert (outcome.result, outcome.state) == (R.REJECTED, A.REJECTED)
    assert bench.order(approval.order_id).state is OrderState.REFUSED
    assert_nothing_was_bought(bench)


def test_the_reason_of_a_no_can_come_with_it(bench: Bench) -> None:
    approval = bench.ask()
    bench.press(approval, Press.REJECT, reason="too_risky")
    assert bench.now_of(approval).note == "too_risky"


def test_the_reason_of_a_no_can_be_tapped_afterwards_once_by_the_same_person(
    bench: Bench,
) -> None:
    approval = bench.ask()
    bench.press(approval, Press.REJECT, APPROVER)
    assert bench.press(approval, Press.REJECT, OWNER, reason="x").result is R.ALREADY_DECIDED
    assert bench.press(approval, Press.REJECT, APPROVER, reason="news").result is R.REJECTED
    assert bench.press(approval, Press.REJECT, APPROVER, reason="y").result is R.ALREADY_DECIDED
    ended = bench.now_of(approval)
    assert (ended.state, ended.note, ended.decided_by) == (A.REJECTED, "news", 2)


def test_half_buys_half_under_a_new_order(bench: Bench) -> None:
    approval = bench.ask()
    outcome = bench.press(approval, Press.HALF)
    assert (outcome.result, outcome.state) == (R.FILLED, A.PARTLY)
    position = bench.position()
    assert position is not None
    assert position.quantity == D("2.5")
    assert position.entry_order_id != approval.order_id
    assert bench.order(approval.order_id).state is OrderState.REFUSED
    bench.assert_protected()
    bench.assert_books_agree()


def test_half_of_an_odd_size_is_rounded_down_to_whole_lots(bench: Bench) -> None:
    bench.press(bench.ask(quantity="2.003"), Press.HALF)
    position = bench.position()
    assert position is not None
    assert position.quantity == D("1.001")


@pytest.mark.parametrize("quantity", ["0.098", "0.001"])
def test_half_below_the_venues_minimum_is_refused(bench: Bench, quantity: str) -> None:
    approval = bench.ask(quantity=quantity)  # 4.90 and nothing at all, where 5 is the least
    outcome = bench.press(approval, Press.HALF)
    assert outcome.result is R.REFUSED
    assert bench.now_of(approval).state is A.REFUSED
    assert_nothing_was_bought(bench)


def test_half_of_exactly_twice_the_minimum_is_bought(bench: Bench) -> None:
    assert bench.press(bench.ask(quantity="0.1"), Press.HALF).result is R.FILLED


# Repeats


@pytest.mark.parametrize("first", [Press.APPROVE, Press.HALF, Press.REJECT])
@pytest.mark.parametrize("second", list(Press))
def test_a_second_press_changes_nothing(bench: Bench, first: Press, second: Press) -> None:
    approval = bench.ask()
    bench.press(approval, first)
    before = (bench.fills(), bench.balances(), bench.now_of(approval), bench.outbox())
    assert bench.press(approval, second, APPROVER).result is R.ALREADY_DECIDED
    assert (bench.fills(), bench.balances(), bench.now_of(approval), bench.outbox()) == before


@pytest.mark.parametrize("press", list(Press))
def test_a_forged_token_reaches_nothing_but_the_trail(bench: Bench, press: Press) -> None:
    approval = bench.ask()
    outcome = bench.press(replace(approval, token="token-999999"), press)
    assert outcome == PressOutcome(result=R.UNKNOWN_TOKEN)
    assert bench.now_of(approval) == approval
    assert [line.event.action for line in bench.audit()][-1] == f"press_{press}"
    assert_nothing_was_bought(bench)


def test_each_button_answers_its_own_question_whatever_is_pending_now(bench: Bench) -> None:
    first, second = bench.ask(BTC), bench.ask(ETH)
    bench.press(second, Press.REJECT)
    bench.approve(first)
    assert bench.position(ETH) is None
    held = bench.position(BTC)
    assert held is not None
    assert held.entry_order_id == first.order_id


def test_a_question_whose_order_is_no_longer_what_was_asked_buys_nothing(bench: Bench) -> None:
    approval = bench.ask()
    order = bench.order(approval.order_id)
    with bench.units() as unit:
        swollen = replace(order.intent, quantity=D(9))
        unit.orders.replace(order, replace(order, intent=swollen))
        unit.commit()
    assert bench.approve(approval).result is R.EXPIRED
    assert_nothing_was_bought(bench)


def test_two_questions_never_share_a_token(bench: Bench) -> None:
    assert bench.ask(BTC).token != bench.ask(ETH).token


def test_a_question_outlives_a_restart_and_its_old_button_still_works(bench: Bench) -> None:
    approval = bench.ask()
    again = bench.restart()
    again.monitor.recover()
    assert again.approve(approval).result is R.FILLED
    again.assert_protected()


def test_an_answered_question_stays_answered_after_a_restart(bench: Bench) -> None:
    approval = bench.ask()
    bench.approve(approval)
    again = bench.restart()
    again.monitor.recover()
    assert again.approve(approval).result is R.ALREADY_DECIDED
    assert len(again.fills()) == 1


# Who


@pytest.mark.parametrize("press", list(Press))
@pytest.mark.parametrize("by", [None, VIEWER], ids=["stranger", "viewer"])
def test_strangers_and_viewers_leave_one_audit_line_and_nothing_else(
    bench: Bench, press: Press, by: Person | None
) -> None:
    approval = bench.ask()
    before = (bench.audit(), bench.outbox())
    assert bench.press(approval, press, by) == PressOutcome(result=R.NOT_ALLOWED)
    line = bench.audit()[-1].event
    assert (line.action, line.subject) == ("press_not_allowed", approval.id)
    assert line.actor == ("person:4" if by else "stranger")
    assert (bench.audit()[:-1], bench.outbox()) == before
    assert bench.now_of(approval) == approval
    assert_nothing_was_bought(bench)


def test_the_front_names_the_stranger_on_the_trail(bench: Bench) -> None:
    approval = bench.ask()
    outcome = bench.assembled.desk.press(approval.token, Press.APPROVE, STRANGER, request_id="1")
    assert outcome.result is R.NOT_ALLOWED
    line = bench.audit()[-1].event
    assert (line.actor, line.action) == (f"stranger:{STRANGER}", "stranger_ignored")
    assert_nothing_was_bought(bench)


def test_the_front_lets_an_approver_answer(bench: Bench) -> None:
    approval = bench.ask()
    outcome = bench.assembled.desk.press(
        approval.token, Press.APPROVE, APPROVER.user_id, request_id="1"
    )
    assert outcome.result is R.FILLED


# The price moves


def test_drift_within_the_limit_still_fills(bench: Bench) -> None:
    approval = bench.ask()
    bench.market.set_price(BTC, "100.50")  # exactly 50 bps
    assert bench.approve(approval).result is R.FILLED


@pytest.mark.parametrize(("price", "stop"), [("100.51", "95.51"), ("99.49", "94.49")])
def test_drift_beyond_the_limit_is_asked_afresh_with_the_new_numbers(
    bench: Bench, price: str, stop: str
) -> None:
    approval = bench.ask()
    bench.market.set_price(BTC, price)
    outcome = bench.approve(approval)
    assert (outcome.result, outcome.reason) == (R.ASKED_AGAIN, "price_drifted")
    assert bench.now_of(approval).state is A.SUPERSEDED
    assert bench.order(approval.order_id).state is OrderState.REFUSED
    assert_nothing_was_bought(bench)
    (fresh,) = bench.pending()
    assert fresh == outcome.approval
    assert fresh.token != approval.token
    assert fresh.order_hash != approval.order_hash
    assert (fresh.round_no, fresh.reference_price) == (1, D(price))
    assert fresh.expires_at == approval.expires_at
    plan = bench.order(fresh.order_id).intent.exit_plan
    assert plan is not None
    assert plan.stop_price == D(stop)  # the distance that was asked about


def test_the_old_button_is_dead_and_the_new_one_buys_once(bench: Bench) -> None:
    approval = bench.ask()
    bench.market.set_price(BTC, "101")
    fresh = bench.approve(approval).approval
    assert fresh is not None
    assert bench.approve(approval).result is R.ALREADY_DECIDED
    assert_nothing_was_bought(bench)
    assert bench.approve(fresh).result is R.FILLED
    assert bench.approve(fresh).result is R.ALREADY_DECIDED
    assert len(bench.fills()) == 1
    bench.assert_protected()


def test_half_at_a_price_that_has_moved_is_asked_afresh_at_half(bench: Bench) -> None:
    approval = bench.ask()
    bench.market.set_price(BTC, "101")
    fresh = bench.press(approval, Press.HALF).approval
    assert fresh is not None
    assert bench.order(fresh.order_id).intent.quantity == D("2.5")


def test_a_price_at_the_stop_refuses_the_entry(bench: Bench) -> None:
    approval = bench.ask(stop="99.80")
    bench.market.set_price(BTC, "99.80")
    outcome = bench.approve(approval)
    assert (outcome.result, outcome.reason) == (R.REFUSED, "stop_passed")
    assert_nothing_was_bought(bench)


def _silence(bench: Bench) -> None:
    bench.market.silence(BTC)


def _take_down(bench: Bench) -> None:
    bench.market.is_down = True


@pytest.mark.parametrize("press", [Press.APPROVE, Press.HALF])
@pytest.mark.parametrize("fails", [_silence, _take_down])
def test_without_a_fresh_price_nothing_is_bought_and_the_question_stays_open(
    bench: Bench, fails: Callable[[Bench], None], press: Press
) -> None:
    approval = bench.ask()
    fails(bench)
    assert bench.press(approval, press).result is R.NO_PRICE
    assert bench.pending() == (approval,)
    assert_nothing_was_bought(bench)
    bench.market.is_down = False
    bench.market.set_price(BTC, "100")
    assert bench.press(approval, press).result is R.FILLED
    assert len(bench.fills()) == 1


def test_a_moment_without_a_price_moves_no_expiry(bench: Bench) -> None:
    approval = bench.ask()
    bench.market.is_down = True
    bench.approve(approval)
    bench.wall.move_to(approval.expires_at)
    assert bench.assembled.questions.expire() == 1
    assert bench.now_of(approval).state is A.EXPIRED
    assert_nothing_was_bought(bench)


def test_what_is_not_traded_any_more_never_gets_a_price_and_ends(bench: Bench) -> None:
    approval = bench.ask(ETH)
    fewer = bench.restart(rules={BTC: rules(BTC)})
    outcome = fewer.approve(approval)
    assert (outcome.result, outcome.reason) == (R.REFUSED, "no_fresh_price")


def test_a_postponed_question_waits_for_a_price_and_is_asked_then(bench: Bench) -> None:
    approval = bench.ask()
    bench.press(approval, Press.LATER)
    bench.wall.advance(minutes=5)
    bench.market.is_down = True
    assert bench.assembled.questions.ask_again() == 0
    assert [one.state for one in bench.pending()] == [A.PENDING]
    bench.market.is_down = False
    assert bench.assembled.questions.ask_again() == 1
    assert bench.pending() == (approval,)
    assert bench.approve(approval).result is R.FILLED


def test_a_limit_that_another_question_uses_shrinks_this_one(bench: Bench) -> None:
    policies = TradingPolicy(risk=replace(TradingPolicy().risk, max_exposure_fraction=0.12))
    tight = bench.restart(policies=policies)
    first, _second = tight.ask(BTC, quantity="8"), tight.ask(ETH, quantity="8")
    outcome = tight.approve(first)
    assert (outcome.result, outcome.reason) == (R.ASKED_AGAIN, "size_shrunk")
    assert outcome.approval is not None
    # 12 % of 10,000 less 8 coins at 100.50, the dearest the other may be bought at, leaves 396.
    assert tight.order(outcome.approval.order_id).intent.quantity == D("3.96")
    assert tight.approve(outcome.approval).result is R.FILLED


def test_a_second_entry_in_a_symbol_that_is_held_is_refused(bench: Bench) -> None:
    first, second = bench.ask(), bench.ask()
    bench.approve(first)
    assert bench.approve(second).reason == "duplicate"
    assert len(bench.fills()) == 1


# Later


def test_later_asks_again_after_five_minutes_and_expires_as_before(bench: Bench) -> None:
    approval = bench.ask()
    outcome = bench.press(approval, Press.LATER)
    assert outcome.result is R.POSTPONED
    assert bench.now_of(approval).ask_again_at == bench.wall.now() + timedelta(minutes=5)
    bench.advance(minutes=4, seconds=59)
    assert bench.assembled.questions.ask_again() == 0
    bench.advance(seconds=1)
    told = len(bench.outbox("card"))
    assert bench.assembled.questions.ask_again() == 1
    assert bench.assembled.questions.ask_again() == 0
    assert bench.pending() == (approval,)  # the same question, told anew
    assert bench.outbox("card")[told:][0].delivery is Delivery.NEW
    assert bench.approve(approval).result is R.FILLED


def test_later_is_taken_up_to_a_second_before_that(bench: Bench) -> None:
    approval = bench.ask()
    bench.advance(minutes=9, seconds=59)
    assert bench.press(approval, Press.LATER).result is R.POSTPONED


def test_a_postponed_question_whose_price_has_moved_is_asked_with_the_new_numbers(
    bench: Bench,
) -> None:
    approval = bench.ask()
    bench.press(approval, Press.LATER)
    bench.market.set_price(BTC, "102")
    bench.advance(minutes=5)
    assert bench.assembled.questions.ask_again() == 1
    (fresh,) = bench.pending()
    assert (fresh.round_no, fresh.reference_price) == (1, D(102))
    assert fresh.expires_at == approval.expires_at
    assert bench.now_of(approval).state is A.SUPERSEDED
    assert bench.approve(approval).result is R.ALREADY_DECIDED
    assert bench.approve(fresh).result is R.FILLED


def test_a_postponed_question_can_still_be_answered_at_once(bench: Bench) -> None:
    approval = bench.ask()
    bench.press(approval, Press.LATER)
    assert bench.approve(approval).result is R.FILLED
    bench.advance(minutes=5)
    assert bench.assembled.questions.ask_again() == 0


def test_what_is_asked_again_is_checked_again(bench: Bench) -> None:
    approval = bench.ask()
    bench.press(approval, Press.LATER)
    bench.assembled.desk.kill(OWNER.user_id)
    bench.advance(minutes=5)
    bench.assembled.questions.ask_again()
    ended = bench.now_of(approval)
    assert (ended.state, ended.note) == (A.REFUSED, "killed")


def test_later_is_refused_where_the_question_would_have_ended_by_then(bench: Bench) -> None:
    approval = bench.ask()
    bench.advance(minutes=10)  # it ends after fifteen, the very moment it would be asked again
    assert bench.press(approval, Press.LATER).result is R.TOO_LATE_FOR_LATER
    assert bench.pending() == (approval,)
    bench.advance(minutes=5)
    assert bench.assembled.questions.ask_again() == 0
    assert bench.assembled.questions.expire() == 1
    assert bench.now_of(approval).state is A.EXPIRED


# Expiry


def test_the_moment_of_expiry_is_too_late(bench: Bench) -> None:
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at)
    outcome = bench.approve(approval)
    assert (outcome.result, outcome.state) == (R.EXPIRED, A.EXPIRED)
    assert bench.order(approval.order_id).state is OrderState.REFUSED
    assert_nothing_was_bought(bench)


def test_a_microsecond_before_expiry_is_in_time(bench: Bench) -> None:
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at - timedelta(microseconds=1))
    assert bench.assembled.questions.expire() == 0
    assert bench.approve(approval).result is R.FILLED


def test_expiry_runs_on_a_persons_clock_not_on_the_markets(bench: Bench) -> None:
    approval = bench.ask()
    bench.clock.advance(days=3)
    assert bench.assembled.questions.expire() == 0
    assert bench.now_of(approval).state is A.PENDING


def test_an_unanswered_question_expires_and_buys_nothing(bench: Bench) -> None:
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at)
    assert bench.assembled.questions.expire() == 1
    assert bench.assembled.questions.expire() == 0
    ended = bench.now_of(approval)
    assert (ended.state, ended.decided_by) == (A.EXPIRED, None)
    assert bench.approve(approval).result is R.EXPIRED
    assert "approval_expired" in bench.actions()
    assert_nothing_was_bought(bench)


def test_an_expired_entry_can_rest_as_a_limit_at_the_price_asked_about(units: Units) -> None:
    bench = with_policy(units, on_expiry="limit")
    approval = bench.ask()
    bench.market.set_price(BTC, "100.20")
    bench.wall.move_to(approval.expires_at)
    bench.assembled.questions.expire()
    (order,) = bench.unfinished()
    assert (order.state, order.intent.limit_price, order.intent.quantity) == (
        OrderState.OPEN,
        D(100),
        D(5),
    )
    bench.market.set_price(BTC, "99.90")
    bench.monitor.watch_prices()
    position = bench.position()
    assert position is not None
    assert position.entry_price == D("99.95")
    bench.assert_protected()


@pytest.mark.parametrize("choice", ["smaller", "limit"])
def test_an_expired_entry_is_not_bought_under_the_kill_switch(units: Units, choice: str) -> None:
    bench = with_policy(units, on_expiry=choice)
    approval = bench.ask()
    bench.assembled.desk.kill(OWNER.user_id)
    bench.wall.move_to(approval.expires_at)
    bench.assembled.questions.expire()
    assert bench.now_of(approval).state is A.EXPIRED
    assert_nothing_was_bought(bench)


@pytest.mark.parametrize("choice", ["skip", "smaller", "limit"])
def test_a_press_that_comes_too_late_buys_nothing_whatever_the_owner_chose(
    units: Units, choice: str
) -> None:
    bench = with_policy(units, on_expiry=choice)
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at)
    assert bench.approve(approval).result is R.EXPIRED
    assert_nothing_was_bought(bench)


def test_a_limit_that_nobody_met_for_a_bar_is_cancelled(units: Units) -> None:
    bench = with_policy(units, on_expiry="limit")
    approval = bench.ask()
    bench.market.set_price(BTC, "100.20")
    bench.wall.move_to(approval.expires_at)
    bench.assembled.questions.expire()
    bench.advance(minutes=59)
    assert bench.monitor.cancel_stale() == 0
    bench.advance(minutes=1)
    assert bench.monitor.cancel_stale() == 1
    assert bench.unfinished() == ()


# Quorum


def test_above_the_second_threshold_two_people_must_agree(units: Units) -> None:
    bench = with_policy(units, quorum_above_quote=D(499))
    approval = bench.ask()
    assert approval.needed == 2
    assert bench.approve(approval, OWNER).result is R.COUNTED
    assert bench.approve(approval, OWNER).result is R.COUNTED_BEFORE
    assert_nothing_was_bought(bench)
    assert bench.approve(approval, APPROVER).result is R.FILLED
    assert bench.now_of(approval).approvers == (1, 2)
    bench.assert_protected()


def test_exactly_the_second_threshold_needs_one(units: Units) -> None:
    bench = with_policy(units, quorum_above_quote=D(500))
    assert bench.approve(bench.ask()).result is R.FILLED


def test_one_no_is_enough_where_two_must_agree(units: Units) -> None:
    bench = with_policy(units, quorum_above_quote=D(499))
    approval = bench.ask()
    bench.approve(approval, OWNER)
    assert bench.press(approval, Press.REJECT, APPROVER).result is R.REJECTED
    assert bench.approve(approval, SECOND).result is R.ALREADY_DECIDED
    assert_nothing_was_bought(bench)


def test_the_count_outlives_a_restart(units: Units) -> None:
    bench = with_policy(units, quorum_above_quote=D(499))
    approval = bench.ask()
    bench.approve(approval, OWNER)
    assert bench.restart().approve(approval, SECOND).result is R.FILLED


def test_one_person_cannot_halve_their_way_around_the_quorum(units: Units) -> None:
    bench = with_policy(units, quorum_above_quote=D(200))
    approval = bench.ask()  # 500, half of it 250
    outcome = bench.press(approval, Press.HALF, OWNER)
    assert outcome.result is R.ASKED_AGAIN
    assert outcome.approval is not None
    assert outcome.approval.needed == 2
    assert bench.order(outcome.approval.order_id).intent.quantity == D("2.5")
    assert_nothing_was_bought(bench)


def test_half_below_the_quorum_needs_one(units: Units) -> None:
    bench = with_policy(units, quorum_above_quote=D(250))
    assert bench.press(bench.ask(), Press.HALF, OWNER).result is R.FILLED


# Switches


def test_a_press_after_kill_buys_nothing_and_ends_the_question(bench: Bench) -> None:
    approval = bench.ask()
    bench.assembled.desk.kill(OWNER.user_id)
    outcome = bench.approve(approval)
    assert (outcome.result, outcome.reason) == (R.REFUSED, "killed")
    assert bench.now_of(approval).state is A.REFUSED
    assert_nothing_was_bought(bench)


def test_a_press_while_paused_buys_nothing(bench: Bench) -> None:
    approval = bench.ask()
    bench.assembled.desk.pause(OWNER.user_id)
    assert bench.approve(approval).reason == "desk_paused"
    assert_nothing_was_bought(bench)


def test_a_press_after_resume_buys(bench: Bench) -> None:
    approval = bench.ask()
    bench.assembled.desk.pause(OWNER.user_id)
    bench.assembled.desk.resume(OWNER.user_id)
    assert bench.approve(approval).result is R.FILLED


# Automatic entries


def test_an_automatic_entry_asks_nobody(bench: Bench) -> None:
    order = bench.propose(bench.decide(route=RouteCode.AUTO))
    settled = bench.assembled.entries.send_automatic(order.id)
    assert settled is not None
    assert settled.order.state is OrderState.FILLED
    assert bench.pending() == ()
    bench.assert_protected()


def test_an_automatic_entry_is_sent_once(bench: Bench) -> None:
    order = bench.propose(bench.decide(route=RouteCode.AUTO))
    bench.assembled.entries.send_automatic(order.id)
    assert bench.assembled.entries.send_automatic(order.id) is None
    assert len(bench.fills()) == 1


def test_an_automatic_entry_whose_price_moved_is_asked(bench: Bench) -> None:
    order = bench.propose(bench.decide(route=RouteCode.AUTO))
    bench.market.set_price(BTC, "101")
    assert bench.assembled.entries.send_automatic(order.id) is None
    assert bench.order(order.id).state is OrderState.REFUSED
    (fresh,) = bench.pending()
    assert fresh.reference_price == D(101)
    assert bench.approve(fresh).result is R.FILLED


def test_an_automatic_entry_under_the_kill_switch_is_dropped(bench: Bench) -> None:
    order = bench.propose(bench.decide(route=RouteCode.AUTO))
    bench.assembled.desk.kill(OWNER.user_id)
    assert bench.assembled.entries.send_automatic(order.id) is None
    dropped = bench.order(order.id)
    assert (dropped.state, dropped.note) == (OrderState.REFUSED, "killed")
    assert_nothing_was_bought(bench)


# Two at once


def at_once[T](*calls: Callable[[], T]) -> list[T]:
    """Make the calls from threads that start together."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("attempt", range(3))
def test_two_approvers_at_once_buy_once(
    kind: str, attempt: int, request: pytest.FixtureRequest
) -> None:
    bench = build(request.getfixturevalue(f"{kind}_units"))
    approval = bench.ask()
    outcomes = at_once(
        lambda: bench.approve(approval, OWNER), lambda: bench.approve(approval, APPROVER)
    )
    results = sorted(outcome.result for outcome in outcomes)
    assert results == [R.ALREADY_DECIDED, R.FILLED]
    assert len(bench.fills()) == 1
    bench.assert_protected()
    bench.assert_books_agree()
    assert "press_approve" in bench.actions()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("attempt", range(3))
def test_a_yes_and_a_no_at_once_have_one_outcome(
    kind: str, attempt: int, request: pytest.FixtureRequest
) -> None:
    bench = build(request.getfixturevalue(f"{kind}_units"))
    approval = bench.ask()
    yes, no = at_once(
        lambda: bench.approve(approval, OWNER),
        lambda: bench.press(approval, Press.REJECT, APPROVER),
    )
    state = bench.now_of(approval).state
    assert (yes.result, no.result, state) in {
        (R.FILLED, R.ALREADY_DECIDED, A.APPROVED),
        (R.ALREADY_DECIDED, R.REJECTED, A.REJECTED),
    }
    assert len(bench.fills()) == (state is A.APPROVED)
    bench.assert_books_agree()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_people_who_agree_at_once_are_both_counted(
    kind: str, request: pytest.FixtureRequest
) -> None:
    bench = with_policy(request.getfixturevalue(f"{kind}_units"), quorum_above_quote=D(499))
    approval = bench.ask()
    outcomes = at_once(
        lambda: bench.approve(approval, OWNER), lambda: bench.approve(approval, APPROVER)
    )
    assert sorted(outcome.result for outcome in outcomes) == [R.COUNTED, R.FILLED]
    assert set(bench.now_of(approval).approvers) == {1, 2}
    assert len(bench.fills()) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_press_and_the_expiry_at_once_have_one_outcome(
    kind: str, request: pytest.FixtureRequest
) -> None:
    bench = build(request.getfixturevalue(f"{kind}_units"))
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at)
    at_once(
        lambda: str(bench.approve(approval).result),
        lambda: str(bench.assembled.questions.expire()),
    )
    assert bench.now_of(approval).state is A.EXPIRED
    assert bench.actions().count("approval_expired") == 1
    assert_nothing_was_bought(bench)


# Every way it can end


def _approve(bench: Bench) -> None:
    bench.approve(bench.pending()[0])


def _half(bench: Bench) -> None:
    bench.press(bench.pending()[0], Press.HALF)


def _reject(bench: Bench) -> None:
    bench.press(bench.pending()[0], Press.REJECT)


def _expire(bench: Bench) -> None:
    bench.wall.move_to(bench.pending()[0].expires_at)
    bench.assembled.questions.expire()


def _drift(bench: Bench) -> None:
    bench.market.set_price(BTC, "102")
    bench.approve(bench.pending()[0])


def _refuse(bench: Bench) -> None:
    bench.assembled.desk.kill(OWNER.user_id)
    bench.approve(bench.pending()[0])


ENDS = {
    A.APPROVED: _approve,
    A.PARTLY: _half,
    A.REJECTED: _reject,
    A.EXPIRED: _expire,
    A.SUPERSEDED: _drift,
    A.REFUSED: _refuse,
}


def test_every_end_is_tried_here() -> None:
    assert {*ENDS, A.PENDING} == set(A)


@pytest.mark.parametrize("end", list(ENDS))
def test_every_end_is_on_the_card_and_on_the_trail(bench: Bench, end: ApprovalState) -> None:
    approval = bench.ask()
    ENDS[end](bench)
    assert bench.now_of(approval).state is end
    assert approval.decision_id is not None
    card = bench.assembled.desk.card(approval.decision_id, with_chart=False)
    assert card is not None
    assert card.approvals[0].state is end
    assert card.decision.plan is not None  # what was asked about is not lost
    edits = [m for m in bench.outbox("card") if m.delivery is Delivery.EDIT]
    assert edits
    ends = [line.event for line in bench.audit() if line.event.action == f"approval_{end}"]
    assert [event.subject for event in ends] == [approval.id]
    assert bench.order(approval.order_id).state in (OrderState.FILLED, OrderState.REFUSED)


# Modes


def at_closes(bench: Bench, *closes: Decision | None) -> list[str]:
    """What alert-only tells of hourly closes in a row; ``None`` is a close below the line."""
    told: list[str] = []
    first = bench.decide()
    for hours, one in enumerate(closes):
        at = first.closed_at + timedelta(hours=hours)
        number = decision_id(VENUE, BTC, Timeframe.H1, at, "score-1")
        below = replace(
            first,
            action=ActionCode.NONE,
            route=RouteCode.NONE,
            reason=ReasonCode.BELOW_THRESHOLD,
            plan=None,
        )
        decision = replace(one or below, id=number, closed_at=at)
        before = len(bench.outbox())
        with bench.units() as unit:
            unit.decisions.add(decision)
            bench.assembled.scanner._propose(unit, decision)
            unit.commit()
        told.append("told" if len(bench.outbox()) > before else "-")
    return told


def test_alert_only_tells_a_market_again_when_it_comes_back(units: Units) -> None:
    bench = build(units, mode=Mode.ALERT)
    above = bench.decide()
    told = at_closes(bench, above, above, above, None, above, above)
    assert told == ["told", "-", "-", "-", "told", "-"]


def test_a_gate_that_shuts_and_opens_is_no_return_and_one_that_opens_late_is_news(
    units: Units,
) -> None:
    bench = build(units, mode=Mode.ALERT)
    above = bench.decide()
    stopped = replace(above, route=RouteCode.REFUSE, reason=ReasonCode.DESK_PAUSED)
    told = at_closes(bench, stopped, above, stopped, above, None, stopped, above)
    assert told == ["-", "told", "-", "-", "-", "-", "told"]


def test_alert_only_shows_an_opportunity_and_proposes_nothing(fake_units: FakeUnits) -> None:
    bench = build(fake_units, mode=Mode.ALERT)
    with bench.units() as unit:
        bench.assembled.scanner._propose(unit, bench.decide())
        unit.commit()
    assert [message.kind for message in bench.outbox()] == ["card"]
    assert bench.pending() == ()
    assert bench.unfinished() == ()
    assert_nothing_was_bought(bench)


def test_questions_and_orders_are_never_mixed_up_between_decisions(bench: Bench) -> None:
    asked = [bench.ask(BTC), bench.ask(ETH), bench.ask(BTC)]
    assert len({approval.order_id for approval in asked}) == 3
    for one, other in itertools.combinations(asked, 2):
        assert one.order_hash != other.order_hash
    with bench.units(read_only=True) as unit:
        assert {order.intent.venue for order in unit.orders.unfinished()} == {VENUE}
