"""Which rows of candle columns may be believed: pure numpy, for a page as for a million rows.

``Columns`` → what is wrong with a row by itself → not closed yet → sorted, duplicates → jumps →
``Sifted``. Every row ends in exactly one of: clean, forming, duplicate, faulty. Both doors for
candles, the firewall (venues) and the importer (files), judge with this one function.

A jump is judged against the last believed close. It is believed when the next bar opens on the
new level or when ``confirmed`` (an earlier answer to the same question) holds the very same row. A
spike that leaves both levels is never confirmed by its successor: only a repeat can do that. Where
nothing is known from before, the median close of the first five bars stands in, so that a single
bad first row cannot discredit all that follow.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from engine.domain.market import Timeframe
from engine.market.columns import Columns, Floats, Ints, Mask
from engine.market.policy import MarketPolicy

# 2009-01-01: no market is older than Bitcoin, and seconds taken for milliseconds land in 1970.
EARLIEST_MS = 1_230_768_000_000
# Finite and then some: above it a float64 no longer tells one unit of anything from the next.
LARGEST = 1e30

type RowKey = tuple[int, float, float, float, float, float]

_FIRST_BARS = 5
_NOT_A_JUDGE = 3  # fewer bars than this have no meaningful median

(_OK, _NOT_FINITE, _PRICE, _LOW, _HIGH, _VOLUME, _OLD, _MISALIGNED) = range(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why the row at ``index`` is not believed; a jump may be confirmed by a repeat."""

    index: int
    reason: str
    is_jump: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Indices into the rows given. ``clean`` is oldest first."""

    clean: Ints
    forming: int
    duplicates: int
    faults: tuple[Fault, ...]


def sift(
    rows: Columns,
    *,
    timeframe: Timeframe,
    now_ms: int,
    policy: MarketPolicy,
    previous_close: float | None = None,
    confirmed: AbstractSet[RowKey] = frozenset(),
) -> Sifted:
    """Sort the rows into clean, forming, duplicate and faulty; never raises.

    ``previous_close`` is the close of the bar believed last before these rows.
    """
    codes = _own_faults(rows, timeframe)
    faults = [_own_fault(rows, int(i), int(codes[i]), timeframe) for i in np.flatnonzero(codes)]
    sound = np.flatnonzero(codes == _OK)
    closed = sound[rows.ms[sound] <= now_ms - timeframe.ms]
    started = rows.ms[sound] <= now_ms + policy.max_clock_skew_s * 1_000
    forming = int(np.count_nonzero(started)) - len(closed)
    faults += [_future_fault(rows, int(i), now_ms) for i in sound[~started]]

    ordered = closed[np.argsort(rows.ms[closed], kind="stable")]
    single, duplicates, conflicts = _without_duplicates(rows, ordered)
    faults += conflicts
    jumps = _jumps(rows.take(single), policy.max_jump_multiple, previous_close, confirmed)
    faults += [_jump_fault(rows, int(i), policy) for i in single[jumps]]
    return Sifted(
        clean=single[~jumps], forming=forming, duplicates=duplicates, faults=tuple(faults)
    )


def _own_faults(rows: Columns, timeframe: Timeframe) -> Ints:
    """The first rule each row breaks by itself, 0 for none."""
    codes = np.zeros(len(rows), dtype=np.int64)

    def mark(broken: Mask, code: int) -> None:
        codes[broken & (codes == _OK)] = code

    sane = np.ones(len(rows), dtype=np.bool_)
    for column in rows.values:
        sane &= np.abs(column) < LARGEST  # false for NaN and infinities too
    mark(~sane, _NOT_FINITE)
    mark(~(np.minimum.reduce(rows.values[:4]) > 0), _PRICE)
    mark(rows.low > np.minimum(rows.open, rows.close), _LOW)
    mark(rows.high < np.maximum(rows.open, rows.close), _HIGH)
    mark(rows.volume < 0, _VOLUME)
    mark(rows.ms < EARLIEST_MS, _OLD)
    mark(rows.ms % timeframe.ms != 0, _MISALIGNED)
    return codes


def _own_fault(rows: Columns, index: int, code: int, timeframe: Timeframe) -> Fault:
    ms, o, h, l, c, v = rows.row(index)  # noqa: E741 - OHLCV
    reasons = {
        _NOT_FINITE: f"not finite: open {o} high {h} low {l} close {c} volume {v}",
        _PRICE: f"price not positive: open {o} high {h} low {l} close {c}",
        _LOW: f"low {l} is above open {o} or close {c}",
        _HIGH: f"high {h} is below open {o} or close {c}",
        _VOLUME: f"volume {v} is negative",
        _OLD: f"open time {ms} lies before 2009; is it in milliseconds?",
        _MISALIGNED: f"open time {ms} is not a multiple of {timeframe}",
    }
    return Fault(index=index, reason=reasons[code])


def _future_fault(rows: Columns, index: int, now_ms: int) -> Fault:
    ms = int(rows.ms[index])
    return Fault(index=index, reason=f"opens in the future: {ms}, it is {now_ms}")


def _jump_fault(rows: Columns, index: int, policy: MarketPolicy) -> Fault:
    _, o, h, l, c, _ = rows.row(index)  # noqa: E741 - OHLCV
    reason = (
        f"jump beyond {policy.max_jump_multiple:g} times its neighbour, not confirmed: "
        f"open {o} high {h} low {l} close {c}"
    )
    return Fault(index=index, reason=reason, is_jump=True)


def _without_duplicates(rows: Columns, ordered: Ints) -> tuple[Ints, int, list[Fault]]:
    """Rows whose open time is theirs alone; equal repeats counted, contradictions all faulted."""
    ms = rows.ms[ordered]
    is_repeat = np.zeros(len(ordered), dtype=np.bool_)
    is_repeat[1:] = ms[1:] == ms[:-1]
    if not is_repeat.any():
        return ordered, 0, []
    disputed = np.isin(ms, ms[is_repeat])
    kept = [ordered[~disputed]]
    duplicates, faults = 0, []
    for group in _groups(rows, ordered[disputed]):
        distinct = list({rows.row(i): i for i in reversed(group)}.values())
        duplicates += len(group) - len(distinct)
        if len(distinct) == 1:
            kept.append(np.array(distinct, dtype=np.int64))
        else:
            reason = f"{len(distinct)} different bars for the open time {int(rows.ms[group[0]])}"
            faults += [Fault(index=i, reason=reason) for i in sorted(distinct)]
    single = np.concatenate(kept)
    return single[np.argsort(rows.ms[single], kind="stable")], duplicates, faults


def _groups(rows: Columns, disputed: Ints) -> list[list[int]]:
    """Indices that share an open time."""
    groups: dict[int, list[int]] = {}
    for index in disputed:
        groups.setdefault(int(rows.ms[index]), []).append(int(index))
    return list(groups.values())


def _jumps(
    rows: Columns, multiple: float, previous: float | None, confirmed: AbstractSet[RowKey]
) -> Mask:
    """Where a row leaves the last believed close and nothing confirms it; rows are oldest first.

    Only rows that differ from their direct predecessor are looked at one by one; the row after a
    disbelieved one is looked at too, since its predecessor no longer counts.
    """
    jumped = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) == 0:
        return jumped
    first = _first_reference(rows.close) if previous is None else previous
    before = np.concatenate(([first], rows.close[:-1]))
    suspects = np.flatnonzero((rows.high > before * multiple) | (rows.low < before / multiple))
    index, believed = (int(suspects[0]) if len(suspects) else len(rows)), -1
    while index < len(rows):
        if index and not jumped[index - 1]:
            believed = index - 1
        reference = float(rows.close[believed]) if believed >= 0 else first
        if _is_near(rows, index, reference, multiple) or rows.row(index) in confirmed:
            position = int(np.searchsorted(suspects, index, side="right"))
            index = int(suspects[position]) if position < len(suspects) else len(rows)
        else:
            jumped[index] = True
            index += 1
    return jumped


def _is_near(rows: Columns, index: int, reference: float, multiple: float) -> bool:
    """Whether the bar stays within reach of the old level or of the next bar's open.

    A move of the level counts as confirmed only where the next bar opens near this bar's close.
    """
    low, high, close = float(rows.low[index]), float(rows.high[index]), float(rows.close[index])
    levels = [reference]
    if index + 1 < len(rows):
        level = float(rows.open[index + 1])
        if close / multiple <= level <= close * multiple:
            levels.append(level)
    return low >= min(levels) / multiple and high <= max(levels) * multiple


def _first_reference(closes: Floats) -> float:
    """A level to hold the first bar against when nothing came before it."""
    few = closes[:_FIRST_BARS]
    return float(np.median(few)) if len(few) >= _NOT_A_JUDGE else float(few[0])
