"""The one door to the venue: what is committed when, and what a lost answer comes to."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.decisions import ExitPlan
from engine.domain.desk import Controls
from engine.domain.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidValueError,
    VenueAnswerError,
    VenueRejectedError,
)
from engine.domain.ids import FillId, IntentId
from engine.domain.lifecycles import OrderState
from engine.domain.orders import (
    Fill,
    Order,
    OrderIntent,
    OrderKind,
    OrderReport,
    OrderSide,
    Purpose,
)
from engine.domain.portfolio import RiskState
from tests.fakes.desk_builder import BTC, ETH, START, VENUE, Bench, build
from tests.fakes.units import FakeUnits

D = Decimal


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


def entry(name: str = "e1", quantity: str = "5", **changes: object) -> OrderIntent:
    made = OrderIntent(
        id=IntentId(name),
        venue=VENUE,
        symbol=BTC,
        side=OrderSide.BUY,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY,
        quantity=D(quantity),
        reference_price=D(100),
        created_at=START,
        origin="strategy",
        exit_plan=ExitPlan(stop_price=D(95)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of OrderIntent


def resting(name: str = "l1") -> OrderIntent:
    """A limit entry that the market does not reach."""
    return entry(name, kind=OrderKind.LIMIT, limit_price=D(98))


def kill(bench: Bench, *, on: bool = True) -> None:
    with bench.units() as unit:
        unit.desk.put_controls(Controls(killed=on))
        unit.commit()


def close(bench: Bench) -> object:
    return bench.gateway.close(BTC, reason="exit_manual", origin="person", price=D(100))


def state(bench: Bench, name: str) -> OrderState:
    return bench.order(IntentId(name)).state


# What is committed when


def test_submitting_is_committed_before_the_venue_is_called(bench: Bench) -> None:
    seen: list[tuple[str, OrderState]] = []
    bench.broker.watch = lambda method, order_id: seen.append((method, state(bench, order_id)))
    bench.gateway.place(entry())
    assert seen == [("submit", OrderState.SUBMITTING), ("submit", OrderState.SUBMITTING)]


def test_a_filled_entry_leaves_order_fill_ledger_position_and_protection(bench: Bench) -> None:
    settled = bench.gateway.place(entry())
    assert settled.order.state is OrderState.FILLED
    assert settled.order.filled_quantity == D(5)
    assert [fill.price for fill in settled.fills] == [D("100.05")]
    position = bench.position()
    assert position is not None
    assert (position.quantity, position.stop_price) == (D(5), D(95))
    assert bench.balances() == {"BTC": D(5), "USDT": D("9498.7495")}
    bench.assert_protected()
    bench.assert_books_agree()


def test_the_same_intent_placed_twice_is_sent_once(bench: Bench) -> None:
    bench.gateway.place(entry())
    again = bench.gateway.place(entry())
    assert again.order.state is OrderState.FILLED
    assert again.fills == ()
    assert len(bench.fills()) == 1


def test_an_order_that_was_not_authorised_is_not_sent(bench: Bench) -> None:
    order = Order(intent=entry(), state=OrderState.INTENDED, updated_at=START)
    assert bench.gateway.send(order).order is order
    assert bench.broker.seen == []


def test_every_fill_is_told_and_every_step_is_on_the_trail(bench: Bench) -> None:
    bench.gateway.place(entry())
    assert [message.subject for message in bench.outbox("fill")] == ["order:e1"]
    assert bench.actions() == [
        "order_submitting",
        "order_filled",
        "order_submitting",  # the protection
        "order_open",
    ]


def test_a_close_is_told_with_its_trade(bench: Bench) -> None:
    bench.gateway.place(entry())
    close(bench)
    (trade,) = bench.trades()
    told = {
        "trade_id": trade.id,
        "symbol": str(trade.symbol),
        "reason": trade.exit_reason,
        "equity_quote": str(bench.balances()["USDT"]),
    }
    assert [message.payload for message in bench.outbox("closed")] == [told]


def test_a_fill_is_told_with_the_equity_after_it(bench: Bench) -> None:
    bench.gateway.place(entry())
    bench.market.set_price(BTC, "200")
    bench.market.set_price(ETH, "150")
    bench.gateway.place(entry("e2", "2", symbol=ETH, exit_plan=ExitPlan(stop_price=D(140))))
    first, second = bench.outbox("fill")
    # 5 at 100.05 are worth what they cost: only the fee of 1.0005 is gone.
    assert D(str(first.payload["equity_quote"])) == D("9998.9995")
    # BTC now counts at its last close, 100, and 20 bps of 2 at 150.05 are gone as well.
    fee = D("0.6002")
    assert D(str(second.payload["equity_quote"])) == D("9998.9995") - 5 * D("0.05") - fee


def test_two_partial_fills_of_an_entry_are_two_messages(bench: Bench) -> None:
    bench.market.set_book(BTC, bids=[("99", "9")], asks=[("99.50", "2"), ("101", "9")])
    bench.gateway.place(entry(kind=OrderKind.LIMIT, limit_price=D(100)))
    bench.market.set_price(BTC, "99")
    bench.monitor.watch_prices()
    assert len(bench.outbox("fill")) == 2
    bench.assert_protected()
    bench.assert_books_agree()


# Settling


def test_settling_the_same_report_twice_changes_nothing(bench: Bench) -> None:
    bench.gateway.place(entry())
    report = bench.assembled.paper.lookup(IntentId("e1"))
    assert report is not None
    before = (bench.balances(), bench.position(), bench.audit(), bench.outbox())
    assert bench.gateway.settle(report).fills == ()
    assert (bench.balances(), bench.position(), bench.audit(), bench.outbox()) == before


def test_a_report_of_an_order_that_was_never_placed_is_an_error(bench: Bench) -> None:
    with pytest.raises(ConflictError, match="never placed"):
        bench.gateway.settle(OrderReport(order_id=IntentId("x"), state=OrderState.OPEN))


def test_a_report_of_an_order_that_was_never_sent_is_an_error(bench: Bench) -> None:
    with bench.units() as unit:
        unit.orders.add(Order(intent=entry(), state=OrderState.INTENDED, updated_at=START))
        unit.commit()
    with pytest.raises(IllegalTransitionError):
        bench.gateway.settle(OrderReport(order_id=IntentId("e1"), state=OrderState.FILLED))
    assert state(bench, "e1") is OrderState.INTENDED


def late_fill(name: str, side: OrderSide, quantity: str) -> Fill:
    return Fill(
        id=FillId(f"late-{name}"),
        order_id=IntentId(name),
        symbol=BTC,
        side=side,
        quantity=D(quantity),
        price=D(98),
        fee_quote=D("0.1"),
        slippage_quote=D(0),
        liquidity="maker",
        filled_at=START,
    )


def test_a_fill_that_comes_after_the_order_had_ended_is_booked(bench: Bench) -> None:
    bench.gateway.place(resting())
    bench.gateway.cancel(IntentId("l1"))
    report = OrderReport(
        order_id=IntentId("l1"),
        state=OrderState.FILLED,
        fills=(late_fill("l1", OrderSide.BUY, "2"),),
    )
    settled = bench.gateway.settle(report)
    assert (settled.order.state, settled.order.filled_quantity) == (OrderState.CANCELLED, D(2))
    position = bench.position()
    assert position is not None
    assert position.quantity == D(2)
    assert position.protection_order_id is not None


def test_a_report_of_more_sold_than_is_held_is_an_error_and_books_nothing(bench: Bench) -> None:
    bench.gateway.place(entry(quantity="1"))
    guard = bench.position()
    assert guard is not None
    assert guard.protection_order_id is not None
    other = bench.gateway.place(
        entry("s1", quantity="3", symbol=ETH, kind=OrderKind.LIMIT, limit_price=D(90))
    )
    before = bench.balances()
    with pytest.raises(InvalidValueError, match="sale of"):
        bench.gateway.settle(
            OrderReport(
                order_id=guard.protection_order_id,
                state=OrderState.FILLED,
                fills=(late_fill(guard.protection_order_id, OrderSide.SELL, "2"),),
            )
        )
    assert bench.balances() == before
    assert other.order.state is OrderState.OPEN


def test_an_entry_counts_for_the_day_when_it_fills_not_when_it_is_wanted(bench: Bench) -> None:
    risk = RiskState(
        day=START.date(), day_start_equity_quote=D(10_000), peak_equity_quote=D(10_000)
    )
    with bench.units() as unit:
        unit.book.put_risk(VENUE, risk)
        unit.commit()
    bench.gateway.place(resting())
    bench.gateway.place(entry())
    close(bench)
    with bench.units(read_only=True) as unit:
        assert unit.book.risk(VENUE) == replace(risk, entries_today=1)


# Lost calls


def test_a_lost_answer_makes_the_order_unknown_and_the_next_look_finds_the_fill(
    bench: Bench,
) -> None:
    bench.broker.lose_answer("submit")
    settled = bench.gateway.place(entry())
    assert settled.order.state is OrderState.UNKNOWN
    assert "no answer" in settled.order.note
    assert bench.position() is None
    bench.monitor.recover()
    assert state(bench, "e1") is OrderState.FILLED
    assert len(bench.fills()) == 1
    bench.assert_protected()
    bench.assert_books_agree()


def test_a_lost_request_is_sent_again_after_a_look_under_the_same_id(bench: Bench) -> None:
    bench.broker.lose_request("submit")
    assert bench.gateway.place(entry()).order.state is OrderState.UNKNOWN
    bench.monitor.recover()
    assert state(bench, "e1") is OrderState.FILLED
    assert bench.broker.seen[:2] == [("lookup", "e1"), ("submit", "e1")]
    assert len(bench.fills()) == 1
    bench.assert_books_agree()


def test_a_venue_that_answers_nonsense_leaves_the_order_unknown(bench: Bench) -> None:
    bench.broker.lose_answer("submit", VenueAnswerError(VENUE, "<html>"))
    assert bench.gateway.place(entry()).order.state is OrderState.UNKNOWN


def test_a_venue_that_refuses_by_an_error_rejects_the_order(bench: Bench) -> None:
    bench.broker.lose_request("submit", VenueRejectedError(VENUE, "too small"))
    settled = bench.gateway.place(entry())
    assert (settled.order.state, settled.order.note) == (
        OrderState.REJECTED,
        f"{VENUE}: too small",
    )


def test_a_rejected_entry_leaves_nothing_but_the_record(bench: Bench) -> None:
    settled = bench.gateway.place(entry(quantity="500"))
    assert (settled.order.state, settled.order.note) == (
        OrderState.REJECTED,
        "insufficient_funds",
    )
    assert bench.position() is None
    assert bench.balances() == {"USDT": D(10_000)}


# The kill switch


def test_the_kill_switch_refuses_increasing_orders(bench: Bench) -> None:
    kill(bench)
    settled = bench.gateway.place(entry())
    assert (settled.order.state, settled.order.note) == (OrderState.REFUSED, "killed")
    assert bench.broker.seen == []


def test_the_kill_switch_never_refuses_a_close(bench: Bench) -> None:
    bench.gateway.place(entry())
    kill(bench)
    close(bench)
    assert bench.position() is None
    bench.assert_books_agree()


def test_the_kill_switch_leaves_stops_in_force(bench: Bench) -> None:
    bench.gateway.place(entry())
    kill(bench)
    bench.gateway.cancel_entries()
    bench.assert_protected()
    bench.market.set_price(BTC, "94")
    bench.monitor.watch_prices()
    assert bench.position() is None


def test_the_kill_switch_cancels_what_rests(bench: Bench) -> None:
    bench.gateway.place(resting())
    kill(bench)
    assert [order.id for order in bench.gateway.cancel_entries()] == ["l1"]
    assert state(bench, "l1") is OrderState.CANCELLED


def test_one_cancel_that_is_lost_does_not_keep_the_others_from_being_cancelled(
    bench: Bench,
) -> None:
    bench.gateway.place(resting("l1"))
    bench.gateway.place(resting("l2"))
    kill(bench)
    bench.broker.lose_request("cancel")
    bench.gateway.cancel_entries()
    assert {state(bench, "l1"), state(bench, "l2")} == {OrderState.UNKNOWN, OrderState.CANCELLED}
    bench.monitor.recover()
    assert {state(bench, "l1"), state(bench, "l2")} == {OrderState.CANCELLED}
