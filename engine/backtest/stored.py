"""A backtest read back from the document that it was written to.

`result.json` → `read_run` → `StoredRun`. Only what a comparison needs is read, so that documents of
older versions stay readable; what is missing or of the wrong kind is told by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.domain.errors import DataError
from engine.kernel import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrade:
    """A closed round trip; times are the document's own texts."""

    symbol: str
    opened_at: str
    closed_at: str
    quantity: float
    pnl_quote: float
    exit_reason: str

    @property
    def entry(self) -> tuple[str, str]:
        """What tells entries apart: a symbol has one position at a time."""
        return (self.symbol, self.opened_at)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredRun:
    """What two runs are compared by; `metrics` holds the figures that are single numbers.

    `about` holds the parts that describe a run (strategy, data, settings), as plain JSON.
    """

    strategy_version: str
    timeframe: str
    symbols: tuple[str, ...]
    start_equity: float
    final_equity: float
    metrics: Mapping[str, float | None]
    trades: tuple[StoredTrade, ...]
    time_ms: Ints
    equity_quote: Floats
    about: Mapping[str, Any]


def read_run(document: object) -> StoredRun:
    """Read a document of `backtest --json`. ``DataError`` if it is not one."""
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as err:
        detail = f"{type(err).__name__}: {err}"
        raise DataError(f"this is no result of a backtest ({detail}); name a result.json") from err


def _read(document: Any) -> StoredRun:  # noqa: ANN401 - whatever a file holds
    points: Sequence[Mapping[str, float]] = document["equity"]
    metrics = document["metrics"]
    run = StoredRun(
        strategy_version=str(document["strategy_version"]),
        timeframe=str(document["timeframe"]),
        symbols=tuple(str(symbol) for symbol in document["symbols"]),
        start_equity=float(document["start_equity"]),
        final_equity=float(document["final_equity"]),
        metrics={name: _number(value) for name, value in metrics.items() if _is_number(value)},
        trades=tuple(_trade(row) for row in document["trades"]),
        time_ms=np.array([int(point["ts_ms"]) for point in points], np.int64),
        equity_quote=np.array([float(point["equity_quote"]) for point in points]),
        about={
            name: document[name] for name in ("strategy", "data", "settings") if name in document
        },
    )
    if len(points) == 0 or run.start_equity <= 0 or bool(np.any(np.diff(run.time_ms) <= 0)):
        raise ValueError("equity must be one or more points whose times rise, from above zero")
    return run


def _trade(row: Mapping[str, Any]) -> StoredTrade:
    return StoredTrade(
        symbol=str(row["symbol"]),
        opened_at=str(row["opened_at"]),
        closed_at=str(row["closed_at"]),
        quantity=float(row["quantity"]),
        pnl_quote=float(row["pnl_quote"]),
        exit_reason=str(row["exit_reason"]),
    )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
