"""Trials: what counts as one, what is walked again, and what comes with a shipped version."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.domain.desk import Json
from engine.domain.errors import DataError
from engine.domain.market import Timeframe
from engine.proof.ground import Ground
from engine.proof.sweep.play import sweep
from engine.proof.trials import (
    ancestors,
    configuration_id,
    excess_of,
    explored,
    lineages,
    overlapping,
    procedure_of,
    rebuilt,
    rerun,
    research_trials,
    researched,
    seen_returns,
    swept_trials,
    trial_of,
)
from engine.proof.variants import varied
from engine.proof.walkforward.walk import walk_forward
from engine.proof.walkforward.walked import Procedure
from engine.proof.walkforward.windows import Mode
from engine.strategy.policy import EntryPolicy
from engine.strategy.shipped import score_strategy, trend_strategy
from tests.unit.proof.made_up import ground

NOW = datetime(2024, 1, 1, tzinfo=UTC)
BUSY = replace(score_strategy(), entry=EntryPolicy(min_rank_fraction=0.8))
FIXED = Procedure(mode=Mode.FIXED)


@pytest.fixture(scope="module")
def whole() -> Ground:
    return ground(BUSY, days=40)


def test_seeing_the_same_again_is_no_new_trial(whole: Ground) -> None:
    one = trial_of(walk_forward(whole, BUSY, FIXED), seen_at=NOW)
    later = trial_of(walk_forward(whole, BUSY, FIXED), seen_at=NOW.replace(year=2025))
    assert one.id == later.id
    assert len(one.daily_returns) == 40
    assert one.lineage == "score"


def test_other_parameters_data_or_limits_are_other_trials(whole: Ground) -> None:
    other = varied(BUSY, {"entry.min_rank_fraction": 0.9})
    risk = replace(whole.policies.risk, risk_fraction=0.002)
    strict = ground(BUSY, days=40, policies=replace(whole.policies, risk=risk))
    seen = [
        walk_forward(whole, BUSY, FIXED),
        walk_forward(whole, other, FIXED),
        walk_forward(ground(BUSY, days=40, seed=9), BUSY, FIXED),
        walk_forward(strict, BUSY, FIXED),
        walk_forward(ground(BUSY, days=39), BUSY, FIXED),
    ]
    assert len({trial_of(one, seen_at=NOW).id for one in seen}) == 5


def test_a_swept_variant_is_the_trial_of_its_walk(whole: Ground) -> None:
    choices = [{"entry.min_rank_fraction": 0.9}, {"entry.min_rank_fraction": 0.8}]
    swept = sweep(whole, BUSY, choices, workers=1)
    trials = swept_trials(whole, BUSY, swept, seen_at=NOW)
    walked = trial_of(walk_forward(whole, BUSY, FIXED), seen_at=NOW)
    assert trials[1].id == walked.id
    assert trials[1].sharpe == pytest.approx(walked.sharpe)
    assert trials[1].trades == walked.trades
    assert trials[0].id != trials[1].id


def test_a_lineage_is_walked_again_over_the_same_days_without_the_candidate(whole: Ground) -> None:
    variants = [varied(BUSY, {"entry.min_rank_fraction": rank}) for rank in (0.7, 0.9)]
    elsewhere = ground(BUSY, days=30, seed=8)
    trials = [
        trial_of(walk_forward(one, version, FIXED), seen_at=NOW)
        for one in (whole, elsewhere)
        for version in (BUSY, *variants)
    ]
    again = rerun(BUSY, trials, lambda _: whole, without=[configuration_id(BUSY, FIXED)])
    assert len(again) == 2
    for version, known in zip(variants, again, strict=True):
        expected = excess_of(walk_forward(whole, version, FIXED).days)
        assert known.excess is not None
        assert np.array_equal(known.excess.excess_returns, expected.excess_returns)


def test_what_can_no_longer_be_made_is_not_ranked(whole: Ground) -> None:
    gone = research_trials(BUSY, [{"rules.GONE.length": 3}], seen_at=NOW)
    no_candles = research_trials(BUSY, [{"timeframe": "4h"}], seen_at=NOW)
    again = rerun(
        BUSY,
        [*gone, *no_candles],
        lambda timeframe: whole if timeframe is Timeframe.H1 else None,
    )
    assert [one.excess for one in again] == [None, None]


def test_a_trial_is_built_again_as_it_was_with_its_procedure() -> None:
    version = varied(BUSY, {"rules.RSI.length": 21, "weights_by_regime.trend-calm.RSI": 0.5})
    procedure = Procedure(mode=Mode.ROLLING)
    parameters = walk_parameters(version, procedure)
    made, how = rebuilt(BUSY, parameters)
    assert made.fingerprint == version.fingerprint
    assert how.to_plain(made) == procedure.to_plain(version)


def walk_parameters(version: object, procedure: Procedure) -> dict:  # type: ignore[type-arg]
    from engine.proof.variants import parameters_of
    from engine.strategy.version import StrategyVersion

    assert isinstance(version, StrategyVersion)
    plain = {**parameters_of(version), "procedure": procedure.to_plain(version), "owner": "x"}
    return dict(json.loads(json.dumps(plain)))


def test_a_procedure_survives_its_plain_form() -> None:
    plain = Procedure(mode=Mode.ANCHORED).to_plain(BUSY)
    assert procedure_of(plain).to_plain(BUSY) == plain
    assert procedure_of({"mode": "fixed"}) == FIXED


def test_research_is_read_from_beside_the_version(tmp_path: Path) -> None:
    document = {"explored": 70, "trials": [{"parameters": {"entry.min_score": 10.0}}]}
    (tmp_path / "score_1_trials.json").write_text(json.dumps(document))
    assert researched(score_strategy(), tmp_path) == ({"entry.min_score": 10.0},)
    assert explored(score_strategy(), tmp_path) == 70
    (trial,) = research_trials(
        score_strategy(), researched(score_strategy(), tmp_path), seen_at=NOW
    )
    assert (trial.lineage, trial.data_digest, trial.daily_returns) == ("score", "research", ())


def test_a_version_without_research_has_none_and_a_broken_file_is_told(tmp_path: Path) -> None:
    assert researched(score_strategy(), tmp_path) == ()
    assert explored(score_strategy(), tmp_path) == 0
    (tmp_path / "score_1_trials.json").write_text('{"trials": [1]}')
    with pytest.raises(DataError, match="list of parameters by name"):
        researched(score_strategy(), tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "gold2", "version": "gold2"},
        {"name": "gold2", "version": "gold2", "rules": trend_strategy().rules[:1]},
        {"version": "trend-2"},
        {"version": "trend-2+ab12"},
    ],
)
def test_what_grew_out_of_a_shipped_version_has_its_research_under_any_name(
    changes: dict[str, object],
) -> None:
    shipped = trend_strategy()
    if "rules" in changes:
        weights = replace(shipped.weights, weights={"T10": 1.0})
        changes = {**changes, "weights": weights}
    renamed = replace(shipped, **changes)  # type: ignore[arg-type]  # fields of a version
    assert ancestors(renamed) == (shipped,)
    assert "trend" in lineages(renamed)
    assert explored(renamed) == explored(shipped) == 49_751
    assert researched(renamed) == researched(shipped)


def test_a_strategy_of_other_rules_has_no_research() -> None:
    assert ancestors(score_strategy()) == (score_strategy(),)
    assert explored(score_strategy()) == 0


def test_trials_count_over_the_same_days_whatever_their_lineage_and_market(whole: Ground) -> None:
    seen = trial_of(walk_forward(whole, BUSY, FIXED), seen_at=NOW)
    stretch = seen.parameters["stretch"]
    assert isinstance(stretch, dict)
    renamed: dict[str, Json] = {
        **seen.parameters,
        "stretch": {**stretch, "symbols": ["AAA/USDC"]},
    }
    first, day = seen.first_day, timedelta(days=1)
    trials = [
        seen,
        replace(seen, id="other", lineage="gold"),
        replace(seen, id="usdc", parameters=renamed),
    ]

    def count(begin: date, end: date) -> int:
        return len(overlapping(trials, first_day=begin, end_day=end))

    assert count(first, first + day) == 3
    assert count(first - 9 * day, first) == 0
    assert count(first + 40 * day, first + 50 * day) == 0
    assert count(first + 39 * day, first + 50 * day) == 3
    unknown = research_trials(BUSY, [{}], seen_at=NOW)
    assert len(overlapping(unknown, first_day=first, end_day=first + day)) == 1


def test_what_is_known_of_a_trial_is_what_was_seen_or_what_was_walked_again(whole: Ground) -> None:
    seen = trial_of(walk_forward(whole, BUSY, FIXED), seen_at=NOW)
    own = excess_of(walk_forward(whole, BUSY, FIXED).days)
    variant = varied(BUSY, {"entry.min_rank_fraction": 0.9})
    swept = replace(
        trial_of(walk_forward(whole, variant, FIXED), seen_at=NOW),
        daily_returns=(),
        excess_returns=(),
    )
    counted = [
        seen,
        replace(seen, id="kept", lineage="gold"),
        replace(seen, id="not kept", lineage="gold", excess_returns=()),
        swept,
        replace(seen, id="own, on other data", excess_returns=()),
    ]
    without = [configuration_id(BUSY, FIXED)]
    again = rerun(BUSY, [swept, counted[-1]], lambda _: whole, without=without)
    known = seen_returns(counted, again, lineages=("score",), candidate=seen.id, own=own)
    walked = excess_of(walk_forward(whole, variant, FIXED).days)
    assert len(known) == 3
    for one, expected in zip(known, (own, walked, own), strict=True):
        assert one.first_day == expected.first_day
        assert np.array_equal(one.excess_returns, expected.excess_returns)
