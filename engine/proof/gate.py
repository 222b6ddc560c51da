"""The gate: whether what a strategy earned out of sample may be called an edge.

stitched out-of-sample days and trades, and every trial of the lineage → `Evidence` → `judge` →
criteria, each with its figure and its limit → `passed` only if all of them are

Deliberate choices:
- Pure, and without a number anybody types: all figures are computed here from returns and trades;
  the count of trials is the store's.
- What cannot be evaluated (too few trials, no losing trade, no dispersion) fails.
- Skill is measured on daily returns less what random entries of the same exposure expect
  (`random_entries.expected_returns`). Holding a rising market, with or without leverage, leaves
  an excess of minus its costs there. The trials' returns must be of the same kind.
- The deflated Sharpe ratio takes the number of trials and the variance of their Sharpe ratios, as
  published, with that variance kept between two multiples of 1 ÷ (days − 1), which is what the
  estimates of strategies without skill scatter by.
  Above 1: the hypothesis to refuse is that no trial has skill. Under it the best of N is expected
  highest when the trials are independent (Slepian's inequality), so no hurdle needs a variance
  above 1. More scatter means that some trials are truly better or worse than others. The published
  hurdle would count that against the best one: a few hopeless trials, noted honestly, would bar
  every later success of the lineage. It stopped 31 of 100 planted Sharpe ratios of 3 over five
  years, found by a search that looked at useless variants as well (docs/research/gate_power.py).
  Below 0.1: trials correlated above 0.9 count as if at 0.9. A lineage of near copies has almost no
  scatter, so its hurdle would vanish, and a verdict could be bought with sixteen copies of a lucky
  strategy: 29 of 1,000 random strategies that hold everything for twenty days passed that way,
  7 do so now.
  What scatters is distinct trials: one of those that move together (correlation above 0.95), the
  one seen first. And what eight or more distinct trials have shown is not forgotten: the scatter
  is the largest that any number of them, taken in the order in which they were seen, has had. So
  looking at more never lowers the hurdle; a sweep of ninety-nine near copies used to.
- PBO looks at the days that the lineage has in common. A trial that shares too few of them with the
  candidate cannot be ranked and is left out there, but stays counted in the deflated Sharpe.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

import numpy as np

from engine.backtest.metrics import drawdown, profit_factor
from engine.domain.proof import Criterion
from engine.domain.values import require
from engine.kernel import Floats
from engine.proof.statistics.overfitting import (
    Sharpe,
    expected_maximum,
    probabilistic_sharpe,
    sharpe_of,
    variance_of,
)
from engine.proof.statistics.pbo import BLOCKS, overfitting

DAYS_PER_YEAR = 365.25
_SMALLEST_DEVIATION = 1e-12
_FEWEST_DAYS = 30
_SAME_TRIAL = 0.95
"""Correlation of daily excess returns above which two trials are one."""
_FIRST_SCATTER = 8
"""Distinct trials from which on their scatter is held against all that come later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """Limits of the gate; a value equal to its limit is inside it."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    min_trades: int = field(
        default=100,
        metadata={"doc": "Closed trades out of sample that a proof must rest on."},
    )
    min_deflated_sharpe: float = field(
        default=0.95,
        metadata={
            "doc": "Probability, 0 to 1, that the Sharpe ratio beyond random entries is no luck."
        },
    )
    max_pbo: float = field(
        default=0.2,
        metadata={"doc": "Largest probability, 0 to 1, that the search picked by overfitting."},
    )
    min_trials: int = field(
        default=16,
        metadata={"doc": "Trials of the lineage below which overfitting cannot be judged."},
    )
    pbo_blocks: int = field(
        default=BLOCKS,
        metadata={"doc": "Blocks of days for the cross-validation of trials; an even number."},
    )
    min_common_days_fraction: float = field(
        default=0.8,
        metadata={"doc": "Share of the proven days that a trial must cover to be ranked with it."},
    )
    min_trial_variance: float = field(
        default=0.1,
        metadata={"doc": "Least variance of the trials' Sharpe ratios, in multiples of no skill."},
    )
    max_trial_variance: float = field(
        default=1.0,
        metadata={"doc": "Most variance of the trials' Sharpe ratios, in multiples of no skill."},
    )
    min_profit_factor: float = field(
        default=1.2,
        metadata={"doc": "Least sum of wins over sum of losses, after all costs."},
    )
    max_drawdown_fraction: float = field(
        default=0.15,
        metadata={"doc": "Deepest loss from a peak, with returns scaled to the volatility below."},
    )
    drawdown_volatility_fraction: float = field(
        default=0.10,
        metadata={"doc": "Realised volatility per year to which returns are scaled for that."},
    )
    min_positive_regimes: int = field(
        default=3,
        metadata={"doc": "Regimes that must have earned, after all costs, with enough trades."},
    )
    min_trades_per_regime: int = field(
        default=20,
        metadata={"doc": "Trades entered in a regime below which it does not count."},
    )

    def __post_init__(self) -> None:
        """Refuse probabilities outside 0 to 1, limits without meaning, odd blocks."""
        for name in (
            "min_deflated_sharpe",
            "max_pbo",
            "min_common_days_fraction",
            "max_drawdown_fraction",
        ):
            value = getattr(self, name)
            require(0.0 <= value <= 1.0, name, "0 to 1", value)
        for name in ("min_trades", "min_positive_regimes", "min_trades_per_regime"):
            require(getattr(self, name) >= 1, name, ">= 1", getattr(self, name))
        even = self.pbo_blocks >= 2 and self.pbo_blocks % 2 == 0  # noqa: PLR2004 (two halves)
        require(even, "pbo_blocks", "even and >= 2", self.pbo_blocks)
        require(self.min_trials >= 2, "min_trials", ">= 2", self.min_trials)  # noqa: PLR2004 (a choice)
        least, most = self.min_trial_variance, self.max_trial_variance
        require(0.0 <= least <= most, "min_trial_variance", f"0 to {most}", least)
        volatility = self.drawdown_volatility_fraction
        require(volatility > 0.0, "drawdown_volatility_fraction", "> 0", volatility)
        require(self.min_profit_factor > 0.0, "min_profit_factor", "> 0", self.min_profit_factor)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialReturns:
    """Daily returns of one trial in excess of random entries, from `first_day` on without gaps."""

    first_day: date
    excess_returns: Floats

    def __post_init__(self) -> None:
        """Refuse what is no number."""
        finite = bool(np.all(np.isfinite(self.excess_returns)))
        require(finite, "excess_returns", "finite", self.excess_returns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What the gate looks at: the candidate's stitched days and trades, and its whole lineage.

    `daily_returns` are fractions of equity after all costs, one per UTC day from `first_day`, idle
    days as 0; `random_returns` are what random entries of the same exposure expect on these days,
    before costs. `trade_pnl` is each closed trade's profit after costs, in one unit;
    `trade_regimes` names the regime each was entered in. `trials` holds every trial of the lineage
    in the order in which they were seen, the candidate first; `trial_count` is how many the store
    has counted over these days and markets, of whatever lineage.
    """

    first_day: date
    daily_returns: Floats
    random_returns: Floats
    trade_pnl: Floats
    trade_regimes: tuple[str, ...]
    trials: tuple[TrialReturns, ...]
    trial_count: int

    def __post_init__(self) -> None:
        """Refuse columns that do not belong together, and a count below what is shown."""
        days, trades = len(self.daily_returns), len(self.trade_pnl)
        require(len(self.random_returns) == days, "random_returns", f"{days} long", "otherwise")
        require(len(self.trade_regimes) == trades, "trade_regimes", f"{trades} long", "otherwise")
        for name in ("daily_returns", "random_returns", "trade_pnl"):
            require(bool(np.all(np.isfinite(getattr(self, name)))), name, "finite", "otherwise")
        least = max(1, len(self.trials))
        require(self.trial_count >= least, "trial_count", f">= {least}", self.trial_count)

    @property
    def excess_returns(self) -> Floats:
        """Daily returns beyond random entries of the same exposure."""
        return self.daily_returns - self.random_returns


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdle:
    """The Sharpe ratio per day that the lineage's search would reach without skill.

    `scatter` is the variance of the `distinct` trials' ratios in multiples of no skill, as
    measured; the policy's bounds are applied in `ratio` only.
    """

    ratio: float
    trials: int
    scatter: float
    distinct: int


def judge(evidence: Evidence, policy: GatePolicy) -> tuple[Criterion, ...]:
    """Ask every question of the gate, in the order in which they are shown."""
    return (
        _trades(evidence, policy),
        _deflated_sharpe(evidence, policy),
        _pbo(evidence, policy),
        _profit_factor(evidence, policy),
        _drawdown(evidence, policy),
        _regimes(evidence, policy),
    )


def passed(criteria: Sequence[Criterion]) -> bool:
    """Tell whether there are criteria and every one of them passed."""
    return bool(criteria) and all(one.passed is True for one in criteria)


def hurdle(evidence: Evidence, policy: GatePolicy) -> Hurdle:
    """Return what the candidate's Sharpe ratio must exceed; the module's text says why."""
    ratios = _distinct_ratios(evidence.trials)
    unskilled = 1.0 / max(1, len(evidence.daily_returns) - 1)
    fewest = min(_FIRST_SCATTER, len(ratios))
    seen = [variance_of(ratios[:count]) for count in range(fewest, len(ratios) + 1)]
    scatter = max(seen, default=0.0) / unskilled
    used = min(max(scatter, policy.min_trial_variance), policy.max_trial_variance)
    return Hurdle(
        ratio=expected_maximum(evidence.trial_count, used * unskilled),
        trials=evidence.trial_count,
        scatter=scatter,
        distinct=len(ratios),
    )


def _distinct_ratios(trials: Sequence[TrialReturns]) -> list[float]:
    """Sharpe ratios per day, one for trials over the same days that move together."""
    known: dict[tuple[date, int], list[Floats]] = {}
    ratios = []
    for trial in trials:
        sharpe = sharpe_of(trial.excess_returns)
        if sharpe is None:
            continue
        centred = trial.excess_returns - trial.excess_returns.mean()
        unit = centred / np.linalg.norm(centred)
        beside = known.setdefault((trial.first_day, len(unit)), [])
        if any(float(unit @ other) > _SAME_TRIAL for other in beside):
            continue
        beside.append(unit)
        ratios.append(sharpe.ratio)
    return ratios


def _trades(evidence: Evidence, policy: GatePolicy) -> Criterion:
    count = len(evidence.trade_pnl)
    return Criterion(
        name="trades",
        passed=count >= policy.min_trades,
        value=float(count),
        limit=float(policy.min_trades),
        unit="trades",
        note="closed out of sample, at least",
    )


def _deflated_sharpe(evidence: Evidence, policy: GatePolicy) -> Criterion:
    sharpe = _measured(evidence)
    if sharpe is None:
        return _unknown("deflated_sharpe", policy.min_deflated_sharpe, "no excess returns to judge")
    bar = hurdle(evidence, policy)
    value = probabilistic_sharpe(sharpe, bar.ratio)
    yearly = np.sqrt(DAYS_PER_YEAR)
    return Criterion(
        name="deflated_sharpe",
        passed=value >= policy.min_deflated_sharpe,
        value=value,
        limit=policy.min_deflated_sharpe,
        unit="probability",
        note=f"at least; Sharpe {sharpe.ratio * yearly:.2f} beyond random entries against "
        f"{bar.ratio * yearly:.2f} by luck, {bar.trials} trials, scatter {bar.scatter:.2f} "
        f"of {bar.distinct} distinct",
    )


def _measured(evidence: Evidence) -> Sharpe | None:
    excess = evidence.excess_returns
    return sharpe_of(excess) if len(excess) >= _FEWEST_DAYS else None


def _pbo(evidence: Evidence, policy: GatePolicy) -> Criterion:
    table = common_days(evidence, policy.min_common_days_fraction)
    count = table.shape[1]
    if count < policy.min_trials:
        note = f"{count} trials over the same days, {policy.min_trials} needed"
        return _unknown("pbo", policy.max_pbo, note)
    if len(table) < 2 * policy.pbo_blocks:
        return _unknown("pbo", policy.max_pbo, f"{len(table)} days in common are too few")
    value = overfitting(table, policy.pbo_blocks).probability
    return Criterion(
        name="pbo",
        passed=value <= policy.max_pbo,
        value=value,
        limit=policy.max_pbo,
        unit="probability",
        note=f"at most; {count} trials",
    )


def common_days(evidence: Evidence, share: float) -> Floats:
    """Return the excess returns [day, trial] of the days that the comparable trials all have.

    Comparable is who covers at least `share` of the candidate's days. The matrix has no columns
    where nobody does.
    """
    start, days = evidence.first_day.toordinal(), len(evidence.daily_returns)
    spans = []
    for trial in evidence.trials:
        first = trial.first_day.toordinal()
        low, high = max(start, first), min(start + days, first + len(trial.excess_returns))
        if high - low >= max(1.0, share * days):
            spans.append((trial.excess_returns, first, low, high))
    if not spans:
        return np.empty((0, 0))
    low, high = max(span[2] for span in spans), min(span[3] for span in spans)
    return np.column_stack([values[low - first : high - first] for values, first, *_ in spans])


def _profit_factor(evidence: Evidence, policy: GatePolicy) -> Criterion:
    value = profit_factor(evidence.trade_pnl)
    if value is None:
        return _unknown("profit_factor", policy.min_profit_factor, "no losing trade")
    return Criterion(
        name="profit_factor",
        passed=value >= policy.min_profit_factor,
        value=value,
        limit=policy.min_profit_factor,
        note="at least, after costs; of trades as fractions of equity, not of money",
    )


def _drawdown(evidence: Evidence, policy: GatePolicy) -> Criterion:
    deviation = float(np.std(evidence.daily_returns)) if len(evidence.daily_returns) else 0.0
    if deviation <= _SMALLEST_DEVIATION:
        return _unknown("drawdown", policy.max_drawdown_fraction, "no returns to scale")
    factor = policy.drawdown_volatility_fraction / (deviation * float(np.sqrt(DAYS_PER_YEAR)))
    # A day that loses all of a scaled account ends it.
    growth = np.cumprod(np.maximum(1.0 + factor * evidence.daily_returns, 0.0))
    value, _ = drawdown(np.concatenate(([1.0], growth)))
    return Criterion(
        name="drawdown",
        passed=value <= policy.max_drawdown_fraction,
        value=value,
        limit=policy.max_drawdown_fraction,
        unit="fraction",
        note=f"at most, at {policy.drawdown_volatility_fraction:.0%} volatility a year",
    )


def _regimes(evidence: Evidence, policy: GatePolicy) -> Criterion:
    regimes = np.array(evidence.trade_regimes, dtype=str)
    earned = 0
    known = 0
    for name in sorted(set(evidence.trade_regimes)):
        inside = regimes == name
        enough = int(inside.sum()) >= policy.min_trades_per_regime
        known += enough
        earned += enough and float(evidence.trade_pnl[inside].sum()) > 0.0
    limit = float(policy.min_positive_regimes)
    if known < policy.min_positive_regimes:
        least = policy.min_trades_per_regime
        return _unknown("regimes", limit, f"{known} regimes with {least} trades or more")
    return Criterion(
        name="regimes",
        passed=earned >= policy.min_positive_regimes,
        value=float(earned),
        limit=limit,
        unit="regimes",
        note=f"that earned, at least; {known} had {policy.min_trades_per_regime} trades or more",
    )


def _unknown(name: str, limit: float, note: str) -> Criterion:
    return Criterion(name=name, passed=None, value=None, limit=limit, note=note)
