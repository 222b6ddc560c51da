"""Answers on stdout: tables for people, one JSON document for programs.

JSON: exact numbers as text, times as ISO 8601 in UTC, NaN as null. Nothing else is ever written to
stdout with ``--json``.
"""

import dataclasses
import json
import math
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from engine.domain.market import Symbol
from engine.market.progress import Progress, Step

_WIDTH_OF_FILES = 160


def say(text: str) -> None:
    """One line on stdout."""
    print(text)  # noqa: T201 - this is where answers are printed


def print_json(value: object) -> None:
    """One document on stdout."""
    json.dump(to_json(value), sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def to_json(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """A domain value as plain JSON; dataclasses become objects."""
    if value is None or (isinstance(value, (bool, str)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, (int, float, Decimal, Enum)):
        return _scalar(value)
    if isinstance(value, (datetime, date)):
        return _moment(value)
    if isinstance(value, Mapping):
        return {str(to_json(name)): to_json(one) for name, one in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, Symbol):
        return {one.name: to_json(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Iterable):
        return [to_json(one) for one in value]
    return str(value)


def _scalar(value: Enum | Decimal | float) -> Any:  # noqa: ANN401 - a JSON scalar
    """Codes by their label, exact numbers as text, floats without NaN and infinity."""
    if isinstance(value, Enum):
        return getattr(value, "label", value.value)
    if isinstance(value, Decimal):
        return str(value)
    return value if math.isfinite(value) else None


def _moment(value: date) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat()


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; ``>`` before a column's name sets it to the right."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left")
    for row in rows:
        table.add_row(*(escape(cell_text(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES, highlight=False).print(table)


def cell_text(cell: object) -> str:
    """A value as a person reads it; absent is a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}" if cell == cell.to_integral_value() else f"{cell:f}"
    return str(cell)


def money(amount: Decimal, currency: str, *, sign: bool = False) -> str:
    """An amount with two decimals, grouped, with its currency."""
    return f"{amount:{'+' if sign else ''},.2f} {currency}"


@contextmanager
def progress_bar(*, quiet: bool = False, after_s: float = 0.0) -> Iterator[Progress]:
    """Shows how far work is, on stderr, where a person looks at it.

    Work that ends within ``after_s`` shows nothing.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
    tasks: dict[str, Any] = {}

    def show(step: Step, /) -> None:
        if step.label not in tasks:
            tasks[step.label] = bar.add_task(step.label, total=step.total)
        bar.update(tasks[step.label], completed=step.done, total=step.total)

    # A timer, because a long stretch of compiled work reports nothing that could start the bar.
    timer = threading.Timer(after_s, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield show
    finally:
        timer.cancel()
        timer.join()
        if bar.live.is_started:
            bar.stop()
