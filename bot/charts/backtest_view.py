"""From the documents of backtests to the pictures' views: JSON becomes arrays and short texts.

`BacktestReport.summary()`, `backtest --json` and a stored `result.json` all have what is read here,
and so does `Comparison.to_json()` for the other picture. Drawing is not done here, so a handler can
build the view and hand it to a worker.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bot.charts import numbers
from bot.charts.views import PHONE_WIDTH_PX, Floats, Theme
from bot.charts.views_backtest import (
    ENGLISH_LABELS,
    BacktestLabels,
    BacktestPicture,
    Compared,
    ComparisonPicture,
    Curve,
    Curves,
    Figure,
    MonthReturn,
)
from bot.charts.words import ENGLISH, Words

type Document = Mapping[str, Any]

_COMPARED = {
    "cagr_fraction": ("Return a year", "percent"),
    "sharpe_daily": ("Sharpe, daily", "ratio"),
    "sortino": ("Sortino", "ratio"),
    "max_drawdown_fraction": ("Deepest drawdown", "percent"),
    "volatility_fraction": ("Volatility", "percent"),
    "trades": ("Trades", "count"),
    "win_rate_fraction": ("Won", "percent"),
    "profit_factor": ("Profit factor", "ratio"),
    "expectancy_bps": ("A trade earned", "bps"),
    "mean_exposure_fraction": ("Mean exposure", "percent"),
    "fees_quote": ("Fees", "money"),
}
_COSTS = ("fees", "slippage", "funding")


def backtest_picture(
    document: Document,
    *,
    theme: Theme = "dark",
    zone_name: str = "UTC",
    badges: tuple[str, ...] = (),
    width_px: int = PHONE_WIDTH_PX,
    words: Words = ENGLISH,
    labels: BacktestLabels = ENGLISH_LABELS,
) -> BacktestPicture:
    """Return the picture of one run. `KeyError` if the document is of no backtest."""
    curve, held = document["curve"], document["benchmarks"]["buy_and_hold"]
    return BacktestPicture(
        title=str(document["strategy_version"]),
        subtitle=_subtitle(document),
        currency=str(document.get("quote", "")),
        return_fraction=float(document["metrics"]["return_fraction"]),
        curves=Curves(
            time_ms=np.array(curve["ts_ms"], np.int64),
            lines=(
                _curve(str(document["strategy_version"]), curve, "equity_quote", ""),
                _curve(labels.buy_and_hold, curve, "market_quote", "market_"),
            ),
        ),
        months=tuple(
            MonthReturn(start_ms=_month_ms(row["month"]), fraction=float(row["return_fraction"]))
            for row in document["months"]
        ),
        figures=tuple(_figures(document, labels)),
        notes=(_outcome(document, float(held["return_fraction"]), labels),),
        badges=(*badges, *_sources(document)),
        zone_name=zone_name,
        theme=theme,
        width_px=width_px,
        words=words,
        labels=labels,
    )


def comparison_picture(
    document: Document,
    *,
    theme: Theme = "dark",
    zone_name: str = "UTC",
    width_px: int = PHONE_WIDTH_PX,
    words: Words = ENGLISH,
    labels: BacktestLabels = ENGLISH_LABELS,
) -> ComparisonPicture:
    """Return the picture of two runs. `KeyError` if the document is of no comparison."""
    curve, trades = document["curve"], document["trades"]
    figures = {row["name"]: row for row in document["figures"]}
    common, mine, theirs = (trades[name]["trades"] for name in ("common", "only_one", "only_other"))
    lines = tuple(
        _line(str(document[name]), np.array(curve[f"{name}_index"], np.float64))
        for name in ("one", "other")
    )
    correlation = document.get("correlation_daily")
    beside = () if correlation is None else (f"daily returns correlate {correlation:.2f}",)
    return ComparisonPicture(
        title=f"{document['one']} vs {document['other']}",
        subtitle=f"{common:,} trades in common, {mine:,} and {theirs:,} of their own",
        currency="start = 100",
        curves=Curves(time_ms=np.array(curve["ts_ms"], np.int64), lines=lines),
        rows=tuple(
            _compared(name, kind, figures[key])
            for key, (name, kind) in _COMPARED.items()
            if key in figures
        ),
        notes=beside,
        zone_name=zone_name,
        theme=theme,
        width_px=width_px,
        words=words,
        labels=labels,
    )


def _subtitle(document: Document) -> str:
    symbols: Sequence[str] = document["symbols"]
    markets = symbols[0] if len(symbols) == 1 else f"{len(symbols)} markets"
    return f"{markets}, {document['timeframe']} candles"


def _outcome(document: Document, market: float, labels: BacktestLabels) -> str:
    start, final = (
        numbers.amount(float(document[f"{name}_equity"])) for name in ("start", "final")
    )
    unit, beside = document.get("quote", ""), numbers.percent(market)
    return f"{start} → {final} {unit}; {labels.buy_and_hold} {beside}"


def _sources(document: Document) -> Iterator[str]:
    """Say from which candles bars were made where they were not stored."""
    rows = document.get("data", {}).get("symbols", ())
    finer = sorted({str(row["resampled_from"]) for row in rows if row.get("resampled_from")})
    if finer:
        yield f"from {', '.join(finer)} candles"


def _curve(name: str, curve: Document, equity: str, prefix: str) -> Curve:
    return Curve(
        name=name,
        equity_quote=np.array(curve[equity], np.float64),
        drawdown_fraction=np.array(curve[f"{prefix}drawdown_fraction"], np.float64),
    )


def _line(name: str, index: Floats) -> Curve:
    peaks = np.maximum.accumulate(index)
    return Curve(name=name, equity_quote=index, drawdown_fraction=1.0 - index / peaks)


def _figures(document: Document, labels: BacktestLabels) -> Iterator[Figure]:
    found = document["metrics"]
    costs = sum(float(found.get(f"{name}_quote") or 0.0) for name in _COSTS)
    yield Figure(name=labels.growth, text=_text(found["cagr_fraction"], "signed"))
    yield Figure(name=labels.sharpe, text=_text(found["sharpe_daily"], "ratio"))
    yield Figure(name=labels.deepest, text=_text(-found["max_drawdown_fraction"], "signed"))
    yield Figure(name=labels.trades, text=_text(found["trades"], "count"))
    yield Figure(name=labels.won, text=_text(found["win_rate_fraction"], "percent"))
    yield Figure(name=labels.profit_factor, text=_text(found["profit_factor"], "ratio"))
    yield Figure(name=labels.expectancy, text=_text(found["expectancy_bps"], "bps"))
    yield Figure(name=labels.exposure, text=_text(found["exposure_fraction"], "percent"))
    unit = document.get("quote", "")
    yield Figure(name=labels.costs, text=f"{numbers.compact(costs)} {unit}".rstrip())


def _compared(name: str, kind: str, row: Document) -> Compared:
    difference = row["difference"]
    return Compared(
        name=name,
        one=_text(row["one"], kind),
        other=_text(row["other"], kind),
        difference="" if difference is None else numbers.signed(_text(difference, kind)),
    )


def _text(value: float | None, kind: str) -> str:
    """Return a figure as it is read; unknown is a dash."""
    if value is None:
        return numbers.UNKNOWN
    shown = {
        "percent": f"{100 * value:,.1f}%",
        "signed": numbers.percent(value),
        "ratio": f"{value:,.2f}",
        "count": f"{value:,.0f}",
        "bps": f"{value:,.1f} bps",
        "money": numbers.compact(value),
    }[kind]
    return shown.replace("-", "−")


def _month_ms(month: str) -> int:
    return int(datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
