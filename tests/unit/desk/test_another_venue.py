"""A database that has seen another venue, or another list of symbols, before."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.reasons import RuleCode
from engine.domain.views import PressResult
from main.assembly import fund
from tests.fakes.desk_builder import BTC, ETH, H1, OWNER, START, VENUE, Bench, bar, build, rules
from tests.fakes.market import HandMarket
from tests.fakes.units import FakeUnits

D = Decimal


@pytest.fixture
def old(fake_units: FakeUnits) -> Bench:
    """A desk that holds BTC, and has asked about ETH."""
    bench = build(fake_units)
    bench.approve(bench.ask(BTC))
    bench.ask(ETH)
    return bench


def elsewhere(old: Bench) -> Bench:
    """The same database under a desk on a venue where everything costs a third."""
    market = HandMarket(old.clock, {symbol: rules(symbol) for symbol in (BTC, ETH)})
    for symbol in (BTC, ETH):
        market.set_price(symbol, "33")
    return replace(old.restart(venue="elsewhere", market=market), market=market)


def test_the_prices_of_another_venue_trigger_no_stop_of_this_one(old: Bench) -> None:
    new = elsewhere(old)
    new.monitor.recover()
    assert new.monitor.watch_prices() == 0
    assert new.assembled.paper.on_bar(BTC, bar(START, "33 34 32 33"), previous_volume=1e6) == ()
    assert old.position() is not None
    old.assert_protected()


def test_a_question_about_another_venue_is_refused_at_its_press(old: Bench) -> None:
    (question,) = old.pending()
    new = elsewhere(old)
    outcome = new.approve(question)
    assert outcome.result is PressResult.REFUSED
    assert old.now_of(question).state is ApprovalState.REFUSED
    assert len(old.fills()) == 1


def test_kill_on_another_venue_leaves_this_ones_stops_alone(old: Bench) -> None:
    new = elsewhere(old)
    new.assembled.desk.kill(OWNER.user_id)
    new.gateway.protect_all()
    old.assert_protected()


def test_another_venue_has_start_money_of_its_own(old: Bench) -> None:
    before = old.balances()
    new = elsewhere(old)
    fund(new.parts, new.assembled)
    fund(new.parts, new.assembled)
    assert new.assembled.desk.portfolio().portfolio.equity_quote == D(10_000)
    assert new.venue_balances() == {"USDT": D(10_000)}
    assert old.balances() == old.venue_balances() == before


def test_a_held_symbol_that_was_dropped_is_watched_to_its_stop_and_not_entered_again(
    old: Bench,
) -> None:
    leaving = old.restart(leaving=frozenset({BTC}))
    strategy = leaving.assembled.context.strategy
    assert strategy.markets[strategy.place(BTC)].rule == RuleCode.DENY
    assert strategy.markets[strategy.place(ETH)].rule == RuleCode.ALLOW
    leaving.market.set_price(BTC, "94")
    leaving.monitor.watch_prices()
    assert [trade.exit_reason for trade in leaving.trades()] == ["stop_hit"]


def test_back_on_its_own_venue_the_desk_goes_on(old: Bench) -> None:
    elsewhere(old).monitor.recover()
    back = old.restart()
    back.monitor.recover()
    back.market.set_price(BTC, "94")
    back.monitor.watch_prices()
    assert [trade.exit_reason for trade in back.trades()] == ["stop_hit"]
    back.assert_books_agree()


def test_a_question_about_a_symbol_that_was_dropped_is_refused_at_its_press(old: Bench) -> None:
    (question,) = old.pending()
    fewer = old.restart(rules={BTC: rules(BTC)})
    assert fewer.approve(question).result is PressResult.REFUSED


def test_a_position_in_a_symbol_that_was_dropped_holds_up_nobody_and_its_exit_waits(
    old: Bench,
) -> None:
    old.approve(old.pending()[0])
    fewer = old.restart(rules={ETH: rules(ETH)})
    fewer.monitor.recover()
    fewer.market.set_price(ETH, "94")
    fewer.monitor.watch_prices()
    assert [trade.symbol for trade in fewer.trades()] == [ETH]
    assert fewer.assembled.desk.close(BTC, OWNER.user_id, request_id="u1").done
    assert fewer.position() is not None
    back = fewer.restart(rules=old.parts.rules)
    back.monitor.watch_prices()
    assert back.position() is None
    back.assert_books_agree()


def test_an_entry_lost_in_a_symbol_that_was_dropped_is_not_sent(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    bench.broker.lose_request("submit")
    approval = bench.ask(ETH)
    bench.approve(approval)
    fewer = bench.restart(rules={BTC: rules(BTC)})
    fewer.monitor.recover()
    assert bench.order(approval.order_id).state is OrderState.REJECTED
    assert (VENUE, H1.value) == (bench.parts.venue, "1h")
    assert bench.balances() == {"USDT": D(10_000)}
