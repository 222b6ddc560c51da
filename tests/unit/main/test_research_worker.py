"""What the worker does with a job, whatever the work does to the worker."""

import pytest

from engine.desk.research_jobs import ResearchJobs
from engine.domain.desk import Json
from engine.domain.errors import DataError
from engine.domain.proof import ResearchJob, ResearchState
from engine.domain.research import BacktestWish
from engine.market.progress import Progress, Step
from engine.ports import Units
from main.research_worker import Teller, run_job, share_of
from tests.fakes.desk_builder import OWNER, Bench, build


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


@pytest.fixture
def jobs(bench: Bench) -> ResearchJobs:
    return ResearchJobs(bench.units, bench.wall)


@pytest.fixture
def job(bench: Bench, jobs: ResearchJobs) -> ResearchJob:
    """A running backtest."""
    bench.assembled.desk.request_backtest(BacktestWish(), OWNER.user_id, chat_id=1, request_id="1")
    taken = jobs.take()
    assert taken is not None
    return taken


def now(bench: Bench, job: ResearchJob) -> ResearchJob:
    view = bench.assembled.desk.research(job.id)
    assert view is not None
    return view.job


def step(label: str, done: int, total: int) -> Step:
    return Step(label=label, done=done, total=total, eta_s=None)


def test_what_the_work_gives_is_the_result(
    bench: Bench, jobs: ResearchJobs, job: ResearchJob
) -> None:
    def work(_: ResearchJob, progress: Progress) -> dict[str, Json]:
        bench.advance(seconds=10)
        progress(step("loading", 4, 8))
        return {"strategy_version": "score-1"}

    run_job(jobs, job, work, bench.wall)
    ended = now(bench, job)
    assert (ended.state, ended.result) == (
        ResearchState.DONE,
        {"strategy_version": "score-1"},
    )
    assert (ended.done, ended.total) == (10, 100)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DataError("no 1h candles are stored"), "no 1h candles are stored"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),
        (MemoryError(), "MemoryError: "),
    ],
)
def test_work_that_fails_ends_the_job_with_its_reason(
    bench: Bench, jobs: ResearchJobs, job: ResearchJob, error: Exception, told: str
) -> None:
    def work(_: ResearchJob, __: Progress) -> dict[str, Json]:
        raise error

    run_job(jobs, job, work, bench.wall)
    ended = now(bench, job)
    assert (ended.state, ended.error) == (ResearchState.FAILED, told)


def test_a_result_that_is_no_json_ends_the_job_with_a_reason(
    bench: Bench, jobs: ResearchJobs, job: ResearchJob
) -> None:
    run_job(jobs, job, lambda _, __: {"sharpe": float("nan")}, bench.wall)
    ended = now(bench, job)
    assert ended.state is ResearchState.FAILED
    assert "finite" in ended.error


def test_a_job_that_was_cancelled_meanwhile_stays_cancelled(
    bench: Bench, jobs: ResearchJobs, job: ResearchJob
) -> None:
    def work(_: ResearchJob, progress: Progress) -> dict[str, Json]:
        bench.assembled.desk.cancel_research(job.id, OWNER.user_id)
        bench.advance(seconds=10)
        progress(step("loading", 4, 8))
        raise AssertionError("told after the end")

    run_job(jobs, job, work, bench.wall)
    assert now(bench, job).state is ResearchState.CANCELLED


def test_progress_is_told_rarely_and_never_goes_back(
    bench: Bench, jobs: ResearchJobs, job: ResearchJob
) -> None:
    teller = Teller(jobs, job, bench.wall)
    seen = []
    for label, done in (
        ("loading", 8),  # at once: too early to tell
        ("loading", 8),  # 20 %
        ("indicators and replay", 0),  # no news
        ("indicators and replay", 4),  # 60 %
        ("loading", 1),  # another history: nobody is told of a step back
    ):
        teller(step(label, done, 8))
        bench.advance(seconds=4)
        seen.append(now(bench, job).done)
    assert seen == [0, 20, 20, 60, 60]


def test_a_long_silence_is_broken_without_news(
    bench: Bench, jobs: ResearchJobs, job: ResearchJob
) -> None:
    """So that a job that was cancelled is given up, however slow its steps are."""
    teller = Teller(jobs, job, bench.wall)
    bench.assembled.desk.cancel_research(job.id, OWNER.user_id)
    bench.advance(seconds=31)
    with pytest.raises(Exception, match="no longer running"):
        teller(step("a phase nobody has measured", 1, 8))


def test_the_phases_of_a_job_follow_each_other() -> None:
    assert share_of("backtest", step("loading", 8, 8)) == pytest.approx(0.2)
    assert share_of("backtest", step("indicators and replay", 1, 2)) == pytest.approx(0.6)
    assert share_of("prove", step("trials", 3, 3)) == pytest.approx(1.0)
    assert share_of("prove", step("trials", 0, 0)) == pytest.approx(0.3)
    assert share_of("prove", step("unheard of", 1, 2)) == 0.0
