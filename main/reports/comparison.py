"""Two backtests beside each other, on the terminal and as sections of a page."""

import json
from pathlib import Path

from engine.backtest.compare import Comparison, TradePart
from engine.backtest.stored import StoredRun, read_run
from engine.domain.errors import DataError, UsageError
from main.output import print_table, say
from main.reports import svg
from main.reports.figures import NONE, money, percent
from main.reports.html import Html, section, table, tag


def read_stored(path: Path) -> StoredRun:
    """A stored ``result.json``. Raises ``UsageError`` if it is none or cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise UsageError(f"--compare {path}: {err.strerror}; name a stored result.json") from err
    except ValueError as err:
        raise UsageError(f"--compare {path}: no JSON document; name a stored result.json") from err
    try:
        return read_run(document)
    except DataError as err:
        raise UsageError(f"--compare {path}: {err}") from err


def print_comparison(comparison: Comparison) -> None:
    """Figures, trades and what was set differently."""
    names = (f">{comparison.one_name}", f">{comparison.other_name}")
    print_table("Compared", ("figure", *names, ">difference"), _figures(comparison))
    print_table("Trades and their profit", ("entered by", ">trades", *names), _trades(comparison))
    if comparison.correlation is not None:
        say(f"daily returns correlate {comparison.correlation:.2f}")
    if comparison.changed:
        print_table("Set differently", ("setting", *names), _changed(comparison))


def comparison_sections(comparison: Comparison) -> tuple[Html, ...]:
    """The same on a page, with both curves."""
    times = comparison.time_ms.tolist()
    one, other = (
        svg.Line(name=name, values=index.tolist(), colour=colour)
        for name, index, colour in (
            (comparison.one_name, comparison.one_index, "var(--up)"),
            (comparison.other_name, comparison.other_index, "var(--other)"),
        )
    )
    scale = ", log scale" if svg.is_logarithmic((one, other)) else ""
    names = (comparison.one_name, comparison.other_name)
    correlation = comparison.correlation
    beside = NONE if correlation is None else f"{correlation:.2f}"
    return (
        section(
            f"{names[0]} beside {names[1]}, start = 100{scale}",
            svg.legend((one, other)),
            svg.chart(times, (one, other), height=170, label="Both accounts over time"),
            tag("p", f"Correlation of daily returns: {beside}.", class_="muted"),
            table(("Figure", *names, "Difference"), _figures(comparison)),
        ),
        section(
            "Trades and their profit",
            table(("Entered by", "Trades", *names), _trades(comparison)),
        ),
        section("Set differently", table(("Setting", *names), _changed(comparison), words=(1, 2))),
    )


def _figures(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    return [
        (
            one.name.removesuffix("_fraction").replace("_", " "),
            _number(one.name, one.one),
            _number(one.name, one.other),
            _number(one.name, one.difference, sign=True),
        )
        for one in comparison.figures
    ]


def _trades(comparison: Comparison) -> list[tuple[str, ...]]:
    both = f"both ({comparison.same_exit:,} left alike)"
    parts: list[tuple[str, TradePart]] = [
        (both, comparison.common),
        (f"only {comparison.one_name}", comparison.only_one),
        (f"only {comparison.other_name}", comparison.only_other),
    ]
    return [
        (
            name,
            f"{part.trades:,}",
            money(part.one_pnl_quote, sign=True),
            money(part.other_pnl_quote, sign=True),
        )
        for name, part in parts
    ]


def _changed(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(name, _short(one), _short(other)) for name, (one, other) in comparison.changed.items()]


def _short(value: object) -> str:
    """A setting in a cell; lists (of markets) are told by their length beyond a few."""
    if isinstance(value, list) and len(value) > 0:
        return f"{len(value)} entries"
    return value if isinstance(value, str) else json.dumps(value)


def _number(name: str, value: float | None, *, sign: bool = False) -> str:
    """A figure by the kind its name tells."""
    if value is not None and name in {"bars", "trades", "max_drawdown_bars"}:
        return money(value, sign=sign).removesuffix(".00")
    return percent(value, sign=sign) if name.endswith("_fraction") else money(value, sign=sign)
