"""This project's backtest, measured in a process of its own.

    python -m main.bench.ours VARIANT columns.npz RUNS SECONDS    → one JSON object on stdout

``given``: the rule with its indicators given, as the other engines get them. ``computed``: RSI,
bands and ATR computed, too. ``score``: the shipped strategy of eight indicators with score, rank,
contributions, sizing and default limits, from candles to the finished result. All by the desk's
replay: costs, limits, stops, equity at every close, and the full record of every trade.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.backtest.state import State
from engine.indicators.bars import Bars
from main.bench.candles import load_bars
from main.bench.rule import (
    RuleIndicators,
    bench_market,
    played,
    profit,
    replay_rule,
    rule_indicators,
)

VARIANTS = ("given", "computed", "score")


def main(variant: str, path: str, runs: int, least_s: float) -> None:
    """Play so many times, and for so long after the first; print what came out of it."""
    bars = load_bars(Path(path))
    play = _score(bars) if variant == "score" else _rule(bars, path, computed=variant != "given")
    seconds: list[float] = []
    outcome = None
    while len(seconds) < runs or sum(seconds[1:]) < least_s:
        began = time.perf_counter()
        state = play()
        seconds.append(time.perf_counter() - began)
        outcome = profit(state) if variant == "score" else played(state)
        del state
    assert outcome is not None
    print(json.dumps({**asdict(outcome), "seconds": seconds}))  # noqa: T201 - the answer


def _rule(bars: Bars, path: str, *, computed: bool) -> Callable[[], State]:
    market = bench_market(bars)
    if computed:
        return lambda: replay_rule(bars, rule_indicators(bars), market)
    with np.load(path) as stored:
        given = RuleIndicators(stored["rsi"], stored["lower"], stored["atr"])
    return lambda: replay_rule(bars, given, market)


def _score(bars: Bars) -> Callable[[], State]:
    from main.bench.score import play_score

    return lambda: play_score(bars)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
