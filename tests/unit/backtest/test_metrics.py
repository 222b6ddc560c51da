import math

import numpy as np
import pytest

from engine.backtest.metrics import (
    Closed,
    Metrics,
    Spent,
    at_day_ends,
    drawdown,
    measure,
    sharpe,
    sortino,
    with_start,
)

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def measured(equity: list[float], pnl: list[float] | None = None) -> Metrics:
    """Daily equity that starts at 100."""
    return measure(
        start_equity=100.0,
        equity=np.array(equity),
        exposure=np.array([1.0 if k % 2 else 0.0 for k in range(len(equity))]),
        close_ms=DAY_MS * np.arange(1, len(equity) + 1),
        closed=Closed(
            pnl_quote=np.array(pnl or []),
            entry_quote=np.full(len(pnl or []), 50.0),
            bars_held=np.arange(1, len(pnl or []) + 1),
            held_ms=HOUR_MS * 10 * np.arange(1, len(pnl or []) + 1),
        ),
        spent=Spent(traded_quote=300.0, fees_quote=1.0, slippage_quote=2.0, funding_quote=-0.5),
    )


def test_sharpe_by_hand() -> None:
    # Returns +10 %, -10 %, +10 %: mean 1/30, variance (2 (1/15)^2 + (2/15)^2) / 2 = 1/75.
    path = np.array([100.0, 110.0, 99.0, 108.9])
    expected = (0.1 / 3) / 0.11547005 * math.sqrt(3 / 0.5)
    assert sharpe(path, years=0.5) == pytest.approx(expected)


def test_sharpe_does_not_depend_on_when_the_win_came() -> None:
    early = np.array([100.0, 120.0, 120.0, 120.0, 121.2])
    late = np.array([100.0, 100.0, 101.0, 101.0, 121.2])
    assert sharpe(early, 1.0) == pytest.approx(sharpe(late, 1.0))


def test_sharpe_is_annualised_by_the_bars_of_the_period() -> None:
    path = np.array([100.0, 110.0, 99.0, 108.9])
    weekly, daily = sharpe(path, 3 / 52), sharpe(path, 3 / 365)
    assert weekly is not None
    assert daily is not None
    assert daily / weekly == pytest.approx(math.sqrt(365 / 52))


def test_sortino_counts_losing_bars_only() -> None:
    # Returns +10 %, -10 %: mean 0; +20 %, -10 %: mean 5 %, downside sqrt(0.01 / 2).
    path = np.array([100.0, 120.0, 108.0])
    assert sortino(path, years=2.0) == pytest.approx(0.05 / math.sqrt(0.005))


def test_a_flat_account_has_no_ratio() -> None:
    flat = measured([100.0, 100.0, 100.0])
    assert (flat.sharpe, flat.sortino, flat.calmar) == (None, None, None)
    assert flat.return_fraction == 0.0


def test_the_deepest_fall_and_the_longest_time_below_a_peak() -> None:
    path = np.array([100.0, 120.0, 90.0, 100.0, 130.0, 125.0])
    depth, bars = drawdown(path)
    assert depth == pytest.approx(0.25)
    assert bars == 2


def test_a_drawdown_that_has_not_ended_counts() -> None:
    depth, bars = drawdown(np.array([100.0, 99.0, 98.0, 97.0]))
    assert depth == pytest.approx(0.03)
    assert bars == 3


def test_a_rising_account_has_no_drawdown() -> None:
    assert drawdown(np.array([1.0, 2.0, 3.0])) == (0.0, 0)


def test_trade_figures_by_hand() -> None:
    found = measured([110.0], [6.0, -2.0, 4.0, -3.0])
    assert found.trades == 4
    assert found.win_rate_fraction == 0.5
    assert found.profit_factor == pytest.approx(10 / 5)
    assert found.expectancy_quote == pytest.approx(1.25)
    assert found.payoff == pytest.approx(5 / 2.5)
    assert found.mean_holding_bars == pytest.approx(2.5)
    # Each was bought for 50: 1,200, -400, 800 and -600 bps.
    assert found.expectancy_bps == pytest.approx(250.0)
    assert (found.best_quote, found.worst_quote) == (6.0, -3.0)
    # 10, 20, 30 and 40 hours.
    assert found.mean_holding_hours == pytest.approx(25.0)
    assert found.median_holding_hours == pytest.approx(25.0)


def test_what_trading_took_is_told_apart() -> None:
    found = measured([100.0])
    assert (found.fees_quote, found.slippage_quote, found.funding_quote) == (1.0, 2.0, -0.5)


def test_the_daily_sharpe_sees_the_ends_of_utc_days_only() -> None:
    # Closes at 12:00, 24:00, 12:00 and 24:00; midnight belongs to the day that ends.
    close_ms = HOUR_MS * np.array([12, 24, 36, 48])
    path, times_ms = with_start(100.0, np.array([50.0, 110.0, 300.0, 99.0]), close_ms)
    assert times_ms.tolist() == [0, 12 * HOUR_MS, 24 * HOUR_MS, 36 * HOUR_MS, 48 * HOUR_MS]
    assert at_day_ends(path, times_ms).tolist() == [100.0, 110.0, 99.0]


def test_a_day_that_has_not_ended_counts_with_its_last_close() -> None:
    path, times_ms = with_start(100.0, np.array([101.0, 102.0, 103.0]), HOUR_MS * np.arange(23, 26))
    assert at_day_ends(path, times_ms).tolist() == [100.0, 102.0, 103.0]


def test_exposure_is_told_in_time_and_in_money() -> None:
    # One bar of four is held, half of equity in it.
    found = measure(
        start_equity=100.0,
        equity=np.full(4, 100.0),
        exposure=np.array([0.0, 50.0, 0.0, 0.0]),
        close_ms=DAY_MS * np.arange(1, 5),
        closed=Closed(*[np.array([])] * 2, *[np.array([], np.int64)] * 2),
        spent=Spent(traded_quote=0.0, fees_quote=0.0, slippage_quote=0.0),
    )
    assert found.exposure_fraction == pytest.approx(0.25)
    assert found.mean_exposure_fraction == pytest.approx(0.125)


def test_volatility_is_the_deviation_of_bar_returns_over_a_year() -> None:
    # Returns +10 %, -10 %: deviation 0.1 * sqrt(2), 365.25 of them a year.
    found = measured([110.0, 99.0])
    assert found.volatility_fraction == pytest.approx(0.1 * math.sqrt(2) * math.sqrt(365.25))


def test_calmar_is_growth_over_the_deepest_fall() -> None:
    found = measured([110.0, 99.0, 120.0])
    assert found.cagr_fraction is not None
    assert found.calmar == pytest.approx(found.cagr_fraction / 0.1)


def test_an_account_that_was_lost_earns_nothing_after_it() -> None:
    # +10 %, then lost with -115 of 110; what follows has no return.
    steps = np.array([0.1, -115.0 / 110.0])
    expected = steps.mean() / steps.std(ddof=1) * math.sqrt(2)
    path = np.array([100.0, 110.0, -5.0, 50.0, 60.0])
    assert sharpe(path, 1.0) == pytest.approx(expected)
