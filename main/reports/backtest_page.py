"""A backtest as one page: what came of it and from where, why it did not trade, how it was set.

``BacktestReport`` → HTML. The parts stand in the order in which a doubting reader asks.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.messages.words import load_texts
from engine.backtest.benchmarks import Benchmark
from engine.backtest.breakdown import Group, Month
from engine.backtest.report import BacktestReport
from engine.domain.reasons import ReasonCode
from main.reports import svg
from main.reports.figures import (
    DRAWDOWN_COLUMNS,
    NONE,
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
from main.reports.html import Html, page, section, table, tag

_MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LEAST_SHADED = 0.02
_GRANTED = frozenset(
    code.label for code in ReasonCode if ReasonCode.ENTER_AUTO <= code <= ReasonCode.ASK_CAUTION
)
_LEFT = frozenset(
    code.label for code in ReasonCode if ReasonCode.EXIT_CUSTOM <= code <= ReasonCode.EXIT_MANUAL
)


def backtest_page(report: BacktestReport, extra: Iterable[Html] = ()) -> str:
    """Return the whole document; ``extra`` sections follow the curves (a comparison)."""
    result, about = report.result, report.about
    quote = str(about.get("quote", ""))
    return page(
        f"Backtest of {result.strategy_version}",
        _headline(report, quote),
        _cards(report, quote),
        _curves(report, quote),
        *extra,
        _months(report.months),
        section("Figures", _figures(result_figures(result.metrics))),
        section("Drawdowns", table(DRAWDOWN_COLUMNS, drawdown_rows(result.metrics))),
        section("Trades", _figures(trade_figures(result.metrics, quote))),
        section("Beside the market", _benchmarks(report), _figures(market_figures(report))),
        section("Costs", _figures(cost_figures(result.metrics, quote))),
        _groups("By market", report.by_symbol, quote),
        _groups("By regime when it was decided", report.by_regime, quote),
        _groups("By reason of the exit", report.by_exit, quote, _reason),
        _open(report, quote),
        _why(result.decisions, result.outcomes),
        _caveats(about.get("caveats")),
        _origin(about),
    )


def _headline(report: BacktestReport, quote: str) -> Html:
    result = report.result
    change = result.metrics.return_fraction
    held = report.benchmarks.buy_and_hold.return_fraction
    where = f"{len(result.symbols)} markets on {result.timeframe}, {_period(report.about)}"
    return tag(
        "header",
        tag("h1", f"Backtest of {result.strategy_version}"),
        tag("p", where, class_="muted"),
        tag("div", percent(change, sign=True), class_=f"big {_side(change)}"),
        tag(
            "p",
            f"{money(result.start_equity)} → {money(result.final_equity, quote)} after costs; "
            f"buy and hold {percent(held, sign=True)}",
        ),
    )


def _period(about: Mapping[str, Any]) -> str:
    data = about.get("data")
    if not isinstance(data, dict):
        return "period unknown"
    return f"{str(data['from'])[:10]} to {str(data['to'])[:10]} UTC, candles of {data['venue']}"


def _cards(report: BacktestReport, quote: str) -> Html:
    found = report.result.metrics
    costs = found.fees_quote + found.slippage_quote + found.funding_quote
    shown = (
        ("Return a year", percent(found.cagr_fraction, sign=True)),
        ("Sharpe, daily", ratio(found.sharpe_daily)),
        ("Deepest drawdown", percent(-found.max_drawdown_fraction)),
        ("Longest drawdown", f"{found.max_drawdown_days:,.0f} days"),
        ("Trades", f"{found.trades:,}"),
        ("Won", percent(found.win_rate_fraction, digits=1)),
        ("Profit factor", ratio(found.profit_factor)),
        ("Costs", money(costs, quote)),
    )
    return tag(
        "div",
        *(tag("div", tag("span", name), tag("b", text)) for name, text in shown),
        class_="figures",
    )


def _curves(report: BacktestReport, quote: str) -> Html:
    curve, version = report.curve, report.result.strategy_version
    times = curve.time_ms.tolist()
    own = svg.Line(name=version, values=curve.equity_quote.tolist(), colour="var(--up)")
    held = svg.Line(name="buy and hold", values=curve.market_quote.tolist(), colour="var(--band)")
    own_loss = svg.Line(
        name=version,
        values=[-x for x in curve.drawdown_fraction.tolist()],
        colour="var(--down)",
        fill=True,
    )
    held_loss = svg.Line(
        name="buy and hold",
        values=[-x for x in curve.market_drawdown_fraction.tolist()],
        colour="var(--band)",
    )
    scale = ", log scale" if svg.is_logarithmic((own, held)) else ""
    return section(
        f"Equity, {quote}{scale}",
        svg.legend((own, held)),
        svg.chart(times, (own, held), height=170, label="Equity over time"),
        tag("h2", "Loss from the highest equity so far"),
        svg.legend((own_loss, held_loss)),
        svg.chart(
            times, (own_loss, held_loss), height=90, percent=True, label="Drawdown over time"
        ),
        tag("p", "Times in UTC.", class_="muted"),
    )


def _months(months: Sequence[Month]) -> Html:
    """Years across, months down, so that six years fit a phone; each year's product below."""
    found = {month.month: month.return_fraction for month in months}
    strongest = max(_LEAST_SHADED, *(abs(change) for change in found.values()))
    years = sorted({name[:4] for name in found})
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            *(_heat(found.get(f"{year}-{number:02}"), strongest) for year in years),
        )
        for number, name in enumerate(_MONTH_NAMES, start=1)
    ]
    totals = [tag("th", "Year", scope="row")]
    for year in years:
        product = 1.0
        for name, change in found.items():
            product *= 1.0 + change if name.startswith(year) else 1.0
        totals.append(_heat(product - 1.0, 3 * strongest))
    head = tag("tr", tag("th", ""), *(tag("th", year, scope="col") for year in years))
    whole = tag("table", tag("thead", head), tag("tbody", *rows, tag("tr", *totals)), class_="heat")
    return section("Return per month, %", tag("div", whole, class_="scroll"))


def _heat(change: float | None, strongest: float) -> Html:
    if change is None:
        return tag("td", "")
    alpha = min(1.0, abs(change) / strongest) * 0.6
    colour = "up" if change >= 0 else "down"
    shade = f"background:rgb(var(--{colour}-rgb) / {alpha:.2f})"
    shown = f"{round(change * 100, 1) + 0.0:+.1f}".replace("-", "−")
    return tag("td", shown, style=shade)


def _figures(figures: Iterable[Figure]) -> Html:
    rows = [(tag("span", one.name, tag("small", one.means)), one.text) for one in figures]
    return table(("Figure", "Value"), rows)


def _benchmarks(report: BacktestReport) -> Html:
    run, beside = report.result.metrics, report.benchmarks
    own = (
        run.return_fraction,
        run.cagr_fraction,
        run.volatility_fraction,
        run.sharpe,
        run.max_drawdown_fraction,
    )
    rows = [(report.result.strategy_version, *_cells(*own))]
    named = (
        ("Buy and hold", beside.buy_and_hold),
        ("Same exposure, no timing", beside.same_exposure),
        ("Random entries, expected", beside.random_entries),
    )
    rows += [(name, *_cells(*_five(one))) for name, one in named]
    share = percent(beside.mean_exposure_fraction)
    return Html(
        table(("", "Return", "A year", "Volatility", "Sharpe", "Drawdown"), rows)
        + tag(
            "p",
            "Buy and hold: equal shares of every market from its first bar, entry costs once. "
            f"Same exposure: {share} of equity in that basket throughout, before costs. Random "
            "entries: the same, less the costs of this run.",
            class_="muted",
        )
    )


def _five(one: Benchmark) -> tuple[float, float | None, float | None, float | None, float]:
    return (
        one.return_fraction,
        one.cagr_fraction,
        one.volatility_fraction,
        one.sharpe,
        one.max_drawdown_fraction,
    )


def _cells(
    change: float,
    growth: float | None,
    volatility: float | None,
    sharpe: float | None,
    depth: float,
) -> tuple[str, ...]:
    return (
        percent(change, sign=True),
        percent(growth, sign=True),
        percent(volatility),
        ratio(sharpe),
        percent(-depth),
    )


def _groups(
    title: str,
    groups: Sequence[Group],
    quote: str,
    name: Any = str,  # noqa: ANN401 - a callable
) -> Html:
    if not groups:
        return section(title, tag("p", "No closed trades.", class_="muted"))
    columns = ("", "Trades", "Won", f"Profit, {quote}", "Factor", "bps a trade", "Bars held",
               "Fees", "Slippage", "Funding")  # fmt: skip
    rows = [
        (
            name(group.key),
            f"{group.trades:,}",
            percent(group.win_rate_fraction, digits=0),
            tag("span", money(group.pnl_quote, sign=True), class_=_side(group.pnl_quote)),
            ratio(group.profit_factor),
            bps(group.expectancy_bps),
            ratio(group.mean_holding_bars),
            money(group.fees_quote),
            money(group.slippage_quote),
            money(group.funding_quote),
        )
        for group in groups
    ]
    return section(title, table(columns, rows))


def _open(report: BacktestReport, quote: str) -> Html:
    held = report.result.open_positions
    if not held:
        return Html()
    rows = [
        (one.symbol, f"{one.quantity:,.8g}", f"{one.entry_price:,.8g}", f"{one.price:,.8g}",
         money(one.pnl_quote, sign=True))
        for one in held
    ]  # fmt: skip
    columns = ("", "Quantity", "Entry", "Last close", f"Profit, {quote}")
    return section("Open at the end", table(columns, rows))


def _why(decisions: Mapping[str, int], outcomes: Mapping[str, int]) -> Html:
    """Every close of every market is one decision; the largest reasons first."""
    idle = {key: n for key, n in decisions.items() if key not in _GRANTED | _LEFT}
    granted = {key: n for key, n in decisions.items() if key in _GRANTED}
    total = sum(decisions.values())
    return section(
        "Why it did not trade",
        tag("p", f"{total:,} closes were decided on, one per market and bar.", class_="muted"),
        _counts(idle, total),
        tag("h2", "Entries let through"),
        _counts(granted, total),
        tag("h2", "Let through, but not filled"),
        _counts(outcomes, max(1, sum(granted.values()))),
    )


def _counts(counts: Mapping[str, int], total: int) -> Html:
    if not counts:
        return tag("p", "None.", class_="muted")
    rows = [
        (_reason(key), f"{count:,}", percent(count / total), _share(count / total))
        for key, count in sorted(counts.items(), key=lambda row: -row[1])
    ]
    return table(("Reason", "Count", "Share", ""), rows, words=(0,))


def _share(fraction: float) -> Html:
    return tag("span", class_="share", style=f"width:{max(1.0, 90 * min(1.0, fraction)):.0f}px")


def _reason(label: str) -> str:
    return load_texts("en").get(f"reasons.{label}", label.replace("_", " "))


def _caveats(found: object) -> Html:
    sentences = found if isinstance(found, list) else []
    if not sentences:
        return Html()
    items = (tag("li", sentence) for sentence in sentences)
    return section("Before you believe it", tag("ul", *items))


def _origin(about: Mapping[str, Any]) -> Html:
    """Strategy, candles and settings: what to repeat it with."""
    strategy, data = about.get("strategy"), about.get("data")
    parts: list[Html] = []
    if isinstance(strategy, dict):
        rows = [(name, strategy[name]) for name in ("version", "fingerprint", "code_digest")]
        parts.append(table(("Strategy", ""), rows, words=(1,)))
        parts.append(_folded("Parameters of the strategy", strategy.get("parameters")))
    if isinstance(data, dict):
        shown = ("Candles", "Bars", "Missing", "First", "Last", "Resampled from")
        candles = [
            (one["symbol"], f"{one['bars']:,}", f"{one['missing_bars']:,}", _minute(one["first"]),
             _minute(one["last"]), one["resampled_from"] or NONE)
            for one in data["symbols"]
        ]  # fmt: skip
        parts.append(table(shown, candles))
    parts.append(_folded("Settings", about.get("settings")))
    parts.append(tag("p", f"cryptotrader {about.get('program', '')}".strip(), class_="muted"))
    return section("What was played", *parts)


def _folded(title: str, value: object) -> Html:
    rows = [(name, one) for name, one in _leaves("", value)]
    return tag("details", tag("summary", title), table(("Setting", "Value"), rows, words=(1,)))


def _leaves(prefix: str, value: object) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(f"{prefix}.{name}" if prefix else str(name), one)
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _side(amount: float) -> str:
    return "up" if amount >= 0 else "down"
