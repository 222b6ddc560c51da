"""The portfolio by hand: money, distances, periods, drawdown, venues, the owner's currency."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.domain.market import CandleSeries, Symbol
from engine.domain.portfolio import EquityPoint, LedgerEntry
from engine.domain.records import CurrencyChoice, Period
from engine.domain.views import PortfolioView
from engine.ports import Units
from tests.fakes.desk_builder import BTC, ETH, H1, OWNER, START, VENUE, Bench, bar, build
from tests.fakes.samples import position

D = Decimal
EUR = Symbol("EUR", "USDT")


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def view(bench: Bench) -> PortfolioView:
    return bench.assembled.desk.portfolio()


def snapshot(bench: Bench, hours: float, equity: str) -> None:
    with bench.units() as unit:
        unit.book.snapshot(
            EquityPoint(
                venue=VENUE,
                at=START + timedelta(hours=hours),
                equity_quote=D(equity),
                cash_quote=D(equity),
            )
        )
        unit.commit()


def test_an_untouched_account_is_its_cash(bench: Bench) -> None:
    told = view(bench)
    assert (told.equity_quote, told.at_risk_quote) == (D(10_000), D(0))
    assert told.positions == ()
    assert (told.win_fraction, told.own, told.started_at) == (None, None, None)
    assert set(told.pnl_quote.values()) == {D(0)}
    assert [one.venue for one in told.venues] == [VENUE]


def test_a_position_with_its_distances(bench: Bench) -> None:
    bench.approve(bench.ask(target="110"))
    bench.market.set_price(BTC, "103")
    told = view(bench)
    (one,) = told.positions
    # Bought 5 at 100.05, fee 0.2 % of 500.25; risk to the first stop 5 × 5.05 = 25.25.
    assert (one.quantity, one.entry_price, one.fees_quote) == (D(5), D("100.05"), D("1.0005"))
    assert one.value_quote == 515
    assert one.pnl_quote == D("14.75") - D("1.0005")
    assert one.risk_quote == D("25.25")
    assert one.pnl_fraction == pytest.approx(D("13.7495") / D("500.25"), abs=D("1e-8"))
    assert one.r_multiple == pytest.approx(D("13.7495") / D("25.25"), abs=D("1e-8"))
    assert one.stop_fraction == pytest.approx(D(-8) / D(103), abs=D("1e-8"))
    assert one.stop_r == pytest.approx(D(-8) / D("5.05"), abs=D("1e-8"))
    assert one.target_r == pytest.approx(D(7) / D("5.05"), abs=D("1e-8"))
    assert one.at_risk_quote == told.at_risk_quote == 40
    cash = 10_000 - D("500.25") - D("1.0005")
    assert told.equity_quote == cash + 515
    assert told.at_risk_fraction == pytest.approx(40 / (cash + 515), abs=D("1e-8"))
    assert told.fees_quote == D("1.0005")
    assert told.slippage_quote == D("0.25")


def test_a_stop_above_the_price_risks_nothing_more(bench: Bench) -> None:
    bench.approve(bench.ask())
    bench.market.set_price(BTC, "94")
    (one,) = view(bench).positions
    assert one.at_risk_quote == 0
    assert one.stop_fraction > 0


def test_periods_begin_with_the_snapshot_in_force_then(bench: Bench) -> None:
    # The bench stands at Monday 2 March, 12:00: the week and the day began at midnight.
    for hours, equity in ((-60, "9000"), (-40, "9500"), (-13, "9700"), (-6, "9800")):
        snapshot(bench, hours, equity)
    told = view(bench)
    assert told.pnl_quote == {
        "today": D(300),
        "week": D(300),
        "month": D(500),
        "all": D(1000),
    }
    assert (told.start_equity_quote, told.started_at) == (
        D(9000),
        START - timedelta(hours=60),
    )


def test_drawdown_now_and_the_worst_ever(bench: Bench) -> None:
    for hours, equity in ((-4, "10000"), (-3, "12500"), (-2, "9500"), (-1, "12000")):
        snapshot(bench, hours, equity)
    told = view(bench)
    assert told.peak_equity_quote == 12_500
    assert told.drawdown_fraction == D("0.2")  # 10,000 of 12,500 now
    assert told.worst_drawdown_fraction == D("0.24")


def test_trades_count_with_their_costs(bench: Bench) -> None:
    snapshot(bench, 0, "10000")
    bench.approve(bench.ask())
    bench.market.set_price(BTC, "110")
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    told = view(bench)
    (trade,) = bench.trades()
    assert (told.trades_closed, told.trades_won) == (1, 1)
    assert told.win_fraction == 1
    assert (told.realised_quote, told.fees_quote) == (trade.pnl_quote, trade.fees_quote)
    assert told.slippage_quote == trade.slippage_quote
    assert told.equity_quote == 10_000 + trade.pnl_quote


def test_accounts_elsewhere_are_worth_their_last_closes(bench: Bench) -> None:
    with bench.units() as unit:
        unit.book.post(
            [
                LedgerEntry(
                    venue="old",
                    currency="USDT",
                    amount=D(70),
                    kind="deposit",
                    reference="x",
                    at=START,
                )
            ]
        )
        unit.book.put_position(position(ETH, venue="old", quantity=D(2)))
        unit.candles.add("old", ETH, H1, CandleSeries.of([bar(START - 5 * H1.delta, "9 9 9 9")]))
        unit.book.put_position(position(BTC, venue="old", quantity=D(1), entry_price=D(40)))
        unit.commit()
    here, old = view(bench).venues
    assert (here.venue, here.equity_quote) == (VENUE, D(10_000))
    assert (old.cash_quote, old.positions_quote, old.equity_quote) == (D(70), D(58), D(128))
    assert (old.positions, old.unpriced) == (2, 1)


# The owner's currency


def counting_in(bench: Bench, currency: str = "EUR", pair: Symbol | None = EUR) -> Bench:
    return bench.restart(own_currency=CurrencyChoice(currency=currency, pair=pair))


def test_the_rate_is_the_pairs_price_turned_the_right_way(bench: Bench) -> None:
    bench.market.set_price(EUR, "1.25", half_spread="0.01")
    own = view(counting_in(bench)).own
    assert own is not None
    assert (own.price, own.rate, own.priced_at) == (D("1.25"), D("0.8"), START)
    assert own.of(D("10000.017")) == D("8000.01")
    swiss = Symbol("USDT", "CHF")
    bench.market.set_price(swiss, "0.9", half_spread="0.01")
    turned = view(counting_in(bench, "CHF", swiss)).own
    assert turned is not None
    assert turned.of(D(100)) == D("90.00")


def test_without_a_quote_the_last_stored_close_counts_with_its_time(bench: Bench) -> None:
    closed = bar(START - 3 * H1.delta, "1.6 1.6 1.6 1.6")
    with bench.units() as unit:
        unit.candles.add(VENUE, EUR, H1, CandleSeries.of([closed]))
        unit.commit()
    own = view(counting_in(bench)).own
    assert own is not None
    assert (own.of(D(16)), own.priced_at) == (D("10.00"), START - 2 * H1.delta)


def test_a_rate_of_yesterday_is_not_told(bench: Bench) -> None:
    closed = bar(START - 27 * H1.delta, "1.6 1.6 1.6 1.6")
    with bench.units() as unit:
        unit.candles.add(VENUE, EUR, H1, CandleSeries.of([closed]))
        unit.commit()
    own = view(counting_in(bench)).own
    assert own is not None
    assert (own.rate, own.missing, own.of(D(1))) == (None, "stale", None)


@pytest.mark.parametrize(
    ("pair", "missing"),
    [(None, "no_pair"), (Symbol("EUR", "GBP"), "no_pair"), (EUR, "no_price")],
)
def test_what_is_missing_is_named(pair: Symbol | None, missing: str, bench: Bench) -> None:
    own = view(counting_in(bench, "EUR", pair)).own
    assert own is not None
    assert (own.rate, own.missing) == (None, missing)


def test_the_quote_currency_needs_no_rate(bench: Bench) -> None:
    assert view(counting_in(bench, "USDT", None)).own is None


# Curves


def test_buy_and_hold_puts_equal_shares_into_every_symbol_from_the_desks_start(
    bench: Bench,
) -> None:
    snapshot(bench, 0, "10000")
    with bench.units() as unit:
        # BTC doubles, ETH loses half: equal shares come to 1.25 times.
        for symbol, price in ((BTC, 200), (ETH, 50)):
            one = bar(START, f"100 {max(100, price)} {min(100, price)} {price}")
            unit.candles.add(VENUE, symbol, H1, CandleSeries.of([one]))
        unit.commit()
    bench.advance(hours=1)
    curve = bench.assembled.desk.records.curve(Period.ALL)
    assert curve is not None
    assert curve.held == (BTC, ETH)
    assert [(one.equity_quote, one.hold_quote) for one in curve.points] == [
        (D(10_000), D(10_000)),
        (D(10_000), D(12_500)),
    ]


def test_a_symbol_without_a_price_at_the_start_is_not_held(bench: Bench) -> None:
    snapshot(bench, -60, "10000")  # the bench's candles reach back 40 hours
    curve = bench.assembled.desk.records.curve(Period.ALL)
    assert curve is not None
    assert curve.held == ()
    assert {one.hold_quote for one in curve.points} == {None}


def test_a_period_begins_with_the_equity_in_force_and_ends_now(bench: Bench) -> None:
    for hours, equity in ((-30, "9000"), (-26, "9500"), (-10, "9700")):
        snapshot(bench, hours, equity)
    curve = bench.assembled.desk.records.curve(Period.DAY)
    assert curve is not None
    assert [(one.at - START, one.equity_quote) for one in curve.points] == [
        (timedelta(hours=-24), D(9500)),
        (timedelta(hours=-10), D(9700)),
        (timedelta(0), D(10_000)),
    ]
    first = curve.points[0]
    assert first.hold_quote == first.equity_quote


def test_there_is_no_curve_before_the_first_snapshot(bench: Bench) -> None:
    assert bench.assembled.desk.records.curve(Period.ALL) is None


def test_a_long_history_is_thinned_and_loses_no_fall(bench: Bench) -> None:
    with bench.units() as unit:
        for minute in range(3_000):
            equity = D(9_000 if minute == 1_501 else 10_000)
            at = START - timedelta(minutes=3_000 - minute)
            unit.book.snapshot(
                EquityPoint(venue=VENUE, at=at, equity_quote=equity, cash_quote=equity)
            )
        unit.commit()
    curve = bench.assembled.desk.records.curve(Period.ALL)
    assert curve is not None
    assert len(curve.points) <= 242
    assert max(one.deepest_fraction for one in curve.points) == pytest.approx(0.1)
    assert len(view(bench).equity) <= 400


def test_the_shape_survives_another_snapshot_of_the_same_moment(bench: Bench) -> None:
    snapshot(bench, -1, "99999")
    snapshot(bench, -1, "10000")
    assert view(bench).peak_equity_quote == 10_000
    assert replace(view(bench), equity=()).drawdown_fraction == 0
