"""One close after the other: what is decided, what is sent, and what a repeat leaves alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from engine.domain.decisions import Decision
from engine.domain.desk import Mode
from engine.domain.errors import ConflictError
from engine.domain.lifecycles import OrderState
from engine.domain.market import Candle, CandleSeries, Symbol, Timeframe
from engine.domain.orders import OrderReport, Purpose
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.domain.records import StopResult
from engine.execution.gateway import Settled
from engine.market.collect import Collected, Freshness
from engine.strategy.policy import ExitPolicy, TradingPolicy
from tests.fakes.desk_builder import (
    AUTOMATIC,
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
HOLDING = replace(
    AUTOMATIC,
    exits=ExitPolicy(trailing_atr_multiple=None, time_stop_bars=None, exit_score=None),
)


TRAILING = replace(AUTOMATIC, exits=ExitPolicy(time_stop_bars=None, exit_score=None))


def rise(fake_units: FakeUnits, policies: TradingPolicy = AUTOMATIC, **keys: object) -> Bench:
    """Two coins at the end of a climb, worth an automatic entry each."""
    return build(fake_units, policies=policies, bars=rising(), price="106", **keys)  # type: ignore[arg-type]  # keywords of `build`


def store(bench: Bench, candle: Candle, *symbols: Symbol) -> None:
    with bench.units() as unit:
        for symbol in symbols or (BTC, ETH):
            unit.candles.add(VENUE, symbol, H1, CandleSeries.of([candle]))
        unit.commit()


def an_hour_passes(bench: Bench, prices: str, *symbols: Symbol) -> None:
    """The next bar closes; nothing is run."""
    opened_at = bench.clock.now()
    bench.advance(hours=1)
    store(bench, bar(opened_at, prices), *symbols)


def decisions(bench: Bench, symbol: Symbol) -> list[Decision]:
    with bench.units(read_only=True) as unit:
        return list(unit.decisions.latest(symbol, 100))


def test_an_automatic_entry_is_filled_and_protected_in_the_same_close(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    for symbol in (BTC, ETH):
        assert bench.position(symbol) is not None
        bench.assert_protected(symbol)
    bench.assert_books_agree()
    assert bench.pending() == ()


def test_the_score_of_every_bar_is_kept(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    with bench.units(read_only=True) as unit:
        rows = unit.scores.latest(VENUE, H1)
    assert [row.symbol for row in rows] == ["BTC/USDT", "ETH/USDT"]
    (decision,) = decisions(bench, BTC)
    assert decision.score is not None
    assert rows[0].signed_score == float(decision.score.signed)
    assert len(rows[0].sides) == 8


def test_equal_scores_are_served_by_name_and_share_the_limits(fake_units: FakeUnits) -> None:
    one = replace(AUTOMATIC, risk=replace(AUTOMATIC.risk, max_open_positions=1))
    bench = rise(fake_units, one)
    bench.closes.run_due()
    assert bench.position(BTC) is not None
    assert bench.position(ETH) is None
    (refused,) = decisions(bench, ETH)
    assert (refused.route, refused.reason.label) == (RouteCode.REFUSE, "positions_full")


def test_a_close_that_was_run_is_not_run_again(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    assert len(bench.closes.run_due()) == 1
    assert bench.closes.run_due() == ()
    assert bench.restart().closes.run_due() == ()


def test_a_close_that_is_repeated_changes_nothing(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    before = (bench.audit(), bench.balances(), bench.position(BTC), bench.outbox())
    bench.assembled.cycle.run(START)
    assert (bench.audit(), bench.balances(), bench.position(BTC), bench.outbox()) == before


def test_a_bar_is_counted_once_however_often_its_close_is_run(fake_units: FakeUnits) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    an_hour_passes(bench, "106 107 105 106")
    for decide in (False, False, True, True):
        bench.assembled.cycle.run(START + H1.delta, decide=decide)
    position = bench.position(BTC)
    assert position is not None
    assert position.bars_held == 1


def test_a_position_is_left_by_time(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    assert bench.position(BTC) is None
    assert {trade.exit_reason for trade in bench.trades()} == {"exit_time"}
    bench.assert_protected(BTC)
    bench.assert_books_agree()


def test_a_stop_follows_the_high_of_the_bar(fake_units: FakeUnits) -> None:
    trailing = replace(AUTOMATIC, exits=ExitPolicy(time_stop_bars=None, exit_score=None))
    bench = rise(fake_units, trailing)
    bench.closes.run_due()
    before = bench.position(BTC)
    assert before is not None
    an_hour_passes(bench, "106 112 106 111")
    bench.closes.run_due()
    after = bench.position(BTC)
    assert after is not None
    assert after.exit_plan.trail_distance is not None
    # The trail is kept in whole ticks, rounded up.
    assert D(112) - after.stop_price == after.exit_plan.trail_distance.quantize(
        D("0.01"), "ROUND_UP"
    )
    bench.assert_protected(BTC)


def test_one_exit_whose_cancel_is_lost_does_not_hold_up_the_other(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    an_hour_passes(bench, "106 107 105 106")
    bench.broker.lose_answer("cancel")
    bench.closes.run_due()
    held = [symbol for symbol in (BTC, ETH) if bench.position(symbol)]
    assert len(held) == 1
    bench.monitor.look_up_lost()
    bench.assert_protected(held[0])
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    assert bench.position(held[0]) is None
    bench.assert_books_agree()


def test_a_symbol_whose_bar_is_late_is_refused_and_the_other_goes_on(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units, HOLDING)
    bench.advance(hours=1)
    store(bench, bar(START, "106 108 105 107.5", 5e6), ETH)
    bench.market.set_price(ETH, "107.5")
    bench.assembled.cycle.run(START + H1.delta)
    assert decisions(bench, BTC)[0].reason.label == "data_late"
    assert decisions(bench, BTC)[0].action is ActionCode.NONE
    assert bench.position(BTC) is None
    assert bench.position(ETH) is not None


def test_a_symbol_the_firewall_holds_is_refused(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)

    def held_back(*_: object) -> tuple[Collected, ...]:
        return (
            Collected(
                symbol=BTC,
                timeframe=H1,
                due_close=START,
                freshness=Freshness.QUARANTINED,
                quarantined=1,
                detail="high below low",
            ),
        )

    desk = bench.restart(collect=held_back)
    desk.assembled.cycle.run(START)
    assert decisions(desk, BTC)[0].reason.label == "data_quarantined"
    assert desk.position(BTC) is None
    assert desk.position(ETH) is not None


def test_after_a_pause_missed_bars_meet_the_stops_but_only_the_newest_close_decides(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    an_hour_passes(bench, "106 107 90 106")  # through every stop, and back
    an_hour_passes(bench, "106 107 105 106")
    reports = bench.restart().closes.run_due()
    assert [len(report.scan.decisions) for report in reports] == [0, 2]
    assert {trade.exit_reason for trade in bench.trades()} == {"stop_hit"}
    assert bench.position(BTC) is None
    bench.assert_books_agree()


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("hours_away", [1, 3])
def test_a_stop_passed_in_a_bar_that_comes_late_is_met_before_anything_is_decided(
    fake_units: FakeUnits, hours_away: int, *, restarts: bool
) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    late: list[Candle] = []
    for hour in range(hours_away):
        late.append(bar(bench.clock.now(), "106 107 90 106" if hour == 0 else "106 107 105 106"))
        bench.advance(hours=1)
        bench.closes.run_due()
        assert bench.position(BTC) is not None
    bench = bench.restart() if restarts else bench
    for candle in late:
        store(bench, candle)
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    assert bench.position(BTC) is None
    assert {trade.exit_reason for trade in bench.trades()} == {"stop_hit"}
    assert {trade.closed_at for trade in bench.trades()} == {late[0].closed_at(H1)}
    bench.assert_books_agree()


def test_a_bar_is_met_late_only_where_its_symbol_missed_it(fake_units: FakeUnits) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    missed = bar(bench.clock.now(), "106 107 90 106")
    an_hour_passes(bench, "106 107 105 106", ETH)
    bench.closes.run_due()
    with bench.units() as unit:  # what ETH met stands; BTC owes its bar
        unit.candles.add(VENUE, BTC, H1, CandleSeries.of([missed]))
        unit.commit()
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    assert bench.position(BTC) is None
    assert bench.position(ETH) is not None


def test_a_bar_that_is_stored_behind_a_later_one_is_not_met_any_more(
    fake_units: FakeUnits,
) -> None:
    """A later bar may have raised the stop above a low of before."""
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    hole = bar(bench.clock.now(), "106 107 90 106")
    bench.advance(hours=1)
    bench.closes.run_due()
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    store(bench, hole)
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    assert bench.position(BTC) is not None


def test_a_stop_that_a_person_moved_is_not_held_against_lows_from_before(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    position = bench.position(BTC)
    assert position is not None
    late = bar(bench.clock.now(), "106 112 104 112")
    bench.advance(hours=1)
    bench.closes.run_due()
    for symbol in (BTC, ETH):
        bench.market.set_price(symbol, "112")
    opened_at = bench.clock.now()
    bench.advance(minutes=30)
    moved = bench.assembled.desk.records.move_stop(position.entry_order_id, D(107), OWNER.user_id)
    assert moved.result is StopResult.MOVED
    store(bench, late)
    bench.advance(minutes=30)
    store(bench, bar(opened_at, "106.5 112 106 112"))
    bench.closes.run_due()
    held = bench.position(BTC)
    assert held is not None
    assert held.stop_price == D(107)
    bench.assert_protected()


def test_a_close_that_is_run_again_does_not_meet_its_bar_with_the_stop_it_raised(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units, TRAILING)
    bench.closes.run_due()
    bench.advance(seconds=5)
    opened_at = START
    bench.advance(hours=1)
    store(bench, bar(opened_at, "106 130 106 129"))
    for symbol in (BTC, ETH):
        bench.market.set_price(symbol, "129")
    close = START + H1.delta
    bench.assembled.cycle.run(close)
    raised = bench.position(BTC)
    assert raised is not None
    assert raised.stop_price > D(106)
    again = bench.restart()
    again.monitor.recover()
    again.assembled.cycle.run(close)
    assert again.position(BTC) == raised
    assert again.trades() == ()


def test_a_stop_follows_through_closes_that_were_missed(fake_units: FakeUnits) -> None:
    stops: list[Decimal] = []
    for is_down in (False, True):
        bench = rise(FakeUnits(), TRAILING)
        bench.closes.run_due()
        for prices in ("106 130 106 129", "129 129.5 128 129"):
            an_hour_passes(bench, prices)
            for symbol in (BTC, ETH):
                bench.market.set_price(symbol, "129")
            if not is_down:
                bench.closes.run_due()
        bench.restart().closes.run_due()
        position = bench.position(BTC)
        assert position is not None
        stops.append(position.stop_price)
    assert stops[0] == stops[1] > D(120)


def test_what_a_thin_market_left_of_a_stop_meets_the_late_bars_that_follow() -> None:
    ends: list[list[tuple[Decimal, datetime]]] = []
    for is_late in (False, True):
        bench = rise(FakeUnits(), HOLDING)
        bench.closes.run_due()
        bars: list[Candle] = []
        for prices, volume in (
            ("106 107 105 106", 20.0),
            ("106 107 101 106", 1e6),
            ("106 107 100 106", 1e6),
        ):
            bars.append(bar(bench.clock.now(), prices, volume))
            bench.advance(hours=1)
            if not is_late:
                store(bench, bars[-1])
            bench.closes.run_due()
        if is_late:
            for one in bars:
                store(bench, one)
        an_hour_passes(bench, "106 107 105 106")
        bench.closes.run_due()
        assert bench.position(BTC) is None
        ends.append([(t.quantity, t.closed_at) for t in bench.trades() if t.symbol == BTC])
    assert len(ends[0]) == 2
    assert ends[0] == ends[1]


def test_what_a_thin_market_left_of_a_stop_meets_the_bars_of_a_downtime_too() -> None:
    bench = rise(FakeUnits(), HOLDING)
    bench.closes.run_due()
    for prices, volume in (
        ("106 107 105 106", 20.0),
        ("106 107 101 106", 1e6),
        ("106 107 100 106", 1e6),
        ("106 107 105 106", 1e6),
    ):
        opened_at = bench.clock.now()
        bench.advance(hours=1)
        store(bench, bar(opened_at, prices, volume))
    bench.restart().closes.run_due()
    assert bench.position(BTC) is None
    parts = [trade.closed_at for trade in bench.trades() if trade.symbol == BTC]
    assert sorted(parts) == [START + 2 * H1.delta, START + 3 * H1.delta]


@pytest.mark.parametrize("delay_s", [0, 10])
def test_a_stop_that_follows_some_seconds_after_the_close_covers_the_bar(
    fake_units: FakeUnits, delay_s: int
) -> None:
    bench = rise(fake_units, TRAILING)
    bench.closes.run_due()
    an_hour_passes(bench, "106 130 106 129")
    opened_at = bench.clock.now()
    for symbol in (BTC, ETH):
        bench.market.set_price(symbol, "129")
    bench.advance(seconds=delay_s)
    bench.closes.run_due()
    raised = bench.position(BTC)
    assert raised is not None
    bench.advance(hours=1)
    store(bench, bar(opened_at, "129 129 105 128"))
    bench.restart().closes.run_due()
    assert bench.position(BTC) is None
    assert {trade.exit_reason for trade in bench.trades()} == {"trailing_stop_hit"}


def test_a_bar_that_met_the_first_stop_is_not_told_as_a_stop_that_followed(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units, TRAILING)
    bench.closes.run_due()
    an_hour_passes(bench, "106 130 106 129")
    an_hour_passes(bench, "129 129 100 128")  # while nobody was there to raise the stop
    an_hour_passes(bench, "128 129 127 128")
    bench.restart().closes.run_due()
    assert {trade.exit_reason for trade in bench.trades()} == {"stop_hit"}


def test_a_fill_that_could_not_be_booked_is_booked_by_the_next_look(
    fake_units: FakeUnits, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    settle, failures = bench.gateway.settle, [ConflictError("the database is locked")]

    def shaky(report: OrderReport) -> Settled:
        if failures:
            raise failures.pop()
        return settle(report)

    monkeypatch.setattr(bench.gateway, "settle", shaky)
    an_hour_passes(bench, "106 107 80 106")
    with pytest.raises(ConflictError):
        bench.closes.run_due()
    bench.monitor.look_up_lost()
    bench.closes.run_due()
    assert bench.position(BTC) is None
    assert bench.position(ETH) is None
    bench.assert_books_agree()
    assert bench.monitor.look_up_lost() == 0


def test_a_debt_of_a_slow_timeframe_is_paid_in_full_on_a_fast_one(fake_units: FakeUnits) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    hourly, began = bench.parts.strategy, bench.clock.now()
    slow = bench.restart(strategy=replace(hourly, timeframe=Timeframe.H4))
    slow.closes.run_due()
    slow.advance(hours=4)
    slow.closes.run_due()  # the bar from 12 to 16 is absent
    for place, low in enumerate(("80", "105", "105", "105")):
        store(bench, bar(began + place * H1.delta, f"106 107 {low} 106"))
    back = slow.restart(strategy=hourly)
    an_hour_passes(back, "106 107 105 106")
    back.closes.run_due()
    assert back.position(BTC) is None


def test_a_strategy_of_another_timeframe_goes_on_where_the_one_before_stopped(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units, HOLDING)
    bench.closes.run_due()
    hourly, began = bench.parts.strategy, bench.clock.now()
    slow = bench.restart(strategy=replace(hourly, timeframe=Timeframe.H4))
    hours = ["106 107 103 106", "106 112 101 111", "111 118 111 117", "117 125 117 124"]
    for place, prices in enumerate(hours):
        store(bench, bar(began + place * H1.delta, prices))
    slow.advance(hours=4)
    slow.closes.run_due()
    with bench.units(read_only=True) as unit:
        before = tuple(unit.book.equity(VENUE))
    back = slow.restart(strategy=hourly)
    assert back.closes.run_due() == ()
    assert back.position(BTC) is not None
    with bench.units(read_only=True) as unit:
        assert tuple(unit.book.equity(VENUE)) == before
    an_hour_passes(back, "124 125 101 124")
    (report,) = back.closes.run_due()
    assert report.closed_at == began + 5 * H1.delta
    assert back.position(BTC) is None


def test_a_close_that_is_marked_again_leaves_the_equity_that_was_told(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    with bench.units(read_only=True) as unit:
        told = tuple(unit.book.equity(VENUE, since=START))
    an_hour_passes(bench, "106 107 90 91")
    bench.closes.run_due()
    bench.assembled.cycle.run(START, decide=False)
    with bench.units(read_only=True) as unit:
        assert tuple(unit.book.equity(VENUE, since=START))[: len(told)] == told


def test_a_close_that_only_marks_decides_nothing_and_keeps_the_equity(
    fake_units: FakeUnits,
) -> None:
    bench = rise(fake_units)
    report = bench.assembled.cycle.run(START, decide=False)
    assert report.scan.decisions == ()
    assert decisions(bench, BTC) == []
    with bench.units(read_only=True) as unit:
        (point,) = unit.book.equity(VENUE)
    assert (point.at, point.equity_quote) == (START, D(10_000))


def test_what_another_venue_decided_at_the_same_close_is_not_ours(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    with bench.units() as unit:
        other = replace(bench.decide(), venue="elsewhere", closed_at=START)
        unit.decisions.add(replace(other, plan=other.plan))
        unit.commit()
    report = bench.assembled.cycle.run(START)
    assert report.scan.is_new
    assert {decision.venue for decision in report.scan.decisions} == {VENUE}


def test_alert_only_shows_cards_and_neither_asks_nor_orders(fake_units: FakeUnits) -> None:
    bench = rise(fake_units, mode=Mode.ALERT)
    bench.closes.run_due()
    assert {message.kind for message in bench.outbox()} == {"card"}
    assert len(bench.outbox()) == 2
    assert bench.pending() == ()
    assert bench.unfinished() == ()
    assert bench.fills() == ()


def test_alert_only_still_lets_an_owner_close(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    alert = bench.restart(mode=Mode.ALERT)
    assert alert.assembled.desk.close(BTC, OWNER.user_id, request_id="u1").done


def test_with_money_an_unmeasured_edge_is_refused(fake_units: FakeUnits) -> None:
    bench = rise(fake_units, mode=Mode.LIVE)
    bench.closes.run_due()
    assert decisions(bench, BTC)[0].reason.label == "uncalibrated_refused"
    assert bench.fills() == ()


@pytest.mark.parametrize("switch", ["pause", "kill"])
def test_a_switch_refuses_every_proposal_of_a_close(fake_units: FakeUnits, switch: str) -> None:
    bench = rise(fake_units)
    getattr(bench.assembled.desk, switch)(OWNER.user_id)
    bench.closes.run_due()
    assert {decisions(bench, symbol)[0].route for symbol in (BTC, ETH)} == {RouteCode.REFUSE}
    assert bench.fills() == ()


@pytest.mark.parametrize("switch", ["pause", "kill"])
def test_no_switch_stops_an_exit(fake_units: FakeUnits, switch: str) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    getattr(bench.assembled.desk, switch)(OWNER.user_id)
    an_hour_passes(bench, "106 107 105 106")
    bench.closes.run_due()
    assert bench.position(BTC) is None


def test_exits_are_sold_before_entries_are_bought(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.assembled.cycle.run(START)
    an_hour_passes(bench, "106 107 105 106")
    bench.broker.seen.clear()
    bench.assembled.cycle.run(START + H1.delta)
    purposes = [
        bench.order(order_id).intent.purpose  # type: ignore[arg-type]  # ids as seen on the line
        for method, order_id in bench.broker.seen
        if method == "submit"
    ]
    entries = [place for place, purpose in enumerate(purposes) if purpose is Purpose.ENTRY]
    exits = [place for place, purpose in enumerate(purposes) if purpose is Purpose.EXIT]
    assert exits
    assert not entries or max(exits) < min(entries)


def test_an_automatic_entry_without_a_price_is_dropped(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    for symbol in (BTC, ETH):
        bench.market.silence(symbol)
    bench.closes.run_due()
    assert bench.fills() == ()
    assert bench.unfinished() == ()
    dropped = [line for line in bench.audit() if line.event.action == "scanned"]
    assert len(dropped) == 1


def test_time_between_closes_runs_nothing(fake_units: FakeUnits) -> None:
    bench = rise(fake_units)
    bench.closes.run_due()
    bench.clock.move_to(START + timedelta(minutes=59, seconds=59))
    assert bench.closes.run_due() == ()
    assert {order.state for order in bench.unfinished()} == {OrderState.OPEN}


@pytest.mark.parametrize(("hours", "is_left"), [(-1, False), (0, True), (1, True)])
def test_a_close_that_is_run_again_leaves_only_positions_that_it_knew(
    fake_units: FakeUnits, hours: int, is_left: bool
) -> None:
    bench = build(fake_units)
    bench.approve(bench.ask(BTC))
    closed_at = START + timedelta(hours=hours)
    wanted = replace(
        bench.decide(),
        closed_at=closed_at,
        action=ActionCode.EXIT,
        route=RouteCode.AUTO,
        reason=ReasonCode.EXIT_TIME,
        plan=None,
    )
    with bench.units() as unit:
        unit.decisions.add(wanted)
        unit.commit()
    bench.assembled.cycle.run(closed_at)
    assert (bench.position() is None) is is_left
