"""The paper venue alone: an account, a book, and orders that meet prices and bars."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest

from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState
from engine.domain.market import Candle, CandleSeries, Quote, Symbol
from engine.domain.orders import (
    OrderIntent,
    OrderKind,
    OrderReport,
    OrderSide,
    Purpose,
)
from engine.execution.paper import PaperBroker
from engine.execution.resting import resting
from engine.fills.policy import FillPolicy
from tests.fakes.desk_builder import BTC, H1, START, Bench, bar, build
from tests.fakes.units import FakeUnits

D = Decimal
ONE_LEVEL = FillPolicy(
    book_levels=1, level_step_bps=0.0, level_volume_fraction=0.01, level_jitter_fraction=0.0
)
"""A synthesised book of one level: one hundredth of the last bar's volume."""


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units, fills=ONE_LEVEL)


@pytest.fixture
def paper(bench: Bench) -> PaperBroker:
    return bench.assembled.paper


def order(side: OrderSide, quantity: str, name: str = "o1", **changes: object) -> OrderIntent:
    made = OrderIntent(
        id=IntentId(name),
        venue="bench",
        symbol=BTC,
        side=side,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY if side is OrderSide.BUY else Purpose.EXIT,
        quantity=D(quantity),
        reference_price=D(100),
        created_at=START,
        origin="test",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of OrderIntent


def buy(quantity: str, name: str = "o1", **changes: object) -> OrderIntent:
    return order(OrderSide.BUY, quantity, name, **changes)


def sell(quantity: str, name: str = "o2", **changes: object) -> OrderIntent:
    return order(OrderSide.SELL, quantity, name, **changes)


def limit_buy(quantity: str, price: str, name: str = "o1", **changes: object) -> OrderIntent:
    return buy(quantity, name, kind=OrderKind.LIMIT, limit_price=D(price), **changes)


def limit_sell(quantity: str, price: str, name: str = "o2") -> OrderIntent:
    return sell(quantity, name, kind=OrderKind.LIMIT, limit_price=D(price))


def guard(
    quantity: str, stop: str, target: str | None = None, name: str = "guard", **changes: object
) -> OrderIntent:
    return sell(
        quantity,
        name,
        kind=OrderKind.PROTECT,
        purpose=Purpose.PROTECTION,
        stop_price=D(stop),
        limit_price=D(target) if target else None,
        **changes,
    )


def prices(report: OrderReport) -> list[tuple[Decimal, Decimal]]:
    return [(fill.quantity, fill.price) for fill in report.fills]


def meets(
    paper: PaperBroker, prices: str, *, opened_at: datetime = START, volume: float = 1e6
) -> OrderReport | None:
    """What changed when a bar closed, if anything."""
    changed = paper.on_bar(BTC, bar(opened_at, prices), previous_volume=volume)
    return changed[0] if changed else None


# Cash


def test_a_purchase_and_its_fee_are_paid_from_the_account(paper: PaperBroker) -> None:
    report = paper.submit(buy("5"))
    assert report.state is OrderState.FILLED
    assert prices(report) == [(D(5), D("100.05"))]
    assert report.fills[0].fee_quote == D("1.0005")  # 20 bps of 500.25
    assert report.fills[0].slippage_quote == D("0.25")  # five times half the spread
    assert paper.balances() == {"BTC": D(5), "USDT": D("9498.7495")}


def test_a_billion_coins_are_not_bought_without_the_cash(paper: PaperBroker) -> None:
    report = paper.submit(buy("1000000000"))
    assert (report.state, report.note, report.fills) == (
        OrderState.REJECTED,
        "insufficient_funds",
        (),
    )
    assert paper.balances() == {"USDT": D(10_000)}


def test_the_whole_order_must_be_paid_for_even_if_the_book_could_give_only_a_part(
    bench: Bench, paper: PaperBroker
) -> None:
    bench.market.set_book(BTC, bids=[("99.95", "1")], asks=[("100.05", "1")])
    assert paper.submit(buy("1000")).state is OrderState.REJECTED


def test_the_fee_counts_when_the_cash_is_just_short(bench: Bench, paper: PaperBroker) -> None:
    bench.market.set_price(BTC, "100", half_spread="0")
    bench.market.set_book(BTC, bids=[("99.99", "1000")], asks=[("100", "1000")])
    assert paper.submit(buy("100")).state is OrderState.REJECTED  # 10,000 and 20 of fee
    assert paper.submit(buy("99.8", "o2")).state is OrderState.FILLED  # 9,980 and 19.96


def test_coins_that_are_not_there_are_not_sold(paper: PaperBroker) -> None:
    assert paper.submit(sell("1")).note == "insufficient_funds"
    paper.submit(buy("2"))
    assert paper.submit(sell("2.001", "o3")).state is OrderState.REJECTED
    assert paper.submit(sell("2", "o4")).state is OrderState.FILLED


def test_a_currency_that_is_used_up_has_no_balance(paper: PaperBroker) -> None:
    paper.submit(buy("2"))
    paper.submit(sell("2"))
    # 10,000 − 200.10 − 0.4002 + 199.90 − 0.3998
    assert paper.balances() == {"USDT": D("9999.0000")}


# The book


def test_a_market_order_walks_the_book_level_by_level(bench: Bench, paper: PaperBroker) -> None:
    bench.market.set_book(
        BTC, bids=[("99.9", "9")], asks=[("100.10", "1"), ("100.20", "2"), ("100.50", "9")]
    )
    report = paper.submit(buy("4"))
    assert prices(report) == [(D(1), D("100.10")), (D(2), D("100.20")), (D(1), D("100.50"))]
    assert len({fill.id for fill in report.fills}) == 3
    # Against the middle of 100: 0.10 + 0.40 + 0.50.
    assert sum(fill.slippage_quote for fill in report.fills) == D("1.00")


def test_what_the_book_cannot_give_is_cancelled(bench: Bench, paper: PaperBroker) -> None:
    bench.market.set_book(BTC, bids=[], asks=[("100.10", "1")])
    report = paper.submit(buy("4"))
    assert (report.state, report.note) == (OrderState.CANCELLED, "partial")
    assert paper.balances()["BTC"] == D(1)


def test_without_a_real_book_one_is_made_around_the_middle(
    bench: Bench, paper: PaperBroker
) -> None:
    bench.market.set_price(BTC, "100", depth=None)
    report = paper.submit(buy("5"))
    # 5 bps above 100, one tick up at most; the depth is a hundredth of 1,000,000.
    assert prices(report) == [(D(5), D("100.05"))]


def test_without_any_depth_a_market_order_is_cancelled(bench: Bench, paper: PaperBroker) -> None:
    bench.market.set_price(BTC, "100", depth=None)
    with bench.units() as unit:
        last = bar(START - H1.delta, "100 101 99 100", volume=0.0)
        unit.candles.add("bench", BTC, H1, _series(last))
        unit.commit()
    report = paper.submit(buy("5"))
    assert (report.state, report.note) == (OrderState.CANCELLED, "no_depth")


def test_without_a_price_an_entry_is_rejected_and_never_kept_for_later(
    bench: Bench, paper: PaperBroker
) -> None:
    bench.market.silence(BTC)
    report = paper.submit(buy("5"))
    assert (report.state, report.note) == (OrderState.REJECTED, "no_fresh_price")
    bench.market.set_price(BTC, "101")
    assert paper.on_quote(BTC) == ()


def test_without_a_price_an_exit_waits_for_one(bench: Bench, paper: PaperBroker) -> None:
    paper.submit(buy("5"))
    bench.market.silence(BTC)
    assert paper.submit(sell("5")).state is OrderState.OPEN
    assert paper.on_quote(BTC) == ()
    bench.market.set_price(BTC, "101")
    (report,) = paper.on_quote(BTC)
    assert prices(report) == [(D(5), D("100.95"))]


def test_a_waiting_exit_fills_at_the_open_of_the_next_bar(bench: Bench, paper: PaperBroker) -> None:
    paper.submit(buy("5"))
    bench.market.silence(BTC)
    paper.submit(sell("5"))
    report = meets(paper, "102 103 101 102")
    assert report is not None
    assert prices(report) == [(D(5), D("101.94"))]  # 5 bps below the open is 101.949
    assert report.fills[0].filled_at == START


# Limit orders


def test_a_limit_rests_until_the_price_trades_through_it(bench: Bench, paper: PaperBroker) -> None:
    assert paper.submit(limit_buy("5", "99")).state is OrderState.OPEN
    bench.market.set_price(BTC, "99", half_spread="0", depth=None)
    assert paper.on_quote(BTC) == ()  # touched, not through
    bench.market.set_price(BTC, "98.90", half_spread="0.05")
    (report,) = paper.on_quote(BTC)
    assert prices(report) == [(D(5), D("98.95"))]  # the better price
    assert (report.fills[0].liquidity, report.fills[0].fee_quote) == ("maker", D("0.49475"))


def test_a_bar_that_touches_a_limit_does_not_fill_it(paper: PaperBroker) -> None:
    paper.submit(limit_buy("5", "99"))
    assert meets(paper, "100 101 99 100") is None
    report = meets(paper, "100 101 98.99 100")
    assert report is not None
    assert prices(report) == [(D(5), D(99))]


def test_a_bar_that_opens_beyond_a_limit_fills_it_at_the_open(paper: PaperBroker) -> None:
    paper.submit(limit_buy("5", "99"))
    report = meets(paper, "97 101 96 100")
    assert report is not None
    assert prices(report) == [(D(5), D(97))]


def test_a_limit_that_can_trade_at_once_takes_the_better_price_and_pays_the_taker(
    paper: PaperBroker,
) -> None:
    report = paper.submit(limit_buy("5", "101"))
    assert report.state is OrderState.FILLED
    assert prices(report) == [(D(5), D("100.05"))]
    assert (report.fills[0].liquidity, report.fills[0].fee_quote) == ("taker", D("1.0005"))


def test_a_limit_takes_no_level_beyond_its_price_and_rests_with_what_is_left(
    bench: Bench, paper: PaperBroker
) -> None:
    bench.market.set_book(
        BTC, bids=[("99.9", "9")], asks=[("100.05", "2"), ("100.50", "1"), ("100.51", "9")]
    )
    report = paper.submit(limit_buy("5", "100.50"))
    assert report.state is OrderState.OPEN
    assert prices(report) == [(D(2), D("100.05")), (D(1), D("100.50"))]
    bench.market.set_price(BTC, "100")
    (after,) = paper.on_quote(BTC)
    assert after.state is OrderState.FILLED
    assert prices(after)[2:] == [(D(2), D("100.05"))]
    assert paper.balances()["BTC"] == D(5)


def test_a_limit_beyond_the_cash_is_rejected_when_it_is_sent(paper: PaperBroker) -> None:
    assert paper.submit(limit_buy("200", "99")).note == "insufficient_funds"


def test_a_limit_sale_rests_above_and_fills_through(bench: Bench, paper: PaperBroker) -> None:
    paper.submit(buy("5"))
    assert paper.submit(limit_sell("5", "103")).state is OrderState.OPEN
    assert meets(paper, "100 103 99 100") is None
    report = meets(paper, "100 103.01 99 100")
    assert report is not None
    assert prices(report) == [(D(5), D(103))]


def test_a_cancelled_limit_keeps_no_fee_and_no_money(paper: PaperBroker) -> None:
    paper.submit(limit_buy("5", "99"))
    report = paper.cancel(IntentId("o1"))
    assert (report.state, report.fills) == (OrderState.CANCELLED, ())
    assert paper.balances() == {"USDT": D(10_000)}
    assert meets(paper, "90 91 89 90") is None


# Stops and targets


@pytest.fixture
def held(paper: PaperBroker) -> PaperBroker:
    """Five coins in the account."""
    paper.submit(buy("5"))
    return paper


def test_a_stop_fills_at_its_price_less_the_cost_of_the_book(held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    report = meets(held, "100 101 94 96")
    assert report is not None
    assert report.state is OrderState.FILLED
    assert prices(report) == [(D(5), D("94.95"))]  # 5 bps below 95 is 94.9525, a tick down
    assert report.fills[0].trigger == "stop_hit"
    assert report.fills[0].filled_at == START + H1.delta


def test_a_touch_of_the_stop_counts(held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    assert meets(held, "100 101 95.01 96") is None
    assert meets(held, "100 101 95 96") is not None


def test_a_gap_through_the_stop_fills_at_the_open(held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    report = meets(held, "90 92 89 91")
    assert report is not None
    assert prices(report) == [(D(5), D("89.95"))]  # 5 bps below 90 is 89.955, a tick down


def test_a_target_fills_whole_at_its_price_as_a_maker(held: PaperBroker) -> None:
    held.submit(guard("5", "95", "105"))
    report = meets(held, "100 105.01 99 104")
    assert report is not None
    assert prices(report) == [(D(5), D(105))]
    assert (report.fills[0].trigger, report.fills[0].liquidity) == ("target_hit", "maker")
    assert report.fills[0].fee_quote == D("0.525")


def test_a_bar_that_holds_stop_and_target_is_a_stop(held: PaperBroker) -> None:
    held.submit(guard("5", "95", "105"))
    report = meets(held, "100 106 94 100")
    assert report is not None
    assert report.fills[0].trigger == "stop_hit"


def test_a_bar_that_opens_beyond_the_target_is_a_target_at_the_open(held: PaperBroker) -> None:
    held.submit(guard("5", "95", "105"))
    report = meets(held, "107 108 94 100")
    assert report is not None
    assert prices(report) == [(D(5), D(107))]


def test_a_low_from_before_the_order_does_not_trigger_it(held: PaperBroker) -> None:
    held.submit(guard("5", "95", created_at=START + timedelta(minutes=7)))
    assert meets(held, "100 101 90 96", opened_at=START) is None
    assert meets(held, "96 97 94 96", opened_at=START + H1.delta) is not None


def test_a_polled_price_triggers_a_stop_at_the_bid(bench: Bench, held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    bench.market.set_price(BTC, "95.05")
    (report,) = held.on_quote(BTC)  # the bid is 95.00
    assert prices(report) == [(D(5), D("95.00"))]


def test_a_stop_triggered_by_a_price_without_a_book_pays_half_the_spread_once(
    bench: Bench, held: PaperBroker
) -> None:
    held.submit(guard("5", "95"))
    bench.market.set_price(BTC, "94", half_spread="0.047", depth=None)
    (report,) = held.on_quote(BTC)
    assert prices(report) == [(D(5), D("93.95"))]  # 5 bps below the middle of 94 is 93.953


def test_a_stop_that_has_been_passed_already_waits_for_the_next_price(
    bench: Bench, held: PaperBroker
) -> None:
    assert held.submit(guard("5", "105")).state is OrderState.OPEN
    (report,) = held.on_quote(BTC)
    assert report.state is OrderState.FILLED


def test_a_stop_that_finds_no_depth_stays_in_force(held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    assert meets(held, "94 95 93 94", volume=0.0) is None
    report = meets(held, "93 94 92 93", opened_at=START + H1.delta)
    assert report is not None
    assert prices(report) == [(D(5), D("92.95"))]


def test_a_stop_beyond_the_depth_sells_what_it_can_and_ends(held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    report = meets(held, "94 95 93 94", volume=200.0)  # a level of two coins
    assert report is not None
    assert (report.state, report.note) == (OrderState.CANCELLED, "partial")
    assert prices(report) == [(D(2), D("93.95"))]
    assert held.balances()["BTC"] == D(3)


def test_a_moved_stop_triggers_where_it_stands_now(held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    assert held.amend_stop(IntentId("guard"), D(99)).state is OrderState.OPEN
    report = meets(held, "100 101 98.5 100")
    assert report is not None
    assert prices(report) == [(D(5), D("98.95"))]


def test_a_bar_that_opened_before_a_stop_was_moved_meets_the_stop_of_then(
    bench: Bench, held: PaperBroker
) -> None:
    """Its low may lie before the move: paper must not sell at a price that never came back."""
    held.submit(guard("5", "95"))
    bench.advance(minutes=30)
    held.amend_stop(IntentId("guard"), D(99))
    assert meets(held, "97 110 96 109") is None
    report = meets(held, "109 110 98.5 100", opened_at=START + H1.delta)
    assert report is not None
    assert prices(report) == [(D(5), D("98.95"))]


def test_a_bar_meets_the_stop_of_its_own_time_among_many_moves(
    bench: Bench, held: PaperBroker
) -> None:
    held.submit(guard("5", "95"))
    for hour in range(50):  # the stop is 96 at half past the first hour, 145 in the last
        bench.advance(minutes=30 if hour == 0 else 60)
        held.amend_stop(IntentId("guard"), D(96 + hour))
    assert meets(held, "150 150 131.5 150", opened_at=START + 36 * H1.delta) is None
    report = meets(held, "150 150 131.5 150", opened_at=START + 37 * H1.delta)
    assert report is not None
    assert prices(report) == [(D(5), D("131.93"))]  # the stop of 132, half a spread below


def test_what_is_no_longer_known_of_a_stop_sells_nothing(bench: Bench, held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    for hour in range(100):
        bench.advance(hours=1)
        held.amend_stop(IntentId("guard"), D(96 + hour))
    assert meets(held, "150 150 95.5 150", opened_at=START + 50 * H1.delta) is None
    with bench.units(read_only=True) as unit:
        assert len(resting(unit, guard("5", "95")).former) <= 32


def test_with_the_order_its_moves_are_forgotten(bench: Bench, held: PaperBroker) -> None:
    for name in ("hit", "cancelled"):
        held.submit(guard("2", "95", name=name))
        bench.advance(minutes=1)
        held.amend_stop(IntentId(name), D(96))
    held.cancel(IntentId("cancelled"))
    bench.market.set_price(BTC, "94")
    held.on_quote(BTC)
    with bench.units(read_only=True) as unit:
        assert [unit.desk.note(f"resting:{name}") for name in ("hit", "cancelled")] == [None] * 2


# Repeats and restarts


def test_the_same_order_sent_twice_fills_once(bench: Bench, paper: PaperBroker) -> None:
    first = paper.submit(buy("5"))
    bench.market.set_price(BTC, "120")
    assert paper.submit(buy("5")) == first
    assert paper.balances()["BTC"] == D(5)


def test_the_same_order_sent_by_two_threads_fills_once(bench: Bench, paper: PaperBroker) -> None:
    gate, quote = Barrier(2), bench.market.quote

    class Gated:
        """Both threads have looked the order up before either writes it."""

        def quote(self, symbol: Symbol) -> Quote | None:
            gate.wait(timeout=10)
            return quote(symbol)

        order_book = bench.market.order_book
        rules = bench.market.rules

    gated = bench.restart(market=Gated()).assembled.paper
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(gated.submit, [buy("5"), buy("5")])
    assert first == second
    assert paper.balances() == {"BTC": D(5), "USDT": D("9498.7495")}


def test_a_restart_forgets_nothing(bench: Bench, held: PaperBroker) -> None:
    held.submit(guard("5", "95", "105"))
    again = bench.restart().assembled.paper
    assert again.lookup(IntentId("o1")) == held.lookup(IntentId("o1"))
    assert again.balances() == {"BTC": D(5), "USDT": D("9498.7495")}
    report = meets(again, "100 101 94 96")
    assert report is not None
    assert report.order_id == "guard"


def test_orders_of_other_symbols_are_left_alone(bench: Bench, held: PaperBroker) -> None:
    held.submit(guard("5", "95"))
    ether = bench.assembled.context.symbols[1]
    assert held.on_bar(ether, bar(START, "50 51 40 50"), previous_volume=1e6) == ()


def _series(last: Candle) -> CandleSeries:
    return CandleSeries.of([last])
