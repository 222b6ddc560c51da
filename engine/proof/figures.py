"""The figures of a proof: what was earned, how sure that is, and what simpler things earned.

All as plain JSON: fractions, Sharpe ratios per year, `None` for what cannot be computed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from engine.backtest.metrics import drawdown, profit_factor
from engine.domain.desk import Json
from engine.kernel import Floats
from engine.proof.daily import DAYS_PER_YEAR, Days, sharpe_of_days
from engine.proof.gate import Evidence, GatePolicy, common_days, hurdle
from engine.proof.statistics.overfitting import probabilistic_sharpe, sharpe_of
from engine.proof.statistics.pbo import overfitting
from engine.proof.statistics.plateau import plateau
from engine.proof.statistics.random_entries import holdings_of, random_runs
from engine.proof.statistics.resampling import (
    Interval,
    drawdown_of_days,
    drawdown_quantiles,
    paired_difference,
    sharpe_interval,
    superiority,
)
from engine.proof.trials import Rerun
from engine.proof.variants import as_names
from engine.proof.walkforward.walked import (
    WalkForward,
    WindowResult,
    compounded,
    growth,
    market_returns,
    per_year,
)

_FEWEST_DAYS = 30
_RUNS = 1_000
_QUANTILES = (0.5, 0.95, 0.99)
_YEARLY = float(np.sqrt(DAYS_PER_YEAR))


def figures(
    walked: WalkForward,
    evidence: Evidence,
    reruns: Sequence[Rerun],
    yardstick: Floats,
    *,
    policy: GatePolicy,
    seed: int,
) -> dict[str, Json]:
    """Return every figure of a proof by name; see the module for units."""
    days, market = walked.days, market_returns(walked.days)
    found: dict[str, Any] = {
        **earned(walked),
        "market": returns_of(market),
        "breakout_average": returns_of(yardstick),
        "psr": _psr(evidence),
        "deflation": _deflation(evidence, policy),
        "hurdle_sharpe": per_year(hurdle(evidence, policy).ratio),
        "excess_sharpe": per_year(sharpe_of_days(evidence.excess_returns)),
        "random_entries_p": _random_entries(days, seed),
        "monte_carlo_drawdown": _monte_carlo(evidence.trade_pnl, seed),
        "plateau": _plateau(walked, reruns),
        "pbo": _pbo(evidence, policy),
        "windows": [_window(one) for one in walked.windows],
    }
    if _moves(days.returns):
        found["sharpe_interval"] = _interval(sharpe_interval(days.returns, seed=seed))
        depths = drawdown_of_days(days.returns, _QUANTILES, seed=seed)
        found["bootstrap_drawdown"] = _by_quantile(depths)
    if _moves(days.returns) and _moves(market):
        test = superiority(market, days.returns[:, None], seed=seed)
        found["spa_p_against_market"] = test.consistent
    if _moves(days.returns) and _moves(yardstick):
        scaled = yardstick * (np.std(days.returns) / np.std(yardstick))
        pair = paired_difference(days.returns, scaled, seed=seed)
        found["beyond_breakout_average"] = {
            "sharpe": _interval(pair.sharpe),
            "mean_per_day": _interval(pair.mean, scale=1.0),
        }
    return cast("dict[str, Json]", found)


def earned(walked: WalkForward) -> dict[str, Json]:
    """Return the plain figures of the stitched result."""
    trades = np.array([trade.return_fraction for trade in walked.trades])
    held = [trade.bars_held for trade in walked.trades]
    return {
        **returns_of(walked.days.returns),
        "trades": len(trades),
        "win_rate_fraction": float(np.mean(trades > 0)) if len(trades) else None,
        "profit_factor": profit_factor(trades),
        "mean_holding_bars": float(np.mean(held)) if held else None,
        "mean_exposure_fraction": float(walked.days.exposure.sum(axis=1).mean()),
    }


def returns_of(returns: Floats) -> dict[str, Json]:
    """Return what daily returns come to: total, per year, Sharpe, volatility, drawdown."""
    years = len(returns) / DAYS_PER_YEAR
    total = compounded(returns)
    return {
        "days": len(returns),
        "return_fraction": total,
        "cagr_fraction": (1.0 + total) ** (1.0 / years) - 1.0
        if total > -1.0 and years > 0
        else None,
        "sharpe": per_year(sharpe_of_days(returns)),
        "volatility_fraction": float(np.std(returns)) * _YEARLY,
        "max_drawdown_fraction": drawdown(growth(returns))[0],
    }


def _psr(evidence: Evidence) -> float | None:
    sharpe = sharpe_of(evidence.excess_returns)
    return None if sharpe is None else probabilistic_sharpe(sharpe)


def _deflation(evidence: Evidence, policy: GatePolicy) -> dict[str, Json]:
    """What the deflated Sharpe ratio is computed from, so that it can be done again by hand.

    Ratios are per day. Probability = Φ((sharpe − hurdle) · √(days − 1) ÷ √(1 − skewness · sharpe +
    (kurtosis − 1) ÷ 4 · sharpe²)).
    """
    bar, sharpe = hurdle(evidence, policy), sharpe_of(evidence.excess_returns)
    return {
        "excess_sharpe_per_day": sharpe.ratio if sharpe else None,
        "hurdle_sharpe_per_day": bar.ratio,
        "skewness": sharpe.skewness if sharpe else None,
        "kurtosis": sharpe.kurtosis if sharpe else None,
        "days": len(evidence.daily_returns),
        "trials": bar.trials,
        "distinct_trials": bar.distinct,
        "scatter": bar.scatter,
        "scatter_taken": bar.used,
        "unknown_trials": bar.unknown,
    }


def _random_entries(days: Days, seed: int) -> float | None:
    """Chance that the same holdings at random times earn the strategy's Sharpe ratio."""
    sharpe = sharpe_of_days(days.returns)
    if sharpe is None or not days.exposure.any():
        return None
    listed = np.isfinite(days.market)
    holdings = [holdings_of(days.exposure[listed[:, s], s]) for s in range(len(days.symbols))]
    return random_runs(holdings, days.market, runs=_RUNS, seed=seed).p_value(sharpe)


def _monte_carlo(trades: Floats, seed: int) -> dict[str, float] | None:
    if not len(trades):
        return None
    return _by_quantile(drawdown_quantiles(trades, _QUANTILES, seed=seed))


def _by_quantile(depths: Sequence[float]) -> dict[str, float]:
    return {
        f"q{quantile * 100:g}": depth for quantile, depth in zip(_QUANTILES, depths, strict=True)
    }


def _plateau(walked: WalkForward, reruns: Sequence[Rerun]) -> dict[str, Json]:
    """How the configurations around the candidate did over the same days."""
    known = [one for one in reruns if one.excess is not None]
    parameters = [_flat(walked.parameters), *(_flat(one.parameters) for one in known)]
    sharpes = [walked.sharpe, *(one.sharpe for one in known)]
    found = plateau(parameters, [sharpe or 0.0 for sharpe in sharpes], chosen=0)
    return {
        "neighbours": found.neighbours,
        "share": found.share,
        "worst": found.worst,
        "median": found.median,
    }


def _flat(parameters: Mapping[str, Json]) -> dict[str, Json]:
    flat = as_names({name: value for name, value in parameters.items() if name != "owner"})
    return {name: str(value) if isinstance(value, list) else value for name, value in flat.items()}


def _pbo(evidence: Evidence, policy: GatePolicy) -> dict[str, Json] | None:
    table = common_days(evidence, policy.min_common_days_fraction)
    if table.shape[1] < policy.min_trials or len(table) < 2 * policy.pbo_blocks:
        return None
    found = overfitting(table, policy.pbo_blocks)
    return {
        "probability": found.probability,
        "trials": found.trials,
        "days": len(table),
        "slope": found.slope,
        "loss_probability": found.loss_probability,
    }


def _window(one: WindowResult) -> dict[str, Json]:
    return {
        "test_from": one.window.test_from.date().isoformat(),
        "test_to": one.window.test_to.date().isoformat(),
        "return_fraction": one.return_fraction,
        "market_fraction": one.market_fraction,
        "sharpe": one.sharpe,
        "drawdown_fraction": one.drawdown_fraction,
        "trades": one.trades,
    }


def _moves(returns: Floats) -> bool:
    return len(returns) >= _FEWEST_DAYS and sharpe_of_days(returns) is not None


def _interval(interval: Interval, *, scale: float = _YEARLY) -> dict[str, Json]:
    return {
        "estimate": interval.estimate * scale,
        "low": interval.low * scale,
        "high": interval.high * scale,
        "level": interval.level,
        "block_days": interval.block_days,
    }
