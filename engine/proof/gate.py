"""The gate: whether what a strategy earned out of sample may be called an edge.

stitched out-of-sample days and trades, every trial over these days, the lineage's walked again →
`Evidence` → `judge` → criteria, each with its figure and its limit → `passed` only if all of them
are

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
  Below 0.1: trials correlated above 0.9 count as if at 0.9. Near copies have almost no scatter, so
  the hurdle would vanish with enough of them: 34 of 1,000 random strategies that hold everything
  for twenty days took it that way beside nineteen copies, 10 do so now (and none passes PBO).
  Number and scatter are those of the same trials: all over these days, of whatever lineage, which
  is only a name. The scatter of one lineage let the best of 1,000 pass as a copy in a new file with
  sixteen idle variants: 39 of 40 seeds. Where the returns of a counted trial are not known (a
  sweep's, research before the store), nobody can tell its scatter, and the upper bound is taken.
  What scatters is distinct trials (`statistics.distinct`): those that move, and of those that move
  together the one seen first. The scatter is the largest that eight or more of them, in the order
  in which they were seen, have had: looking at more never lowers the hurdle, as a sweep of
  ninety-nine near copies used to. Ratios are in multiples of what luck does over their own days.
- PBO ranks the lineage's distinct configurations over the days that they have in common: idle ones
  and copies filled the seats of a search that never was. A trial that shares too few days with the
  candidate is left out there, but stays counted. Sixteen hopeless variants that do trade still buy
  a low PBO, as nothing inside a lineage tells a lucky one among them from a skilled one; each of
  them raises the hurdle of the deflated Sharpe ratio instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import ClassVar

import numpy as np

from engine.backtest.metrics import drawdown, profit_factor
from engine.domain.proof import Criterion
from engine.domain.values import require
from engine.kernel import Floats
from engine.proof.statistics.distinct import distinct, scatter
from engine.proof.statistics.overfitting import (
    Sharpe,
    expected_maximum,
    probabilistic_sharpe,
    sharpe_of,
)
from engine.proof.statistics.pbo import BLOCKS, overfitting

DAYS_PER_YEAR = 365.25
_SMALLEST_DEVIATION = 1e-12
_FEWEST_DAYS = 30
GATE = 2
"""Version of the gate, part of every verdict's id: raise it with what a verdict means."""


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
        metadata={"doc": "Distinct trials of the lineage below which PBO cannot be judged."},
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
    """What the gate looks at: the candidate's stitched days and trades, and all that was tried.

    `daily_returns` are fractions of equity after all costs, one per UTC day from `first_day`, idle
    days as 0; `random_returns` are what random entries of the same exposure expect on these days,
    before costs. `trade_pnl` is each closed trade's profit after costs, in one unit;
    `trade_regimes` names the regime each was entered in. `trial_count` is how many trials were
    counted over some of these days, of whatever lineage and market; `trials` holds those of them
    whose returns are known, in the order in which they were seen, the candidate first. `ranked`
    are the lineage's configurations, walked over these very days, the candidate first: what PBO
    compares; `None` where these are the `trials`.
    """

    first_day: date
    daily_returns: Floats
    random_returns: Floats
    trade_pnl: Floats
    trade_regimes: tuple[str, ...]
    trials: tuple[TrialReturns, ...]
    trial_count: int
    ranked: tuple[TrialReturns, ...] | None = None

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

    @property
    def unknown(self) -> int:
        """Counted trials whose returns are not known."""
        return self.trial_count - len(self.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdle:
    """The Sharpe ratio per day that a search of so many trials would reach without skill.

    `scatter` is the variance of the `distinct` trials' ratios in multiples of no skill, as
    measured; `used` is what `ratio` was computed with: within the policy's bounds, and the upper
    one where the returns of `unknown` trials are not known.
    """

    ratio: float
    trials: int
    scatter: float
    distinct: int
    used: float
    unknown: int


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
    measured, count = _scatter_of(evidence)
    known = min(max(measured, policy.min_trial_variance), policy.max_trial_variance)
    used = policy.max_trial_variance if evidence.unknown else known
    unskilled = 1.0 / max(1, len(evidence.daily_returns) - 1)
    return Hurdle(
        ratio=expected_maximum(evidence.trial_count, used * unskilled),
        trials=evidence.trial_count,
        scatter=measured,
        distinct=count,
        used=used,
        unknown=evidence.unknown,
    )


@lru_cache(maxsize=1)  # criterion and figures ask for the same
def _scatter_of(evidence: Evidence) -> tuple[float, int]:
    return scatter([(one.first_day.toordinal(), one.excess_returns) for one in evidence.trials])


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
        f"{bar.ratio * yearly:.2f} by luck, {bar.trials} trials, {_scatter(bar)}",
    )


def _scatter(bar: Hurdle) -> str:
    measured = f"scatter {bar.scatter:.2f} of {bar.distinct} distinct"
    if not bar.unknown:
        return measured
    return f"{measured}, {bar.used:g} taken: the returns of {bar.unknown} are not known"


def _measured(evidence: Evidence) -> Sharpe | None:
    excess = evidence.excess_returns
    return sharpe_of(excess) if len(excess) >= _FEWEST_DAYS else None


def _pbo(evidence: Evidence, policy: GatePolicy) -> Criterion:
    table = common_days(evidence, policy.min_common_days_fraction)
    count = table.shape[1]
    if count < policy.min_trials:
        note = f"{count} distinct trials over the same days, {policy.min_trials} needed"
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
        note=f"at most; {count} distinct trials of the lineage",
    )


def common_days(evidence: Evidence, share: float) -> Floats:
    """Return the excess returns [day, trial] of the days that the comparable trials all have.

    Comparable is who covers at least `share` of the candidate's days; of these the distinct ones
    stay. The matrix has no columns where nobody does.
    """
    start, days = evidence.first_day.toordinal(), len(evidence.daily_returns)
    spans = []
    for trial in evidence.trials if evidence.ranked is None else evidence.ranked:
        first = trial.first_day.toordinal()
        low, high = max(start, first), min(start + days, first + len(trial.excess_returns))
        if high - low >= max(1.0, share * days):
            spans.append((trial.excess_returns, first, low, high))
    if not spans:
        return np.empty((0, 0))
    low, high = max(span[2] for span in spans), min(span[3] for span in spans)
    table = np.column_stack([values[low - first : high - first] for values, first, *_ in spans])
    return table[:, distinct([(low, column) for column in table.T])]


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
