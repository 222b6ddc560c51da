from typing import Any

import numpy as np
import pytest

from engine.backtest.benchmarks import Benchmarks, benchmarks, buy_and_hold
from engine.backtest.feed import merge
from engine.backtest.metrics import Spent
from engine.backtest.runner import BacktestRun
from tests.unit.backtest.runs import random_run
from tests.unit.step.builders import markets, symbol_feed

FREE = Spent(traded_quote=0.0, fees_quote=0.0, slippage_quote=0.0)


def level(price: float) -> tuple[float, float, float, float]:
    return (price, price, price, price)


def beside(run: BacktestRun, **changes: Any) -> Benchmarks:  # noqa: ANN401 - arguments of the function
    given: dict[str, Any] = {
        "start_equity": run.result.start_equity,
        "close_ms": run.result.close_ms,
        "equity": run.result.equity_quote,
        "exposure": run.result.exposure_quote,
        "spent": FREE,
    }
    return benchmarks(run.feed, run.markets, **(given | changes))


def test_buy_and_hold_pays_spread_and_fee_once() -> None:
    _, feed = merge({"A": symbol_feed([level(100.0), level(200.0)])})
    held = buy_and_hold(feed, markets(half_spread_bps=10.0, taker_fee_bps=20.0), 1_000.0)
    # Bought at 100 * 1.001 with a fee of 0.2 %: 1,000 / (100.1 * 1.002) units.
    units = 1_000.0 / (100.1 * 1.002)
    assert held.tolist() == pytest.approx([units * 100.0, units * 200.0])


def test_a_market_that_is_listed_later_waits_in_cash() -> None:
    free = markets(2, half_spread_bps=0.0, taker_fee_bps=0.0)
    feeds = {
        "A": symbol_feed([level(100.0), level(110.0), level(120.0)]),
        "B": symbol_feed([level(1.0), level(10.0), level(20.0)], skip=frozenset({0})),
    }
    held = buy_and_hold(merge(feeds)[1], free, 1_000.0)
    # A: 500 at 100. B: 500 wait, then 50 units at 10.
    assert held.tolist() == pytest.approx([1_000.0, 1_050.0, 1_600.0])


def test_an_absent_bar_is_valued_at_the_last_close() -> None:
    free = markets(2, half_spread_bps=0.0, taker_fee_bps=0.0)
    feeds = {
        "A": symbol_feed([level(100.0)] * 3),
        "B": symbol_feed([level(10.0), level(99.0), level(20.0)], skip=frozenset({1})),
    }
    assert buy_and_hold(merge(feeds)[1], free, 1_000.0).tolist() == [1_000.0, 1_000.0, 1_500.0]


def test_full_exposure_without_costs_is_buy_and_hold() -> None:
    run = random_run()
    found = beside(run, exposure=run.result.equity_quote)
    assert found.mean_exposure_fraction == pytest.approx(1.0)
    for one in (found.same_exposure, found.random_entries):
        assert one.equity_quote == pytest.approx(found.buy_and_hold.equity_quote)


def test_half_the_exposure_is_half_of_every_return() -> None:
    run = random_run()
    found = beside(run, exposure=run.result.equity_quote / 2)
    market = np.concatenate(([10_000.0], found.buy_and_hold.equity_quote))
    half = np.concatenate(([10_000.0], found.same_exposure.equity_quote))
    assert np.diff(half) / half[:-1] == pytest.approx(np.diff(market) / market[:-1] / 2, abs=1e-12)


def test_random_entries_pay_what_the_run_paid() -> None:
    run = random_run()
    idle = np.zeros_like(run.result.exposure_quote)
    paid = Spent(traded_quote=0.0, fees_quote=60.0, slippage_quote=30.0, funding_quote=10.0)
    flat = np.full_like(idle, 10_000.0)
    found = beside(run, equity=flat, exposure=idle, spent=paid)
    # Out of the market all the time: nothing but the hundred paid, compounded over the bars.
    assert found.same_exposure.return_fraction == pytest.approx(0.0)
    assert found.random_entries.return_fraction == pytest.approx(np.expm1(-0.01), rel=1e-4)
    assert found.excess_fraction == pytest.approx(-np.expm1(-0.01), rel=1e-4)
    assert (found.beta, found.correlation) == (None, None)


def test_riding_the_market_is_seen_as_such() -> None:
    run = random_run()
    market = beside(run).buy_and_hold.equity_quote
    found = beside(run, equity=market, exposure=market)
    assert found.beta == pytest.approx(1.0)
    assert found.correlation == pytest.approx(1.0)
    assert found.excess_fraction == pytest.approx(0.0, abs=1e-9)
