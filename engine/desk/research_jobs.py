"""The worker's side of long questions: takes jobs, tells how far they are, ends them.

queued → running, told step by step → done or failed; every step is one commit with the next edit of
the job's message, so that what a person sees is what is stored

- Each step is a compare-and-set on the job: one that was cancelled cannot be finished, and two
  workers cannot hold one job.
- A job whose worker vanished together with the desk is begun again at the next start, twice; then
  it ends, because what has brought the desk down three times would do so again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from engine.desk.tell import tell
from engine.domain.desk import AuditEvent, Delivery, Json, Priority
from engine.domain.proof import ResearchJob, ResearchState
from engine.ports import Clock, UnitOfWork, Units

_STARTS = 3
_ERROR_CHARS = 400
_RECENT = 20


class ResearchJobs:
    """The worker's side: takes jobs, tells progress, ends them. Each call is one commit."""

    def __init__(self, units: Units, wall: Clock) -> None:
        self._units = units
        self._wall = wall

    def is_waiting(self) -> bool:
        """Whether a job is queued."""
        with self._units(read_only=True) as unit:
            return unit.research.next_queued() is not None

    def is_cancelled_since(self, moment: datetime) -> bool:
        """Whether nothing runs, because a job that was begun since then has been cancelled."""
        with self._units(read_only=True) as unit:
            if unit.research.running():
                return False
            newest = unit.research.recent(_RECENT)
        return any(_was_running(job, moment) for job in newest)

    def take(self) -> ResearchJob | None:
        """The job that has waited longest, now running; ``None`` when there is none."""
        with self._units() as unit:
            job = unit.research.next_queued()
            if job is None:
                return None
            running = replace(job, state=ResearchState.RUNNING, started_at=self._wall.now())
            unit.research.replace(job, running)
            tell_job(unit, running, f"started:{running.started_at}", self._wall)
            audit_job(unit, self._wall, "research", "research_started", running)
            unit.commit()
        return running

    def progress(self, job: ResearchJob, done: int, total: int) -> ResearchJob:
        """Tell how far a job is; ``ConflictError`` if it was cancelled or taken over."""
        told = replace(job, done=done, total=total)
        with self._units() as unit:
            unit.research.replace(job, told)
            tell_job(unit, told, f"{told.started_at}:{done}/{total}", self._wall)
            unit.commit()
        return told

    def finish(self, job: ResearchJob, result: Mapping[str, Json]) -> ResearchJob:
        """End a job well; ``ConflictError`` as ``progress``."""
        now = self._wall.now()
        ended = replace(job, state=ResearchState.DONE, result=result, finished_at=now)
        return self._end(job, ended)

    def fail(self, job: ResearchJob, error: str) -> ResearchJob:
        """End a job with the reason why it came to nothing; ``ConflictError`` as ``progress``."""
        now, told = self._wall.now(), error[:_ERROR_CHARS]
        ended = replace(job, state=ResearchState.FAILED, error=told, finished_at=now)
        return self._end(job, ended)

    def begin_again(self) -> int:
        """Queue jobs that nobody works on any more; one that was begun too often fails."""
        with self._units(read_only=True) as unit:
            lost = unit.research.running()
        for job in lost:
            self._begin_again(job)
        return len(lost)

    def fail_running(self, error: str) -> int:
        """End every job that says it runs: its worker has vanished while the desk lived."""
        with self._units(read_only=True) as unit:
            lost = unit.research.running()
        for job in lost:
            self.fail(job, error)
        return len(lost)

    def _begin_again(self, job: ResearchJob) -> None:
        with self._units(read_only=True) as unit:
            starts = sum(
                line.event.action == "research_started" for line in unit.audit.about(job.id)
            )
        if starts >= _STARTS:
            self.fail(job, f"interrupted {starts} times")
            return
        queued = replace(job, state=ResearchState.QUEUED, started_at=None, done=0, total=0)
        with self._units() as unit:
            unit.research.replace(job, queued)
            tell_job(unit, queued, f"again:{job.started_at}", self._wall)
            audit_job(unit, self._wall, "research", "research_begun_again", queued)
            unit.commit()

    def _end(self, job: ResearchJob, ended: ResearchJob) -> ResearchJob:
        with self._units() as unit:
            unit.research.replace(job, ended)
            tell_job(unit, ended, "ended", self._wall)
            audit_job(unit, self._wall, "research", f"research_{ended.state}", ended)
            unit.commit()
        return ended


def _was_running(job: ResearchJob, moment: datetime) -> bool:
    begun = job.started_at is not None and job.started_at >= moment
    return begun and job.state is ResearchState.CANCELLED


def tell_job(
    unit: UnitOfWork, job: ResearchJob, cause: str, wall: Clock, *, new: bool = False
) -> None:
    """Queue the job's message, or its next edit; who reads it sees the job as it is then."""
    if job.chat_id is None:
        return
    tell(
        unit,
        kind="research",
        subject=f"research:{job.id}",
        cause=cause,
        payload={"job_id": job.id},
        at=wall.now(),
        priority=Priority.ANSWER,
        delivery=Delivery.NEW if new else Delivery.EDIT,
        chat_id=job.chat_id,
    )


def audit_job(unit: UnitOfWork, wall: Clock, actor: str, action: str, job: ResearchJob) -> None:
    """One line about a job, with what was asked."""
    detail = {"kind": job.kind, **job.parameters}
    unit.audit.append(
        AuditEvent(at=wall.now(), actor=actor, action=action, subject=job.id, detail=detail)
    )
