"""The experiments of docs/research/gate_power.py, small enough for every run.

The script itself runs them at full size: 1,000 strategies, 100 seeds.
"""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from engine.proof.gate import GatePolicy, judge, passed

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
POLICY = GatePolicy()
EDGE = 0.00593  # what `edge_for(3.0)` finds in a few seconds


@pytest.fixture(scope="module")
def power() -> ModuleType:
    """The script, loaded as a module."""
    path = ROOT / "docs" / "research" / "gate_power.py"
    spec = importlib.util.spec_from_file_location("gate_power", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gate_power"] = module
    spec.loader.exec_module(module)
    return module


def real_market(power: ModuleType) -> Any:  # noqa: ANN401 (a type of the script)
    return power.market_of([power.daily(path) for path in sorted((DATA / "1h").glob("*.parquet"))])


def test_trades_pay_costs_on_both_days_and_know_their_regime(power: ModuleType) -> None:
    """Half of equity for two days of +10 %: 0.5 · (1.1² − 1) − 2 · 0.5 · 1 % = 0.095."""
    returns = np.array([[0.0], [0.1], [0.1], [-0.2]])
    market = power.Market(returns, np.array([[0], [3], [1], [0]]))
    held, entry = np.array([[0.0], [0.5], [0.5], [0.0]]), np.array([[0.0], [1.0], [0.0], [0.0]])
    run = power.trade(market, held, entry, 0.01)
    np.testing.assert_allclose(run.pnl, [0.095])
    np.testing.assert_allclose(run.net, [0.0, 0.045, 0.045, 0.0])
    np.testing.assert_allclose(run.expected, [0.0, 0.025, 0.025, -0.05])
    assert run.regimes == ("trend-wild",)


def test_stays_that_adjoin_are_trades_of_their_own(power: ModuleType) -> None:
    market = power.Market(np.full((4, 1), 0.1), np.zeros((4, 1), dtype=np.int64))
    entry = np.array([[1.0], [0.0], [1.0], [0.0]])
    run = power.trade(market, np.ones((4, 1)), entry, 0.01)
    np.testing.assert_allclose(run.pnl, [0.19, 0.19])
    np.testing.assert_allclose(run.net, [0.09, 0.09, 0.09, 0.09])


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
def test_random_strategies_on_the_real_candles_do_not_pass(power: ModuleType) -> None:
    """Of 1,000 at most ten may; of these 40 none does."""
    cases = list(power.random_cases(real_market(power), 120))[::6]
    for label, evidence in cases:
        criteria = {one.name: one for one in judge(evidence, POLICY)}
        assert criteria["trades"].passed, label
        assert criteria["deflated_sharpe"].passed is False, label
    assert len(cases) == 40


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
def test_a_verdict_is_not_bought_with_copies(power: ModuleType) -> None:
    """Slow and all together is the luckiest kind: one in forty passes where copies hide the search.

    With the bound on the variance it is fewer than one in a hundred by the deflated Sharpe ratio,
    and none at all, because copies fill no seat of PBO.
    """
    market, rng = real_market(power), np.random.default_rng(8)
    bounded = GatePolicy(pbo_blocks=4)  # copies are not ranked
    free = replace(bounded, min_trial_variance=0.0)
    runs = [
        power.random_strategy(market, rng, power.Kind(20, True), power.COST) for _ in range(200)
    ]
    bought = [power.evidence_of(run, power.copies(run)) for run in runs]
    found = [[judge(one, policy) for one in bought] for policy in (bounded, free)]
    hits = [sum(power.skilled(one) for one in of) for of in found]
    assert not any(passed(one) for one in found[0])
    assert hits[0] <= 2
    assert hits[0] < hits[1]


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
def test_riding_the_real_market_does_not_pass(power: ModuleType) -> None:
    market = real_market(power)
    for label, run in power.riders(market):
        criteria = judge(power.evidence_of(run, power.copies(run)), POLICY)
        skill = next(one for one in criteria if one.name == "deflated_sharpe")
        assert skill.passed is not True, label


def test_riding_a_steep_rise_with_leverage_does_not_pass(power: ModuleType) -> None:
    """A market that gains 1 % a day pays its holder a Sharpe ratio above 5, and proves nothing."""
    rng = np.random.default_rng(5)
    market = power.simulated(power.correlated(rng, 730) + 0.01, rng)
    for label, run in power.riders(market):
        criteria = judge(power.evidence_of(run, power.copies(run)), POLICY)
        assert not passed(criteria), label
        if "cost 0.0000" in label:
            assert power.yearly(run.net) > 5.0
            assert criteria[1].passed is None


def test_the_best_of_a_thousand_on_driftless_years_does_not_pass(power: ModuleType) -> None:
    for seed in range(2):
        best, lineage = power.driftless_best(seed)
        assert best.sharpe > 1.8  # about 2.3 is what luck gives
        criteria = {one.name: one for one in judge(power.evidence_of(best, lineage), POLICY)}
        assert criteria["deflated_sharpe"].passed is False
        assert not passed(tuple(criteria.values()))


@pytest.mark.parametrize("padding", ["idle", "near copies", "hopeless"])
def test_a_new_name_does_not_hide_the_thousand_behind_a_lucky_one(
    power: ModuleType, padding: str
) -> None:
    """With padding that is idle or a copy PBO is not even asked; hopeless padding buys only PBO."""
    rng = np.random.default_rng(2)
    tried = rng.normal(0.0, 0.01, (1000, 731))
    best = tried[int(np.argmax(tried.mean(axis=1) / tried.std(axis=1)))]
    run = power.Run(best, np.zeros(731), best, ("range-calm",) * 731)
    known = power.renamed(2, run, list(tried), padding)
    assert known.trial_count == 1017
    for evidence in (known, replace(known, trials=known.ranked)):
        criteria = {one.name: one for one in judge(evidence, POLICY)}
        assert criteria["deflated_sharpe"].passed is False
        assert criteria["pbo"].passed is (True if padding == "hopeless" else None)


def test_a_planted_sharpe_of_three_passes_on_a_market(power: ModuleType) -> None:
    found = [power.planted_search(seed, EDGE) for seed in range(1, 6)]
    assert np.mean([power.yearly(best.net) for best, _ in found]) == pytest.approx(3.0, abs=0.6)
    assert all(passed(judge(power.evidence_of(*one), POLICY)) for one in found)


def test_a_planted_sharpe_of_three_passes_without_a_market_too(power: ModuleType) -> None:
    found = [power.bare_search(seed, 3.0) for seed in range(1, 21)]
    verdicts = [passed(judge(power.evidence_of(*one), POLICY)) for one in found]
    assert sum(verdicts) >= 18


def test_the_published_variance_would_stop_a_sharpe_of_three(power: ModuleType) -> None:
    """Useless trials scatter like skill does; that alone hides three in ten edges of that size."""
    published = GatePolicy(min_trial_variance=0.0, max_trial_variance=1e9)
    found = [power.bare_search(seed, 3.0) for seed in range(1, 21)]
    verdicts = [passed(judge(power.evidence_of(*one), published)) for one in found]
    assert sum(verdicts) < 18
