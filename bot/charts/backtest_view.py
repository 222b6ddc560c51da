"""From the documents of backtests to the pictures' views: JSON becomes arrays and short texts.

`BacktestReport.summary()`, `backtest --json` and a stored `result.json` all have what is read here,
and so does `Comparison.to_json()` for the other picture. Drawing is not done here, so a handler can
build the view and hand it to a worker.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bot.charts.number_format import UNKNOWN, NumberFormat, signed
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
    "cagr_fraction": ("growth", "percent"),
    "sharpe_daily": ("sharpe", "ratio"),
    "sortino": ("sortino", "ratio"),
    "max_drawdown_fraction": ("deepest", "percent"),
    "volatility_fraction": ("volatility", "percent"),
    "trades": ("trades", "count"),
    "win_rate_fraction": ("won", "percent"),
    "profit_factor": ("profit_factor", "ratio"),
    "expectancy_bps": ("expectancy", "bps"),
    "mean_exposure_fraction": ("mean_exposure", "percent"),
    "fees_quote": ("fees", "money"),
}
"""Figures of a comparison: the field of `BacktestLabels` with their name, and their kind."""
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
        subtitle=_subtitle(document, words.numbers, labels),
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
        figures=tuple(_figures(document, words.numbers, labels)),
        notes=(_outcome(document, float(held["return_fraction"]), words.numbers, labels),),
        badges=(*badges, *_sources(document, labels)),
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
    numbers = words.numbers
    beside = (
        ()
        if correlation is None
        else (labels.correlation.format(value=numbers.plain(correlation, 2)),)
    )
    return ComparisonPicture(
        title=f"{document['one']} vs {document['other']}",
        subtitle=labels.in_common.format(
            common=numbers.plain(common, 0),
            mine=numbers.plain(mine, 0),
            theirs=numbers.plain(theirs, 0),
        ),
        currency=labels.start,
        curves=Curves(time_ms=np.array(curve["ts_ms"], np.int64), lines=lines),
        rows=tuple(
            _compared(getattr(labels, field), kind, figures[key], numbers)
            for key, (field, kind) in _COMPARED.items()
            if key in figures
        ),
        notes=beside,
        zone_name=zone_name,
        theme=theme,
        width_px=width_px,
        words=words,
        labels=labels,
    )


def _subtitle(document: Document, numbers: NumberFormat, labels: BacktestLabels) -> str:
    symbols: Sequence[str] = document["symbols"]
    count = numbers.plain(len(symbols), 0)
    markets = symbols[0] if len(symbols) == 1 else labels.markets.format(count=count)
    return labels.played_on.format(markets=markets, timeframe=document["timeframe"])


def _outcome(
    document: Document, market: float, numbers: NumberFormat, labels: BacktestLabels
) -> str:
    start, final = (
        numbers.amount(float(document[f"{name}_equity"])) for name in ("start", "final")
    )
    unit, beside = document.get("quote", ""), numbers.percent(market)
    return f"{start} → {final} {unit}; {labels.buy_and_hold} {beside}"


def _sources(document: Document, labels: BacktestLabels) -> Iterator[str]:
    """Say from which candles bars were made where they were not stored."""
    rows = document.get("data", {}).get("symbols", ())
    finer = sorted({str(row["resampled_from"]) for row in rows if row.get("resampled_from")})
    if finer:
        yield labels.candles_from.format(timeframes=", ".join(finer))


def _curve(name: str, curve: Document, equity: str, prefix: str) -> Curve:
    return Curve(
        name=name,
        equity_quote=np.array(curve[equity], np.float64),
        drawdown_fraction=np.array(curve[f"{prefix}drawdown_fraction"], np.float64),
    )


def _line(name: str, index: Floats) -> Curve:
    peaks = np.maximum.accumulate(index)
    return Curve(name=name, equity_quote=index, drawdown_fraction=1.0 - index / peaks)


def _figures(document: Document, numbers: NumberFormat, labels: BacktestLabels) -> Iterator[Figure]:
    found = document["metrics"]
    costs = sum(float(found.get(f"{name}_quote") or 0.0) for name in _COSTS)
    for name, value, kind in (
        (labels.growth, found["cagr_fraction"], "signed"),
        (labels.sharpe, found["sharpe_daily"], "ratio"),
        (labels.deepest, -found["max_drawdown_fraction"], "signed"),
        (labels.trades, found["trades"], "count"),
        (labels.won, found["win_rate_fraction"], "percent"),
        (labels.profit_factor, found["profit_factor"], "ratio"),
        (labels.expectancy, found["expectancy_bps"], "bps"),
        (labels.exposure, found["exposure_fraction"], "percent"),
    ):
        yield Figure(name=name, text=_text(numbers, value, kind))
    unit = document.get("quote", "")
    yield Figure(name=labels.costs, text=f"{numbers.compact(costs)} {unit}".rstrip())


def _compared(name: str, kind: str, row: Document, numbers: NumberFormat) -> Compared:
    """Return both figures and what is between them."""
    one, other, difference = row["one"], row["other"], row["difference"]
    return Compared(
        name=name,
        one=_text(numbers, one, kind),
        other=_text(numbers, other, kind),
        difference="" if difference is None else signed(_text(numbers, difference, kind)),
    )


def _text(numbers: NumberFormat, value: float | None, kind: str) -> str:
    """Return a figure as it is read; unknown is a dash."""
    if value is None:
        return UNKNOWN
    return {
        "percent": numbers.share(value),
        "signed": numbers.percent(value),
        "ratio": numbers.plain(value, 2),
        "count": numbers.plain(value, 0),
        "bps": f"{numbers.plain(value, 1)} bps",
        "money": numbers.compact(value),
    }[kind]


def _month_ms(month: str) -> int:
    return int(datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
