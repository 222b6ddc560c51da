"""The money of the records holds together: trades and open profit are the change of equity."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.desk.records.money import position_view
from engine.domain.portfolio import Holding
from engine.domain.shadows import total_of
from tests.fakes.desk_builder import BTC, ETH, OWNER, build
from tests.fakes.samples import T0, position
from tests.fakes.units import FakeUnits

D = Decimal
PRICES = st.integers(9_600, 10_800).map(lambda cents: str(D(cents) / 100))
STEPS = st.lists(
    st.tuples(st.sampled_from([BTC, ETH]), PRICES, st.sampled_from(["buy", "close", "wait"])),
    max_size=10,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_closed_and_open_profit_are_the_change_of_equity(
    steps: list[tuple[object, str, str]],
) -> None:
    bench = build(FakeUnits())
    desk = bench.assembled.desk
    bench.monitor.snapshot()
    for number, (symbol, price, step) in enumerate(steps):
        bench.market.set_price(symbol, price)  # type: ignore[arg-type]  # one of the two
        bench.monitor.watch_prices()
        if step == "buy":
            desk.buy(symbol, "300", OWNER.user_id, request_id=f"{number}")  # type: ignore[arg-type]
        elif step == "close":
            desk.close(symbol, OWNER.user_id, request_id=f"{number}")  # type: ignore[arg-type]
        bench.advance(minutes=5)
    view = desk.portfolio()
    open_profit = sum((one.pnl_quote for one in view.positions), D(0))
    assert view.equity_quote - D(10_000) == view.realised_quote + open_profit
    assert view.pnl_quote["all"] == view.realised_quote + open_profit
    assert view.equity_quote == view.portfolio.cash_quote + sum(
        one.value_quote for one in view.positions
    )
    assert 0 <= view.drawdown_fraction <= view.worst_drawdown_fraction < 1
    assert view.trades_won <= view.trades_closed
    with bench.units(read_only=True) as unit:
        ledger = unit.records.ledger("bench")
    cash = sum((entry.amount for entry in ledger if entry.currency == "USDT"), D(0))
    assert cash == view.portfolio.cash_quote


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 20_000))
def test_distances_in_r_and_in_parts_of_the_price_agree(entry: int, stop: int, price: int) -> None:
    held = position(entry_price=D(entry), stop_price=D(stop), quantity=D(2), entry_fees_quote=D(0))
    one = position_view(Holding(position=held, price=D(price), priced_at=T0))
    assert one.at_risk_quote == 2 * max(0, price - stop)
    assert (one.stop_fraction > 0) == (stop > price)
    if one.r_multiple is not None:
        assert (one.r_multiple > 0) == (price > entry) or abs(price - entry) < D("1e-4")
    assert one.value_quote - one.pnl_quote == 2 * entry


@given(st.lists(st.integers(-10_000, 10_000).map(lambda cents: D(cents) / 100), max_size=50))
def test_what_was_saved_is_losses_avoided_less_gains_given_up(results: list[Decimal]) -> None:
    total = total_of("all", results)
    assert total.saved_quote == -sum(results, D(0))
    assert total.saved_quote == total.avoided_losers_quote - total.rejected_winners_quote
    assert total.avoided_losers_quote >= 0
    assert total.rejected_winners_quote >= 0
    assert (total.margin_quote is None) == (len(results) < 2)
