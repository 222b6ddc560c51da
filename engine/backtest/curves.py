"""The run over time in about as many points as a picture has columns.

equity per bar → buckets of equal counts of bars → last equity, deepest drawdown, mean exposure of
each. Depth is taken before thinning, so a drawdown of one minute is drawn as deep as it was.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.backtest.drawdowns import lost
from engine.backtest.metrics import with_start
from engine.backtest.result import BacktestResult
from engine.domain.desk import Json
from engine.kernel import Floats, Ints

POINTS = 600


class RunCurve(NamedTuple):
    """Columns of one length, oldest first; the first point is the start of the account.

    Amounts in quote; drawdowns and exposure as fractions, the latter of equity. `market_*` is
    buy-and-hold.
    """

    time_ms: Ints
    equity_quote: Floats
    drawdown_fraction: Floats
    market_quote: Floats
    market_drawdown_fraction: Floats
    exposure_fraction: Floats

    def to_json(self) -> dict[str, Json]:
        """Return one list per column; `ts_ms` are the times."""
        document: dict[str, Json] = {"ts_ms": self.time_ms.tolist()}
        for name in self._fields[1:]:
            document[name] = getattr(self, name).tolist()
        return document


def run_curve(result: BacktestResult, market: Floats, *, points: int = POINTS) -> RunCurve:
    """Thin a run and the equity of buy-and-hold to at most `points` and the start."""
    path, times_ms = with_start(result.start_equity, result.equity_quote, result.close_ms)
    held = np.concatenate(([result.start_equity], market))
    share = result.exposure_quote / np.where(result.equity_quote > 0, result.equity_quote, np.inf)
    bars = len(share)
    ends = np.unique(np.linspace(1, bars, min(points, bars)).round().astype(np.intp))
    shown = np.concatenate(([0], ends))
    starts = shown[:-1] + 1
    counts = np.diff(shown)
    return RunCurve(
        time_ms=times_ms[shown],
        equity_quote=path[shown],
        drawdown_fraction=_deepest(path, starts),
        market_quote=held[shown],
        market_drawdown_fraction=_deepest(held, starts),
        exposure_fraction=np.concatenate(([0.0], np.add.reduceat(share, starts - 1) / counts)),
    )


def _deepest(path: Floats, starts: NDArray[np.intp]) -> Floats:
    fallen: Floats = np.concatenate(([0.0], np.maximum.reduceat(lost(path), starts)))
    return fallen
