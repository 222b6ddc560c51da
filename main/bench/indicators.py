"""``bench indicators``: the eight shipped indicators, ours beside pandas-ta and TA-Lib itself.

    python -m main.bench.indicators BARS REPEAT    → one JSON object on stdout

``raw``: TA-Lib's own functions on plain arrays, as little as the indicator needs. ``ours``: the
columns of the rule, TA-Lib included. ``judged``: with side and strength of every bar.
``pandas_ta``: the same columns through pandas-ta, which finds TA-Lib installed here; without it it
is slower, and its answers are others. Each is the best of several runs.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.indicators.bars import Bars
from engine.strategy.rules import shipped_rules
from main.bench.candles import make_bars
from main.bench.process import run_measured

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorCost:
    """Milliseconds of one indicator over all bars."""

    code: str
    raw_ms: float
    ours_ms: float
    judged_ms: float
    pandas_ta_ms: float


def bench_indicators(folder: Path, *, bars: int, repeat: int = 7) -> tuple[IndicatorCost, ...]:
    """Measure all eight in a process of their own."""
    words = ["-m", "main.bench.indicators", str(bars), str(repeat)]
    rows = run_measured(words, caches=folder).answer["indicators"]
    return tuple(IndicatorCost(**row) for row in rows)


def main(count: int, repeat: int) -> None:
    """Measure and print."""
    bars, rows = make_bars(count), []
    for rule in shipped_rules():
        raw = _raw(rule.code, bars)
        values = rule.values(bars)
        kinds: dict[str, Callable[[], object]] = {
            "raw_ms": raw,
            "ours_ms": lambda rule=rule: rule.values(bars),  # type: ignore[misc]
            "judged_ms": lambda rule=rule: rule.judge(bars, rule.values(bars)),  # type: ignore[misc]
            "pandas_ta_ms": lambda rule=rule: rule.through_pandas_ta(bars),  # type: ignore[misc]
        }
        rule.judge(bars, values)
        best = {
            kind: 1e3 * min(_timed(call) for _ in range(repeat)) for kind, call in kinds.items()
        }
        rows.append({"code": rule.code, **best})
    print(json.dumps({"indicators": rows}))  # noqa: T201 - the answer


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _raw(code: str, bars: Bars) -> Callable[[], object]:
    """TA-Lib's part of an indicator with the shipped parameters."""
    ta: Any = importlib.import_module("talib")
    high, low, close, volume = bars.high, bars.low, bars.close, bars.volume
    calls: dict[str, Callable[[], object]] = {
        "ATR": lambda: ta.ATR(high, low, close, 14),
        "BB": lambda: ta.BBANDS(close, 20, 2.0, 2.0),
        "HL": lambda: (ta.MAX(high, 20), ta.MIN(low, 20)),
        "MA": lambda: (ta.SMA(close, 50), ta.SMA(close, 200)),
        "MACD": lambda: ta.MACD(close, 12, 26, 9),
        "RSI": lambda: ta.RSI(close, 14),
        "STOCH": lambda: ta.STOCH(high, low, close, 14, 3, 0, 3, 0),
        "VOL": lambda: ta.SMA(volume, 20),
    }
    return calls[code]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
