"""A backtest in a folder: a page, ``result.json``, ``trades.csv``, ``equity.csv``, a picture.

A comparison adds a section to the page, ``comparison.json``, ``comparison.csv`` and a picture.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from bot.charts import draw_backtest, draw_comparison
from bot.charts.backtest_view import backtest_picture, comparison_picture
from bot.charts.views import Theme
from engine.backtest.compare import Comparison
from engine.backtest.report import BacktestReport
from engine.backtest.result import Trade
from main.reports.backtest_page import backtest_page
from main.reports.comparison import comparison_sections


def write_files(
    report: BacktestReport,
    folder: Path,
    *,
    comparison: Comparison | None = None,
    theme: Theme = "dark",
    zone_name: str = "UTC",
) -> None:
    """Write everything; files of an earlier run are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    _json(folder / "result.json", report.to_json())
    _trades(folder / "trades.csv", report.result.trades)
    _equity(folder / "equity.csv", report)
    view = backtest_picture(report.summary(), theme=theme, zone_name=zone_name)
    (folder / "picture.png").write_bytes(draw_backtest(view))
    extra = comparison_sections(comparison) if comparison else ()
    (folder / "report.html").write_text(backtest_page(report, extra), encoding="utf-8")
    if comparison is not None:
        _comparison(folder, comparison, theme=theme, zone_name=zone_name)


def _comparison(folder: Path, comparison: Comparison, *, theme: Theme, zone_name: str) -> None:
    document = comparison.to_json()
    _json(folder / "comparison.json", document)
    rows = ((one.name, one.one, one.other, one.difference) for one in comparison.figures)
    names = ("figure", comparison.one_name, comparison.other_name, "difference")
    _csv(folder / "comparison.csv", names, rows)
    view = comparison_picture(document, theme=theme, zone_name=zone_name)
    (folder / "comparison.png").write_bytes(draw_comparison(view))


def _trades(path: Path, trades: Sequence[Trade]) -> None:
    names = [field.name for field in fields(Trade)]
    _csv(path, names, ([getattr(trade, name) for name in names] for trade in trades))


def _equity(path: Path, report: BacktestReport) -> None:
    """One row per bar: the account, what its positions are worth, and buy-and-hold."""
    result = report.result
    columns = (
        result.close_ms.tolist(),
        result.equity_quote.tolist(),
        result.exposure_quote.tolist(),
        report.benchmarks.buy_and_hold.equity_quote.tolist(),
    )
    names = ("ts_ms", "equity_quote", "exposure_quote", "buy_and_hold_quote")
    _csv(path, names, zip(*columns, strict=True))


def _csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


def _json(path: Path, document: object) -> None:
    """Documents of the engine are plain JSON already; a walk over every bar would take seconds."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
