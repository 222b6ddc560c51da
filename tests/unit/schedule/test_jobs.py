"""Jobs at their edge: outcomes are noted, failures told once, harmless ones run on demand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from engine.desk.delivery.jobs import ask_for, job_rows
from engine.domain.desk import JobRun
from engine.ports import Units
from engine.schedule.jobs import Job, JobRunner
from tests.fakes.clock import HandClock
from tests.fakes.samples import T0
from tests.fakes.units import FakeUnits


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Counting:
    """Work that counts, and fails while it is told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = False

    def __call__(self) -> str:
        self.runs += 1
        if self.fails:
            raise RuntimeError("no luck")
        return f"run {self.runs}"


def runs(units: Units) -> dict[str, JobRun]:
    with units(read_only=True) as unit:
        return {run.name: run for run in unit.desk.job_runs()}


async def test_a_failure_is_told_once_and_its_end_too(
    fake_units: FakeUnits, worker: ThreadPoolExecutor
) -> None:
    clock, work = HandClock(T0), Counting()
    runner = JobRunner(units=fake_units, wall=clock, worker=worker)
    job = Job(name="gaps", every_s=1.0, work=work)
    work.fails = True
    for _ in range(3):
        await runner.run(job)
        clock.advance(seconds=1)
    assert runs(fake_units)["gaps"].failures == 3
    work.fails = False
    await runner.run(job)
    with fake_units(read_only=True) as unit:
        told = [row.payload["text"] for row in unit.outbox.due(clock.now(), 9)]
    assert told == ["job_failed", "job_recovered"]


async def test_what_people_ask_for_runs_once_and_is_noted_at_once(
    fake_units: FakeUnits, worker: ThreadPoolExecutor
) -> None:
    clock = HandClock(T0)
    harmless, other = Counting(), Counting()
    runner = JobRunner(units=fake_units, wall=clock, worker=worker)
    jobs = (
        Job(name="snapshot", every_s=3600.0, work=harmless, may_run_now=True),
        Job(name="closes", every_s=1.0, work=other),
    )
    runner.announce(jobs)
    await runner.run(jobs[0])
    with fake_units() as unit:
        assert ask_for(unit, "snapshot")
        assert not ask_for(unit, "closes")
        unit.commit()
    clock.advance(seconds=5)
    assert runner.run_asked(jobs) == "1 run"
    assert runner.run_asked(jobs) == "nothing asked for"
    assert (harmless.runs, other.runs) == (2, 0)
    assert runs(fake_units)["snapshot"].finished_at == clock.now()
    with fake_units(read_only=True) as unit:
        snapshot, closes = job_rows(unit, clock.now())
    assert snapshot.next_at is not None
    assert (snapshot.next_at - clock.now()).total_seconds() == 3600
    assert closes.last is None


@pytest.mark.parametrize(
    ("passed_s", "next_s"),
    [(0, 5), (4, 5), (5, 5), (6, 10), (52, 55)],
    ids=lambda value: f"{value}s",
)
async def test_the_next_run_is_never_in_the_past(
    passed_s: int, next_s: int, fake_units: FakeUnits, worker: ThreadPoolExecutor
) -> None:
    clock = HandClock(T0)
    runner = JobRunner(units=fake_units, wall=clock, worker=worker)
    job = Job(name="lock", every_s=5.0, work=Counting())
    runner.announce([job])
    await runner.run(job)
    clock.advance(seconds=passed_s)
    with fake_units(read_only=True) as unit:
        (row,) = job_rows(unit, clock.now())
    assert row.next_at == T0 + timedelta(seconds=next_s)
