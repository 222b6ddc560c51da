"""Measure the scale and rank grid of the default score and print them as JSON.

    python docs/research/reference_scale.py DATA > engine/strategy/reference_score_1.json

``DATA`` holds ``1h/*.parquet`` with columns ``ts_ms, open, high, low, close, volume``. Every pair
is resampled to 4h and 1d (whole buckets only) and scored with the default weights; the nets of all
pairs are pooled per timeframe. Bars beside a gap are taken as neighbours, as the desk takes them.
"""  # noqa: INP001 - a script to run, not to import""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from engine.domain.market import Timeframe
from engine.indicators.bars import Bars, Floats
from engine.strategy.columns import columns
from engine.strategy.reference import FrameReference, ScoreReference, measure, to_plain
from engine.strategy.weights import DEFAULT_VERSION, default_weights

_UNSCALED = ScoreReference(
    version="unscaled",
    frames={
        Timeframe.H1: FrameReference(
            timeframe=Timeframe.H1, n=1, scale=1.0, fractions=(0.0, 1.0), net=(0.0, 100.0)
        )
    },
)


def read(path: Path) -> Bars:
    """Read one parquet file of 1h candles."""
    table = pq.read_table(path)
    column: dict[str, Any] = {name: table[name].to_numpy() for name in table.column_names}
    names = ("open", "high", "low", "close", "volume")
    prices = {name: np.ascontiguousarray(column[name], np.float64) for name in names}
    return Bars(timeframe=Timeframe.H1, open_ms=column["ts_ms"].astype(np.int64), **prices)


def resample(bars: Bars, timeframe: Timeframe) -> Bars:
    """Join whole buckets of 1h bars; a bucket with a missing bar is left out."""
    size = timeframe.ms // bars.timeframe.ms
    bucket = bars.open_ms // timeframe.ms
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    whole = starts[np.diff(starts, append=bucket.size) == size]
    rows = whole[:, None] + np.arange(size)
    return Bars(
        timeframe=timeframe,
        open_ms=bars.open_ms[whole],
        open=bars.open[whole],
        high=bars.high[rows].max(axis=1),
        low=bars.low[rows].min(axis=1),
        close=bars.close[rows[:, -1]],
        volume=bars.volume[rows].sum(axis=1),
    )


def nets(bars: Bars) -> Floats:
    """Signed net of every bar past the warm-up."""
    scored = columns(bars, default_weights(), _UNSCALED)
    return scored.net[scored.warmup_bars :]


def main(folder: Path) -> None:
    """Print the reference."""
    hourly = [read(path) for path in sorted((folder / "1h").glob("*.parquet"))]
    frames = {}
    for timeframe in (Timeframe.H1, Timeframe.H4, Timeframe.D1):
        series = [h if timeframe is Timeframe.H1 else resample(h, timeframe) for h in hourly]
        frames[timeframe] = measure(np.concatenate([nets(s) for s in series]), timeframe)
    reference = ScoreReference(version=DEFAULT_VERSION, frames=frames)
    print(json.dumps(to_plain(reference)))  # noqa: T201 - the product of this script


if __name__ == "__main__":
    main(Path(sys.argv[1]))
