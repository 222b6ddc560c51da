"""Long questions: one job and one message each, whoever asks, presses twice or pulls the plug."""

# ruff: noqa: ANN401 - `**wish` are whatever fields a wish has

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from engine.desk.research import MOST_OPEN, read_wish
from engine.desk.research_jobs import ResearchJobs
from engine.domain.desk import Delivery, Json, OutboxMessage
from engine.domain.errors import ConflictError
from engine.domain.market import Timeframe
from engine.domain.proof import ResearchJob, ResearchState
from engine.domain.research import BacktestWish, ResearchOutcome, ResearchView
from engine.ports import Units
from engine.strategy.owner import terms_digest
from engine.strategy.policy import EntryPolicy
from tests.fakes.desk_builder import APPROVER, OWNER, STRANGER, VENUE, VIEWER, Bench, build
from tests.fakes.samples_research import proof, trial

CHAT = 77
RESULT: Mapping[str, Json] = {"strategy_version": "score-1", "fingerprint": "f1"}


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


@pytest.fixture
def worker(bench: Bench) -> ResearchJobs:
    return ResearchJobs(bench.units, bench.wall)


def ask(
    bench: Bench, request_id: str = "1", by: int = OWNER.user_id, **wish: Any
) -> ResearchOutcome:
    bench.advance(seconds=1)
    wanted = BacktestWish(**wish)
    return bench.assembled.desk.request_backtest(wanted, by, chat_id=CHAT, request_id=request_id)


def asked(bench: Bench, request_id: str = "1", **wish: Any) -> ResearchJob:
    outcome = ask(bench, request_id, **wish)
    assert outcome.done
    assert outcome.job is not None
    return outcome.job


def taken(worker: ResearchJobs) -> ResearchJob:
    job = worker.take()
    assert job is not None
    return job


def view(bench: Bench, job: ResearchJob) -> ResearchView:
    seen = bench.assembled.desk.research(job.id)
    assert seen is not None
    return seen


def messages(bench: Bench) -> list[OutboxMessage]:
    return list(bench.outbox("research"))


def test_a_wish_becomes_a_job_and_a_message_in_the_chat_it_came_from(bench: Bench) -> None:
    job = asked(bench, strategy="score", timeframe=Timeframe.H4, start=date(2022, 1, 1))
    (message,) = messages(bench)
    assert (message.subject, message.chat_id) == (f"research:{job.id}", CHAT)
    assert message.delivery is Delivery.NEW
    assert job.parameters["version"] == "score-1"
    assert read_wish(job.parameters) == BacktestWish(
        strategy="score", timeframe=Timeframe.H4, start=date(2022, 1, 1)
    )
    assert bench.actions() == ["research_requested"]


def test_the_same_request_is_one_job(bench: Bench) -> None:
    first, second = asked(bench), asked(bench)
    assert first == second
    assert len(messages(bench)) == 1
    assert bench.actions() == ["research_requested"]


@pytest.mark.parametrize("by", [VIEWER.user_id, STRANGER])
def test_a_viewer_and_a_stranger_may_not_ask(bench: Bench, by: int) -> None:
    desk = bench.assembled.desk
    assert ask(bench, by=by).reason == "not_allowed"
    job = asked(bench, "2")
    assert desk.cancel_research(job.id, by).reason == "not_allowed"
    assert desk.repeat_research(job.id, "prove", by, chat_id=1).reason == "not_allowed"
    assert view(bench, job).job.state is ResearchState.QUEUED


def test_an_approver_may_ask(bench: Bench) -> None:
    assert ask(bench, by=APPROVER.user_id).done


@pytest.mark.parametrize("name", ["nonsense", "evil.py", "/etc/passwd", "../score.py"])
def test_only_known_names_are_played_and_never_a_file(bench: Bench, name: str) -> None:
    outcome = ask(bench, strategy=name)
    assert (outcome.done, outcome.reason) == (False, "unknown_strategy")
    assert "score-1" in outcome.known
    assert messages(bench) == []


def test_a_name_means_the_shipped_version_and_no_name_the_desks_own(bench: Bench) -> None:
    """The desk's own is altered by its settings; its full version is what tells it apart."""
    own = bench.parts.strategy.altered(entry=EntryPolicy(min_rank_fraction=0.5))
    altered = bench.restart(strategy=own)
    for number, (wanted, name, version) in enumerate(
        [("", "", own.version), (own.version, "", own.version), ("score", "score", "score-1")]
    ):
        parameters = asked(altered, str(number), strategy=wanted).parameters
        assert (parameters["strategy"], parameters["version"]) == (name, version)


def test_a_period_must_have_a_length(bench: Bench) -> None:
    outcome = ask(bench, start=date(2022, 1, 1), end=date(2022, 1, 1))
    assert outcome.reason == "wrong_period"


def test_so_many_may_be_open_and_no_more(bench: Bench, worker: ResearchJobs) -> None:
    for number in range(MOST_OPEN):
        assert ask(bench, str(number)).done
    refused = ask(bench, "one more")
    assert (refused.reason, refused.limit) == ("too_many_jobs", MOST_OPEN)
    worker.finish(taken(worker), RESULT)
    assert ask(bench, "one more").done


def test_jobs_are_worked_off_in_the_order_of_their_requests(
    bench: Bench, worker: ResearchJobs
) -> None:
    first, second = asked(bench, "1"), asked(bench, "2")
    assert (view(bench, first).ahead, view(bench, second).ahead) == (0, 1)
    assert taken(worker).id == first.id
    assert view(bench, second).ahead == 1
    assert taken(worker).id == second.id
    assert worker.take() is None


def test_every_step_of_a_job_is_an_edit_of_its_message(bench: Bench, worker: ResearchJobs) -> None:
    job = asked(bench)
    running = worker.progress(taken(worker), 40, 100)
    done = worker.finish(running, RESULT)
    told = messages(bench)
    assert {message.subject for message in told} == {f"research:{job.id}"}
    assert [message.delivery for message in told] == [Delivery.NEW, *[Delivery.EDIT] * 3]
    assert view(bench, job).job == done
    assert bench.actions() == ["research_requested", "research_started", "research_done"]


def test_a_job_that_waits_is_cancelled_at_once(bench: Bench, worker: ResearchJobs) -> None:
    job = asked(bench)
    desk = bench.assembled.desk
    assert desk.cancel_research(job.id, OWNER.user_id).done
    assert view(bench, job).job.state is ResearchState.CANCELLED
    assert worker.take() is None
    again = desk.cancel_research(job.id, OWNER.user_id)
    assert (again.done, again.reason) == (False, "ended_already")
    assert bench.actions() == ["research_requested", "research_cancelled"]


def test_a_cancelled_job_cannot_be_told_of_or_finished(bench: Bench, worker: ResearchJobs) -> None:
    asked(bench)
    began = bench.wall.now()
    running = taken(worker)
    assert not worker.is_cancelled_since(began)
    bench.assembled.desk.cancel_research(running.id, OWNER.user_id)
    assert worker.is_cancelled_since(began)
    with pytest.raises(ConflictError):
        worker.progress(running, 1, 2)
    with pytest.raises(ConflictError):
        worker.finish(running, RESULT)
    assert view(bench, running).job.state is ResearchState.CANCELLED


def test_pressing_again_leads_to_one_job_while_that_is_open(
    bench: Bench, worker: ResearchJobs
) -> None:
    first = asked(bench, strategy="score", end=date(2023, 1, 1))
    worker.finish(taken(worker), RESULT)
    desk = bench.assembled.desk

    def press(kind: str) -> ResearchJob:
        bench.advance(seconds=1)
        outcome = desk.repeat_research(first.id, kind, OWNER.user_id, chat_id=CHAT)
        assert outcome.job is not None
        return outcome.job

    again = press("backtest")
    assert press("backtest") == again
    assert again.parameters == first.parameters
    proving = press("prove")
    assert (proving.kind, proving.id == again.id) == ("prove", False)
    worker.finish(taken(worker), RESULT)
    assert press("backtest").id not in {first.id, again.id}


def test_a_job_nobody_knows_cannot_be_repeated_or_cancelled(bench: Bench) -> None:
    desk = bench.assembled.desk
    outcome = desk.repeat_research("r0", "prove", OWNER.user_id, chat_id=CHAT)
    assert outcome.reason == "unknown_job"
    assert desk.cancel_research("r0", OWNER.user_id).reason == "unknown_job"
    assert desk.research("r0") is None


def test_a_job_lost_with_the_desk_is_begun_again_twice(bench: Bench, worker: ResearchJobs) -> None:
    job = asked(bench)
    for _ in range(2):
        taken(worker)
        assert worker.begin_again() == 1
        assert view(bench, job).job.state is ResearchState.QUEUED
    taken(worker)
    worker.begin_again()
    ended = view(bench, job).job
    assert (ended.state, ended.error) == (ResearchState.FAILED, "interrupted 3 times")


def test_two_workers_never_hold_one_job(bench: Bench, worker: ResearchJobs) -> None:
    """The first was thought dead, the job begun again, and then it comes back."""
    asked(bench)
    lost = taken(worker)
    worker.begin_again()
    bench.advance(seconds=1)
    second = taken(worker)
    with pytest.raises(ConflictError):
        worker.finish(lost, {"from": "the dead"})
    assert worker.finish(second, RESULT).state is ResearchState.DONE


def test_a_worker_that_vanishes_ends_its_job_with_a_reason(
    bench: Bench, worker: ResearchJobs
) -> None:
    job = asked(bench)
    taken(worker)
    assert worker.fail_running("the worker ended unexpectedly (signal 9)") == 1
    ended = view(bench, job).job
    assert ended.state is ResearchState.FAILED
    assert "signal 9" in ended.error


def test_a_result_is_marked_by_the_verdict_about_the_very_version(
    bench: Bench, worker: ResearchJobs
) -> None:
    job = asked(bench)
    worker.finish(taken(worker), RESULT)
    assert view(bench, job).proof is None
    with bench.units() as unit:
        unit.proofs.add(proof(fingerprint="f0"))
        unit.commit()
    assert view(bench, job).proof is None
    with bench.units() as unit:
        terms = {"terms": terms_digest(bench.parts.policies)}
        unit.proofs.add(proof("p2", metrics=terms, venue=VENUE, made_at=bench.wall.now()))
        unit.commit()
    found = view(bench, job).proof
    assert found is not None
    assert found.id == "p2"


def test_a_proving_job_shows_the_verdict_that_it_reached(
    bench: Bench, worker: ResearchJobs
) -> None:
    """The curve is found among the trials: the one of these days that comes to this total."""
    returns = (0.01, -0.02, 0.03)
    total = 1.01 * 0.98 * 1.03 - 1
    first_day = proof().data_from.date()
    with bench.units() as unit:
        for name, daily in (("t1", (0.5,)), ("t2", returns), ("t3", (0.1, 0.1))):
            unit.trials.add(trial(name, daily_returns=daily, first_day=first_day))
        unit.proofs.add(proof("mine", metrics={"return_fraction": total}))
        unit.proofs.add(proof("later"))
        unit.commit()
    first = asked(bench)
    worker.finish(taken(worker), RESULT)
    proving = bench.assembled.desk.repeat_research(first.id, "prove", OWNER.user_id, chat_id=CHAT)
    assert proving.job is not None
    worker.finish(taken(worker), {"proof_id": "mine"})
    verdict = view(bench, proving.job).verdict
    assert verdict is not None
    assert verdict.proof is not None
    assert verdict.proof.id == "mine"
    assert verdict.daily_returns == returns


def test_a_proof_of_a_version_nobody_has_is_unknown(bench: Bench) -> None:
    desk = bench.assembled.desk
    assert desk.proof("nonsense-7") is None
    own = desk.proof()
    assert own is not None
    assert (own.strategy_version, own.proof) == (bench.parts.strategy.version, None)
    with bench.units() as unit:
        unit.proofs.add(proof("p9", strategy_version="old-1"))
        unit.commit()
    old = desk.proof("old-1")
    assert old is not None
    assert old.proof is not None
    assert not old.is_current
