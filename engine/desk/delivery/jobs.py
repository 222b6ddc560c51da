"""What recurs, for people to look at: the engine notes its jobs, a chat may ask for a run.

Bot and engine may be two processes, so that a wish is a note in the database and the engine looks
for it. Only jobs that the engine calls harmless can be asked for: running them twice changes
nothing but how fresh something is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.desk.delivery.views import JobRow
from engine.domain.desk import JobRun, Json
from engine.ports import UnitOfWork

_JOBS, _ASKED = "jobs", "jobs_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """A job as the engine has announced it."""

    name: str
    every_s: float
    may_run_now: bool


def announce(unit: UnitOfWork, jobs: Iterable[KnownJob]) -> None:
    """Say which jobs run; the engine does so when it starts."""
    noted: list[Json] = [
        {"name": job.name, "every_s": job.every_s, "may_run_now": job.may_run_now} for job in jobs
    ]
    unit.desk.put_note(_JOBS, noted)
    unit.desk.put_note(_ASKED, [])


def ask_for(unit: UnitOfWork, name: str) -> bool:
    """Wish for a run; ``False`` if there is no such job, or it may not be asked for."""
    if not any(job.name == name and job.may_run_now for job in _known(unit)):
        return False
    unit.desk.put_note(_ASKED, [*sorted({*_asked(unit), name})])
    return True


def asked_for(unit: UnitOfWork) -> tuple[str, ...]:
    """What was wished for and not done yet."""
    return _asked(unit)


def take_asked(unit: UnitOfWork) -> tuple[str, ...]:
    """What was wished for since the last look; it counts as done."""
    asked = _asked(unit)
    if asked:
        unit.desk.put_note(_ASKED, [])
    return asked


def job_rows(unit: UnitOfWork, now: datetime) -> tuple[JobRow, ...]:
    """Every job that the engine has announced, with how it went last."""
    runs: Mapping[str, JobRun] = {run.name: run for run in unit.desk.job_runs()}
    asked = _asked(unit)
    return tuple(
        _row(job, runs.get(job.name), now, is_asked=job.name in asked) for job in _known(unit)
    )


def _row(job: KnownJob, last: JobRun | None, now: datetime, *, is_asked: bool) -> JobRow:
    return JobRow(
        name=job.name,
        every_s=job.every_s,
        last=last,
        next_at=_next_at(job, last, now) if last else None,
        may_run_now=job.may_run_now,
        is_asked=is_asked,
    )


def _next_at(job: KnownJob, last: JobRun, now: datetime) -> datetime:
    """About when it runs next: the timer is in the engine's process, and only runs are noted.

    A quiet success is noted once a minute, so that a job may have run since.
    """
    every = timedelta(seconds=job.every_s)
    missed = max(0, -((last.finished_at - now) // every) - 1) if every else 0
    return last.finished_at + (missed + 1) * every


def _known(unit: UnitOfWork) -> tuple[KnownJob, ...]:
    noted = unit.desk.note(_JOBS)
    return tuple(
        KnownJob(
            name=str(one["name"]),
            every_s=float(str(one["every_s"])),
            may_run_now=one["may_run_now"] is True,
        )
        for one in (noted if isinstance(noted, list) else [])
        if isinstance(one, dict)
    )


def _asked(unit: UnitOfWork) -> tuple[str, ...]:
    noted = unit.desk.note(_ASKED)
    return tuple(str(one) for one in noted) if isinstance(noted, list) else ()
