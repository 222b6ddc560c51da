"""A desk whose venue was not heard since its start holds and leaves, and enters nothing."""

from dataclasses import replace
from decimal import Decimal

from engine.domain.lifecycles import OrderState
from engine.domain.views import Press, PressResult
from engine.market.known_rules import presumed
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


def test_nothing_is_entered_until_the_venue_is_heard() -> None:
    bench = build(FakeUnits())
    asked = bench.ask()
    bench = unheard(bench)
    outcome = bench.press(asked, Press.APPROVE)
    assert outcome.result is PressResult.REFUSED
    assert bench.fills() == ()

    bench.assembled.hear({symbol: rules(symbol) for symbol in (BTC, ETH)})
    again = bench.ask()
    assert bench.approve(again).result is PressResult.FILLED
    assert bench.order(again.order_id).state is OrderState.FILLED


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
