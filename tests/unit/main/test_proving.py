"""What the store counts when somebody looks: backtests too, once, and by what the strategy is."""

from dataclasses import replace

from engine.ports import Units
from engine.strategy.policy import EntryPolicy
from engine.strategy.shipped import score_strategy, trend_strategy
from main.proving import all_trials, keep_backtest, keep_trials, lineage
from tests.unit.proof.made_up import ground

BUSY = replace(score_strategy(), entry=EntryPolicy(min_rank_fraction=0.8))


def test_a_backtest_that_was_seen_is_a_trial_and_counts_once(fake_units: Units) -> None:
    plan = replace(ground(BUSY, days=40).plan, strategy=BUSY)
    for _ in range(2):
        keep_backtest(fake_units, plan)
    (seen,) = all_trials(fake_units)
    assert len(seen.excess_returns) == 40
    assert len(seen.daily_returns) == 40
    stretch = seen.parameters["stretch"]
    assert isinstance(stretch, dict)
    assert stretch["symbols"] == [str(symbol) for symbol in sorted(plan.histories, key=str)]


def test_a_new_name_brings_the_research_along(fake_units: Units) -> None:
    gold = replace(trend_strategy(), name="gold2", version="gold2")
    assert keep_trials(fake_units, gold, []) == 45 + 49_751
    assert {trial.lineage for trial in lineage(all_trials(fake_units), gold)} == {"trend"}
    assert keep_trials(fake_units, trend_strategy(), []) == 45 + 49_751
