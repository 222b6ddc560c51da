"""Values of research refuse what would make a verdict or a card say something untrue."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.proof import ResearchState
from tests.fakes.samples import T0
from tests.fakes.samples_research import (
    calibration,
    criterion,
    curve,
    job,
    prediction,
    proof,
    trial,
)

NAN, INF = float("nan"), float("inf")
NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001 - what is to be refused


def test_a_question_that_could_not_be_asked_has_failed() -> None:
    assert [one.name for one in proof().failed] == ["deflated_sharpe", "overfitting"]


@pytest.mark.parametrize("answer", [False, None])
def test_a_proof_cannot_pass_when_a_criterion_did_not(answer: bool | None) -> None:
    with pytest.raises(InvalidValueError, match="all passed"):
        proof(passed=True, criteria=(criterion("a"), criterion("b", passed=answer)))


def test_a_proof_cannot_pass_without_a_question() -> None:
    with pytest.raises(InvalidValueError, match="at least one"):
        proof(passed=True, criteria=())


def test_a_proof_may_fail_although_every_criterion_passed() -> None:
    assert proof(passed=False, criteria=(criterion(),)).failed == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"strategy_version": ""},
        {"fingerprint": ""},
        {"symbols": ()},
        {"trials": -1},
        {"made_at": NAIVE},
        {"data_to": proof().data_from},
        {"criteria": (criterion(), criterion(passed=False))},
        {"metrics": {"sharpe": NAN}},
        {"metrics": {"folds": [{"sharpe": INF}]}},
        {"metrics": {1: "x"}},
        {"metrics": {"x": T0}},
    ],
)
def test_an_impossible_proof_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        proof(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"value": NAN},
        {"limit": NAN},
        {"passed": np.True_},
        {"value": np.float64(1)},
    ],
)
def test_an_impossible_criterion_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        criterion(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"lineage": ""},
        {"daily_returns": (0.1, NAN)},
        {"daily_returns": (INF,)},
        {"daily_returns": tuple(np.array([0.1]))},
        {"sharpe": NAN},
        {"trades": -1},
        {"seen_at": NAIVE},
        {"first_day": T0},
        {"parameters": {"x": {1, 2}}},
    ],
)
def test_an_impossible_trial_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        trial(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"daily_mean": NAN},
        {"daily_mean": 0.003},
        {"daily_low": 0.002},
        {"daily_deviation": -0.1},
        {"trades_per_day": -1.0},
        {"trades_per_day": INF},
        {"days": 0},
    ],
)
def test_an_impossible_prediction_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        prediction(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": 0},
        {"score": (66.6, 0.0)},
        {"score": (5.0, 5.0)},
        {"score": (0.0, 101.0)},
        {"score": ()},
        {"edge_bps": (1.0,)},
        {"edge_bps": (NAN, 1.0)},
        {"edge_bps": (2.5, 3.0)},
        {"win_probability": (0.4, 1.5), "win_high": (0.5, 1.5)},
        {"win_low": (0.45, 0.5)},
        {"payoff": (0.0, -1.0)},
        {"n": (40, -1)},
    ],
)
def test_an_impossible_curve_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        curve(**changes)


def test_an_interval_may_miss_its_estimate_by_a_rounding_error() -> None:
    exact = curve(win_probability=(0.0, 1.0), win_low=(1e-17, 0.9), win_high=(0.1, 1.0 - 1e-16))
    assert exact.win_probability == (0.0, 1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": ""},
        {"strategy_version": ""},
        {"method": "guess"},
        {"made_at": NAIVE},
        {"data_to": calibration().data_from},
        {"curves": ()},
        {"curves": (curve(1), curve(1))},
    ],
)
def test_an_impossible_calibration_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        calibration(**changes)


def test_a_fit_made_again_says_the_same() -> None:
    again = calibration(made_at=T0 + timedelta(days=1), note="again", active=True)
    assert calibration().says_the_same_as(again)
    assert not calibration().says_the_same_as(replace(again, curves=(curve(1),)))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"kind": ""},
        {"state": "queued"},
        {"requested_at": NAIVE},
        {"done": -1},
        {"total": -1},
        {"done": 3, "total": 2},
        {"parameters": {"x": NAN}},
        {"result": {"x": object()}},
        {"state": ResearchState.RUNNING},
        {"state": ResearchState.DONE},
        {"finished_at": T0},
    ],
)
def test_an_impossible_job_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        job(**changes)


def test_a_job_may_count_before_its_length_is_known() -> None:
    assert job(state=ResearchState.RUNNING, started_at=T0, done=3).total == 0


@pytest.mark.parametrize("state", list(ResearchState))
def test_a_job_that_is_done_failed_or_cancelled_has_ended(state: ResearchState) -> None:
    assert state.is_final == (state.value in {"done", "failed", "cancelled"})
