"""SIGKILL between any two commits of an order's life; then a start, which is recovery.

Whatever the moment: one outcome, one order, the position protected, the books of desk and venue the
same, and the audit chain whole.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from db.unit_of_work import SqlUnits
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import CandleSeries
from engine.domain.orders import Purpose
from engine.domain.views import PressResult
from tests.fakes.desk_builder import (
    AUTOMATIC,
    BTC,
    H1,
    START,
    VENUE,
    Bench,
    bar,
    build,
    rising,
)
from tests.fault.dying import kill_at

pytestmark = pytest.mark.fault

APPROVE = {
    "before the answer is committed": 1,
    "between the answer and the submit": 2,
    "between the venue's commit and the desk's": 3,
    "between the fill and its protection": 4,
    "between the protection's row and its submit": 5,
    "between the venue's protection and the desk's": 6,
}
CLOSE = {
    "before the protection is cancelled": 1,
    "between the venue's cancel and the desk's": 2,
    "between the cancel and the exit": 3,
    "between the exit's row and its submit": 4,
    "between the venue's sale and the desk's": 5,
}
STOP = {"before the venue fills the stop": 1, "between the venue's fill and the desk's": 2}
TRAIL = {"before the venue moves the stop": 1, "between the venue's stop and the desk's": 2}


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    units = SqlUnits(database_url)
    yield build(units)
    units.close()


def started_again(bench: Bench) -> Bench:
    """Another process on the same database, after its recovery."""
    again = bench.restart()
    again.monitor.recover()
    return again


def entries(bench: Bench) -> list[str]:
    """Ids of entry orders that were filled."""
    ids = {fill.order_id for fill in bench.fills()}
    return sorted(i for i in ids if bench.order(i).intent.purpose is Purpose.ENTRY)


def assert_whole(bench: Bench) -> None:
    """Nothing is in doubt, nothing is naked, nothing is counted twice."""
    bench.assert_protected()
    bench.assert_books_agree()
    assert {order.state for order in bench.unfinished()} <= {OrderState.OPEN}
    assert bench.audit()


def test_killed_before_the_answer_is_committed_the_question_still_stands(
    bench: Bench, database_url: str
) -> None:
    approval = bench.ask()
    kill_at(database_url, "approve", APPROVE["before the answer is committed"])
    again = started_again(bench)
    assert again.pending() == (approval,)
    assert again.fills() == ()
    assert again.approve(approval).result is PressResult.FILLED
    assert entries(again) == [approval.order_id]
    assert_whole(again)


@pytest.mark.parametrize("moment", list(APPROVE)[1:])
def test_killed_after_a_yes_there_is_exactly_one_order_and_it_is_protected(
    bench: Bench, database_url: str, moment: str
) -> None:
    approval = bench.ask()
    kill_at(database_url, "approve", APPROVE[moment])
    assert bench.now_of(approval).state is ApprovalState.APPROVED
    again = started_again(bench)
    assert entries(again) == [approval.order_id]
    assert len(again.fills()) == 1
    assert again.position() is not None
    assert_whole(again)
    assert again.approve(approval).result is PressResult.ALREADY_DECIDED
    assert_whole(started_again(again))
    assert len(again.fills()) == 1


@pytest.mark.parametrize("moment", list(APPROVE)[1:])
def test_killed_after_a_half_there_is_exactly_one_order_of_half_the_size(
    bench: Bench, database_url: str, moment: str
) -> None:
    approval = bench.ask()
    kill_at(database_url, "half", APPROVE[moment])
    again = started_again(bench)
    position = again.position()
    assert position is not None
    assert position.quantity * 2 == bench.order(approval.order_id).intent.quantity
    assert entries(again) == [position.entry_order_id]
    assert_whole(again)


def test_killed_twice_in_a_row_there_is_still_one_order(bench: Bench, database_url: str) -> None:
    approval = bench.ask()
    kill_at(database_url, "approve", APPROVE["between the answer and the submit"])
    again = started_again(bench)
    kill_at(database_url, "close", CLOSE["between the cancel and the exit"])
    again = started_again(again)
    assert entries(again) == [approval.order_id]
    assert again.position() is not None
    assert_whole(again)


@pytest.mark.parametrize("moment", list(CLOSE))
def test_killed_in_a_close_the_position_is_either_protected_or_sold_once(
    bench: Bench, database_url: str, moment: str
) -> None:
    bench.approve(bench.ask())
    kill_at(database_url, "close", CLOSE[moment])
    again = started_again(bench)
    assert_whole(again)
    is_sent = CLOSE[moment] >= CLOSE["between the exit's row and its submit"]
    assert (again.position() is None) == is_sent
    assert len(again.trades()) == is_sent


@pytest.mark.parametrize("moment", list(STOP))
def test_killed_while_a_stop_fills_the_fill_is_booked_once_or_the_stop_still_rests(
    bench: Bench, database_url: str, moment: str
) -> None:
    bench.approve(bench.ask())
    kill_at(database_url, "stop", STOP[moment])
    again = started_again(bench)
    assert_whole(again)
    reasons = [trade.exit_reason for trade in again.trades()]
    assert reasons == (["stop_hit"] if STOP[moment] == 2 else [])


@pytest.mark.parametrize("moment", list(TRAIL))
def test_killed_while_a_stop_moves_the_position_is_protected(
    bench: Bench, database_url: str, moment: str
) -> None:
    bench.approve(bench.ask())
    kill_at(database_url, "trail", TRAIL[moment])
    again = started_again(bench)
    position = again.position()
    assert position is not None
    again.gateway.move_stop(position.symbol, position.stop_price + 1)
    assert_whole(again)


# A scan: commit 1 holds its decisions; what they want is sent afterwards.

ENTRY_SCAN = {
    "before the scan is committed": 1,
    "between the scan and its sends": 2,
    "between the order and its submit": 3,
    "between the venue's fill and the desk's": 4,
    "between the fill and its protection": 5,
    "before the close is noted as done": 8,
}
EXIT_SCAN = {
    "before the scan is committed": 1,
    "between the scan and its exits": 2,
    "between the cancel of the protection and the exit": 4,
    "between the exit and its submit": 5,
    "before the close is noted as done": 7,
}


def scanning(database_url: str, **world: object) -> Iterator[tuple[Bench, dict[str, Any]]]:
    units = SqlUnits(database_url)
    kept: dict[str, Any] = {"policies": AUTOMATIC, "symbols": (BTC,), "price": "106", **world}
    yield build(units, **kept), kept
    units.close()


@pytest.mark.parametrize("moment", list(ENTRY_SCAN))
def test_killed_around_a_scan_its_entry_is_sent_once(database_url: str, moment: str) -> None:
    for bench, world in scanning(database_url, bars=rising()):
        kill_at(database_url, "scan", ENTRY_SCAN[moment], **world)
        again = started_again(bench)
        again.closes.run_due()
        again.closes.run_due()
        (decision,) = again.assembled.scanner.scan(START).decisions
        position = again.position()
        assert position is not None
        assert position.decision_id == decision.id
        assert entries(again) == [position.entry_order_id]
        assert again.actions().count("scanned") == 1
        assert_whole(again)


@pytest.mark.parametrize("moment", list(EXIT_SCAN))
def test_killed_around_a_scan_its_exit_is_sent_once(database_url: str, moment: str) -> None:
    later = START + H1.delta
    for bench, world in scanning(database_url, bars=rising()):
        bench.closes.run_due()
        assert bench.position() is not None
        with bench.units() as unit:
            unit.candles.add(VENUE, BTC, H1, CandleSeries.of([bar(START, "106 107 105 106")]))
            unit.commit()
        bench.advance(hours=1)
        kill_at(database_url, "scan", EXIT_SCAN[moment], now=later, **world)
        again = started_again(bench)
        again.closes.run_due()
        assert again.position() is None
        assert [trade.exit_reason for trade in again.trades()] == ["exit_time"]
        assert again.actions().count("scanned") == 2
        assert_whole(again)
