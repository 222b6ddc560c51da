"""What the desk looks at between closes: missing stops, and orders that came to nothing."""

import pytest

from engine.domain.errors import VenueRejectedError
from engine.domain.lifecycles import OrderState
from engine.domain.reasons import ReasonCode, RouteCode
from tests.fakes.desk_builder import BTC, Bench, build
from tests.fakes.units import FakeUnits


@pytest.fixture
def holding(fake_units: FakeUnits) -> Bench:
    bench = build(fake_units)
    bench.approve(bench.ask(BTC))
    return bench


def refuse_the_next_order(bench: Bench) -> None:
    bench.broker.lose_request("submit", VenueRejectedError("bench", "no stops today"))


def told(bench: Bench) -> list[object]:
    return [m.payload["text"] for m in bench.outbox("notice")]


def lose_the_stop(bench: Bench) -> None:
    position = bench.position()
    assert position is not None
    assert position.protection_order_id is not None
    refuse_the_next_order(bench)
    bench.gateway.cancel(position.protection_order_id)


def test_a_position_whose_stop_the_venue_refused_gets_one_at_the_next_look(holding: Bench) -> None:
    lose_the_stop(holding)
    assert holding.monitor.watch_protection() == 0
    holding.assert_protected()
    assert told(holding) == []


def test_people_are_told_once_an_hour_of_a_position_without_a_stop(holding: Bench) -> None:
    lose_the_stop(holding)
    for _ in range(2):
        refuse_the_next_order(holding)
        assert holding.monitor.watch_protection() == 1
    assert told(holding) == ["unprotected"]
    holding.advance(hours=1)
    refuse_the_next_order(holding)
    holding.monitor.watch_protection()
    assert told(holding) == ["unprotected", "unprotected"]
    assert holding.monitor.watch_protection() == 0
    holding.assert_protected()


@pytest.mark.parametrize(("minutes", "state"), [(60, OrderState.FILLED), (61, OrderState.REFUSED)])
def test_an_automatic_entry_that_was_never_sent_is_too_old_after_a_bar(
    fake_units: FakeUnits, minutes: int, state: OrderState
) -> None:
    bench = build(fake_units)
    order = bench.propose(bench.decide(route=RouteCode.AUTO))
    bench.advance(minutes=minutes)
    bench.restart().monitor.recover()
    found = bench.order(order.id)
    assert found.state is state
    if state is OrderState.REFUSED:
        assert found.note == ReasonCode.DATA_LATE.label
