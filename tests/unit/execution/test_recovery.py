"""A start is recovery: every unfinished order is brought to where it really is."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.decisions import ExitPlan
from engine.domain.desk import Controls
from engine.domain.errors import VenueUnavailableError
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState, is_final
from engine.domain.orders import (
    Order,
    OrderIntent,
    OrderKind,
    OrderSide,
    Purpose,
)
from engine.domain.reasons import ReasonCode
from tests.fakes.desk_builder import BTC, START, VENUE, Bench, build
from tests.fakes.units import FakeUnits

D = Decimal
S = OrderState


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


def entry(name: str = "e1", **changes: object) -> OrderIntent:
    made = OrderIntent(
        id=IntentId(name),
        venue=VENUE,
        symbol=BTC,
        side=OrderSide.BUY,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY,
        quantity=D(5),
        reference_price=D(100),
        created_at=START,
        origin="strategy",
        exit_plan=ExitPlan(stop_price=D(95)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of OrderIntent


def limit_entry(name: str = "e1") -> OrderIntent:
    return entry(name, kind=OrderKind.LIMIT, limit_price=D(98))


def remember(bench: Bench, intent: OrderIntent, state: OrderState) -> None:
    """What the desk had committed when it died."""
    with bench.units() as unit:
        unit.orders.add(Order(intent=intent, state=state, updated_at=START))
        unit.commit()


def let_pass(_order: Order) -> ReasonCode:
    return ReasonCode.NONE


def hold_back(_order: Order) -> ReasonCode:
    return ReasonCode.PRICE_DRIFTED


def kill(bench: Bench) -> None:
    with bench.units() as unit:
        unit.desk.put_controls(Controls(killed=True))
        unit.commit()


@pytest.mark.parametrize("state", [S.INTENDED, S.SUBMITTING, S.UNKNOWN])
def test_an_entry_the_venue_never_saw_is_sent_once_if_it_still_stands(
    bench: Bench, state: OrderState
) -> None:
    remember(bench, entry(), state)
    bench.gateway.recover(let_pass)
    bench.gateway.recover(let_pass)
    assert bench.order(IntentId("e1")).state is S.FILLED
    assert len(bench.fills()) == 1
    bench.assert_protected()
    bench.assert_books_agree()


@pytest.mark.parametrize(
    ("state", "end"),
    [(S.INTENDED, S.REFUSED), (S.SUBMITTING, S.REJECTED), (S.UNKNOWN, S.REJECTED)],
)
def test_an_entry_that_no_longer_stands_ends_with_the_reason(
    bench: Bench, state: OrderState, end: OrderState
) -> None:
    remember(bench, entry(), state)
    bench.gateway.recover(hold_back)
    order = bench.order(IntentId("e1"))
    assert (order.state, order.note) == (end, "price_drifted")
    assert bench.fills() == ()


@pytest.mark.parametrize("state", [S.INTENDED, S.SUBMITTING, S.UNKNOWN])
def test_under_the_kill_switch_no_entry_is_sent_whatever_the_recheck_says(
    bench: Bench, state: OrderState
) -> None:
    remember(bench, entry(), state)
    kill(bench)
    bench.gateway.recover(let_pass)
    order = bench.order(IntentId("e1"))
    assert is_final(order.state)
    assert order.note == "killed"
    assert ("submit", "e1") not in bench.broker.seen


@pytest.mark.parametrize("state", [S.SUBMITTING, S.UNKNOWN, S.OPEN])
def test_an_entry_the_venue_filled_is_booked_and_protected(bench: Bench, state: OrderState) -> None:
    remember(bench, entry(), state)
    bench.assembled.paper.submit(entry())
    bench.gateway.recover(hold_back)
    assert bench.order(IntentId("e1")).state is S.FILLED
    assert len(bench.fills()) == 1
    bench.assert_protected()
    bench.assert_books_agree()


@pytest.mark.parametrize("state", [S.SUBMITTING, S.UNKNOWN, S.OPEN])
def test_an_entry_that_rests_at_the_venue_goes_on_resting(bench: Bench, state: OrderState) -> None:
    remember(bench, limit_entry(), state)
    bench.assembled.paper.submit(limit_entry())
    bench.gateway.recover(hold_back)
    assert bench.order(IntentId("e1")).state is S.OPEN


def test_under_the_kill_switch_an_entry_that_rests_is_cancelled(bench: Bench) -> None:
    remember(bench, limit_entry(), S.SUBMITTING)
    bench.assembled.paper.submit(limit_entry())
    kill(bench)
    (order,) = bench.gateway.recover(let_pass)
    assert order.state is S.CANCELLED


def test_an_open_entry_that_the_venue_does_not_know_is_given_up(bench: Bench) -> None:
    remember(bench, limit_entry(), S.OPEN)
    bench.gateway.recover(let_pass)
    order = bench.order(IntentId("e1"))
    assert (order.state, order.note) == (S.REJECTED, "never_arrived")
    assert bench.broker.seen == [("lookup", "e1")]


def test_a_question_that_waits_is_left_to_the_person(bench: Bench) -> None:
    approval = bench.ask()
    bench.gateway.recover(hold_back)
    assert bench.order(approval.order_id).state is S.AWAITING_APPROVAL
    assert bench.pending() == (approval,)


def test_ended_orders_are_not_looked_at_again(bench: Bench) -> None:
    for number, state in enumerate((S.FILLED, S.CANCELLED, S.REJECTED, S.REFUSED)):
        remember(bench, entry(f"e{number}"), state)
    assert bench.gateway.recover(let_pass) == ()
    assert bench.broker.seen == []


def test_an_exit_is_sent_again_whatever_the_recheck_says(bench: Bench) -> None:
    bench.gateway.place(entry())
    kill(bench)
    bench.broker.lose_request("submit")
    bench.gateway.close(BTC, reason="exit_time", origin="strategy", price=D(100))
    position = bench.position()
    assert position is not None
    bench.gateway.recover(hold_back)
    assert bench.position() is None
    assert [trade.exit_reason for trade in bench.trades()] == ["exit_time"]
    bench.assert_books_agree()
    bench.assert_protected()


def test_a_position_without_its_protection_gets_it(bench: Bench) -> None:
    """A crash between the commit of the fill and the protection."""
    bench.broker.lose_answer("submit")
    bench.gateway.place(entry())
    report = bench.assembled.paper.lookup(IntentId("e1"))
    assert report is not None
    bench.gateway._settle(report)
    position = bench.position()
    assert position is not None
    assert position.protection_order_id is None
    bench.gateway.recover(let_pass)
    bench.assert_protected()


def test_an_open_protection_that_the_venue_does_not_know_is_replaced(bench: Bench) -> None:
    bench.gateway.place(entry())
    lost = bench.position()
    assert lost is not None
    assert lost.protection_order_id is not None
    unknown = IntentId("never-sent")
    with bench.units() as unit:
        guard = unit.orders.get(lost.protection_order_id)
        assert guard is not None
        unit.orders.add(replace(guard, intent=replace(guard.intent, id=unknown)))
        unit.book.put_position(replace(lost, protection_order_id=unknown))
        unit.commit()
    bench.gateway.recover(let_pass)
    assert bench.order(unknown).state is S.REJECTED
    bench.assert_protected()


def test_a_venue_that_cannot_be_reached_stops_the_recovery(bench: Bench) -> None:
    remember(bench, entry(), S.UNKNOWN)
    bench.broker.lose_request("lookup")
    with pytest.raises(VenueUnavailableError):
        bench.gateway.recover(let_pass)
    assert bench.order(IntentId("e1")).state is S.UNKNOWN


def test_recovery_after_a_partial_entry_and_a_lost_protection_sells_nothing_twice(
    bench: Bench,
) -> None:
    bench.market.set_book(BTC, bids=[("99", "9")], asks=[("99.50", "2"), ("101", "9")])
    bench.broker.lose_answer("submit")
    bench.gateway.place(entry(kind=OrderKind.LIMIT, limit_price=D(100)))
    bench.market.set_price(BTC, "99")
    bench.assembled.paper.on_quote(BTC)
    bench.gateway.recover(let_pass)
    bench.gateway.recover(let_pass)
    position = bench.position()
    assert position is not None
    assert position.quantity == D(5)
    bench.assert_protected()
    bench.assert_books_agree()


def test_the_real_recheck_refuses_an_entry_whose_price_has_run_away(bench: Bench) -> None:
    remember(bench, entry(), S.SUBMITTING)
    bench.market.set_price(BTC, "101")
    bench.monitor.recover()
    order = bench.order(IntentId("e1"))
    assert (order.state, order.note) == (S.REJECTED, "price_drifted")


def test_a_second_entry_is_refused_while_one_in_the_symbol_is_unknown(bench: Bench) -> None:
    approval = bench.ask()
    remember(bench, entry("other"), S.UNKNOWN)
    outcome = bench.approve(approval)
    assert outcome.reason == "duplicate"
    assert ("submit", approval.order_id) not in bench.broker.seen
