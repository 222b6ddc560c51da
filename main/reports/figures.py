"""The figures of a backtest as a person reads them: name, value, and what it means."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from engine.backtest.drawdowns import Drawdown
from engine.backtest.metrics import Metrics
from engine.backtest.report import BacktestReport

NONE = "–"


class Figure(NamedTuple):
    """A value with its name and a sentence."""

    name: str
    text: str
    means: str = ""


def percent(fraction: float | None, *, digits: int = 2, sign: bool = False) -> str:
    """A fraction as per cent."""
    if fraction is None:
        return NONE
    return _minus(f"{fraction * 100 + 0.0:{'+' if sign else ''},.{digits}f} %")


def ratio(value: float | None) -> str:
    """A number without a unit."""
    return NONE if value is None else _minus(f"{value + 0.0:,.2f}")


def money(amount: float | None, quote: str = "", *, sign: bool = False) -> str:
    """An amount in quote currency."""
    if amount is None:
        return NONE
    shown = _minus(f"{amount + 0.0:{'+' if sign else ''},.2f}")
    return f"{shown} {quote}".rstrip()


def bps(value: float | None) -> str:
    """Basis points with their sign."""
    return NONE if value is None else _minus(f"{value + 0.0:+,.1f}")


def _minus(text: str) -> str:
    """The sign of the trade, as wide as a plus."""
    return text.replace("-", "−")


def moment(ms: int | None) -> str:
    """A time as a date, UTC."""
    return NONE if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"


DRAWDOWN_COLUMNS = ("Drawdown", "Depth", "Days", "Bars", "Peak", "Trough", "Recovered")


def drawdown_rows(metrics: Metrics) -> list[tuple[str, ...]]:
    """The deepest and the longest loss from a peak, with their dates in UTC."""
    named = (("deepest", metrics.deepest), ("longest", metrics.longest))
    return [(name, *_stretch(found)) for name, found in named if found is not None]


def _stretch(found: Drawdown) -> tuple[str, ...]:
    return (
        percent(-found.depth_fraction),
        f"{found.days:,.1f}",
        f"{found.bars:,}",
        moment(found.peak_ms),
        moment(found.trough_ms),
        "not yet" if found.recovered_ms is None else moment(found.recovered_ms),
    )


def result_figures(metrics: Metrics) -> Iterator[Figure]:
    """What was earned and risked."""
    yield Figure("Return", percent(metrics.return_fraction, sign=True), "after all costs")
    yield Figure("Return a year", percent(metrics.cagr_fraction, sign=True), "compounded (CAGR)")
    yield Figure("Volatility", percent(metrics.volatility_fraction), "a year, of bar returns")
    yield Figure("Sharpe", ratio(metrics.sharpe), "bar returns, annualised, no risk-free rate")
    yield Figure("Sharpe, daily", ratio(metrics.sharpe_daily), "from equity at UTC day ends")
    yield Figure("Sortino", ratio(metrics.sortino), "losing bar returns only, target 0")
    yield Figure("Calmar", ratio(metrics.calmar), "return a year over deepest drawdown")
    yield Figure("In the market", percent(metrics.exposure_fraction), "of bars held a position")
    yield Figure("Mean exposure", percent(metrics.mean_exposure_fraction), "positions over equity")
    yield Figure("Turnover", f"{ratio(metrics.turnover_per_year)} a year", "traded over equity")


def trade_figures(metrics: Metrics, quote: str) -> Iterator[Figure]:
    """What a trade was like."""
    yield Figure("Trades", f"{metrics.trades:,}", f"{ratio(metrics.trades_per_year)} a year")
    yield Figure("Won", percent(metrics.win_rate_fraction), "share of trades with a profit")
    yield Figure("Profit factor", ratio(metrics.profit_factor), "sum of wins over sum of losses")
    yield Figure(
        "Expectancy", money(metrics.expectancy_quote, quote, sign=True), "mean profit of a trade"
    )
    yield Figure(
        "Expectancy", f"{bps(metrics.expectancy_bps)} bps", "mean of profit over notional paid"
    )
    yield Figure("Payoff", ratio(metrics.payoff), "mean win over mean loss")
    yield Figure("Best trade", money(metrics.best_quote, quote, sign=True))
    yield Figure("Worst trade", money(metrics.worst_quote, quote, sign=True))
    hours = f"{ratio(metrics.mean_holding_hours)} h, {ratio(metrics.mean_holding_bars)} bars"
    yield Figure("Held, mean", hours)
    yield Figure("Held, median", f"{ratio(metrics.median_holding_hours)} h")


def market_figures(report: BacktestReport) -> Iterator[Figure]:
    """The run beside the market."""
    beside = report.benchmarks
    yield Figure(
        "Excess return",
        percent(beside.excess_fraction, sign=True),
        "over random entries of the same exposure and costs",
    )
    yield Figure("Excess Sharpe", ratio(beside.excess_sharpe), "of daily returns over theirs")
    yield Figure("Beta", ratio(beside.beta), "daily returns, to buy and hold")
    yield Figure("Correlation", ratio(beside.correlation), "daily returns, to buy and hold")


def cost_figures(metrics: Metrics, quote: str) -> Iterator[Figure]:
    """What trading took."""
    yield Figure("Fees", money(metrics.fees_quote, quote), "paid to the venue")
    yield Figure("Slippage", money(metrics.slippage_quote, quote), "spread and impact, in prices")
    yield Figure("Funding", money(metrics.funding_quote, quote), "paid on perpetuals, signed")
