"""A backtest on the terminal: headline, figures, where they came from, why it did not trade."""

from collections.abc import Iterable, Sequence

from engine.backtest.breakdown import Group, Month
from engine.backtest.report import BacktestReport
from main.output import print_table, say
from main.reports.figures import (
    DRAWDOWN_COLUMNS,
    Figure,
    bps,
    cost_figures,
    drawdown_rows,
    market_figures,
    money,
    percent,
    ratio,
    result_figures,
    trade_figures,
)

_MONTHS = 12


def print_report(report: BacktestReport) -> None:
    """Everything but the curves."""
    result, quote = report.result, str(report.about.get("quote", ""))
    held = report.benchmarks.buy_and_hold.return_fraction
    say(
        f"{result.strategy_version} on {len(result.symbols)} symbols, {result.timeframe}: "
        f"{result.start_equity:,.2f} -> {money(result.final_equity, quote)} "
        f"({percent(result.metrics.return_fraction, sign=True)}; "
        f"buy and hold {percent(held, sign=True)}), "
        f"{len(result.trades)} trades, {len(result.open_positions)} open"
    )
    _figures("Metrics", result_figures(result.metrics))
    columns = (DRAWDOWN_COLUMNS[0], *(f">{name}" for name in DRAWDOWN_COLUMNS[1:]))
    print_table("Drawdowns", columns, drawdown_rows(result.metrics))
    _figures("Trades", trade_figures(result.metrics, quote))
    _benchmarks(report)
    _figures("Beside the market", market_figures(report))
    _figures("Costs", cost_figures(result.metrics, quote))
    _months(report.months)
    _groups("By market", report.by_symbol, quote)
    _groups("By regime", report.by_regime, quote)
    _groups("By exit", report.by_exit, quote)
    print_table("Decisions", ("reason", ">count"), sorted(result.decisions.items()))
    if result.outcomes:
        print_table("Not filled", ("reason", ">count"), result.outcomes.items())
    caveats = report.about.get("caveats")
    for sentence in caveats if isinstance(caveats, list) else ():
        say(f"- {sentence}")


def _figures(title: str, figures: Iterable[Figure]) -> None:
    print_table(title, ("figure", "value", "meaning"), figures)


def _benchmarks(report: BacktestReport) -> None:
    beside = report.benchmarks
    named = (
        (report.result.strategy_version, report.result.metrics),
        ("buy and hold", beside.buy_and_hold),
        ("same exposure, no timing", beside.same_exposure),
        ("random entries, expected", beside.random_entries),
    )
    rows = (
        (
            name,
            percent(one.return_fraction, sign=True),
            percent(one.cagr_fraction, sign=True),
            percent(one.volatility_fraction),
            ratio(one.sharpe),
            percent(-one.max_drawdown_fraction),
        )
        for name, one in named
    )
    columns = ("", ">return", ">a year", ">volatility", ">Sharpe", ">drawdown")
    print_table("Benchmarks", columns, rows)


def _months(months: Sequence[Month]) -> None:
    found = {month.month: month.return_fraction for month in months}
    years = sorted({name[:4] for name in found})
    rows = (
        (
            year,
            *(_change(found.get(f"{year}-{number:02}")) for number in range(1, _MONTHS + 1)),
        )
        for year in years
    )
    names = (f">{number:02}" for number in range(1, _MONTHS + 1))
    print_table("Return per month, %", ("year", *names), rows)


def _change(fraction: float | None) -> str:
    return "" if fraction is None else f"{round(fraction * 100, 1) + 0.0:+.1f}"


def _groups(title: str, groups: Sequence[Group], quote: str) -> None:
    rows = (
        (
            group.key,
            group.trades,
            percent(group.win_rate_fraction, digits=0),
            money(group.pnl_quote, sign=True),
            ratio(group.profit_factor),
            bps(group.expectancy_bps),
            ratio(group.mean_holding_bars),
            money(group.fees_quote),
            money(group.slippage_quote),
            money(group.funding_quote),
        )
        for group in groups
    )
    columns = ("", ">trades", ">won", f">profit, {quote}", ">factor", ">bps a trade",
               ">bars held", ">fees", ">slippage", ">funding")  # fmt: skip
    print_table(title, columns, rows)
