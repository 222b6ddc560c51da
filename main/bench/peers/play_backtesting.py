"""The benchmark rule in backtesting.py, as a program of its own: nothing of ours is imported.

    python play_backtesting.py columns.npz RUNS SECONDS    → one JSON object on stdout

Timed is the run with its statistics, which it always makes. Its ``spread`` is paid on the way in
only; the profit is therefore worked out from the prices of its trades, as the rule says.
"""

import importlib
import json
import sys
import time
import warnings
from typing import Any

import numpy as np

SLIPPAGE, FEE = 0.0005, 0.001


def main(path: str, runs: int, least_s: float) -> None:
    """Play so many times, and for so long after the first; print what came out of it."""
    warnings.simplefilter("ignore")
    library: Any = importlib.import_module("backtesting")
    pandas: Any = importlib.import_module("pandas")
    with np.load(path) as stored:
        column = dict(stored)
    frame = pandas.DataFrame(
        {name.capitalize(): column[name] for name in ("open", "high", "low", "close", "volume")},
        index=pandas.to_datetime(column["open_ms"], unit="ms"),
    )
    made = library.Backtest(
        frame, _strategy(library, column), cash=1_000_000.0, commission=FEE, spread=SLIPPAGE
    )
    seconds: list[float] = []
    while len(seconds) < runs or sum(seconds[1:]) < least_s:
        began = time.perf_counter()
        stats = made.run()
        seconds.append(time.perf_counter() - began)
    trades = stats["_trades"]
    paid = trades["EntryPrice"].to_numpy()
    received = trades["ExitPrice"].to_numpy() * (1.0 - SLIPPAGE)
    answer = {
        "version": library.__version__,
        "trades": len(trades),
        "pnl_quote": float(np.sum(received - paid - FEE * (received + paid))),
        "still_open": 0,
        "first_opened_ms": int(column["open_ms"][int(trades["EntryBar"].iloc[0])]),
        "seconds": seconds,
    }
    print(json.dumps(answer))  # noqa: T201 - the answer


def _strategy(library: Any, column: dict[str, Any]) -> type:  # noqa: ANN401 - an untyped library
    class Rule(library.Strategy):  # type: ignore[misc]
        """The rule, with indicators given."""

        def init(self) -> None:
            """Hand over the columns."""
            given = (column[name] for name in ("rsi", "lower", "atr"))
            self.rsi, self.lower, self.atr = (
                self.I(lambda values=values: values, plot=False) for values in given
            )
            self.distance = 0.0

        def next(self) -> None:
            """Judge one close; orders fill at the next open."""
            close = self.data.Close[-1]
            if self.position:
                stop = self.trades[-1].entry_price - self.distance
                if self.rsi[-1] > 55.0 or close <= stop:  # noqa: PLR2004 - the rule
                    self.position.close()
            elif self.rsi[-1] < 30.0 and close < self.lower[-1]:  # noqa: PLR2004 - the rule
                self.distance = 2.0 * self.atr[-1]
                self.buy(size=1)

    return Rule


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
