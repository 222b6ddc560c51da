"""What makes the desk rest: a bad day, a drawdown, a loss, a person's no; and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.checks.policy import AutomationPolicy
from engine.domain.decisions import Decision
from engine.domain.market import CandleSeries
from engine.domain.portfolio import RiskState
from engine.domain.reasons import RouteCode
from engine.domain.views import Press
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from tests.fakes.desk_builder import (
    BTC,
    ETH,
    H1,
    OWNER,
    START,
    VENUE,
    Bench,
    bar,
    build,
    rising,
)
from tests.fakes.units import FakeUnits

D = Decimal
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
STILL = ExitPolicy(trailing_atr_multiple=None, time_stop_bars=None, exit_score=None)
TOUCHY = TradingPolicy(
    exits=STILL,
    risk=replace(TradingPolicy().risk, max_daily_loss_fraction=0.001, max_drawdown_fraction=0.002),
)
"""A loss of 10 pauses the day, one of 20 latches."""
EAGER = TradingPolicy(entry=EntryPolicy(min_rank_fraction=0.0), exits=STILL)
"""Asks about every rising bar."""


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units, policies=TOUCHY)


def closes(bench: Bench, price: str) -> None:
    """An hour in which both coins end at a price; then the desk runs the close."""
    opened_at = bench.clock.now()
    bench.advance(hours=1)
    made = CandleSeries.of([bar(opened_at, f"{price} {price} {price} {price}")])
    with bench.units() as unit:
        for symbol in (BTC, ETH):
            unit.candles.add(VENUE, symbol, H1, made)
        unit.commit()
    for symbol in (BTC, ETH):
        bench.market.set_price(symbol, price)
    bench.closes.run_due()


def risk(bench: Bench) -> RiskState:
    with bench.units(read_only=True) as unit:
        found = unit.book.risk(VENUE)
    assert found is not None
    return found


def reason_of_a_yes(bench: Bench, price: str) -> str:
    """What a yes about ETH comes to at the present price; empty if it bought."""
    stop = str(D(price) - 5)
    outcome = bench.approve(bench.ask(ETH, quantity="1", price=price, stop=stop))
    bench.assembled.desk.close(ETH, OWNER.user_id, request_id=str(bench.clock.now()))
    return outcome.reason


# The day


@pytest.fixture
def losing(bench: Bench) -> Bench:
    """Eight coins bought at 100.05; the close at 99 shows 9,990 of 10,000 and a half."""
    closes(bench, "100")
    bench.approve(bench.ask(quantity="8"))
    return bench


def test_a_day_that_lost_exactly_the_limit_goes_on(losing: Bench) -> None:
    # 10,000 − 8 · 0.05 − 1.6008 of fee = 9,997.9992; the limit is 9,990 for the day.
    closes(losing, "99.01")
    assert not risk(losing).daily_paused
    assert reason_of_a_yes(losing, "99.01") == ""


def test_a_day_that_lost_more_pauses_entries_and_says_so_once(losing: Bench) -> None:
    closes(losing, "98.9")
    assert risk(losing).daily_paused
    assert reason_of_a_yes(losing, "98.9") == "daily_loss_reached"
    closes(losing, "98.9")
    told = [m for m in losing.outbox() if "daily_loss_reached" in str(m.payload)]
    assert len(told) == 1


def test_the_pause_survives_a_restart_and_a_recovery_of_the_price(losing: Bench) -> None:
    closes(losing, "98.9")
    again = losing.restart()
    again.monitor.recover()
    closes(again, "105")
    assert reason_of_a_yes(again, "105") == "daily_loss_reached"


def test_the_pause_ends_at_midnight_utc(losing: Bench) -> None:
    closes(losing, "98.9")
    while losing.clock.now() < MIDNIGHT - H1.delta:
        closes(losing, "98.9")
    losing.clock.move_to(MIDNIGHT - timedelta(seconds=1))
    assert reason_of_a_yes(losing, "98.9") == "daily_loss_reached"
    losing.clock.move_to(MIDNIGHT)
    assert reason_of_a_yes(losing, "98.9") == ""


def test_stops_work_on_a_bad_day(losing: Bench) -> None:
    closes(losing, "98.9")
    losing.assert_protected()
    closes(losing, "94")
    assert losing.position() is None
    assert [trade.exit_reason for trade in losing.trades()] == ["stop_hit"]
    losing.assert_books_agree()


# The drawdown


def test_a_drawdown_latches_until_a_person_re_arms(losing: Bench) -> None:
    closes(losing, "97")
    assert risk(losing).drawdown_latched
    losing.advance(days=3)
    assert reason_of_a_yes(losing, "97") == "drawdown_latched"
    again = losing.restart()
    again.monitor.recover()
    closes(again, "120")
    assert reason_of_a_yes(again, "120") == "drawdown_latched"
    assert again.assembled.desk.controls.rearm("terminal")
    assert reason_of_a_yes(again, "120") == ""
    assert "rearmed" in again.actions()


def test_re_arming_what_is_not_latched_is_nothing(losing: Bench) -> None:
    assert not losing.assembled.desk.controls.rearm("terminal")


# Rests of one symbol


@pytest.fixture
def eager(fake_units: FakeUnits) -> Bench:
    """A desk that asks about BTC at every close of a long climb."""
    bench = build(fake_units, policies=EAGER, symbols=(BTC,), bars=rising(), price="106")
    bench.closes.run_due()
    return bench


def climbs(bench: Bench, bars: int = 1) -> Decision:
    """The next bars of the climb close; the last decision on BTC."""
    for _ in range(bars):
        bench.advance(hours=1)
        hours = round((bench.clock.now() - START) / H1.delta)
        with bench.units() as unit:
            unit.candles.add(
                VENUE, BTC, H1, rising(START + hours * H1.delta, 300 + hours, 5 + hours)
            )
            unit.commit()
        bench.market.set_price(BTC, str(106 + hours))
        bench.closes.run_due()
    with bench.units(read_only=True) as unit:
        return unit.decisions.latest(BTC)[0]


def reason(decision: Decision) -> str:
    return decision.reason.label


def test_the_climb_is_asked_about(eager: Bench) -> None:
    (approval,) = eager.pending()
    assert eager.order(approval.order_id).intent.symbol == BTC
    assert reason(climbs(eager)) == "duplicate"  # the question is still open


def test_after_a_no_a_symbol_rests_for_four_bars(eager: Bench) -> None:
    eager.press(eager.pending()[0], Press.REJECT)
    assert [reason(climbs(eager)) for _ in range(3)] == ["cooling_down"] * 3
    assert climbs(eager).route is RouteCode.ASK


def test_after_no_answer_a_symbol_rests_for_four_bars(eager: Bench) -> None:
    eager.wall.move_to(eager.pending()[0].expires_at)
    eager.assembled.questions.expire()
    assert [reason(climbs(eager)) for _ in range(3)] == ["cooling_down"] * 3
    assert climbs(eager).route is RouteCode.ASK


def test_a_refusal_by_the_recheck_is_no_reason_to_rest(eager: Bench) -> None:
    eager.assembled.desk.pause(OWNER.user_id)
    assert eager.approve(eager.pending()[0]).reason == "desk_paused"
    eager.assembled.desk.resume(OWNER.user_id)
    assert climbs(eager).route is RouteCode.ASK


def test_after_a_loss_a_symbol_rests_for_six_bars(eager: Bench) -> None:
    eager.approve(eager.pending()[0])
    eager.assembled.desk.close(BTC, OWNER.user_id, request_id="u1")
    assert eager.trades()[0].pnl_quote < 0
    assert [reason(climbs(eager)) for _ in range(5)] == ["cooling_down"] * 5
    assert climbs(eager).route is RouteCode.ASK


def test_after_a_gain_a_symbol_rests_for_one_bar(eager: Bench) -> None:
    eager.approve(eager.pending()[0])
    eager.market.set_price(BTC, "120")
    eager.assembled.desk.close(BTC, OWNER.user_id, request_id="u1")
    assert eager.trades()[0].pnl_quote > 0
    assert climbs(eager).route is RouteCode.ASK


def test_a_rest_survives_a_restart(eager: Bench) -> None:
    eager.press(eager.pending()[0], Press.REJECT)
    assert reason(climbs(eager.restart())) == "cooling_down"


def test_without_cooldowns_the_next_bar_is_asked_about(fake_units: FakeUnits) -> None:
    quick = replace(EAGER, automation=AutomationPolicy(cooldown_after_refusal_bars=0))
    bench = build(fake_units, policies=quick, symbols=(BTC,), bars=rising(), price="106")
    bench.closes.run_due()
    bench.press(bench.pending()[0], Press.REJECT)
    assert climbs(bench).route is RouteCode.ASK


# The day's count


def test_the_days_entries_are_counted_with_open_questions(fake_units: FakeUnits) -> None:
    one = replace(
        EAGER,
        automation=AutomationPolicy(
            max_entries_per_day=1, cooldown_after_exit_bars=0, cooldown_after_loss_bars=0
        ),
    )
    bench = build(fake_units, policies=one, symbols=(BTC,), bars=rising(), price="106")
    bench.closes.run_due()
    bench.approve(bench.pending()[0])
    assert risk(bench).entries_today == 1
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="u1")
    assert reason(climbs(bench)) == "daily_count_reached"
    assert climbs(bench, 11).route is RouteCode.ASK  # 00:00 UTC is a new day
