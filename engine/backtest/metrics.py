"""What a backtest earned and risked, from its equity per bar and its trades.

Choices:
- Sharpe and Sortino come from bar returns and are annualised by the bars that the period really
  had per year; a year is 365.25 days. No risk-free rate is taken off.
- Sharpe divides by the sample deviation (ddof 1), Sortino by the root mean square of the losing
  returns over all bars (Sortino & Price 1994, target 0).
- A figure that has no meaning (no trades, no losing trade, fewer than two bars) is `None`, never 0
  or infinity: JSON has no infinity, and a missing profit factor is not a bad one.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.domain.values import require
from engine.kernel import Floats, Ints

YEAR_MS = 365.25 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures of one run; fractions unless named otherwise, `None` where there is no figure.

    `max_drawdown_fraction` is positive; `max_drawdown_bars` the longest stretch below an earlier
    peak, unfinished ones included. `exposure_fraction` is the share of bars that closed with a
    position, `turnover_per_year` the notional bought and sold over mean equity. `expectancy_quote`
    is the mean profit of a trade; `payoff` the mean win over the mean loss.
    """

    bars: int
    years: float
    return_fraction: float
    cagr_fraction: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown_fraction: float
    max_drawdown_bars: int
    trades: int
    win_rate_fraction: float | None
    profit_factor: float | None
    expectancy_quote: float | None
    payoff: float | None
    mean_holding_bars: float | None
    exposure_fraction: float
    turnover_per_year: float | None
    fees_quote: float
    slippage_quote: float


def measure(
    *,
    start_equity: float,
    equity: Floats,
    exposure: Floats,
    close_ms: Ints,
    pnl: Floats,
    holding_bars: Ints,
    traded_quote: float,
    fees_quote: float,
    slippage_quote: float,
) -> Metrics:
    """Measure a run: equity and exposure per bar, profit and bars held per trade, in quote."""
    require(len(equity) > 0, "equity", "at least one bar", 0)
    require(start_equity > 0, "start_equity", "> 0", start_equity)
    path = np.concatenate(([start_equity], equity))
    bar_ms = float(np.median(np.diff(close_ms))) if len(close_ms) > 1 else 0.0
    years = (float(close_ms[-1] - close_ms[0]) + bar_ms) / YEAR_MS
    cagr = _cagr(start_equity, float(equity[-1]), years)
    depth, length = drawdown(path)
    return Metrics(
        bars=len(equity),
        years=years,
        return_fraction=float(equity[-1]) / start_equity - 1.0,
        cagr_fraction=cagr,
        sharpe=sharpe(path, years),
        sortino=sortino(path, years),
        calmar=_ratio(cagr, depth),
        max_drawdown_fraction=depth,
        max_drawdown_bars=length,
        trades=len(pnl),
        win_rate_fraction=_ratio(float(np.sum(pnl > 0)), len(pnl)),
        profit_factor=profit_factor(pnl),
        expectancy_quote=_ratio(float(np.sum(pnl)), len(pnl)),
        payoff=_payoff(pnl),
        mean_holding_bars=_ratio(float(np.sum(holding_bars)), len(holding_bars)),
        exposure_fraction=float(np.mean(exposure > 0)),
        turnover_per_year=_ratio(traded_quote / float(np.mean(equity)), years),
        fees_quote=fees_quote,
        slippage_quote=slippage_quote,
    )


def sharpe(path: Floats, years: float) -> float | None:
    """Return the annualised Sharpe ratio of an equity path that begins with the start."""
    returns = _returns(path)
    if len(returns) < 2 or years <= 0:  # noqa: PLR2004 (a deviation needs two)
        return None
    deviation = float(np.std(returns, ddof=1))
    return _annualised(float(np.mean(returns)), deviation, len(returns), years)


def sortino(path: Floats, years: float) -> float | None:
    """Return the annualised Sortino ratio, target 0, of an equity path."""
    returns = _returns(path)
    if len(returns) < 2 or years <= 0:  # noqa: PLR2004 (as `sharpe`)
        return None
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return _annualised(float(np.mean(returns)), downside, len(returns), years)


def drawdown(path: Floats) -> tuple[float, int]:
    """Return the deepest loss from a peak as a fraction, and the most bars spent below a peak."""
    peaks = np.maximum.accumulate(path)
    depth = float(np.max(1.0 - path / peaks)) if len(path) else 0.0
    at_peak = np.flatnonzero(path >= peaks)
    ends = np.append(at_peak, len(path))
    return max(0.0, depth), int(np.max(np.diff(ends) - 1, initial=0))


def profit_factor(pnl: Floats) -> float | None:
    """Return the sum of wins over the sum of losses; `None` without a loss."""
    return _ratio(float(np.sum(pnl[pnl > 0])), float(-np.sum(pnl[pnl < 0])))


def _payoff(pnl: Floats) -> float | None:
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    if not len(wins) or not len(losses):
        return None
    return float(np.mean(wins)) / float(-np.mean(losses))


def _returns(path: Floats) -> Floats:
    """Return bar returns; an account at or below zero has none from there on."""
    alive = path[:-1] > 0
    returns: Floats = path[1:][alive] / path[:-1][alive] - 1.0
    return returns


def _annualised(mean: float, deviation: float, bars: int, years: float) -> float | None:
    if deviation <= 1e-15:  # noqa: PLR2004 (rounding noise of a flat path)
        return None
    return mean / deviation * math.sqrt(bars / years)


def _cagr(start: float, final: float, years: float) -> float | None:
    if years <= 0 or final <= 0:
        return None
    growth = math.log(final / start) / years
    return math.expm1(growth) if growth < 700 else None  # noqa: PLR2004 (beyond it exp overflows)


def _ratio(part: float | None, whole: float) -> float | None:
    return None if part is None or whole <= 0 else part / whole
