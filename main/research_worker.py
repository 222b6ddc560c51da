"""Research beside the desk: a process of its own works the jobs off, so that no close waits.

desk's job every second → something is queued → a fresh process → one job after the other until none
is left → the process ends; what it does stands in the database, step by step

Choices:
- A process for a batch, not for ever: while nobody asks, nothing of it is in memory, and what a job
  leaks is gone with it. Starting takes a few seconds, next to minutes of work.
- It holds no lock of the desk: it writes jobs, messages, trials and verdicts, never orders.
- It lives no longer than the desk, which cannot tell it so when it is killed. Linux ends a process
  with the one that started it, if asked to. Elsewhere, and in the moment before the asking, it is
  the pipe between the two that closes, whatever ended the desk; a thread waits for nothing else.
- A worker that dies while the desk lives ends its job as failed; one that was lost together with
  the desk is begun again at the next start (``engine.desk.research_jobs``).
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

import structlog

from config import Settings
from config.secrets import secrets_of
from engine.clock import SystemClock
from engine.desk.due import is_due
from engine.desk.research_jobs import ResearchJobs
from engine.domain.desk import Json
from engine.domain.errors import ConflictError, CryptotraderError
from engine.domain.proof import ResearchJob
from engine.market.progress import Progress, Step
from engine.ports import Clock, Units

_log = structlog.get_logger()

_NICE = 10
_PR_SET_PDEATHSIG = 1  # prctl(2)
_STOP_S = 2.0
_TOLD_EVERY = timedelta(seconds=3)
_TOLD_AT_LEAST = timedelta(seconds=30)
_TOLD_STEPS = 20
_STEPS = 100
_PHASES = {
    "backtest": {"loading": (0.0, 0.2), "indicators and replay": (0.2, 1.0)},
    "prove": {"loading": (0.0, 0.1), "windows": (0.1, 0.3), "trials": (0.3, 1.0)},
}
"""Which share of a job a phase takes, roughly: from where to where."""

type Work = Callable[[ResearchJob, Progress], dict[str, Json]]


class ResearchWorker:
    """Starts the process when there is work, and ends it. Calls may not overlap."""

    def __init__(self, settings: Settings, units: Units, wall: Clock) -> None:
        self._settings = settings
        self._jobs = ResearchJobs(units, wall)
        self._spawn = get_context("spawn").Process
        self._process: SpawnProcess | None = None
        self._wall = wall
        self._started_at = wall.now()
        self._is_stopped = False
        self._is_ended_here = False

    def recover(self) -> int:
        """Queue again what a desk that is gone was working on."""
        return self._jobs.begin_again()

    def look(self) -> str:
        """Start a process if something waits and none runs; returns a word for the status."""
        process = self._process
        if process is not None and process.is_alive():
            return self._watch(process)
        if process is not None:
            self._ended(process.exitcode)
            self._process = None
        if self._is_stopped or not self._jobs.is_waiting():
            return "idle"
        self._is_ended_here = False
        self._started_at = self._wall.now()
        self._process = self._spawn(target=work_off, args=(self._settings,), daemon=True)
        self._process.start()
        return "started"

    def stop(self) -> None:
        """End the process; its job is begun again at the next start."""
        self._is_stopped = True
        if self._process is not None:
            self._end(self._process)

    def _watch(self, process: SpawnProcess) -> str:
        """End a process whose job was cancelled: a long step of it would not notice for a while."""
        if self._jobs.is_cancelled_since(self._started_at):
            self._end(process)
            return "cancelled"
        return "working"

    def _end(self, process: SpawnProcess) -> None:
        self._is_ended_here = True
        process.terminate()
        process.join(_STOP_S)
        if process.is_alive():
            process.kill()
            process.join(_STOP_S)

    def _ended(self, code: int | None) -> None:
        if self._is_ended_here:
            # It may have taken the next job in the moment in which it was ended.
            self._jobs.begin_again()
            return
        lost = self._jobs.fail_running(f"the worker ended unexpectedly ({_ending(code)})")
        if code or lost:
            _log.warning("research_worker_ended", code=code, lost=lost)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"


def work_off(settings: Settings) -> None:
    """The process: do what is queued, then end."""
    _stay_in_the_background()
    from db.unit_of_work import SqlUnits
    from main.logs import configure_logs
    from main.research import do_job

    app = settings.app
    configure_logs(app.log_level, app.log_format, secrets_of(settings))
    with closing(SqlUnits(settings.database.url)) as units:
        jobs = ResearchJobs(units, SystemClock())

        def work(job: ResearchJob, progress: Progress) -> dict[str, Json]:
            return do_job(settings, units, job, progress)

        while (job := jobs.take()) is not None:
            run_job(jobs, job, work, SystemClock())


def run_job(jobs: ResearchJobs, job: ResearchJob, work: Work, wall: Clock) -> None:
    """Do one job to its end, whatever comes of it; somebody else's ending of it stands."""
    teller = Teller(jobs, job, wall)
    try:
        try:
            result = work(job, teller)
            jobs.finish(teller.job, result)
        except ConflictError:
            raise
        except CryptotraderError as err:
            jobs.fail(teller.job, str(err))
        except Exception as err:  # noqa: BLE001 - the edge of a job
            _log.exception("research_failed", job=job.id)
            jobs.fail(teller.job, f"{type(err).__name__}: {err}")
    except ConflictError:
        _log.info("research_given_up", job=job.id)


class Teller:
    """Tells how far a job is: rarely, because each time is a commit and an edit in the chat.

    The phases of a job become one row of a hundred steps that never goes back. ``ConflictError``
    when the job was cancelled or is no longer ours.
    """

    def __init__(self, jobs: ResearchJobs, job: ResearchJob, wall: Clock) -> None:
        self._jobs = jobs
        self._wall = wall
        self._told_at: datetime = wall.now()
        self.job = job

    def __call__(self, step: Step, /) -> None:
        """Tell if it is time to, and if there is news."""
        now = self._wall.now()
        if not is_due(self._told_at, now, _TOLD_EVERY):
            return
        done = max(self.job.done, int(_STEPS * share_of(self.job.kind, step)))
        is_news = done - self.job.done >= _STEPS // _TOLD_STEPS
        if is_news or is_due(self._told_at, now, _TOLD_AT_LEAST):
            self.job = self._jobs.progress(self.job, done, _STEPS)
            self._told_at = now


def share_of(kind: str, step: Step) -> float:
    """How much of a job is done, 0 to 1; 0 in a phase that nobody has measured."""
    begin, end = _PHASES.get(kind, {}).get(step.label, (0.0, 0.0))
    if step.total <= 0:
        return begin
    return begin + (end - begin) * min(1.0, step.done / step.total)


def _stay_in_the_background() -> None:
    """Low priority, no Ctrl-C of the terminal's, and an end with the desk's."""
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    desk = parent_process()
    if desk is not None:
        threading.Thread(target=_end_with, args=(desk.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
