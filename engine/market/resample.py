"""Derives higher timeframes from lower ones: pure numpy.

A bucket is whole when every bar of it is present, or remembered as empty (nobody traded: the venue
has no such bar, and its own higher bar was made without it too). Whole buckets equal the exchange's
own bars: open of the first, highest high, lowest low, close of the last, sum of the volumes (the
sum to the last digit or two of a float64, since the exchange adds decimals).
"""

from collections.abc import Iterable

import numpy as np

from engine.domain.market import CandleSeries, Timeframe
from engine.domain.values import require
from engine.market.columns import Columns, Ints, Mask


def resample(
    series: CandleSeries,
    source: Timeframe,
    target: Timeframe,
    *,
    whole_only: bool = True,
    empty_ms: Iterable[int] = (),
) -> CandleSeries:
    """Bars of ``target`` from bars of ``source``, oldest first.

    With ``whole_only=False`` a bucket that lacks bars is kept, made of those it has: that is what
    an exchange does with its bar still forming, and what nobody should decide on. Raises
    ``InvalidValueError`` unless ``target`` is a multiple of ``source``.
    """
    require(target.ms % source.ms == 0, "target timeframe", f"a multiple of {source}", str(target))
    if source is target or not len(series):
        return series
    rows = Columns.of(series)
    derived = resample_columns(rows, target)
    if whole_only:
        derived = derived.take(_whole(rows.ms, derived.ms, empty_ms, source, target))
    return derived.series()


def resample_columns(rows: Columns, target: Timeframe) -> Columns:
    """Bars of ``target``, one per bucket that has any row; rows must be oldest first, not none."""
    buckets = rows.ms // target.ms
    starts = np.flatnonzero(np.concatenate(([True], buckets[1:] != buckets[:-1])))
    ends = np.concatenate((starts[1:], [len(rows)])) - 1
    return Columns(
        ms=buckets[starts] * target.ms,
        open=rows.open[starts],
        high=np.maximum.reduceat(rows.high, starts),
        low=np.minimum.reduceat(rows.low, starts),
        close=rows.close[ends],
        volume=np.add.reduceat(rows.volume, starts),
    )


def _whole(
    ms: Ints, bucket_ms: Ints, empty_ms: Iterable[int], source: Timeframe, target: Timeframe
) -> Mask:
    """Which buckets have all their bars, empties counted."""
    empty = np.setdiff1d(np.fromiter(empty_ms, dtype=np.int64), ms)
    known = np.sort(np.concatenate((ms, empty)))
    begin, end = np.searchsorted(known, bucket_ms), np.searchsorted(known, bucket_ms + target.ms)
    mask: Mask = end - begin == target.ms // source.ms
    return mask
