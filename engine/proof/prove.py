"""From a walk-forward to a verdict: evidence, criteria, figures beside them, and a prediction.

walk-forward + every trial over its days → `Evidence` → `gate.judge` → `Proof`

Choices:
- The candidate is one of the trials: the one that is judged.
- Figures that no criterion asks for (Hansen's test, Monte Carlo drawdown, plateau, the yardstick)
  stand in the proof's metrics, so that whoever doubts a verdict can look.
- A verdict on a fixed version speaks for that very version. One on a trained walk-forward speaks
  for the procedure, whose versions changed from window to window: it carries a fingerprint and a
  version name of its own, and no desk takes it for a licence to trade some version live.
- Everything drawn at random has a seed, so that a proof can be repeated to the last digit.
- The id of a proof is the digest of what it says: criteria, figures, counts, policy and version of
  the gate, besides what it is about. The same verdict made again is the same one; any other is new
  and does not get lost behind an old one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from engine.domain.desk import Json
from engine.domain.proof import Criterion, Prediction, Proof
from engine.domain.values import from_ms
from engine.kernel import Floats
from engine.proof.daily import DAY_MS, sharpe_of_days
from engine.proof.figures import figures
from engine.proof.gate import GATE, Evidence, GatePolicy, TrialReturns, judge, passed
from engine.proof.statistics.resampling import mean_interval
from engine.proof.trials import Rerun, excess_of
from engine.proof.walkforward.walked import WalkForward
from engine.proof.walkforward.windows import Mode
from engine.strategy.version import digest_of

_FEWEST_DAYS = 30
_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a desk holds a verdict against before it takes it.

    `terms` is the digest of the owner's costs and sizing, `engine.strategy.owner.terms_digest`,
    `venue` whose candles were used, `market_days` each symbol's days with candles.
    """

    terms: str = ""
    venue: str = ""
    market_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proved:
    """A verdict with what it rests on; `is_new` unless the store had this very one."""

    proof: Proof
    walked: WalkForward
    evidence: Evidence
    reruns: tuple[Rerun, ...] = field(default=())
    is_new: bool = True


_NOWHERE = Standing()


def prove(
    walked: WalkForward,
    reruns: Sequence[Rerun],
    *,
    trial_count: int,
    seen: Sequence[TrialReturns] | None = None,
    yardstick: Floats,
    policy: GatePolicy,
    made_at: datetime,
    lineage_count: int | None = None,
    standing: Standing = _NOWHERE,
    seed: int = _SEED,
) -> Proved:
    """Judge a walk-forward beside all that was tried over its days.

    `reruns` are the lineage's other configurations over the same days in the order in which they
    were seen, `trial_count` how many trials the store has counted over these days with this one,
    `seen` what is known of the others' returns (`None`: these are the reruns), `lineage_count` how
    many trials the lineage has over any days, `yardstick` the daily returns of the breakout average
    over the walk-forward's days. Without `standing` no desk takes the verdict.
    """
    evidence = evidence_of(walked, reruns, trial_count, seen)
    criteria = judge(evidence, policy)
    metrics = figures(walked, evidence, reruns, yardstick, policy=policy, seed=seed)
    metrics["terms"] = standing.terms
    metrics["trials"] = {"counted": evidence.trial_count, "lineage": lineage_count}
    metrics["gate"] = {"version": GATE, "policy": digest_of(asdict(policy))}
    proof = _proof(walked, criteria, metrics, evidence.trial_count, made_at, seed)
    placed = replace(proof, venue=standing.venue, market_days=standing.market_days)
    return Proved(
        proof=_named(placed, walked.owner_digest),
        walked=walked,
        evidence=evidence,
        reruns=tuple(reruns),
    )


def _named(proof: Proof, owner: str) -> Proof:
    """The proof with the id that says everything about it but when it was made."""
    said = (
        proof.fingerprint,
        proof.data_digest,
        owner,
        proof.venue,
        proof.market_days,
        proof.trials,
        [repr(one) for one in proof.criteria],
        proof.metrics,
    )
    return replace(proof, id=f"p{digest_of(said)}")


def evidence_of(
    walked: WalkForward,
    reruns: Sequence[Rerun],
    trial_count: int,
    seen: Sequence[TrialReturns] | None = None,
) -> Evidence:
    """Return what the gate looks at; the candidate comes first among the trials."""
    own = excess_of(walked.days)
    ranked = (own, *(one.excess for one in reruns if one.excess is not None))
    trials = ranked if seen is None else (own, *seen)
    return Evidence(
        first_day=walked.days.first_day,
        daily_returns=walked.days.returns,
        random_returns=walked.days.returns - own.excess_returns,
        trade_pnl=np.array([trade.return_fraction for trade in walked.trades]),
        trade_regimes=tuple(trade.regime for trade in walked.trades),
        trials=trials,
        trial_count=max(trial_count, len(trials)),
        ranked=ranked,
    )


def proven_version(walked: WalkForward) -> tuple[str, str]:
    """Name and fingerprint that a verdict is stored under; see the module."""
    strategy = walked.strategy
    if walked.procedure.mode is Mode.FIXED:
        return strategy.version, strategy.fingerprint
    print_ = digest_of([strategy.fingerprint, walked.procedure.to_plain(strategy)])
    return f"{strategy.version}~{walked.procedure.mode}", print_


def _proof(
    walked: WalkForward,
    criteria: tuple[Criterion, ...],
    metrics: dict[str, Json],
    trial_count: int,
    made_at: datetime,
    seed: int,
) -> Proof:
    version, fingerprint = proven_version(walked)
    first = walked.days.first_day
    begin = from_ms((first.toordinal() - _EPOCH) * DAY_MS)
    return Proof(
        id="unnamed",
        strategy_version=version,
        fingerprint=fingerprint,
        lineage=walked.strategy.name,
        made_at=made_at,
        timeframe=walked.strategy.timeframe,
        symbols=walked.days.symbols,
        data_from=begin,
        data_to=begin + timedelta(days=len(walked.days.returns)),
        data_digest=walked.data_digest,
        trials=trial_count,
        passed=passed(criteria),
        criteria=criteria,
        metrics=metrics,
        predicted=_prediction(walked, seed),
    )


_EPOCH = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a day's number


def _prediction(walked: WalkForward, seed: int) -> Prediction | None:
    """What paper results will be held against; `None` where there is nothing to predict from."""
    returns = walked.days.returns
    if len(returns) < _FEWEST_DAYS or sharpe_of_days(returns) is None:
        return None
    mean = mean_interval(returns, seed=seed)
    return Prediction(
        daily_mean=mean.estimate,
        daily_deviation=float(np.std(returns, ddof=1)),
        daily_low=mean.low,
        daily_high=mean.high,
        trades_per_day=len(walked.trades) / len(returns),
        days=len(returns),
    )
