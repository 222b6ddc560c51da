"""A person's own purchase and close: the desk's limits, once per command, never without a stop."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.domain.decisions import ExitPlan
from engine.domain.desk import Person
from engine.domain.lifecycles import OrderState
from engine.domain.market import Symbol
from engine.domain.portfolio import RiskState
from engine.domain.views import CommandOutcome
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import (
    APPROVER,
    BTC,
    ETH,
    OWNER,
    START,
    STRANGER,
    VENUE,
    VIEWER,
    Bench,
    build,
)
from tests.fakes.units import FakeUnits

D = Decimal


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


def buy(
    bench: Bench, amount: str = "500", *, symbol: Symbol = BTC, by: int = 1, request: str = "u1"
) -> CommandOutcome:
    return bench.assembled.desk.buy(symbol, amount, by, request_id=request)


def close(bench: Bench, *, by: int = 1, request: str = "u2") -> CommandOutcome:
    return bench.assembled.desk.close(BTC, by, request_id=request)


def test_a_purchase_is_filled_and_protected_three_ranges_below(bench: Bench) -> None:
    outcome = buy(bench)
    assert (outcome.done, outcome.subject) == (True, "BTC/USDT")
    assert [(fill.quantity, fill.price) for fill in outcome.fills] == [(D(5), D("100.05"))]
    position = bench.position()
    assert position is not None
    # Every bar of the history spans 2, so the stop is 6 below the middle and follows at 6.
    assert position.exit_plan == ExitPlan(stop_price=D(94), trail_distance=D(6), max_bars=240)
    bench.assert_protected()
    bench.assert_books_agree()


def test_an_amount_is_rounded_down_to_whole_lots(bench: Bench) -> None:
    assert [fill.quantity for fill in buy(bench, "123.4567").fills] == [D("1.234")]


def test_thousands_may_have_commas(bench: Bench) -> None:
    rich = bench.restart(policies=_roomy())
    assert [fill.quantity for fill in buy(rich, "1,000").fills] == [D(10)]


@pytest.mark.parametrize("amount", ["", "ten", "0", "-5", "nan", "inf", "1 000"])
def test_an_amount_that_is_none_is_refused(bench: Bench, amount: str) -> None:
    assert buy(bench, amount) == CommandOutcome(done=False, subject="BTC/USDT", reason="bad_amount")


@pytest.mark.parametrize("amount", ["10000.01", "1e12", "1e30", "1e400"])
def test_more_than_the_cash_is_refused(bench: Bench, amount: str) -> None:
    assert buy(bench, amount).reason == "insufficient_funds"
    assert bench.fills() == ()


def test_a_symbol_that_is_not_traded_is_refused(bench: Bench) -> None:
    outcome = buy(bench, symbol=Symbol("DOGE", "USDT"))
    assert outcome.reason == "unknown_symbol"


@pytest.mark.parametrize("by", [APPROVER.user_id, VIEWER.user_id, STRANGER])
def test_only_an_owner_buys(bench: Bench, by: int) -> None:
    assert buy(bench, by=by).reason == "not_allowed"
    assert bench.fills() == ()


def test_the_limits_are_those_of_the_desk(bench: Bench) -> None:
    """A tenth of the equity is the most in one symbol."""
    assert buy(bench, "1001").reason == "size_shrunk"
    assert buy(bench, "1000", request="u9").done


def test_below_the_venues_minimum_nothing_is_bought(bench: Bench) -> None:
    assert buy(bench, "0.05").reason == "below_minimum"
    assert buy(bench, "4.99", request="u9").done is False
    assert bench.fills() == ()


@pytest.mark.parametrize(("switch", "reason"), [("kill", "killed"), ("pause", "desk_paused")])
def test_the_switches_hold_for_a_person_too(bench: Bench, switch: str, reason: str) -> None:
    getattr(bench.assembled.desk, switch)(OWNER.user_id)
    assert buy(bench).reason == reason
    assert bench.fills() == ()


def test_without_a_price_nothing_is_bought(bench: Bench) -> None:
    bench.market.silence(BTC)
    assert buy(bench).reason == "no_fresh_price"


def test_without_a_history_there_is_no_stop_and_nothing_is_bought(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    bench.clock._now = START.replace(year=2020)
    assert buy(bench).reason == "no_stop_distance"


def test_a_command_delivered_twice_buys_once(bench: Bench) -> None:
    first = buy(bench)
    bench.market.set_price(BTC, "120")
    again = buy(bench)
    assert (again.done, again.fills) == (first.done, first.fills)
    assert len(bench.fills()) == 1


def test_a_command_delivered_twice_is_answered_even_without_a_price(bench: Bench) -> None:
    first = buy(bench)
    bench.market.silence(BTC)
    assert buy(bench).fills == first.fills


def test_a_second_purchase_in_a_symbol_that_is_held_is_refused(bench: Bench) -> None:
    buy(bench)
    assert buy(bench, request="u9").reason == "duplicate"


def test_a_purchase_is_refused_while_another_one_is_unknown(bench: Bench) -> None:
    bench.broker.lose_answer("submit")
    buy(bench)
    assert buy(bench, request="u9").reason == "duplicate"
    bench.monitor.look_up_lost()
    assert len(bench.fills()) == 1
    bench.assert_protected()


@pytest.mark.parametrize(("lost", "bought"), [("lose_answer", 1), ("lose_request", 1)])
def test_a_purchase_that_is_not_confirmed_says_so_until_it_is_looked_up(
    bench: Bench, lost: str, bought: int
) -> None:
    getattr(bench.broker, lost)("submit")
    assert buy(bench) == CommandOutcome(done=False, subject="BTC/USDT", reason="unconfirmed")
    assert buy(bench).reason == "unconfirmed"
    bench.monitor.look_up_lost()
    assert len(bench.fills()) == bought
    assert buy(bench).done
    bench.assert_protected()


def test_a_purchase_ends_the_question_about_the_same_symbol_at_its_press(bench: Bench) -> None:
    approval = bench.ask()
    buy(bench)
    assert bench.approve(approval).reason == "duplicate"


def test_what_needs_two_people_is_not_bought_by_one(fake_units: FakeUnits) -> None:
    policies = TradingPolicy(approval=ApprovalPolicy(quorum_above_quote=D(400)))
    bench = build(fake_units, policies=policies)
    assert buy(bench, "500").reason == "people_wanted"
    assert buy(bench, "400", request="u9").done


def test_a_brake_holds_for_a_person_too(bench: Bench) -> None:
    _remember(bench, daily_paused=True)
    assert buy(bench).reason == "daily_loss_reached"
    _remember(bench, drawdown_latched=True)
    assert buy(bench).reason == "drawdown_latched"


# Close


def test_a_close_sells_everything_and_tells_the_trade(bench: Bench) -> None:
    buy(bench)
    outcome = close(bench)
    assert outcome.done
    assert outcome.trade is not None
    # Bought 5 at 100.05, sold at 99.95, 20 bps each: −0.50 − 1.0005 − 0.9995.
    assert outcome.trade.pnl_quote == D("-2.5")
    assert outcome.trade.exit_reason == "exit_manual"
    assert bench.position() is None
    bench.assert_protected()
    bench.assert_books_agree()


def test_an_approver_may_close(bench: Bench) -> None:
    buy(bench)
    assert close(bench, by=APPROVER.user_id).done


@pytest.mark.parametrize("by", [VIEWER.user_id, STRANGER])
def test_a_viewer_and_a_stranger_may_not(bench: Bench, by: int) -> None:
    buy(bench)
    assert close(bench, by=by).reason == "not_allowed"
    bench.assert_protected()
    assert bench.position() is not None


def test_a_close_of_nothing_says_so(bench: Bench) -> None:
    assert close(bench).reason == "no_position"


def test_a_close_delivered_twice_sells_once(bench: Bench) -> None:
    buy(bench)
    close(bench)
    assert close(bench).reason == "no_position"
    assert len(bench.trades()) == 1


def test_a_close_delivered_again_does_not_close_the_next_position(bench: Bench) -> None:
    buy(bench)
    close(bench)
    buy(bench, request="u9")
    assert close(bench).reason == "no_position"
    assert bench.position() is not None
    assert close(bench, request="u10").done


@pytest.mark.parametrize("switch", ["kill", "pause"])
def test_no_switch_stops_a_close(bench: Bench, switch: str) -> None:
    buy(bench)
    getattr(bench.assembled.desk, switch)(OWNER.user_id)
    assert close(bench).done
    assert bench.position() is None


def test_a_close_that_is_not_confirmed_says_so_until_it_is_looked_up(bench: Bench) -> None:
    buy(bench)
    bench.broker.lose_answer("submit")
    assert close(bench).reason == "unconfirmed"
    bench.monitor.look_up_lost()
    assert bench.position() is None
    bench.assert_books_agree()


def test_a_close_whose_stop_may_still_rest_sells_nothing_and_says_so(bench: Bench) -> None:
    buy(bench)
    bench.broker.lose_answer("cancel")
    assert close(bench).reason == "stop_unclear"
    assert bench.position() is not None
    bench.monitor.look_up_lost()
    bench.assert_protected()
    assert close(bench, request="u9").done
    bench.assert_books_agree()


def test_no_brake_stops_a_close(bench: Bench) -> None:
    buy(bench)
    _remember(bench, daily_paused=True, drawdown_latched=True)
    assert close(bench).done


def test_without_a_price_a_close_waits_for_one(bench: Bench) -> None:
    buy(bench)
    bench.market.silence(BTC)
    assert close(bench).done
    (order,) = bench.unfinished()
    assert order.state is OrderState.OPEN
    bench.market.set_price(BTC, "100")
    bench.monitor.watch_prices()
    assert bench.position() is None
    bench.assert_protected()


def test_the_other_position_is_left_alone(bench: Bench) -> None:
    buy(bench)
    buy(bench, symbol=ETH, request="u9")
    close(bench)
    assert bench.position(ETH) is not None
    bench.assert_protected(ETH)


def _roomy() -> TradingPolicy:
    return TradingPolicy(risk=replace(TradingPolicy().risk, max_symbol_fraction=0.5))


def _remember(bench: Bench, **brakes: bool) -> None:
    risk = RiskState(
        day=START.date(),
        day_start_equity_quote=D(10_000),
        peak_equity_quote=D(10_000),
        **brakes,
    )
    with bench.units() as unit:
        unit.book.put_risk(VENUE, risk)
        unit.commit()


def test_people_of_the_bench_are_who_they_say(bench: Bench) -> None:
    people: tuple[Person, ...] = bench.assembled.desk.people()
    assert [person.user_id for person in people] == [1, 2, 3, 4]
