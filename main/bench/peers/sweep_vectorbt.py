"""Lengths of RSI and Bollinger in many combinations in vectorbt, as a program of its own.

    python sweep_vectorbt.py columns.npz RSI-LENGTHS BAND-LENGTHS RUNS    → JSON on stdout

Lengths are written 8,9,10. Buys where RSI is below 30 under the lower band, sells where RSI is
above 55, both at the next open. Each indicator is computed once per length and every combination is
a column of one simulation, which is how vectorbt is meant to be used; its engine in Rust plays it
where that is installed. Timed is everything from closes to the return of each combination.
"""

import importlib
import json
import sys
import time
from typing import Any

import numpy as np

type Untyped = Any


def main(path: str, rsi_lengths: list[int], band_lengths: list[int], runs: int) -> None:
    """Play ``runs`` times and print what came out of it."""
    vbt: Untyped = importlib.import_module("vectorbt")
    with np.load(path) as stored:
        opens, closes = stored["open"], stored["close"]
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        entries, exits = _signals(vbt, closes, rsi_lengths, band_lengths)
        portfolio = vbt.Portfolio.from_signals(
            np.broadcast_to(closes[:, None], entries.shape),
            entries,
            exits,
            price=opens[:, None],
            size=1.0,
            fees=0.001,
            slippage=0.0005,
            init_cash=1_000_000.0,
        )
        returns, trades = portfolio.total_return(), len(portfolio.trades.values)
        seconds.append(time.perf_counter() - began)
    answer = {"combinations": len(returns), "trades": trades, "seconds": seconds}
    print(json.dumps(answer))  # noqa: T201 - the answer


def _signals(
    vbt: Untyped, closes: Untyped, rsi_lengths: list[int], band_lengths: list[int]
) -> tuple[Untyped, Untyped]:
    rsi = vbt.RSI.run(closes, window=rsi_lengths, ewm=True).rsi.to_numpy()
    lower = vbt.BBANDS.run(closes, window=band_lengths, alpha=2.0).lower.to_numpy()
    low, high, under = rsi < 30.0, rsi > 55.0, closes[:, None] < lower  # noqa: PLR2004 - the rule
    entries = (low[:, None, :] & under[:, :, None]).reshape(len(closes), -1)
    return _later(entries), _later(np.tile(high, (1, len(band_lengths))))


def _later(flags: Untyped) -> Untyped:
    """The flags one bar later: what is decided at a close is done at the next open."""
    moved = np.zeros_like(flags)
    moved[1:] = flags[:-1]
    return moved


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main(sys.argv[1], _numbers(sys.argv[2]), _numbers(sys.argv[3]), int(sys.argv[4]))
