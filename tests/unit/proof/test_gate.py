"""The gate's questions one by one, from evidence that passes all of them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.errors import InvalidValueError
from engine.domain.proof import Criterion
from engine.kernel import Floats
from engine.proof.gate import (
    Evidence,
    GatePolicy,
    TrialReturns,
    common_days,
    hurdle,
    judge,
    passed,
)
from engine.proof.statistics.overfitting import expected_maximum

START = date(2020, 1, 1)
REGIMES = ("range-calm", "range-wild", "trend-calm", "trend-wild")
POLICY = GatePolicy()
DAYS = 1000


def search(trials: int = 16) -> Floats:
    """One trial that earns 0.2 deviations a day, the others nothing."""
    returns = np.random.default_rng(1).normal(0.0, 0.01, (DAYS, trials))
    returns[:, 0] += 0.002
    return returns


def trial(returns: Floats, late: int = 0) -> TrialReturns:
    return TrialReturns(first_day=START + timedelta(days=late), excess_returns=returns)


def good(**changes: object) -> Evidence:
    tried = search()
    pnl = np.tile([3.0, -2.0], 60)
    parts: dict[str, Any] = {
        "first_day": START,
        "daily_returns": tried[:, 0],
        "random_returns": np.zeros(DAYS),
        "trade_pnl": pnl,
        "trade_regimes": tuple(np.repeat(REGIMES, 30)),
        "trials": tuple(trial(one) for one in tried.T),
        "trial_count": 16,
    }
    return Evidence(**{**parts, **changes})


def asked(name: str, evidence: Evidence, policy: GatePolicy = POLICY) -> Criterion:
    return next(one for one in judge(evidence, policy) if one.name == name)


def test_an_edge_passes_every_question() -> None:
    criteria = judge(good(), POLICY)
    assert [one.name for one in criteria] == [
        "trades",
        "deflated_sharpe",
        "pbo",
        "profit_factor",
        "drawdown",
        "regimes",
    ]
    assert passed(criteria)


def test_one_question_failed_or_open_fails_all() -> None:
    yes = Criterion(name="a", passed=True, value=1.0, limit=1.0)
    assert passed([yes])
    assert not passed([yes, replace(yes, name="b", passed=False)])
    assert not passed([yes, replace(yes, name="b", passed=None)])
    assert not passed([])


@pytest.mark.parametrize(("count", "verdict"), [(100, True), (99, False), (0, False)])
def test_a_hundred_trades_are_needed(count: int, verdict: bool) -> None:
    evidence = good(trade_pnl=np.ones(count), trade_regimes=(REGIMES[0],) * count)
    found = asked("trades", evidence)
    assert (found.passed, found.value, found.limit) == (verdict, count, 100.0)


def test_wins_over_losses_must_reach_the_limit_exactly() -> None:
    """Wins of 6 to losses of 5 are 1.2."""
    for win, verdict in ((6.0, True), (5.99, False)):
        found = asked("profit_factor", good(trade_pnl=np.tile([win, -5.0], 60)))
        assert found.passed is verdict
        assert found.value == pytest.approx(win / 5.0)


def test_without_a_losing_trade_there_is_no_profit_factor() -> None:
    found = asked("profit_factor", good(trade_pnl=np.ones(120)))
    assert (found.passed, found.value, found.note) == (None, None, "no losing trade")


def test_three_of_four_regimes_must_earn() -> None:
    pnl = np.repeat([1.0, 1.0, 1.0, -1.0], 30)
    assert asked("regimes", good(trade_pnl=pnl)).value == 3.0
    assert asked("regimes", good(trade_pnl=pnl)).passed
    losing = asked("regimes", good(trade_pnl=np.repeat([1.0, 1.0, -1.0, -1.0], 30)))
    assert (losing.passed, losing.value) == (False, 2.0)


def test_a_regime_with_few_trades_does_not_count() -> None:
    names = np.repeat(REGIMES, [60, 39, 19, 2])
    found = asked("regimes", good(trade_regimes=tuple(names)))
    assert found.passed is None
    assert found.note == "2 regimes with 20 trades or more"


def test_the_drawdown_is_taken_at_ten_percent_volatility() -> None:
    """Days of +1 % and −1 % have 19.1 % a year; at 10 % they are ±0.523 %.

    Twenty losing days in a row then cost 1 − (1 − 0.00523)^20 = 9.96 %.
    """
    days = np.tile([0.01, -0.01], 490)
    run = np.concatenate([days, np.full(20, 0.01), np.full(20, -0.01)])
    trials = tuple(trial(one) for one in search().T)
    evidence = good(daily_returns=run, random_returns=np.zeros(len(run)), trials=trials)
    expected = 1 - (1 - 0.1 / np.sqrt(365.25)) ** 20
    assert asked("drawdown", evidence).value == pytest.approx(expected)
    assert asked("drawdown", evidence).passed
    strict = GatePolicy(max_drawdown_fraction=0.09)
    assert asked("drawdown", evidence, strict).passed is False


@pytest.mark.parametrize("leverage", [0.1, 3.0, 10.0])
def test_leverage_moves_no_figure_of_skill_or_drawdown(leverage: float) -> None:
    levered = good(
        daily_returns=leverage * search()[:, 0],
        trials=tuple(trial(leverage * one) for one in search().T),
    )
    for name in ("deflated_sharpe", "pbo", "drawdown"):
        assert asked(name, levered).value == pytest.approx(asked(name, good()).value)


def test_what_random_entries_earn_is_no_skill() -> None:
    rise = search()[:, 0]
    assert asked("deflated_sharpe", good(random_returns=rise - 1e-4)).passed is None
    found = asked("deflated_sharpe", good(random_returns=np.full(DAYS, rise.mean())))
    assert found.passed is False


def test_an_idle_strategy_cannot_be_judged() -> None:
    idle = good(daily_returns=np.zeros(DAYS), trade_pnl=np.zeros(0), trade_regimes=())
    assert [one.passed for one in judge(idle, POLICY)] == [False, None, True, None, None, None]


def test_a_month_is_the_least_record() -> None:
    short = search()[:29, 0]
    found = asked("deflated_sharpe", good(daily_returns=short, random_returns=np.zeros(29)))
    assert found.passed is None


def test_fewer_than_sixteen_trials_cannot_be_judged() -> None:
    few = good(trials=tuple(trial(one) for one in search(15).T), trial_count=15)
    found = asked("pbo", few)
    assert (found.passed, found.note) == (None, "15 distinct trials over the same days, 16 needed")


def test_a_trial_of_other_days_is_not_ranked_but_counted() -> None:
    """The sixteenth covers 79 % of the days, and is left out; with 80 % it joins."""
    tried = search()
    head = tuple(trial(one) for one in tried.T[:15])
    short = good(trials=(*head, trial(tried[:790, 15])))
    assert asked("pbo", short).passed is None
    assert hurdle(short, POLICY).trials == 16
    joined = good(trials=(*head, trial(tried[:800, 15])))
    assert asked("pbo", joined).passed
    assert common_days(joined, 0.8).shape == (800, 16)


def test_trials_are_aligned_by_their_dates() -> None:
    tried = search()
    late = good(trials=(trial(tried[:, 0]), trial(tried[100:, 1], late=100)))
    found = common_days(late, 0.8)
    np.testing.assert_array_equal(found, tried[100:, :2])
    counted = np.arange(DAYS + 9, dtype=np.float64)
    before = TrialReturns(first_day=START - timedelta(days=5), excess_returns=counted)
    early = good(trials=(before,))
    np.testing.assert_array_equal(common_days(early, 0.8)[:, 0], np.arange(5.0, DAYS + 5.0))


def test_no_comparable_trial_leaves_nothing_to_rank() -> None:
    assert common_days(good(trials=()), 0.8).shape == (0, 0)
    assert asked("pbo", good(trials=())).passed is None


def test_too_few_days_in_common_cannot_be_judged() -> None:
    tried = search()[:31]
    short = good(
        daily_returns=tried[:, 0],
        random_returns=np.zeros(31),
        trials=tuple(trial(one) for one in tried.T),
    )
    assert asked("pbo", short).note == "31 days in common are too few"


def test_a_search_in_noise_fails_by_its_overfitting() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.01, (DAYS, 20))
    best = noise[:, int(np.argmax(noise.mean(axis=0) / noise.std(axis=0)))]
    evidence = good(daily_returns=best, trials=tuple(trial(one) for one in noise.T), trial_count=20)
    assert asked("deflated_sharpe", evidence).passed is False
    assert asked("pbo", evidence).passed is False


def test_every_counted_trial_raises_the_hurdle() -> None:
    few, many = hurdle(good(), POLICY), hurdle(good(trial_count=500), POLICY)
    assert few.ratio < many.ratio
    assert many.ratio == pytest.approx(expected_maximum(500, min(1.0, few.scatter) / (DAYS - 1)))


def test_copies_do_not_lower_the_hurdle_below_a_tenth_of_luck() -> None:
    one = search()[:, 0]
    copies = good(trials=tuple(trial(one - k * 1e-9) for k in range(16)))
    assert hurdle(copies, POLICY).scatter == pytest.approx(0.0, abs=1e-6)
    assert hurdle(copies, POLICY).ratio == pytest.approx(expected_maximum(16, 0.1 / (DAYS - 1)))


def test_hopeless_trials_do_not_raise_the_hurdle_above_luck() -> None:
    tried = search(16)
    tried[:, 8:] -= 0.01
    spread = good(trials=tuple(trial(one) for one in tried.T))
    assert hurdle(spread, POLICY).scatter > 50.0
    assert hurdle(spread, POLICY).ratio == pytest.approx(expected_maximum(16, 1.0 / (DAYS - 1)))
    published = GatePolicy(min_trial_variance=0.0, max_trial_variance=1e9)
    assert hurdle(spread, published).ratio > 5 * hurdle(spread, POLICY).ratio


def lucky(tries: int = 200) -> tuple[Floats, tuple[TrialReturns, ...]]:
    """The best of many that have no skill, and all the others."""
    tried = np.random.default_rng(11).normal(0.0, 0.01, (DAYS, tries))
    best = int(np.argmax(tried.mean(axis=0) / tried.std(axis=0)))
    return tried[:, best], tuple(trial(one) for one in np.delete(tried, best, axis=1).T)


def test_a_copy_under_a_new_name_with_idle_variants_takes_the_scatter_of_all_along() -> None:
    """Idle variants have no scatter, and fill no seat of PBO."""
    best, others = lucky()
    idle = tuple(trial(np.zeros(DAYS)) for _ in range(16))
    renamed = good(
        daily_returns=best,
        trials=(trial(best), *others, *idle),
        trial_count=216,
        ranked=(trial(best), *idle),
    )
    assert hurdle(renamed, POLICY).used == pytest.approx(1.0, abs=0.2)
    assert asked("deflated_sharpe", renamed).passed is False
    assert asked("pbo", renamed).passed is None


def test_trials_whose_returns_are_not_known_are_taken_to_scatter_as_luck_does() -> None:
    best, _ = lucky()
    copies = tuple(trial(best - k * 1e-9) for k in range(16))
    hidden = good(daily_returns=best, trials=copies, trial_count=200)
    assert (hurdle(hidden, POLICY).used, hurdle(hidden, POLICY).unknown) == (1.0, 184)
    assert asked("deflated_sharpe", hidden).passed is False
    assert "1 taken: the returns of 184 are not known" in asked("deflated_sharpe", hidden).note


def test_near_copies_do_not_fill_the_seats_of_a_search() -> None:
    tried = search(15)
    twin = tried[:, 3] + np.random.default_rng(2).normal(0.0, 0.0005, DAYS)
    fifteen = (*(trial(one) for one in tried.T), trial(twin), trial(-2.0 * tried[:, 4] * -1.0))
    found = asked("pbo", good(trials=fifteen, trial_count=17))
    assert found.note == "15 distinct trials over the same days, 16 needed"


def test_a_copy_over_other_days_is_a_copy() -> None:
    """It shares 90 % of the days of the one before it; one that shares 70 % is another record."""
    one = np.random.default_rng(6).normal(0.0, 0.01, DAYS + 300)
    shifted = tuple(trial(one[late : late + DAYS], late=late) for late in (0, 100, 300))
    assert hurdle(good(trials=shifted[:2]), POLICY).distinct == 1
    assert hurdle(good(trials=(shifted[0], shifted[2])), POLICY).distinct == 2


def test_idle_trials_count_but_scatter_nothing() -> None:
    tried = tuple(trial(one) for one in search(16).T)
    idle = good(trials=(*tried, trial(np.zeros(DAYS))), trial_count=17)
    assert hurdle(idle, POLICY).scatter == pytest.approx(hurdle(good(), POLICY).scatter)


def test_the_deflated_sharpe_says_what_it_compared() -> None:
    note = asked("deflated_sharpe", good()).note
    assert "16 trials" in note
    assert "beyond random entries" in note


@pytest.mark.parametrize(
    "wrong",
    [
        {"random_returns": np.zeros(DAYS - 1)},
        {"trade_regimes": ("range-calm",)},
        {"trial_count": 15},
        {"daily_returns": np.full(DAYS, np.nan)},
    ],
)
def test_evidence_that_does_not_fit_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        good(**wrong)


def test_a_trial_without_numbers_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="finite"):
        trial(np.array([0.1, np.inf]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_trades": 0},
        {"min_deflated_sharpe": 1.5},
        {"max_pbo": -0.1},
        {"min_trials": 1},
        {"pbo_blocks": 5},
        {"min_trial_variance": 2.0},
        {"min_profit_factor": 0.0},
        {"drawdown_volatility_fraction": 0.0},
        {"min_positive_regimes": 0},
    ],
)
def test_limits_without_meaning_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        GatePolicy(**wrong)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_trials_and_trades_changes_no_verdict(seed: int) -> None:
    rng, base = np.random.default_rng(seed), good()
    tried, order = rng.permutation(16), rng.permutation(120)
    mixed = good(
        trials=tuple(base.trials[k] for k in tried),
        trade_pnl=base.trade_pnl[order],
        trade_regimes=tuple(base.trade_regimes[k] for k in order),
    )
    for one, other in zip(judge(base, POLICY), judge(mixed, POLICY), strict=True):
        assert one.passed == other.passed
        assert one.value == pytest.approx(other.value)


@given(seed=st.integers(0, 99), copies=st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_near_copies_never_lower_the_hurdle(seed: int, copies: int) -> None:
    """Neither of the candidate nor of another trial, counted or not."""
    rng = np.random.default_rng(seed)
    tried = search(int(rng.integers(2, 30)))
    before = good(trials=tuple(trial(one) for one in tried.T), trial_count=60)
    of = tried[:, int(rng.integers(0, tried.shape[1]))]
    near = of[:, None] + rng.normal(0.0, 0.001, (DAYS, copies))
    more = (*before.trials, *(trial(one) for one in near.T))
    after = replace(before, trials=more, trial_count=60 + copies)
    assert hurdle(after, POLICY).distinct == hurdle(before, POLICY).distinct
    assert hurdle(after, POLICY).ratio > hurdle(before, POLICY).ratio
    assert hurdle(replace(after, trial_count=100), POLICY).scatter == pytest.approx(
        hurdle(before, POLICY).scatter
    )


def test_what_eight_distinct_trials_have_shown_is_not_forgotten() -> None:
    """Forty more, all alike in what they earn, would make the plain variance fall."""
    rng = np.random.default_rng(4)
    shape = rng.normal(0.0, 1.0, (DAYS, 50))
    shape = (shape - shape.mean(axis=0)) / shape.std(axis=0, ddof=1)
    ratios = np.concatenate(([0.03, -0.03] * 5, np.zeros(40)))
    trials = tuple(trial(one) for one in (shape * 0.01 + ratios * 0.01).T)
    few = hurdle(good(trials=trials[:10], trial_count=50), POLICY)
    many = hurdle(good(trials=trials, trial_count=50), POLICY)
    assert many.scatter >= few.scatter > 0.9
    assert (few.distinct, many.distinct) == (10, 50)
