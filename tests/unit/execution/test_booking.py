"""Accounting worked out by hand, to the last digit the ledger keeps."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.domain.decisions import ExitPlan
from engine.domain.errors import InvalidValueError
from engine.domain.ids import DecisionId, FillId, IntentId
from engine.domain.orders import Fill, OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.portfolio import Position
from engine.execution.booking import Booked, book_fills, round_quote
from tests.fakes.desk_builder import BTC, START

D = Decimal
PLAN = ExitPlan(stop_price=D(95), take_profit_price=D(110))


def order(side: OrderSide, quantity: str, name: str = "entry", **changes: object) -> OrderIntent:
    is_buy = side is OrderSide.BUY
    made = OrderIntent(
        id=IntentId(name),
        venue="bench",
        symbol=BTC,
        side=side,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY if is_buy else Purpose.EXIT,
        quantity=D(quantity),
        reference_price=D(100),
        created_at=START,
        origin="strategy",
        decision_id=DecisionId("d1"),
        exit_plan=PLAN if is_buy else None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of OrderIntent


def fill(
    side: OrderSide, quantity: str, price: str, fee: str, *, slip: str = "0", name: str = "f1"
) -> Fill:
    return Fill(
        id=FillId(name),
        order_id=IntentId("entry"),
        symbol=BTC,
        side=side,
        quantity=D(quantity),
        price=D(price),
        fee_quote=D(fee),
        slippage_quote=D(slip),
        liquidity="taker",
        filled_at=START + timedelta(hours=1),
    )


def buy(quantity: str, price: str, fee: str, *, slip: str = "0") -> Position:
    """A position from one purchase."""
    booked = book_fills(
        None,
        order(OrderSide.BUY, quantity),
        [fill(OrderSide.BUY, quantity, price, fee, slip=slip)],
    )
    assert booked.position is not None
    return booked.position


def sell(position: Position, quantity: str, price: str, fee: str, **changes: object) -> Booked:
    """What a sale of one fill does to a position."""
    made = fill(OrderSide.SELL, quantity, price, fee, slip="0.3", name=f"s{quantity}@{price}")
    return book_fills(
        position,
        order(OrderSide.SELL, quantity, "exit"),
        [replace(made, **changes)],  # type: ignore[arg-type]  # the names are those of Fill
    )


def moved(booked: Booked) -> dict[tuple[str, str], Decimal]:
    """Ledger entries added up by currency and kind."""
    sums: dict[tuple[str, str], Decimal] = {}
    for entry in booked.entries:
        key = (entry.currency, entry.kind)
        sums[key] = sums.get(key, D(0)) + entry.amount
    return sums


def test_an_entry_opens_a_position_under_its_plan() -> None:
    position = buy("2", "100.05", "0.4002", slip="0.1")
    assert (position.quantity, position.entry_price) == (D(2), D("100.05"))
    assert (position.entry_fees_quote, position.entry_slippage_quote) == (D("0.4002"), D("0.1"))
    assert (position.stop_price, position.exit_plan) == (D(95), PLAN)
    assert position.opened_at == START + timedelta(hours=1)


def test_an_entry_moves_three_amounts_and_counts_the_fee_apart() -> None:
    booked = book_fills(
        None, order(OrderSide.BUY, "2"), [fill(OrderSide.BUY, "2", "100.05", "0.4002")]
    )
    assert moved(booked) == {
        ("BTC", "trade"): D(2),
        ("USDT", "trade"): D("-200.10"),
        ("USDT", "fee"): D("-0.4002"),
    }


def test_a_book_walked_over_two_levels_is_one_position_at_the_mean_price() -> None:
    fills = [
        fill(OrderSide.BUY, "1", "100", "0.20", name="f1"),
        fill(OrderSide.BUY, "3", "104", "0.624", name="f2"),
    ]
    position = book_fills(None, order(OrderSide.BUY, "4"), fills).position
    assert position is not None
    assert position.entry_price == D(103)  # (100 + 3 · 104) / 4
    assert position.entry_fees_quote == D("0.824")


def test_a_later_fill_of_an_entry_grows_the_position() -> None:
    position = buy("1", "100", "0.2")
    grown = book_fills(
        position, order(OrderSide.BUY, "4"), [fill(OrderSide.BUY, "3", "104", "0.624", name="f2")]
    ).position
    assert grown is not None
    assert (grown.quantity, grown.entry_price) == (D(4), D(103))
    assert grown.entry_fees_quote == D("0.824")
    assert grown.opened_at == position.opened_at


def test_a_full_exit_is_a_trade_with_every_fee_once_and_no_slippage_taken_twice() -> None:
    position = buy("2", "100.05", "0.4002", slip="0.1")
    booked = sell(position, "2", "109.95", "0.4398")
    assert booked.position is None
    trade = booked.trade
    assert trade is not None
    # 219.90 received − 200.10 paid − 0.4002 − 0.4398: the slippage is in the prices already.
    assert trade.pnl_quote == D("18.96")
    assert trade.fees_quote == D("0.84")
    assert trade.slippage_quote == D("0.4")
    assert (trade.entry_price, trade.exit_price, trade.quantity) == (D("100.05"), D("109.95"), D(2))


def test_the_ledger_changes_by_exactly_the_profit_of_the_trade() -> None:
    bought = book_fills(
        None, order(OrderSide.BUY, "2"), [fill(OrderSide.BUY, "2", "100.05", "0.4002")]
    )
    assert bought.position is not None
    sold = sell(bought.position, "2", "109.95", "0.4398")
    assert sold.trade is not None
    change = sum((e.amount for e in (*bought.entries, *sold.entries) if e.currency == "USDT"), D(0))
    assert change == sold.trade.pnl_quote


def test_a_partial_exit_carries_its_share_of_cost_and_fee() -> None:
    position = buy("4", "100", "0.80", slip="0.4")
    booked = sell(position, "1", "110", "0.22")
    trade, rest = booked.trade, booked.position
    assert trade is not None
    assert rest is not None
    assert trade.pnl_quote == D("9.58")  # 110 − 100 − a quarter of 0.80 − 0.22
    assert trade.fees_quote == D("0.42")
    assert (rest.quantity, rest.entry_price, rest.entry_fees_quote) == (D(3), D(100), D("0.60"))
    assert rest.entry_slippage_quote == D("0.3")


def test_the_parts_of_a_position_add_up_to_what_was_paid_for_it() -> None:
    # Thirds of an odd amount: each share is rounded, none may be lost.
    position = buy("0.003", "33.333333337", "0.00000001")
    paid = round_quote(D("0.003") * D("33.333333337")) + D("0.00000001")
    carried, left = D(0), position
    for _ in range(2):
        booked = sell(left, "0.001", "50", "0")
        assert booked.trade is not None
        assert booked.position is not None
        carried += D("0.05") - booked.trade.pnl_quote
        left = booked.position
    last = sell(left, "0.001", "50", "0").trade
    assert last is not None
    assert carried + D("0.05") - last.pnl_quote == paid


def test_a_share_that_ends_on_a_tie_loses_nothing() -> None:
    position = buy("0.002", "500.000005", "0")  # 1.00000001, half of it a tie
    first = sell(position, "0.001", "600", "0")
    assert first.position is not None
    assert first.trade is not None
    last = sell(first.position, "0.001", "600", "0").trade
    assert last is not None
    assert first.trade.pnl_quote == D("0.1")  # 0.6 − 0.50000000, the even one
    assert last.pnl_quote == D("0.09999999")


def test_the_prices_of_a_trade_give_its_profit() -> None:
    position = buy("0.003", "33.333333337", "0.00000001")
    trade = sell(position, "0.001", "50", "0.01").trade
    assert trade is not None
    gross = (trade.exit_price - trade.entry_price) * trade.quantity
    assert gross - trade.fees_quote == trade.pnl_quote


def test_an_exit_of_many_fills_is_one_trade() -> None:
    position = buy("2", "100", "0.4")
    fills = [
        fill(OrderSide.SELL, "1", "101", "0.1", name="s1"),
        fill(OrderSide.SELL, "1", "99", "0.1", name="s2"),
    ]
    booked = book_fills(position, order(OrderSide.SELL, "2", "exit"), fills)
    assert booked.trade is not None
    assert booked.trade.pnl_quote == D("-0.6")
    assert booked.trade.exit_price == D(100)


@pytest.mark.parametrize("quantity", ["2.001", "3"])
def test_more_than_is_held_cannot_be_sold(quantity: str) -> None:
    with pytest.raises(InvalidValueError, match="<= the 2 held"):
        sell(buy("2", "100", "0"), quantity, "100", "0")


def test_what_is_not_held_cannot_be_sold() -> None:
    with pytest.raises(InvalidValueError, match="<= the 0 held"):
        book_fills(
            None, order(OrderSide.SELL, "1", "exit"), [fill(OrderSide.SELL, "1", "100", "0")]
        )


def test_an_entry_without_an_exit_plan_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="exit plan"):
        book_fills(
            None,
            order(OrderSide.BUY, "1", exit_plan=None),
            [fill(OrderSide.BUY, "1", "100", "0")],
        )


def test_amounts_are_rounded_once_to_a_hundred_millionth_ties_to_even() -> None:
    assert round_quote(D("0.000000005")) == D("0E-8")
    assert round_quote(D("0.000000015")) == D("0.00000002")
    assert round_quote(D("-0.000000025")) == D("-0.00000002")


def test_a_stop_that_has_followed_the_price_is_told_apart_from_the_first_one() -> None:
    position = buy("1", "100", "0")
    first = sell(position, "1", "95", "0", trigger="stop_hit").trade
    trailed = sell(replace(position, stop_price=D(99)), "1", "99", "0", trigger="stop_hit").trade
    assert first is not None
    assert trailed is not None
    assert (first.exit_reason, trailed.exit_reason) == ("stop_hit", "trailing_stop_hit")


def test_a_target_and_an_exit_by_hand_keep_their_reasons() -> None:
    position = buy("1", "100", "0")
    target = sell(position, "1", "110", "0", trigger="target_hit").trade
    manual = sell(position, "1", "101", "0").trade
    assert target is not None
    assert manual is not None
    assert (target.exit_reason, manual.exit_reason) == ("target_hit", "exit_manual")


def test_a_rebate_is_a_fee_below_zero() -> None:
    position = buy("1", "100", "-0.01")
    trade = sell(position, "1", "100", "-0.01").trade
    assert trade is not None
    assert (trade.pnl_quote, trade.fees_quote) == (D("0.02"), D("-0.02"))
