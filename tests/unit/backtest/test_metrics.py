import math

import numpy as np
import pytest

from engine.backtest.metrics import Metrics, drawdown, measure, profit_factor, sharpe, sortino
from engine.domain.errors import InvalidValueError

DAY_MS = 86_400_000


def measured(equity: list[float], pnl: list[float] | None = None) -> Metrics:
    """Daily equity that starts at 100."""
    return measure(
        start_equity=100.0,
        equity=np.array(equity),
        exposure=np.array([1.0 if k % 2 else 0.0 for k in range(len(equity))]),
        close_ms=DAY_MS * np.arange(1, len(equity) + 1),
        pnl=np.array(pnl or []),
        holding_bars=np.arange(1, len(pnl or []) + 1),
        traded_quote=300.0,
        fees_quote=1.0,
        slippage_quote=2.0,
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


def test_no_trades_and_no_losses_have_no_factor() -> None:
    assert profit_factor(np.array([])) is None
    assert profit_factor(np.array([1.0, 2.0])) is None
    none = measured([100.0])
    assert (none.win_rate_fraction, none.expectancy_quote, none.payoff) == (None, None, None)


def test_growth_over_a_year_and_the_rest() -> None:
    # 365.25 days are a year; 100 to 121 in two of them is 10 % a year.
    equity = np.linspace(100.0, 121.0, 731).tolist()
    found = measured(equity)
    assert found.years == pytest.approx(731 / 365.25)
    assert found.cagr_fraction == pytest.approx(0.1, rel=2e-3)
    assert found.return_fraction == pytest.approx(0.21)
    assert found.exposure_fraction == pytest.approx(365 / 731)
    assert found.turnover_per_year == pytest.approx(300 / 110.5 / (731 / 365.25))


def test_a_lost_account_has_no_growth_rate() -> None:
    assert measured([50.0, -1.0]).cagr_fraction is None


def test_no_bars_are_refused() -> None:
    with pytest.raises(InvalidValueError):
        measured([])
