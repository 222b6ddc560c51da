"""The firewall between a venue's answer and everything else: pure, and it never raises.

Raw rows → ``[ms, open, high, low, close, volume]`` where they have that shape → ``sift`` →
``Inspected``. A venue library validates nothing: an HTML page answered with status 200 arrives as
rows of single characters, NaN and negative prices pass, the last row is the bar still forming. What
fails here is kept with its reason, never silently dropped:
``len(rows) == len(clean) + len(quarantined) + forming + duplicates``.

Only plain ints and floats count as numbers. Text that looks like one is refused: venues are parsed
by their adapter, and a string here means the adapter did not understand the answer.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from typing_extensions import TypeIs

from engine.domain.desk import QuarantinedCandle
from engine.domain.market import CandleSeries
from engine.domain.values import to_ms
from engine.market.columns import Columns, Feed
from engine.market.policy import MarketPolicy
from engine.market.sift import LARGEST, RowKey, sift

_CELLS = 6
_LONGEST_TEXT = 200
_LARGEST_MS = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What became of every row. ``jumped`` are those that a repeat of the question may confirm."""

    clean: CandleSeries
    quarantined: tuple[QuarantinedCandle, ...] = ()
    forming: int = 0
    duplicates: int = 0
    jumped: frozenset[RowKey] = frozenset()


def inspect(
    rows: Sequence[object],
    *,
    feed: Feed,
    now: datetime,
    policy: MarketPolicy,
    previous_close: float | None = None,
    confirmed: AbstractSet[RowKey] = frozenset(),
) -> Inspected:
    """Sort whatever a venue gave into clean closed bars, quarantine, forming and duplicates.

    ``previous_close`` is the close of the last bar believed before these, ``confirmed`` the
    ``jumped`` rows of an earlier answer to the same question.
    """
    shaped = [shape(row) for row in rows]
    numbered = [i for i, row in enumerate(shaped) if not isinstance(row, str)]
    columns = _columns([row for row in shaped if not isinstance(row, str)])
    sifted = sift(
        columns,
        timeframe=feed.timeframe,
        now_ms=to_ms(now),
        policy=policy,
        previous_close=previous_close,
        confirmed=confirmed,
    )
    reasons = {i: row for i, row in enumerate(shaped) if isinstance(row, str)}
    reasons |= {numbered[fault.index]: fault.reason for fault in sifted.faults}
    return Inspected(
        clean=columns.take(sifted.clean).series(),
        quarantined=tuple(
            _quarantined(rows[i], shaped[i], reasons[i], feed=feed, now=now)
            for i in sorted(reasons)
        ),
        forming=sifted.forming,
        duplicates=sifted.duplicates,
        jumped=frozenset(columns.row(f.index) for f in sifted.faults if f.is_jump),
    )


def shape(row: object) -> RowKey | str:
    """The row as six numbers, or the reason why it is none. NaN and infinities are numbers here."""
    if not isinstance(row, list | tuple):
        return f"not a row of numbers but {type(row).__name__}"
    if len(row) != _CELLS:
        return f"{len(row)} cells instead of {_CELLS}"
    ms, *rest = row
    if not _is_number(ms) or not abs(ms) < _LARGEST_MS or ms != int(ms):
        return "open time is not a whole number of milliseconds"
    for name, cell in zip(("open", "high", "low", "close", "volume"), rest, strict=True):
        if not _is_number(cell):
            return f"{name} is not a number but {type(cell).__name__}"
    o, h, l, c, v = (_float(cell) for cell in rest)  # noqa: E741 - OHLCV
    return (int(ms), o, h, l, c, v)


def text_of(row: object) -> str:
    """A row as short text, without trusting the object to print itself."""
    if isinstance(row, list | tuple):
        return _cut("[" + ", ".join(_cell_text(cell) for cell in row[: _CELLS + 2]) + "]")
    return _cut(_cell_text(row))


def _is_number(cell: object) -> TypeIs[float]:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _float(cell: float) -> float:
    """As a float; an int too large for one becomes infinity, which ``sift`` refuses."""
    return float("inf") if abs(cell) >= LARGEST else float(cell)


def _columns(rows: list[RowKey]) -> Columns:
    values = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), _CELLS - 1)
    return Columns(
        ms=np.array([row[0] for row in rows], dtype=np.int64),
        open=values[:, 0],
        high=values[:, 1],
        low=values[:, 2],
        close=values[:, 3],
        volume=values[:, 4],
    )


def _quarantined(
    row: object, shaped: RowKey | str, reason: str, *, feed: Feed, now: datetime
) -> QuarantinedCandle:
    return QuarantinedCandle(
        venue=feed.venue,
        symbol=str(feed.symbol),
        timeframe=str(feed.timeframe),
        open_ms=None if isinstance(shaped, str) else shaped[0],
        row=text_of(row),
        reason=reason,
        seen_at=now,
    )


def _cell_text(cell: object) -> str:
    if isinstance(cell, str):
        return ascii(cell[:_LONGEST_TEXT])
    if isinstance(cell, float) or cell is None:
        return str(cell)
    if isinstance(cell, int) and abs(cell) < LARGEST:
        return str(cell)
    return f"<{type(cell).__name__}>"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
