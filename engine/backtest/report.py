"""A finished run with everything that is told about it: figures, parts, benchmarks, one document.

`BacktestRun` → `report` → `BacktestReport` → `to_json`. Kept apart from the run because a search
plays thousands of runs and looks at few.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from engine.backtest.benchmarks import Benchmark, Benchmarks, benchmarks
from engine.backtest.breakdown import Group, Month, by, by_month
from engine.backtest.curves import RunCurve, run_curve
from engine.backtest.metrics import Spent
from engine.backtest.result import BacktestResult
from engine.backtest.runner import BacktestRun
from engine.domain.desk import Json
from engine.kernel import Floats, Ints

_NONE: Ints = np.empty(0, np.int64)
_NO_EQUITY: Floats = np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestReport:
    """A run told in full; `about` is what only its starter knows: strategy, data, settings."""

    result: BacktestResult
    months: tuple[Month, ...]
    by_symbol: tuple[Group, ...]
    by_regime: tuple[Group, ...]
    by_exit: tuple[Group, ...]
    benchmarks: Benchmarks
    curve: RunCurve
    about: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Return the document of `backtest --json`: what is promised of a result, and this."""
        return {
            **self.about,
            **self.result.to_json(),
            "benchmarks": _benchmarks_json(self.benchmarks),
            "months": [asdict(month) for month in self.months],
            "by_symbol": [asdict(group) for group in self.by_symbol],
            "by_regime": [asdict(group) for group in self.by_regime],
            "by_exit": [asdict(group) for group in self.by_exit],
            "curve": self.curve.to_json(),
        }

    def summary(self) -> dict[str, Json]:
        """Return the document without what grows with bars and trades; pictures need no more."""
        bare = replace(self.result, trades=(), close_ms=_NONE, equity_quote=_NO_EQUITY)
        whole = replace(self, result=bare).to_json()
        return {name: whole[name] for name in whole if name not in {"trades", "equity"}}


def report(run: BacktestRun, about: Mapping[str, Json] | None = None) -> BacktestReport:
    """Tell a run in full."""
    result, tally = run.result, run.result.metrics
    beside = benchmarks(
        run.feed,
        run.markets,
        start_equity=result.start_equity,
        close_ms=result.close_ms,
        equity=result.equity_quote,
        exposure=result.exposure_quote,
        spent=Spent(
            traded_quote=result.costs["traded_quote"],
            fees_quote=tally.fees_quote,
            slippage_quote=tally.slippage_quote,
            funding_quote=tally.funding_quote,
        ),
    )
    return BacktestReport(
        result=result,
        months=by_month(result, beside.buy_and_hold.equity_quote),
        by_symbol=by(result.trades, lambda trade: trade.symbol),
        by_regime=by(result.trades, lambda trade: trade.regime),
        by_exit=by(result.trades, lambda trade: trade.exit_reason),
        benchmarks=beside,
        curve=run_curve(result, beside.buy_and_hold.equity_quote),
        about=about or {},
    )


def _benchmarks_json(beside: Benchmarks) -> dict[str, Json]:
    document: dict[str, Json] = {}
    for name in Benchmarks.__slots__:
        value = getattr(beside, name)
        document[name] = _figures_json(value) if isinstance(value, Benchmark) else value
    return document


def _figures_json(one: Benchmark) -> dict[str, Json]:
    """Return the figures of a benchmark; its path is in `equity.csv`."""
    return {name: getattr(one, name) for name in Benchmark.__slots__ if name != "equity_quote"}
