"""From a walk-forward to a verdict: the evidence it rests on, its figures, its prediction."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import numpy as np
import pytest

from engine.domain.values import to_ms
from engine.kernel import Floats
from engine.proof.breakouts import breakout_average
from engine.proof.daily import days_with_bars
from engine.proof.figures import returns_of
from engine.proof.gate import GatePolicy
from engine.proof.ground import Ground
from engine.proof.prove import Standing, evidence_of, prove, proven_version
from engine.proof.trials import Rerun, excess_of
from engine.proof.variants import varied
from engine.proof.walkforward.walk import walk_forward
from engine.proof.walkforward.walked import Procedure, WalkForward
from engine.proof.walkforward.windows import Mode
from engine.strategy.policy import EntryPolicy
from engine.strategy.shipped import score_strategy
from tests.unit.proof.made_up import START, ground

pytest.importorskip("arch")

NOW = datetime(2024, 1, 1, tzinfo=UTC)
BUSY = replace(score_strategy(), entry=EntryPolicy(min_rank_fraction=0.8))
FIXED = Procedure(mode=Mode.FIXED)
DAYS = 60


@pytest.fixture(scope="module")
def whole() -> Ground:
    return ground(BUSY, days=DAYS)


@pytest.fixture(scope="module")
def walked(whole: Ground) -> WalkForward:
    return walk_forward(whole, BUSY, FIXED)


@pytest.fixture(scope="module")
def reruns(whole: Ground) -> list[Rerun]:
    variants = [varied(BUSY, {"entry.min_rank_fraction": 0.5 + k / 40}) for k in range(16)]
    others = [walk_forward(whole, version, FIXED) for version in variants]
    return [
        Rerun(parameters=one.parameters, excess=excess_of(one.days), sharpe=one.sharpe)
        for one in others
    ]


def yardstick(whole: Ground) -> Floats:
    return breakout_average(whole, start_ms=whole.start_ms, end_ms=whole.end_ms)


def test_the_candidate_stands_first_among_its_lineage(
    walked: WalkForward, reruns: list[Rerun]
) -> None:
    lost = Rerun(parameters={"gone": 1}, excess=None, sharpe=None)
    evidence = evidence_of(walked, [*reruns, lost], trial_count=40)
    assert len(evidence.trials) == 17
    assert evidence.trial_count == 40
    assert np.array_equal(evidence.trials[0].excess_returns, evidence.excess_returns)
    assert np.array_equal(evidence.daily_returns, walked.days.returns)
    assert len(evidence.trade_pnl) == len(evidence.trade_regimes) == len(walked.trades)


def test_a_verdict_tells_every_criterion_and_fails_noise(
    whole: Ground, walked: WalkForward, reruns: list[Rerun]
) -> None:
    proved = prove(
        walked,
        reruns,
        trial_count=17,
        yardstick=yardstick(whole),
        policy=GatePolicy(pbo_blocks=8, min_trials=2),
        made_at=NOW,
    )
    proof = proved.proof
    assert not proof.passed
    assert [one.name for one in proof.criteria] == [
        "trades", "deflated_sharpe", "pbo", "profit_factor", "drawdown", "regimes",
    ]  # fmt: skip
    assert all(one.passed is not None for one in proof.criteria[:5])
    assert (proof.strategy_version, proof.fingerprint) == (BUSY.version, BUSY.fingerprint)
    assert (proof.data_from, proof.data_to) == (START, START + timedelta(days=DAYS))
    assert proof.trials == 17


def test_the_figures_nobody_asks_for_are_there(
    whole: Ground, walked: WalkForward, reruns: list[Rerun]
) -> None:
    proof = prove(
        walked,
        reruns,
        trial_count=40,
        lineage_count=17,
        standing=Standing(terms="mine", venue="binance", market_days=(60,) * len(whole.symbols)),
        yardstick=yardstick(whole),
        policy=GatePolicy(pbo_blocks=8, min_trials=2),
        made_at=NOW,
    ).proof
    metrics = proof.metrics
    for name in ("psr", "random_entries_p", "spa_p_against_market", "hurdle_sharpe"):
        assert isinstance(metrics[name], float), name
    for name in ("sharpe_interval", "monte_carlo_drawdown", "plateau", "pbo", "market"):
        assert isinstance(metrics[name], dict), name
    by_hand = metrics["deflation"]
    assert isinstance(by_hand, dict)
    ratio, skewness, kurtosis = (
        float(str(by_hand[name])) for name in ("excess_sharpe_per_day", "skewness", "kurtosis")
    )
    spread = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    distance = ratio - float(str(by_hand["hurdle_sharpe_per_day"]))
    (skill,) = (one for one in proof.criteria if one.name == "deflated_sharpe")
    assert NormalDist().cdf(distance * math.sqrt((DAYS - 1) / spread)) == pytest.approx(skill.value)
    assert (metrics["terms"], metrics["trials"]) == ("mine", {"counted": 40, "lineage": 17})
    beyond = metrics["beyond_breakout_average"]
    assert isinstance(beyond, dict)
    assert set(beyond) == {"sharpe", "mean_per_day"}


def test_the_prediction_is_of_the_days_out_of_sample(whole: Ground, walked: WalkForward) -> None:
    proof = prove(
        walked, [], trial_count=1, yardstick=yardstick(whole), policy=GatePolicy(), made_at=NOW
    ).proof
    assert proof.predicted is not None
    assert proof.predicted.days == DAYS
    assert proof.predicted.daily_mean == pytest.approx(walked.days.returns.mean())
    assert proof.predicted.trades_per_day == len(walked.trades) / DAYS
    assert proof.predicted.daily_low < proof.predicted.daily_mean < proof.predicted.daily_high


def test_a_strategy_that_never_trades_is_unproven_and_predicts_nothing(whole: Ground) -> None:
    idle = replace(BUSY, entry=EntryPolicy(min_rank_fraction=1.0, min_score=100.0))
    walked = walk_forward(whole, idle, FIXED)
    proof = prove(
        walked, [], trial_count=1, yardstick=yardstick(whole), policy=GatePolicy(), made_at=NOW
    ).proof
    assert not proof.passed
    assert proof.predicted is None
    assert proof.metrics["sharpe"] is None


def test_a_trained_walk_is_proved_under_a_name_of_its_own(walked: WalkForward) -> None:
    assert proven_version(walked) == (BUSY.version, BUSY.fingerprint)
    trained = replace(walked, procedure=Procedure(mode=Mode.ANCHORED))
    name, fingerprint = proven_version(trained)
    assert name == f"{BUSY.version}~anchored"
    assert fingerprint != BUSY.fingerprint


def test_the_same_evidence_gives_the_same_proof(whole: Ground, walked: WalkForward) -> None:
    made = [
        prove(
            walked, [], trial_count=1, yardstick=yardstick(whole), policy=GatePolicy(), made_at=NOW
        ).proof
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_another_verdict_about_the_same_data_is_another_proof(
    whole: Ground, walked: WalkForward, reruns: list[Rerun]
) -> None:
    """Also when the count of trials is the same: it must not get lost behind the old one."""

    def made(beside: list[Rerun], policy: GatePolicy, venue: str, day: int) -> str:
        return prove(
            walked,
            beside,
            trial_count=40,
            yardstick=yardstick(whole),
            policy=policy,
            made_at=NOW + timedelta(days=day),
            standing=Standing(venue=venue),
        ).proof.id

    lenient = GatePolicy(min_trades=1)
    ids = [
        made([], GatePolicy(), "binance", 0),
        made(reruns, GatePolicy(), "binance", 0),
        made([], lenient, "binance", 0),
        made([], GatePolicy(), "kraken", 0),
    ]
    assert len(set(ids)) == 4
    assert made([], GatePolicy(), "binance", 1) == ids[0]


def test_the_number_of_trials_is_one_number(whole: Ground, walked: WalkForward) -> None:
    """What the verdict was computed with is what it says."""
    seen = [excess_of(walked.days)] * 799
    proof = prove(
        walked,
        [],
        trial_count=1,
        seen=seen,
        yardstick=yardstick(whole),
        policy=GatePolicy(),
        made_at=NOW,
    ).proof
    (skill,) = (one for one in proof.criteria if one.name == "deflated_sharpe")
    assert "800 trials" in skill.note
    assert proof.trials == 800


def test_market_days_are_days_with_bars(whole: Ground, walked: WalkForward) -> None:
    """A market of ten days adds ten, however long the others are."""
    assert days_with_bars(whole, walked.days) == (DAYS,) * len(whole.symbols)
    bars = whole.bars[0]
    known = int(np.searchsorted(bars.open_ms, to_ms(START + timedelta(days=10))))
    names = ("open_ms", "open", "high", "low", "close", "volume")
    head = replace(bars, **{name: getattr(bars, name)[:known] for name in names})
    short = replace(whole, bars=(head, *whole.bars[1:]))
    assert days_with_bars(short, walked.days) == (10, *[DAYS] * (len(whole.symbols) - 1))


def test_returns_are_summed_up_by_hand() -> None:
    found = returns_of(np.array([0.10, -0.50, 0.0]))
    assert found["return_fraction"] == pytest.approx(1.1 * 0.5 - 1.0)
    assert found["max_drawdown_fraction"] == pytest.approx(0.5)
    assert found["days"] == 3


def test_the_yardstick_holds_what_rises_and_leaves_what_falls() -> None:
    rising = ground(BUSY, days=DAYS, symbols=("AAA/USDT",))
    for bars in rising.bars:
        bars.close[:] = 100.0 * 1.002 ** np.arange(len(bars.close))
    late_ms = to_ms(START + timedelta(days=20))
    earned = breakout_average(rising, start_ms=late_ms, end_ms=rising.end_ms)
    assert (earned > 0).all()
    for bars in rising.bars:
        bars.close[:] = bars.close[::-1].copy()
    assert not breakout_average(rising, start_ms=late_ms, end_ms=rising.end_ms).any()
