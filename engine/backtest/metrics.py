"""What a backtest earned and risked, from its equity per bar and its trades.

equity per bar, exposure per bar, columns of the closed trades → `Metrics`.

Choices:
- Sharpe and Sortino come from bar returns and are annualised by the bars that the period really
  had per year; a year is 365.25 days. No risk-free rate is taken off.
- Sharpe divides by the sample deviation (ddof 1), Sortino by the root mean square of the losing
  returns over all bars (Sortino & Price 1994, target 0).
- Bar returns of a position that lasts many bars hang together, and short bars make that worse, so
  Sharpe is told a second time from the equity at the end of each UTC day.
- Calmar is growth a year over the deepest drawdown of the whole period, not of its last 36 months
  as in Young 1991: one figure for one run.
- A figure that has no meaning (no trades, no losing trade, fewer than two bars) is `None`, never 0
  or infinity: JSON has no infinity, and a missing profit factor is not a bad one.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.backtest.drawdowns import DAY_MS, Drawdown, deepest_and_longest
from engine.domain.values import require
from engine.kernel import Floats, Ints

YEAR_MS = 365.25 * DAY_MS
_HOUR_MS = 3_600_000
_BPS = 10_000.0


class Closed(NamedTuple):
    """Columns of the closed trades, one entry each: profit after costs, notional paid, time."""

    pnl_quote: Floats
    entry_quote: Floats
    bars_held: Ints
    held_ms: Ints


class Spent(NamedTuple):
    """Sums over every fill, those of open positions too; funding is positive when paid."""

    traded_quote: float
    fees_quote: float
    slippage_quote: float
    funding_quote: float = 0.0

    @property
    def costs_quote(self) -> float:
        """Fees, slippage and funding together."""
        return self.fees_quote + self.slippage_quote + self.funding_quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures of one run; fractions unless named otherwise, `None` where there is no figure.

    `max_drawdown_fraction` is positive; `max_drawdown_bars` and `_days` measure the longest stretch
    below an earlier peak, unfinished ones included; `deepest` and `longest` say when these were.
    `exposure_fraction` is the share of bars that closed with a position, `mean_exposure_fraction`
    the mean of positions over equity; `turnover_per_year` the notional bought and sold over mean
    equity. `expectancy_quote` is the mean profit of a trade, `expectancy_bps` the mean of its
    profit over the notional paid; `payoff` the mean win over the mean loss.
    """

    bars: int
    years: float
    return_fraction: float
    cagr_fraction: float | None
    volatility_fraction: float | None
    sharpe: float | None
    sharpe_daily: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown_fraction: float
    max_drawdown_bars: int
    max_drawdown_days: float
    deepest: Drawdown | None
    longest: Drawdown | None
    trades: int
    trades_per_year: float | None
    win_rate_fraction: float | None
    profit_factor: float | None
    expectancy_quote: float | None
    expectancy_bps: float | None
    payoff: float | None
    best_quote: float | None
    worst_quote: float | None
    mean_holding_bars: float | None
    mean_holding_hours: float | None
    median_holding_hours: float | None
    exposure_fraction: float
    mean_exposure_fraction: float
    turnover_per_year: float | None
    fees_quote: float
    slippage_quote: float
    funding_quote: float


def measure(
    *,
    start_equity: float,
    equity: Floats,
    exposure: Floats,
    close_ms: Ints,
    closed: Closed,
    spent: Spent,
) -> Metrics:
    """Measure a run: equity and exposure in quote at the close of every bar, and the trades."""
    require(len(equity) > 0, "equity", "at least one bar", 0)
    require(start_equity > 0, "start_equity", "> 0", start_equity)
    path, times_ms = with_start(start_equity, equity, close_ms)
    years = float(times_ms[-1] - times_ms[0]) / YEAR_MS
    growth = cagr(path, years)
    steps = moments(path)
    depth, length = drawdown(path)
    deep, low = deepest_and_longest(path, times_ms)
    wins = closed.pnl_quote > 0
    return Metrics(
        bars=len(equity),
        years=years,
        return_fraction=float(equity[-1]) / start_equity - 1.0,
        cagr_fraction=growth,
        volatility_fraction=_volatility(steps, years),
        sharpe=_sharpe(steps, years),
        sharpe_daily=sharpe(at_day_ends(path, times_ms), years),
        sortino=_sortino(steps, years),
        calmar=_ratio(growth, depth),
        max_drawdown_fraction=depth,
        max_drawdown_bars=length,
        max_drawdown_days=low.days if low else 0.0,
        deepest=deep,
        longest=low,
        trades=len(wins),
        trades_per_year=_ratio(len(wins), years),
        win_rate_fraction=_ratio(float(np.sum(wins)), len(wins)),
        profit_factor=profit_factor(closed.pnl_quote),
        expectancy_quote=_mean(closed.pnl_quote),
        expectancy_bps=expectancy_bps(closed.pnl_quote, closed.entry_quote),
        payoff=payoff(closed.pnl_quote),
        best_quote=float(np.max(closed.pnl_quote)) if len(wins) else None,
        worst_quote=float(np.min(closed.pnl_quote)) if len(wins) else None,
        mean_holding_bars=_mean(closed.bars_held),
        mean_holding_hours=_mean(closed.held_ms / _HOUR_MS),
        median_holding_hours=float(np.median(closed.held_ms)) / _HOUR_MS if len(wins) else None,
        exposure_fraction=float(np.mean(exposure > 0)),
        mean_exposure_fraction=float(np.mean(exposure / np.where(equity > 0, equity, np.inf))),
        turnover_per_year=_ratio(spent.traded_quote / float(np.mean(equity)), years),
        fees_quote=spent.fees_quote,
        slippage_quote=spent.slippage_quote,
        funding_quote=spent.funding_quote,
    )


def with_start(start_equity: float, equity: Floats, close_ms: Ints) -> tuple[Floats, Ints]:
    """Return the path of equity that begins with the start, and its times.

    The start lies one bar (the median distance of the closes) before the first close.
    """
    bar_ms = int(np.median(np.diff(close_ms))) if len(close_ms) > 1 else 0
    path = np.concatenate(([start_equity], equity))
    return path, np.concatenate(([close_ms[0] - bar_ms], close_ms)).astype(np.int64)


def at_day_ends(path: Floats, times_ms: Ints) -> Floats:
    """Return the start and the last value of every UTC day that has a close.

    A bar that closes at midnight belongs to the day that ends there.
    """
    days = (times_ms[1:] - 1) // DAY_MS
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True)) + 1
    ends: Floats = path[np.concatenate(([0], last))]
    return ends


def returns(path: Floats) -> Floats:
    """Return bar returns; an account at or below zero has none from there on."""
    alive = np.logical_and.accumulate(path[:-1] > 0)
    steps: Floats = path[1:][alive] / path[:-1][alive] - 1.0
    return steps


class Moments(NamedTuple):
    """How many bar returns, their mean and sample deviation, and the deviation below 0."""

    bars: int
    mean: float
    deviation: float
    downside: float


def moments(path: Floats) -> Moments | None:
    """Return the moments of an equity path's bar returns; `None` for fewer than two of them."""
    steps = returns(path)
    if len(steps) < 2:  # noqa: PLR2004 (a deviation needs two)
        return None
    return Moments(
        bars=len(steps),
        mean=float(np.mean(steps)),
        deviation=float(np.std(steps, ddof=1)),
        downside=math.sqrt(float(np.mean(np.minimum(steps, 0.0) ** 2))),
    )


def sharpe(path: Floats, years: float) -> float | None:
    """Return the annualised Sharpe ratio of an equity path that begins with the start."""
    return _sharpe(moments(path), years)


def sortino(path: Floats, years: float) -> float | None:
    """Return the annualised Sortino ratio, target 0, of an equity path."""
    return _sortino(moments(path), years)


def volatility(path: Floats, years: float) -> float | None:
    """Return the annualised sample deviation of the bar returns."""
    return _volatility(moments(path), years)


def _sharpe(steps: Moments | None, years: float) -> float | None:
    if steps is None or years <= 0:
        return None
    return _annualised(steps.mean, steps.deviation, steps.bars, years)


def _sortino(steps: Moments | None, years: float) -> float | None:
    if steps is None or years <= 0:
        return None
    return _annualised(steps.mean, steps.downside, steps.bars, years)


def _volatility(steps: Moments | None, years: float) -> float | None:
    if steps is None or years <= 0:
        return None
    return steps.deviation * math.sqrt(steps.bars / years)


def cagr(path: Floats, years: float) -> float | None:
    """Return the growth a year that leads from the start to the end, compounded."""
    start, final = float(path[0]), float(path[-1])
    if years <= 0 or final <= 0:
        return None
    growth = math.log(final / start) / years
    return math.expm1(growth) if growth < 700 else None  # noqa: PLR2004 (beyond it exp overflows)


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


def payoff(pnl: Floats) -> float | None:
    """Return the mean win over the mean loss; `None` without either."""
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    if not len(wins) or not len(losses):
        return None
    return float(np.mean(wins)) / float(-np.mean(losses))


def expectancy_bps(pnl: Floats, entry_quote: Floats) -> float | None:
    """Return the mean of profit over notional paid, every trade counting alike."""
    return _mean(pnl / entry_quote * _BPS)


def _mean(values: Floats | Ints) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _annualised(mean: float, deviation: float, bars: int, years: float) -> float | None:
    if deviation <= 1e-15:  # noqa: PLR2004 (rounding noise of a flat path)
        return None
    return mean / deviation * math.sqrt(bars / years)


def _ratio(part: float | None, whole: float) -> float | None:
    return None if part is None or whole <= 0 else part / whole
