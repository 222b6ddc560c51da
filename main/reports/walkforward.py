"""A walk-forward on the terminal, as JSON, and in a folder with its picture."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from engine.domain.desk import Json
from engine.domain.values import from_ms
from engine.proof.figures import earned, returns_of
from engine.proof.walkforward.walked import UnseenTrade, WalkForward, WindowResult, market_returns
from engine.proof.walkforward.windows import Mode
from main.output import print_table, say, to_json
from main.proving import Effort

_DAY = timedelta(days=1)
_NONE = "–"


def document(walked: WalkForward, *, trials: int, effort: Effort) -> dict[str, Any]:
    """The document of ``walkforward --json``: the keys of a backtest's, and those of windows."""
    returns = walked.days.returns
    equity = list(
        accumulate(returns.tolist(), lambda e, r: e * (1 + r), initial=walked.start_equity)
    )
    trades = [trade_json(trade) for trade in walked.trades]
    return {
        "strategy_version": walked.strategy.version,
        "mode": walked.procedure.mode.value,
        "timeframe": walked.strategy.timeframe.value,
        "symbols": list(walked.days.symbols),
        "start_equity": walked.start_equity,
        "final_equity": equity[-1],
        "metrics": earned(walked),
        "market": returns_of(market_returns(walked.days)),
        "costs": {
            "fees_quote": sum(trade.fees_quote for trade in walked.trades),
            "slippage_quote": sum(trade.slippage_quote for trade in walked.trades),
        },
        "windows": [_window_json(one) for one in walked.windows],
        "drift": {name: list(values) for name, values in walked.drift.items()},
        "trials": trials,
        "data_digest": walked.data_digest,
        "trades": trades,
        "equity": [
            {"ts_ms": ts_ms, "equity_quote": worth}
            for ts_ms, worth in zip(_day_ends_ms(walked), equity[1:], strict=True)
        ],
        "took_s": effort.took_s,
        "peak_memory_mb": effort.peak_memory_mb,
    }


def trade_json(trade: UnseenTrade) -> dict[str, Json]:
    """A trade with the keys of a backtest's, and its window, score and regime."""
    row: dict[str, Json] = {**asdict(trade), "side": "long"}
    for name in ("opened", "closed"):
        row[f"{name}_at"] = (
            from_ms(int(str(row.pop(f"{name}_ms")))).isoformat().replace("+00:00", "Z")
        )
    return row


def _window_json(one: WindowResult) -> dict[str, Any]:
    row = asdict(one)
    row.update(row.pop("window"))
    row["parameters"] = {
        name: value for name, value in one.parameters.items() if not name.startswith("rules.")
    }
    return row


def _day_ends_ms(walked: WalkForward) -> list[int]:
    first = datetime.combine(walked.days.first_day, datetime.min.time(), UTC)
    ends = (first + k * _DAY for k in range(1, len(walked.days.returns) + 1))
    return [int(end.timestamp() * 1000) for end in ends]


def print_walked(walked: WalkForward, *, quote: str) -> None:
    """Headline, windows, figures beside the market, and how the parameters drifted."""
    figures, market = earned(walked), returns_of(market_returns(walked.days))
    final = walked.start_equity * (1 + float(str(figures["return_fraction"])))
    say(
        f"{walked.strategy.version} on {len(walked.days.symbols)} symbols, "
        f"{walked.strategy.timeframe}, {walked.procedure.mode}: {walked.start_equity:,.2f} -> "
        f"{final:,.2f} {quote} in {len(walked.windows)} unseen windows, {len(walked.trades)} trades"
    )
    columns = (
        *("unseen from", "to", ">trained score", ">points", ">return", ">market"),
        *(">Sharpe", ">drawdown", ">trades"),
    )
    print_table("Windows", columns, (_window_row(one) for one in walked.windows))
    names = [name for name in market if name in figures]
    rows = [(name, figure(name, figures[name]), figure(name, market[name])) for name in names]
    rows += [(name, figure(name, figures[name]), _NONE) for name in figures if name not in market]
    print_table(
        "Stitched, out of sample", ("figure", ">strategy", ">market, equal weights daily"), rows
    )
    if walked.procedure.mode is not Mode.FIXED:
        count = len(walked.windows)
        drift = [(name, *map(value, values)) for name, values in walked.drift.items()]
        print_table(
            "What training chose, by window",
            ("parameter", *(f">{k + 1}" for k in range(count))),
            drift,
        )


def _window_row(one: WindowResult) -> tuple[object, ...]:
    return (
        f"{one.window.test_from:%Y-%m-%d}",
        f"{one.window.test_to:%Y-%m-%d}",
        value(one.trained_score),
        one.points or None,
        f"{one.return_fraction:+.1%}",
        f"{one.market_fraction:+.1%}",
        value(one.sharpe),
        f"{one.drawdown_fraction:.1%}",
        one.trades,
    )


def figure(name: str, number: Json) -> str:
    """A figure as a person reads it: fractions as per cent, counts whole."""
    if number is None:
        return _NONE
    if name.endswith("_fraction") and isinstance(number, int | float):
        return f"{number:.2%}"
    return value(number)


def value(number: Json) -> str:
    """A parameter's value, short."""
    if number is None:
        return _NONE
    if isinstance(number, float):
        return f"{number:.4g}" if abs(number) < 1 else f"{number:,.2f}".removesuffix(".00")
    return str(number)


def write_walked(
    walked: WalkForward, made: dict[str, Any], folder: Path, *, zone_name: str = "UTC"
) -> None:
    """``result.json``, ``windows.csv``, ``days.csv``, ``trades.csv`` and ``walkforward.png``."""
    from bot.charts.walkforward import draw_walkforward
    from main.reports.walkforward_picture import picture_of

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(to_json(made), indent=2, allow_nan=False)
    (folder / "result.json").write_text(text, encoding="utf-8")
    windows = made["windows"]
    names = [name for name in windows[0] if name not in {"parameters", "choice"}]
    write_csv(folder / "windows.csv", names, ([row[name] for name in names] for row in windows))
    days = zip(
        (walked.days.first_day + k * _DAY for k in range(len(walked.days.returns))),
        walked.days.returns.tolist(),
        market_returns(walked.days).tolist(),
        walked.days.exposure.sum(axis=1).tolist(),
        strict=True,
    )
    columns = ("day", "return_fraction", "market_fraction", "exposure_fraction")
    write_csv(folder / "days.csv", columns, days)
    trades = made["trades"]
    if trades:
        write_csv(folder / "trades.csv", list(trades[0]), (row.values() for row in trades))
    view = picture_of(walked, zone_name=zone_name)
    (folder / "walkforward.png").write_bytes(draw_walkforward(view))


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """A table as a file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
