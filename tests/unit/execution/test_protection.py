"""One resting order of exactly the position's size, whatever happens around it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.decisions import ExitPlan
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState
from engine.domain.market import Candle, CandleSeries
from engine.domain.orders import OrderIntent, OrderKind, OrderSide, Purpose
from engine.fills.policy import FillPolicy
from tests.fakes.desk_builder import BTC, H1, START, VENUE, Bench, bar, build
from tests.fakes.units import FakeUnits

D = Decimal
ONE_LEVEL = FillPolicy(
    book_levels=1, level_step_bps=0.0, level_volume_fraction=0.01, level_jitter_fraction=0.0
)


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units, fills=ONE_LEVEL)


def enter(bench: Bench, name: str = "e1", **changes: object) -> None:
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
    bench.gateway.place(replace(made, **changes))  # type: ignore[arg-type]  # names of OrderIntent


def close(bench: Bench) -> OrderState | None:
    settled = bench.gateway.close(BTC, reason="exit_manual", origin="person", price=D(100))
    return settled.order.state if settled else None


def meet(bench: Bench, prices: str, *, volume: float = 1e6) -> None:
    """The next bar closes."""
    opened_at = bench.clock.now()
    bench.advance(hours=1)
    for report in bench.assembled.paper.on_bar(BTC, bar(opened_at, prices), previous_volume=volume):
        bench.gateway.settle(report)


def test_an_entry_filled_in_part_is_protected_at_the_size_it_has(bench: Bench) -> None:
    bench.market.set_book(BTC, bids=[("99.95", "9")], asks=[("100.05", "2")])
    enter(bench)
    position = bench.position()
    assert position is not None
    assert position.quantity == D(2)
    bench.assert_protected()


def test_an_entry_that_grows_is_protected_at_its_new_size(bench: Bench) -> None:
    bench.market.set_book(BTC, bids=[("99", "9")], asks=[("99.50", "2"), ("101", "9")])
    enter(bench, kind=OrderKind.LIMIT, limit_price=D(100))
    bench.assert_protected()
    bench.market.set_price(BTC, "99")
    bench.monitor.watch_prices()
    position = bench.position()
    assert position is not None
    assert position.quantity == D(5)
    bench.assert_protected()


def test_a_stop_filled_in_part_is_placed_again_for_the_rest(bench: Bench) -> None:
    enter(bench)
    meet(bench, "94 95 93 94", volume=200.0)
    position = bench.position()
    assert position is not None
    assert position.quantity == D(3)
    bench.assert_protected()
    meet(bench, "94 95 93 94")
    assert bench.position() is None
    assert [trade.exit_reason for trade in bench.trades()] == ["stop_hit", "stop_hit"]
    bench.assert_books_agree()


def test_a_stop_that_finds_nobody_to_sell_to_still_protects(bench: Bench) -> None:
    enter(bench)
    meet(bench, "94 95 93 94", volume=0.0)
    bench.assert_protected()


def test_a_protection_that_was_cancelled_at_the_venue_is_placed_again(bench: Bench) -> None:
    enter(bench)
    position = bench.position()
    assert position is not None
    assert position.protection_order_id is not None
    bench.gateway.settle(bench.assembled.paper.cancel(position.protection_order_id))
    bench.assert_protected()


def test_a_lost_answer_to_a_protection_is_looked_up_and_not_doubled(bench: Bench) -> None:
    bench.broker.watch = lambda method, order_id: (
        bench.broker.lose_answer("submit") if order_id != "e1" and method == "submit" else None
    )
    enter(bench)
    bench.broker.watch = lambda _method, _order_id: None
    bench.broker._lost_answers.clear()
    bench.monitor.recover()
    bench.assert_protected()


def test_a_protection_that_never_arrived_is_sent_at_the_next_look(bench: Bench) -> None:
    bench.broker.watch = lambda method, order_id: (
        bench.broker.lose_request("submit") if order_id != "e1" and method == "submit" else None
    )
    enter(bench)
    bench.broker.watch = lambda _method, _order_id: None
    bench.monitor.recover()
    bench.assert_protected()


def test_a_close_cancels_the_protection_first_and_leaves_none_behind(bench: Bench) -> None:
    enter(bench)
    bench.broker.seen.clear()
    assert close(bench) is OrderState.FILLED
    assert [method for method, _ in bench.broker.seen] == ["cancel", "submit"]
    bench.assert_protected()
    assert bench.unfinished() == ()


def test_nothing_is_sold_while_it_is_not_known_whether_the_protection_still_rests(
    bench: Bench,
) -> None:
    enter(bench)
    bench.broker.lose_answer("cancel")
    assert close(bench) is OrderState.UNKNOWN
    position = bench.position()
    assert position is not None
    assert position.quantity == D(5)
    assert close(bench) is OrderState.FILLED
    assert bench.position() is None
    bench.assert_books_agree()


def test_a_protection_lost_in_a_close_is_back_after_the_next_look(bench: Bench) -> None:
    enter(bench)
    bench.broker.lose_answer("cancel")
    close(bench)
    bench.monitor.recover()
    bench.assert_protected()


def test_a_protection_that_fills_while_it_is_cancelled_closes_the_position_once(
    bench: Bench,
) -> None:
    enter(bench)
    bench.market.set_price(BTC, "94")
    bench.broker.watch = lambda method, _order_id: (
        bench.assembled.paper.on_quote(BTC) and None if method == "cancel" else None
    )
    assert close(bench) is OrderState.FILLED
    assert [trade.exit_reason for trade in bench.trades()] == ["stop_hit"]
    assert bench.position() is None
    bench.assert_books_agree()


def test_an_exit_that_sells_only_a_part_leaves_the_rest_protected(bench: Bench) -> None:
    enter(bench)
    bench.market.set_book(BTC, bids=[("99.95", "2")], asks=[("100.05", "9")])
    assert close(bench) is OrderState.CANCELLED
    position = bench.position()
    assert position is not None
    assert position.quantity == D(3)
    bench.assert_protected()
    bench.market.set_price(BTC, "100")
    assert close(bench) is OrderState.FILLED
    assert bench.position() is None
    bench.assert_protected()


def test_an_exit_without_depth_is_protected_as_before(bench: Bench) -> None:
    enter(bench)
    bench.market.set_price(BTC, "100", depth=None)
    with bench.units() as unit:
        closed = bar(START - H1.delta, "100 101 99 100", volume=0.0)
        unit.candles.add(VENUE, BTC, H1, _series(closed))
        unit.commit()
    assert close(bench) is OrderState.CANCELLED
    bench.assert_protected()


def test_an_exit_that_waits_for_a_price_is_not_sold_a_second_time(bench: Bench) -> None:
    enter(bench)
    bench.market.silence(BTC)
    assert close(bench) is OrderState.OPEN
    assert close(bench) is OrderState.OPEN
    bench.market.set_price(BTC, "100")
    bench.monitor.watch_prices()
    assert bench.position() is None
    assert len(bench.trades()) == 1
    bench.assert_protected()
    bench.assert_books_agree()


def test_a_stop_follows_upwards_at_the_venue_and_in_the_book(bench: Bench) -> None:
    enter(bench)
    bench.gateway.move_stop(BTC, D(98))
    position = bench.position()
    assert position is not None
    assert position.stop_price == D(98)
    bench.assert_protected()
    assert "stop_moved" in bench.actions()


@pytest.mark.parametrize("price", ["95", "94.99", "1"])
def test_a_stop_never_moves_down(bench: Bench, price: str) -> None:
    enter(bench)
    bench.gateway.move_stop(BTC, D(price))
    bench.assert_protected()
    position = bench.position()
    assert position is not None
    assert position.stop_price == D(95)


def test_a_stop_that_could_not_be_moved_stays_where_it_was(bench: Bench) -> None:
    enter(bench)
    bench.broker.lose_request("amend_stop")
    bench.gateway.move_stop(BTC, D(98))
    bench.assert_protected()
    bench.gateway.move_stop(BTC, D(98))
    bench.assert_protected()


def test_a_stop_that_filled_while_it_was_moved_is_booked(bench: Bench) -> None:
    enter(bench)
    bench.market.set_price(BTC, "94")
    bench.assembled.paper.on_quote(BTC)  # filled at the venue, not told yet
    bench.gateway.move_stop(BTC, D(98))
    assert bench.position() is None
    bench.assert_protected()
    bench.assert_books_agree()


def test_moving_the_stop_of_nothing_is_nothing(bench: Bench) -> None:
    bench.gateway.move_stop(BTC, D(98))
    assert close(bench) is None
    assert bench.actions() == []


def test_a_moved_stop_is_still_in_force_after_a_restart(bench: Bench) -> None:
    enter(bench)
    bench.gateway.move_stop(BTC, D(98))
    again = bench.restart()
    again.monitor.recover()
    again.assert_protected()
    assert len(bench.unfinished()) == 1


def test_a_target_is_part_of_the_protection(bench: Bench) -> None:
    enter(bench, exit_plan=ExitPlan(stop_price=D(95), take_profit_price=D(104)))
    meet(bench, "100 104.01 99 104")
    (trade,) = bench.trades()
    assert (trade.exit_reason, trade.exit_price) == ("target_hit", D(104))


def _series(last: Candle) -> CandleSeries:
    return CandleSeries.of([last])
