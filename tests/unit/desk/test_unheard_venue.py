"""A desk whose venue was not heard since its start holds and leaves, and enters nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.domain.lifecycles import ApprovalState
from engine.domain.views import Press, PressResult
from engine.market.known_rules import presumed
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import BTC, ETH, OWNER, Bench, build, rules
from tests.fakes.units import FakeUnits


def unheard(bench: Bench) -> Bench:
    """The desk after a restart with nothing known of its markets."""
    return bench.restart(rules={s: presumed(s) for s in (BTC, ETH)}, is_heard=False)


def holding() -> Bench:
    bench = build(FakeUnits())
    bench.approve(bench.ask())
    assert bench.position() is not None
    return bench


@pytest.mark.parametrize("press", [Press.APPROVE, Press.HALF])
def test_a_question_waits_open_until_the_venue_is_heard(press: Press) -> None:
    bench = build(FakeUnits())
    asked = bench.ask()
    bench = unheard(bench)
    assert bench.press(asked, press).result is PressResult.VENUE_AWAY
    assert bench.pending() == (asked,)
    assert bench.fills() == ()

    bench.assembled.hear({symbol: rules(symbol) for symbol in (BTC, ETH)})
    assert bench.press(asked, press).result is PressResult.FILLED
    assert len(bench.fills()) == 1


def test_a_no_needs_no_venue() -> None:
    bench = build(FakeUnits())
    asked = bench.ask()
    assert unheard(bench).press(asked, Press.REJECT).result is PressResult.REJECTED


def test_a_postponed_question_is_asked_again_when_the_venue_is_heard() -> None:
    bench = build(FakeUnits())
    asked = bench.ask()
    bench = unheard(bench)
    assert bench.press(asked, Press.LATER).result is PressResult.POSTPONED
    bench.advance(minutes=5)
    assert bench.assembled.questions.ask_again() == 0
    assert len(bench.pending()) == 1
    bench.assembled.hear({symbol: rules(symbol) for symbol in (BTC, ETH)})
    assert bench.assembled.questions.ask_again() == 1
    assert len(bench.pending()) == 1


def test_a_purchase_is_refused_by_its_true_reason() -> None:
    bench = unheard(build(FakeUnits()))
    outcome = bench.assembled.desk.buy(BTC, "500", OWNER.user_id, request_id="1")
    assert (outcome.done, outcome.reason) == (False, "venue_away")


def test_the_clock_buys_nothing_while_the_venue_is_unheard() -> None:
    bench = build(FakeUnits(), policies=TradingPolicy(approval=ApprovalPolicy(on_expiry="limit")))
    asked = bench.ask()
    bench = unheard(bench)
    bench.advance(hours=2)
    assert bench.assembled.questions.expire() == 1
    assert bench.now_of(asked).state is ApprovalState.EXPIRED
    assert "venue_away" in bench.now_of(asked).note
    assert bench.unfinished() == ()


def test_a_stop_that_is_passed_is_met_all_the_same() -> None:
    bench = unheard(holding())
    bench.market.set_price(BTC, "90")
    bench.monitor.watch_prices()
    assert bench.position() is None
    assert [trade.symbol for trade in bench.trades()] == [BTC]
    bench.assert_books_agree()


def test_a_person_can_leave_a_position() -> None:
    bench = unheard(holding())
    assert bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1").done
    assert bench.position() is None
    bench.assert_books_agree()


def test_the_rules_that_were_heard_are_the_ones_that_hold() -> None:
    bench = unheard(build(FakeUnits()))
    coarse = replace(rules(BTC), lot_size=Decimal("0.5"), min_quantity=Decimal("0.5"))
    bench.assembled.hear({BTC: coarse, ETH: rules(ETH)})
    strategy = bench.assembled.context.strategy
    assert strategy.rules[strategy.place(BTC)] == coarse
