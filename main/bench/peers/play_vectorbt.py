"""The benchmark rule in vectorbt, as a program of its own: nothing of ours is imported.

    python play_vectorbt.py columns.npz RUNS SECONDS numba|rust    → one JSON object on stdout

Its fastest way is taken: the exit, which depends on the entry, is worked out by a compiled loop
beforehand, and ``from_signals`` plays entries and exits, by numba as vectorbt comes, or by the
engine in Rust that can be had besides. Timed are the loop, the simulation and its trade records;
not its equity curve, which it makes on demand.
"""

import importlib
import json
import sys
import time
from typing import Any

import numpy as np

SLIPPAGE, FEE = 0.0005, 0.001


def main(path: str, runs: int, least_s: float, engine: str) -> None:
    """Play so many times, and for so long after the first; print what came out of it."""
    vbt: Any = importlib.import_module("vectorbt")
    with np.load(path) as stored:
        column = dict(stored)
    decide = importlib.import_module("numba").njit(cache=True)(_decide)
    seconds: list[float] = []
    while len(seconds) < runs or sum(seconds[1:]) < least_s:
        began = time.perf_counter()
        entries, exits = decide(*(column[c] for c in ("open", "close", "rsi", "lower", "atr")))
        portfolio = vbt.Portfolio.from_signals(
            column["close"],
            entries,
            exits,
            price=column["open"],
            size=1.0,
            fees=FEE,
            slippage=SLIPPAGE,
            init_cash=1_000_000.0,
            engine=engine,
        )
        records = portfolio.trades.values
        seconds.append(time.perf_counter() - began)
    closed = records[records["status"] == 1]
    first = int(column["open_ms"][int(closed["entry_idx"][0])]) if len(closed) else None
    answer = {
        "version": vbt.__version__,
        "trades": len(closed),
        "pnl_quote": float(closed["pnl"].sum()),
        "still_open": len(records) - len(closed),
        "first_opened_ms": first,
        "seconds": seconds,
    }
    print(json.dumps(answer))  # noqa: T201 - the answer


def _decide(opens: Any, closes: Any, rsi: Any, lower: Any, atr: Any) -> Any:  # noqa: ANN401 - arrays
    """Entries and exits on the bars at whose open they are done."""
    entries = np.zeros(len(closes), np.bool_)
    exits = np.zeros(len(closes), np.bool_)
    long, signal, stop = False, 0, 0.0
    for i in range(len(closes) - 1):
        if long:
            if i == signal + 1:
                stop = opens[i] * (1.0 + SLIPPAGE) - 2.0 * atr[signal]
            if rsi[i] > 55.0 or closes[i] <= stop:  # noqa: PLR2004 - the rule
                exits[i + 1] = True
                long = False
        elif rsi[i] < 30.0 and closes[i] < lower[i]:  # noqa: PLR2004 - the rule
            entries[i + 1] = True
            long, signal = True, i
    return entries, exits


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
