"""What every ``Broker`` promises, held against the paper venue; a live adapter joins by a harness.

A harness is a broker in a world where BTC/USDT costs 100.05 to buy and 99.95 to sell, with 10,000
USDT on account, and hands that move that price. What an adapter cannot do (a second line to the
same account) its harness leaves out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState, is_final
from engine.domain.orders import OrderIntent, OrderKind, OrderReport, OrderSide, Purpose
from engine.ports import Broker, Units
from tests.fakes.desk_builder import BTC, START, VENUE, build

D = Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """``move_price`` sets the middle and lets the venue act on it; ``reopen`` is a new line."""

    broker: Broker
    move_price: Callable[[str], None]
    reopen: Callable[[], Broker]


def paper(units: Units) -> Harness:
    """The paper venue, whose memory lies in the database."""
    bench = build(units)

    def move_price(price: str) -> None:
        bench.market.set_price(BTC, price)
        bench.assembled.paper.on_quote(BTC)

    return Harness(
        broker=bench.assembled.paper,
        move_price=move_price,
        reopen=lambda: bench.restart().assembled.paper,
    )


HARNESSES: dict[str, tuple[str, Callable[[Units], Harness]]] = {
    "paper in memory": ("fake_units", paper),
    "paper on SQLite": ("sqlite_units", paper),
    "paper on PostgreSQL": ("postgres_units", paper),
}


@pytest.fixture(params=list(HARNESSES))
def venue(request: pytest.FixtureRequest) -> Harness:
    """Every broker in turn."""
    fixture, made = HARNESSES[request.param]
    return made(request.getfixturevalue(fixture))


def buy(quantity: str = "5", name: str = "entry", **changes: object) -> OrderIntent:
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
        origin="test",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of OrderIntent


def limit(price: str, name: str = "limit") -> OrderIntent:
    return buy(name=name, kind=OrderKind.LIMIT, limit_price=D(price))


def guard(stop: str = "95", target: str | None = None, name: str = "guard") -> OrderIntent:
    return buy(
        name=name,
        side=OrderSide.SELL,
        kind=OrderKind.PROTECT,
        purpose=Purpose.PROTECTION,
        stop_price=D(stop),
        limit_price=D(target) if target else None,
    )


def filled(report: OrderReport | None) -> Decimal:
    assert report is not None
    return sum((fill.quantity for fill in report.fills), D(0))


def test_a_market_order_fills_and_reports_every_fill(venue: Harness) -> None:
    report = venue.broker.submit(buy())
    assert (report.order_id, report.state) == ("entry", OrderState.FILLED)
    assert filled(report) == D(5)
    assert report.venue_order_id
    for fill in report.fills:
        assert (fill.order_id, fill.symbol, fill.side) == ("entry", BTC, OrderSide.BUY)
        assert fill.fee_quote > 0
        assert fill.filled_at.utcoffset() is not None


def test_balances_move_by_the_fills_and_their_fees(venue: Harness) -> None:
    report = venue.broker.submit(buy())
    paid = sum((fill.notional_quote + fill.fee_quote for fill in report.fills), D(0))
    assert venue.broker.balances() == {"BTC": D(5), "USDT": D(10_000) - paid}


def test_a_currency_without_a_balance_is_absent(venue: Harness) -> None:
    assert set(venue.broker.balances()) == {"USDT"}
    venue.broker.submit(buy())
    venue.broker.submit(buy(name="exit", side=OrderSide.SELL, purpose=Purpose.EXIT))
    assert set(venue.broker.balances()) == {"USDT"}


def test_the_same_intent_sent_again_reports_the_first_and_does_nothing(venue: Harness) -> None:
    first = venue.broker.submit(buy())
    balances = venue.broker.balances()
    venue.move_price("120")
    assert venue.broker.submit(buy()) == first
    assert venue.broker.balances() == balances


def test_a_resting_order_sent_again_still_rests_once(venue: Harness) -> None:
    first = venue.broker.submit(limit("98"))
    assert first.state is OrderState.OPEN
    assert venue.broker.submit(limit("98")) == first
    venue.move_price("97")
    assert venue.broker.balances()["BTC"] == D(5)


def test_a_refusal_is_a_report_not_an_error(venue: Harness) -> None:
    report = venue.broker.submit(buy("1000000000"))
    assert (report.state, report.fills) == (OrderState.REJECTED, ())
    assert report.note
    assert venue.broker.balances() == {"USDT": D(10_000)}


def test_a_rejected_order_sent_again_stays_rejected(venue: Harness) -> None:
    first = venue.broker.submit(buy("1000000000"))
    assert venue.broker.submit(buy("1000000000")) == first


def test_an_order_is_found_by_its_client_id(venue: Harness) -> None:
    report = venue.broker.submit(buy())
    assert venue.broker.lookup(IntentId("entry")) == report
    assert venue.broker.lookup(IntentId("nobody")) is None


def test_an_order_is_found_over_a_new_line(venue: Harness) -> None:
    market, resting = venue.broker.submit(buy()), venue.broker.submit(guard())
    again = venue.reopen()
    assert again.lookup(IntentId("entry")) == market
    assert again.lookup(IntentId("guard")) == resting
    assert again.balances() == venue.broker.balances()


def test_a_limit_rests_and_fills_at_its_price_or_better(venue: Harness) -> None:
    assert venue.broker.submit(limit("98")).state is OrderState.OPEN
    venue.move_price("97")
    report = venue.broker.lookup(IntentId("limit"))
    assert report is not None
    assert report.state is OrderState.FILLED
    assert all(fill.price <= D(98) for fill in report.fills)


def test_a_cancelled_order_ends_without_a_trace_of_money(venue: Harness) -> None:
    venue.broker.submit(limit("98"))
    report = venue.broker.cancel(IntentId("limit"))
    assert (report.state, report.fills) == (OrderState.CANCELLED, ())
    venue.move_price("97")
    assert venue.broker.lookup(IntentId("limit")) == report
    assert venue.broker.balances() == {"USDT": D(10_000)}


def test_cancelling_twice_reports_the_same(venue: Harness) -> None:
    venue.broker.submit(limit("98"))
    assert venue.broker.cancel(IntentId("limit")) == venue.broker.cancel(IntentId("limit"))


def test_a_finished_order_is_not_cancelled(venue: Harness) -> None:
    report = venue.broker.submit(buy())
    assert venue.broker.cancel(IntentId("entry")) == report
    assert venue.broker.balances()["BTC"] == D(5)


def test_cancelling_what_never_arrived_is_a_final_report_without_fills(venue: Harness) -> None:
    report = venue.broker.cancel(IntentId("nobody"))
    assert (report.order_id, is_final(report.state), report.fills) == ("nobody", True, ())


def test_a_protection_rests_until_its_stop_is_touched(venue: Harness) -> None:
    venue.broker.submit(buy())
    assert venue.broker.submit(guard("95", "110")).state is OrderState.OPEN
    venue.move_price("96")
    assert filled(venue.broker.lookup(IntentId("guard"))) == 0
    venue.move_price("94")
    report = venue.broker.lookup(IntentId("guard"))
    assert report is not None
    assert report.state is OrderState.FILLED
    assert {fill.trigger for fill in report.fills} == {"stop_hit"}
    assert set(venue.broker.balances()) == {"USDT"}


def test_a_protection_takes_its_target(venue: Harness) -> None:
    venue.broker.submit(buy())
    venue.broker.submit(guard("95", "110"))
    venue.move_price("111")
    report = venue.broker.lookup(IntentId("guard"))
    assert report is not None
    assert {fill.trigger for fill in report.fills} == {"target_hit"}
    assert all(fill.price >= D(110) for fill in report.fills)


def test_a_moved_stop_counts_where_it_is_now(venue: Harness) -> None:
    venue.broker.submit(buy())
    venue.broker.submit(guard("95"))
    assert venue.broker.amend_stop(IntentId("guard"), D(98)).state is OrderState.OPEN
    venue.move_price("97.50")
    assert filled(venue.broker.lookup(IntentId("guard"))) == D(5)


def test_the_stop_of_a_finished_order_is_not_moved(venue: Harness) -> None:
    venue.broker.submit(buy())
    venue.broker.submit(guard("95"))
    venue.move_price("94")
    report = venue.broker.lookup(IntentId("guard"))
    assert venue.broker.amend_stop(IntentId("guard"), D(98)) == report


def test_moving_a_stop_that_never_arrived_is_a_final_report(venue: Harness) -> None:
    report = venue.broker.amend_stop(IntentId("nobody"), D(98))
    assert (report.order_id, is_final(report.state), report.fills) == ("nobody", True, ())


def test_fill_ids_are_unique_and_stay_the_same(venue: Harness) -> None:
    venue.broker.submit(buy("2", "a"))
    venue.broker.submit(buy("2", "b"))
    reports = [venue.broker.lookup(IntentId(name)) for name in ("a", "b", "a")]
    ids = [{fill.id for fill in report.fills} for report in reports if report is not None]
    assert ids[0] == ids[2]
    assert not ids[0] & ids[1]
