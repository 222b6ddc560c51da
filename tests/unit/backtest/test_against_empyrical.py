"""The ratios beside empyrical's, on the same returns and with the same conventions.

empyrical annualises by a fixed count of periods (252 days unless told) and takes returns only; here
the count is that of the bars the period had per year, and returns begin with the start of the
account. Told that count, both agree to the last digits. Its Sortino divides by the root mean square
of the losing returns over all periods, as ours does. What it does differently: a drawdown is
negative, and a ratio without a figure is NaN where ours is `None`.
"""

import math

import empyrical
import numpy as np
import pytest

from engine.backtest.metrics import (
    Closed,
    Metrics,
    Spent,
    measure,
    returns,
    with_start,
)
from engine.kernel import Floats

HOUR_MS = 3_600_000
START_EQUITY = 10_000.0
BARS = {"1h": (1, 20_000), "4h": (4, 5_000), "1d": (24, 1_500)}


def run(hours: int, bars: int, *, drift: float, seed: int) -> tuple[Metrics, Floats]:
    """Measure a random account; return its figures and its bar returns."""
    steps = np.random.default_rng(seed).normal(drift, 0.01, bars)
    equity: Floats = START_EQUITY * np.cumprod(1.0 + steps).astype(np.float64)
    close_ms = 1_514_764_800_000 + hours * HOUR_MS * np.arange(1, bars + 1, dtype=np.int64)
    found = measure(
        start_equity=START_EQUITY,
        equity=equity,
        exposure=equity,
        close_ms=close_ms,
        closed=Closed(*[np.array([])] * 2, *[np.array([], np.int64)] * 2),
        spent=Spent(traded_quote=0.0, fees_quote=0.0, slippage_quote=0.0),
    )
    path, _ = with_start(START_EQUITY, equity, close_ms)
    return found, returns(path)


@pytest.mark.parametrize("frame", BARS)
@pytest.mark.parametrize("drift", [-0.0005, 0.0, 0.0005])
def test_every_ratio_is_empyricals(frame: str, drift: float) -> None:
    hours, bars = BARS[frame]
    found, steps = run(hours, bars, drift=drift, seed=bars)
    year = {"annualization": bars / found.years}
    assert bars / found.years == pytest.approx(365.25 * 24 / hours)
    assert found.sharpe == pytest.approx(empyrical.sharpe_ratio(steps, **year), rel=1e-9)
    assert found.sortino == pytest.approx(empyrical.sortino_ratio(steps, **year), rel=1e-9)
    assert found.cagr_fraction == pytest.approx(empyrical.cagr(steps, **year), rel=1e-9)
    assert found.calmar == pytest.approx(empyrical.calmar_ratio(steps, **year), rel=1e-9)
    assert found.max_drawdown_fraction == pytest.approx(-empyrical.max_drawdown(steps), rel=1e-9)
    assert found.volatility_fraction == pytest.approx(
        empyrical.annual_volatility(steps, **year), rel=1e-9
    )
    assert found.return_fraction == pytest.approx(empyrical.cum_returns_final(steps), rel=1e-9)


def test_the_daily_sharpe_is_empyricals_on_daily_returns() -> None:
    found, steps = run(1, 24 * 400, drift=0.0001, seed=4)
    days = (1.0 + steps).reshape(400, 24).prod(axis=1) - 1.0
    expected = empyrical.sharpe_ratio(days, annualization=365.25)
    assert found.sharpe_daily == pytest.approx(expected, rel=1e-9)


def test_its_252_days_are_for_markets_that_sleep() -> None:
    found, steps = run(24, 1_500, drift=0.0005, seed=9)
    assert found.sharpe is not None
    theirs = empyrical.sharpe_ratio(steps)
    assert found.sharpe / theirs == pytest.approx(math.sqrt(365.25 / 252))
