"""Recurring work: APScheduler wakes a job, a job is one line, its outcome is remembered.

timer → the one worker thread → use case → ``JobRun``. The timer only wakes: what is due between two
instants is decided by the use case itself (``engine.desk.due``), because APScheduler reads the
system's clock and a simulated market has its own. A run that comes late runs once, not many times,
and a job never overlaps itself. A job that fails is logged, audited once per run of failures and
shown by ``/status``; the others go on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engine.desk.delivery.jobs import KnownJob, announce, asked_for, take_asked
from engine.desk.tell import tell_notice
from engine.domain.desk import AuditEvent, JobRun
from engine.ports import Clock, Units

_log = structlog.get_logger()
_QUIET = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``work`` runs in the worker every ``every_s`` seconds; it returns a word for the status.

    A job that ``may_run_now`` is harmless to run in between, when a person asks for it. One that
    only waits for the world has a ``thread`` of its own, so that the desk does not wait with it.
    """

    name: str
    every_s: float
    work: Callable[[], str]
    may_run_now: bool = False
    thread: Executor | None = None


type AfterJob = Callable[[str], Awaitable[None]]
"""Told the name of every job that has run, on the event loop."""


class JobRunner:
    """Runs one job at its edge: nothing that it raises goes further."""

    def __init__(self, *, units: Units, wall: Clock, worker: Executor) -> None:
        self._units = units
        self._wall = wall
        self._worker = worker
        self._last: dict[str, JobRun] = {}
        self._failing: set[str] = set()  # a job that fails every second has one traceback

    async def run(self, job: Job) -> JobRun:
        """Run a job to its end and remember how it went."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(job.thread or self._worker, self._run, job)

    def announce(self, jobs: Sequence[Job]) -> None:
        """Note which jobs there are, for people to look at."""
        with self._units() as unit:
            announce(
                unit,
                [
                    KnownJob(name=job.name, every_s=job.every_s, may_run_now=job.may_run_now)
                    for job in jobs
                ],
            )
            unit.commit()

    def run_asked(self, jobs: Sequence[Job]) -> str:
        """Run the jobs that people have asked for, here and now; for the worker itself."""
        with self._units(read_only=True) as unit:
            if not asked_for(unit):
                return "nothing asked for"
        with self._units() as unit:
            asked = take_asked(unit)
            unit.commit()
        wanted = [job for job in jobs if job.name in asked and job.may_run_now]
        for job in wanted:
            self._run(job, is_asked=True)
        return f"{len(wanted)} run"

    def _run(self, job: Job, *, is_asked: bool = False) -> JobRun:
        try:
            detail, ok = job.work(), True
        except Exception as err:  # noqa: BLE001 - the edge of every job
            detail, ok = f"{type(err).__name__}: {err}", False
            is_new = job.name not in self._failing
            _log.error("job_failed", job=job.name, detail=detail, exc_info=is_new)
            self._failing.add(job.name)
        else:
            self._failing.discard(job.name)
        before = self._last.get(job.name)
        failures = 0 if ok else (before.failures if before else 0) + 1
        run = JobRun(
            name=job.name, finished_at=self._wall.now(), ok=ok, detail=detail, failures=failures
        )
        if is_asked or before is None or run.ok != before.ok or _is_stale(before, run):
            self._remember(run)
            self._last[job.name] = run
        return run

    def _remember(self, run: JobRun) -> None:
        with self._units() as unit:
            unit.desk.put_job_run(run)
            before = self._last.get(run.name)
            if run.ok and before is not None and not before.ok:
                tell_notice(
                    unit, "job_recovered", {"name": run.name}, cause=_cause(run), at=run.finished_at
                )
            if run.failures == 1:
                tell_notice(
                    unit,
                    "job_failed",
                    {"name": run.name, "detail": run.detail},
                    cause=_cause(run),
                    at=run.finished_at,
                )
                unit.audit.append(
                    AuditEvent(
                        at=run.finished_at,
                        actor="schedule",
                        action="job_failed",
                        subject=run.name,
                        detail={"error": run.detail},
                    )
                )
            unit.commit()


class DeskSchedule:
    """All jobs on their timers."""

    def __init__(self, runner: JobRunner, jobs: Sequence[Job], after: AfterJob) -> None:
        self._runner = runner
        self._after = after
        # A wake-up that finds its job still running is as designed, and no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._timer = AsyncIOScheduler(timezone="UTC")
        for job in jobs:
            self._timer.add_job(
                self._wake,
                "interval",
                args=[job],
                id=job.name,
                seconds=job.every_s,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._timer.start()

    def stop(self) -> None:
        """Wake nothing any more; a job that runs ends in its thread. May come before ``start``."""
        if self._timer.running:
            self._timer.shutdown(wait=False)

    async def _wake(self, job: Job) -> None:
        await self._runner.run(job)
        await self._after(job.name)


def _cause(run: JobRun) -> str:
    return f"{run.name}:{run.finished_at.isoformat()}"


def _is_stale(before: JobRun, run: JobRun) -> bool:
    """A quiet success is written at most once a minute; a failure every time."""
    return not run.ok or run.finished_at - before.finished_at >= _QUIET
