"""Pause and kill: who may, what they stop, and what they never touch."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.domain.changes import ChangeKind, ChangeResult
from engine.domain.desk import Controls
from engine.domain.lifecycles import OrderState
from engine.domain.views import CommandOutcome
from engine.strategy.policy import TradingPolicy
from tests.fakes.changing import Changing
from tests.fakes.desk_builder import (
    APPROVER,
    BTC,
    OWNER,
    STRANGER,
    VIEWER,
    Bench,
    bar,
    build,
)
from tests.fakes.units import FakeUnits

D = Decimal


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


def controls(bench: Bench) -> Controls:
    with bench.units(read_only=True) as unit:
        return unit.desk.controls()


SWITCHES: dict[str, Callable[[Bench, int], CommandOutcome]] = {
    "pause": lambda bench, by: bench.assembled.desk.pause(by),
    "resume": lambda bench, by: bench.assembled.desk.resume(by),
    "kill": lambda bench, by: bench.assembled.desk.kill(by),
}


@pytest.mark.parametrize(
    ("switch", "by", "allowed"),
    [
        *((switch, OWNER.user_id, True) for switch in SWITCHES),
        ("pause", APPROVER.user_id, True),
        ("kill", APPROVER.user_id, True),
        ("resume", APPROVER.user_id, False),
        *((switch, VIEWER.user_id, False) for switch in SWITCHES),
        *((switch, STRANGER, False) for switch in SWITCHES),
    ],
)
def test_anybody_who_may_act_can_stop_the_desk_and_only_an_owner_lets_it_go_on(
    bench: Bench, switch: str, by: int, allowed: bool
) -> None:
    before = controls(bench)
    outcome = SWITCHES[switch](bench, by)
    assert outcome.done is allowed
    if not allowed:
        assert outcome.reason == "not_allowed"
        assert controls(bench) == before
    assert len(bench.audit()) <= 1


@pytest.mark.parametrize("by", [VIEWER.user_id, STRANGER])
def test_who_may_not_leaves_one_line_on_the_trail(bench: Bench, by: int) -> None:
    bench.assembled.desk.kill(by)
    (line,) = bench.audit()
    assert line.event.actor.endswith(f":{by}")


@pytest.mark.parametrize(
    ("switch", "action"),
    [("pause", "paused"), ("resume", "resumed"), ("kill", "killed")],
)
def test_every_turn_of_a_switch_is_on_the_trail_with_its_hand(
    bench: Bench, switch: str, action: str
) -> None:
    SWITCHES[switch](bench, OWNER.user_id)
    (line,) = bench.audit()
    assert (line.event.actor, line.event.action) == ("person:1", action)


def test_a_pause_leaves_the_hand_and_time_of_the_kill(bench: Bench) -> None:
    bench.assembled.desk.kill(APPROVER.user_id)
    killed = controls(bench)
    bench.advance(minutes=1)
    bench.assembled.desk.pause(OWNER.user_id)
    assert controls(bench) == replace(killed, paused=True)
    bench.assembled.desk.resume(OWNER.user_id)
    assert controls(bench) == killed


@pytest.mark.parametrize("switch", ["pause", "resume"])
def test_a_pause_during_a_stop_leaves_the_question_to_end_it_as_it_was(
    bench: Bench, switch: str
) -> None:
    changing = Changing(bench)
    bench.assembled.desk.kill(OWNER.user_id)
    change = changing.asked(ChangeKind.KILL_OFF)
    bench.advance(minutes=1)
    SWITCHES[switch](bench, OWNER.user_id)
    assert changing.approve(change).result is ChangeResult.APPLIED
    assert not controls(bench).killed


def test_the_switches_survive_a_restart(bench: Bench) -> None:
    bench.assembled.desk.kill(OWNER.user_id)
    bench.assembled.desk.pause(OWNER.user_id)
    again = bench.restart()
    again.monitor.recover()
    assert (controls(again).killed, controls(again).paused) == (True, True)


def test_resume_does_not_end_a_kill(bench: Bench) -> None:
    bench.assembled.desk.kill(OWNER.user_id)
    bench.assembled.desk.pause(OWNER.user_id)
    bench.assembled.desk.resume(OWNER.user_id)
    assert controls(bench).killed
    assert bench.approve(bench.ask()).reason == "killed"


@pytest.mark.parametrize("switch", ["pause", "kill"])
def test_stops_stay_in_force(bench: Bench, switch: str) -> None:
    bench.approve(bench.ask())
    SWITCHES[switch](bench, OWNER.user_id)
    bench.assert_protected()
    opened_at = bench.clock.now()
    bench.advance(hours=1)
    fallen = bar(opened_at, "100 101 94 96")
    for report in bench.assembled.paper.on_bar(BTC, fallen, previous_volume=1e6):
        bench.gateway.settle(report)
    assert [trade.exit_reason for trade in bench.trades()] == ["stop_hit"]
    bench.assert_books_agree()


@pytest.mark.parametrize("switch", ["pause", "kill"])
def test_stops_still_follow_the_price(bench: Bench, switch: str) -> None:
    bench.approve(bench.ask())
    SWITCHES[switch](bench, OWNER.user_id)
    bench.gateway.move_stop(BTC, D(97))
    bench.assert_protected()


def test_kill_cancels_an_entry_that_rests_and_leaves_the_protection(
    fake_units: FakeUnits,
) -> None:
    policies = TradingPolicy(approval=ApprovalPolicy(on_expiry="limit"))
    bench = build(fake_units, policies=policies)
    approval = bench.ask()
    bench.market.set_price(BTC, "100.20")
    bench.wall.move_to(approval.expires_at)
    bench.assembled.questions.expire()
    (resting,) = bench.unfinished()
    bench.assembled.desk.kill(OWNER.user_id)
    assert bench.order(resting.id).state is OrderState.CANCELLED
    bench.market.set_price(BTC, "99")
    bench.monitor.watch_prices()
    assert bench.position() is None


def test_kill_is_on_even_if_the_venue_cannot_be_reached(fake_units: FakeUnits) -> None:
    policies = TradingPolicy(approval=ApprovalPolicy(on_expiry="limit"))
    bench = build(fake_units, policies=policies)
    approval = bench.ask()
    bench.market.set_price(BTC, "100.20")
    bench.wall.move_to(approval.expires_at)
    bench.assembled.questions.expire()
    bench.broker.lose_request("cancel")
    assert bench.assembled.desk.kill(OWNER.user_id).done
    assert controls(bench).killed
    bench.monitor.recover()
    assert bench.unfinished() == ()


def test_after_the_kill_has_ended_the_desk_buys_again(bench: Bench) -> None:
    bench.assembled.desk.kill(OWNER.user_id)
    changing = Changing(bench)
    changing.approve(changing.asked(ChangeKind.KILL_OFF))
    assert bench.approve(bench.ask()).reason == ""
    assert bench.position() is not None
