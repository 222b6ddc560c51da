"""A stop moves only closer to the price, only of the position that was meant, and is audited."""

from decimal import Decimal

import pytest

from engine.domain.ids import IntentId
from engine.domain.records import StopKind, StopResult
from engine.ports import Units
from tests.fakes.desk_builder import APPROVER, BTC, OWNER, STRANGER, VIEWER, Bench, build

D = Decimal
R = StopResult


@pytest.fixture
def bench(units: Units) -> Bench:
    made = build(units)
    made.approve(made.ask())  # in at 100.05 with a stop at 95.00
    made.market.set_price(BTC, "103")
    return made


def entry(bench: Bench) -> IntentId:
    position = bench.position()
    assert position is not None
    return position.entry_order_id


def move(bench: Bench, price: str, by: int = OWNER.user_id) -> R:
    return bench.assembled.desk.records.move_stop(entry(bench), price, by).result


def stop(bench: Bench) -> Decimal:
    position = bench.position()
    assert position is not None
    return position.stop_price


def test_a_closer_stop_is_moved_at_the_venue_and_in_the_book(bench: Bench) -> None:
    assert move(bench, "98.5", APPROVER.user_id) is R.MOVED
    assert stop(bench) == D("98.5")
    bench.assert_protected()
    line = next(line for line in bench.audit() if line.event.action == "stop_moved")
    assert line.event.actor == f"person:{APPROVER.user_id}"
    assert line.event.detail == {"from": "95", "to": "98.50", "entry_order": entry(bench)}


def test_the_same_wish_twice_moves_it_once(bench: Bench) -> None:
    assert move(bench, "98.5") is R.MOVED
    assert move(bench, "98.5") is R.ALREADY_THERE
    assert bench.actions().count("stop_moved") == 1


@pytest.mark.parametrize(
    ("price", "result"),
    [
        ("94.99", R.FURTHER),
        ("0.01", R.FURTHER),
        ("103", R.BEYOND_PRICE),
        ("200", R.BEYOND_PRICE),
        ("-1", R.BAD_PRICE),
        ("0", R.BAD_PRICE),
        ("NaN", R.BAD_PRICE),
        ("much", R.BAD_PRICE),
    ],
)
def test_every_other_price_leaves_it_where_it_is(price: str, result: R, bench: Bench) -> None:
    assert move(bench, price) is result
    assert stop(bench) == 95
    assert "stop_moved" not in bench.actions()
    bench.assert_protected()


def test_a_stop_that_has_moved_does_not_move_back(bench: Bench) -> None:
    move(bench, "99")
    assert move(bench, "98") is R.FURTHER
    assert stop(bench) == 99


@pytest.mark.parametrize("by", [VIEWER.user_id, STRANGER])
def test_who_may_not_act_moves_nothing(by: int, bench: Bench) -> None:
    assert move(bench, "98", by) is R.NOT_ALLOWED
    assert stop(bench) == 95


def test_a_button_of_a_closed_position_moves_no_other(bench: Bench) -> None:
    old = entry(bench)
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    bench.advance(hours=8)
    bench.market.set_price(BTC, "100")
    bench.approve(bench.ask())
    done = bench.assembled.desk.records.move_stop(old, "99", OWNER.user_id)
    assert done.result is R.GONE
    assert stop(bench) == 95
    bench.gateway.move_stop(BTC, D(99), entry_order_id=old)
    assert stop(bench) == 95


def test_a_venue_that_cannot_be_reached_is_told_as_not_moved(bench: Bench) -> None:
    bench.broker.lose_request("amend_stop")
    assert move(bench, "98") is R.NOT_MOVED
    assert stop(bench) == 95


def test_a_typed_price_between_ticks_goes_to_the_tick_below(bench: Bench) -> None:
    assert move(bench, "98.567") is R.MOVED
    assert stop(bench) == D("98.56")


def test_the_choices_by_hand(bench: Bench) -> None:
    view = bench.assembled.desk.records.stops(entry(bench))
    assert view is not None
    # Break-even: (500.25 + 1.0005) ÷ (5 · (1 − 25 bps)) = 100.5013…, the next tick up.
    # Half the way from 95 to 103; one ATR of 2 below 103.
    assert {one.kind: one.price for one in view.choices} == {
        StopKind.BREAK_EVEN: D("100.51"),
        StopKind.HALF: D(99),
        StopKind.ATR: D(101),
    }


def test_a_stop_at_break_even_loses_nothing(bench: Bench) -> None:
    move(bench, "100.51")
    bench.market.set_price(BTC, "100.51")
    bench.monitor.watch_prices()
    (trade,) = bench.trades()
    assert trade.exit_reason == "trailing_stop_hit"
    assert 0 <= trade.pnl_quote < D("0.1")


def test_choices_that_are_not_closer_are_not_offered(bench: Bench) -> None:
    bench.market.set_price(BTC, "96")
    view = bench.assembled.desk.records.stops(entry(bench))
    assert view is not None
    # Break-even lies above the price, one ATR below it is further than the stop.
    assert [one.kind for one in view.choices] == [StopKind.HALF]


def test_a_position_that_is_gone_has_no_choices(bench: Bench) -> None:
    gone = entry(bench)
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    assert bench.assembled.desk.records.stops(gone) is None
