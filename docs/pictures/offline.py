"""The pictures that only the command line makes, from invented results.

Two backtests beside each other, a walk-forward, a calibration's promises: runs that take long are
not repeated for a picture. Their curves are random walks of the tests; the figures are those of the
curves, and mean nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from bot.charts import draw_comparison, draw_reliability
from bot.charts.backtest_view import comparison_picture
from bot.charts.views import Floats, Theme
from bot.charts.views_backtest import Figure
from bot.charts.walkforward import draw_walkforward
from tests.unit.bot.charts import test_backtest_pictures, test_reliability, test_walkforward_picture

_YEAR_MS = 365.25 * 86_400_000


def _comparison(theme: Theme) -> bytes:
    document = test_backtest_pictures.comparison()
    curve = document["curve"]
    years = (curve["ts_ms"][-1] - curve["ts_ms"][0]) / _YEAR_MS
    one, other = (np.array(curve[f"{name}_index"], np.float64) for name in ("one", "other"))
    figures: dict[str, list[float]] = {
        "cagr_fraction": [float((of[-1] / of[0]) ** (1 / years) - 1) for of in (one, other)],
        "max_drawdown_fraction": [_deepest(of) for of in (one, other)],
        "trades": [401, 1_822],
    }
    document["figures"] = [
        {"name": name, "one": a, "other": b, "difference": a - b}
        for name, (a, b) in figures.items()
    ]
    together = np.corrcoef(np.diff(np.log(one)), np.diff(np.log(other)))
    document["correlation_daily"] = float(together[0, 1])
    return draw_comparison(comparison_picture(document, theme=theme))


def _deepest(equity: Floats) -> float:
    return float(np.max(1.0 - equity / np.maximum.accumulate(equity)))


def _walkforward(theme: Theme) -> bytes:
    view = test_walkforward_picture.picture()
    equity = view.curves.lines[0].equity_quote
    times = view.curves.time_ms
    edges = np.searchsorted(times, [times[0], *view.borders_ms, times[-1]])
    returns = [float(equity[last] / equity[first] - 1) for first, last in pairwise(edges)]
    steps = np.diff(np.log(equity))
    sharpe = float(steps.mean() / steps.std() * np.sqrt(365.25))
    numbers = view.words.numbers
    figures = (
        Figure(name=view.labels.sharpe, text=numbers.plain(sharpe, 2)),
        Figure(name=view.labels.deepest, text=numbers.percent(-_deepest(equity))),
        Figure(name=view.labels.trades, text="448"),
    )
    shown = replace(
        view,
        theme=theme,
        return_fraction=float(equity[-1] / equity[0] - 1),
        window_returns=tuple(returns),
        figures=figures,
    )
    return draw_walkforward(shown)


def _reliability(theme: Theme) -> bytes:
    rows = (
        replace(
            row,
            promised_win=0.40 + 0.02 * k,
            won=0.41 + 0.018 * k,
            won_low=0.41 + 0.018 * k - 0.02 - 0.004 * k,
            won_high=0.41 + 0.018 * k + 0.02 + 0.004 * k,
        )
        for k, row in enumerate(test_reliability.ALL)
    )
    return draw_reliability(test_reliability.view(*rows, theme=theme))


OFFLINE: Mapping[str, Callable[[Theme], bytes]] = {
    "comparison": _comparison,
    "walkforward": _walkforward,
    "reliability": _reliability,
}
