"""Long questions about a strategy, as people ask them: one job and one message for each.

wish → job and message in one commit → (the worker, ``research_jobs``) → the job as it stands

- A press that comes twice does nothing twice: a request's id is the job's id, and a button that
  asks again leads to the job that it led to before while that is open.
- A strategy is named, never a file: a chat must not be able to run code.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from engine.desk.context import DeskContext
from engine.desk.proofs import current_proof, held_of, known_versions, verdict_of
from engine.desk.research_jobs import audit_job, tell_job
from engine.domain.desk import Json, Person
from engine.domain.errors import ConflictError
from engine.domain.ids import research_id
from engine.domain.market import Timeframe
from engine.domain.proof import Proof, ResearchJob, ResearchState
from engine.domain.research import BacktestWish, ProofView, ResearchOutcome, ResearchView
from engine.ports import UnitOfWork
from engine.strategy.shipped import shipped_strategies

MOST_OPEN = 3
# Jobs are run in the order of their requests, so that open ones are among the newest.
_RECENT = 20
_TRIES = 3


class ResearchDesk:
    """What people may ask for. ``by`` is ``None`` for somebody who may not."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def backtest(
        self, wish: BacktestWish, by: Person | None, *, chat_id: int | None, request_id: str
    ) -> ResearchOutcome:
        """Queue a backtest; the same request is queued once."""
        if by is None:
            return _refused("not_allowed")
        named = self._named(wish.strategy)
        if named is None:
            return _refused("unknown_strategy", known=known_versions(self._context))
        if wish.start and wish.end and wish.end <= wish.start:
            return _refused("wrong_period")
        job = ResearchJob(
            id=research_id(request_id),
            kind="backtest",
            parameters=_written(wish, *named),
            requested_by=by.user_id,
            chat_id=chat_id,
            requested_at=self._context.wall.now(),
        )
        return self._queue(job, by)

    def again(
        self, job_id: str, kind: str, by: Person | None, *, chat_id: int | None
    ) -> ResearchOutcome:
        """Ask the same of a job's strategy and period once more, as ``kind``.

        While what it led to is open, pressing again leads to the same job.
        """
        if by is None:
            return _refused("not_allowed")
        with self._context.units(read_only=True) as unit:
            first = unit.research.get(job_id)
            if first is None:
                return _refused("unknown_job")
            number = 0
            while (found := unit.research.get(_next_id(job_id, kind, number))) is not None:
                if not found.state.is_final:
                    return ResearchOutcome(done=True, job=found)
                number += 1
        job = ResearchJob(
            id=_next_id(job_id, kind, number),
            kind=kind,
            parameters=first.parameters,
            requested_by=by.user_id,
            chat_id=chat_id,
            requested_at=self._context.wall.now(),
        )
        return self._queue(job, by)

    def cancel(self, job_id: str, by: Person | None) -> ResearchOutcome:
        """End a job that waits or runs; the worker notices at its next step."""
        if by is None:
            return _refused("not_allowed")
        for _ in range(_TRIES):
            try:
                return self._cancel(job_id, by)
            except ConflictError:
                continue  # it has moved on since it was read
        return _refused("busy")

    def view(self, job_id: str) -> ResearchView | None:
        """A job as it stands now."""
        with self._context.units(read_only=True) as unit:
            job = unit.research.get(job_id)
            if job is None:
                return None
            if job.kind == "prove":
                return ResearchView(job=job, ahead=_ahead(unit, job), verdict=_verdict(unit, job))
            return ResearchView(
                job=job, ahead=_ahead(unit, job), proof=_proof(self._context, unit, job)
            )

    def _queue(self, job: ResearchJob, by: Person) -> ResearchOutcome:
        with self._context.units() as unit:
            known = unit.research.get(job.id)
            if known is not None:
                return ResearchOutcome(done=True, job=known)
            if len(_open_jobs(unit)) >= MOST_OPEN:
                return ResearchOutcome(done=False, reason="too_many_jobs", limit=MOST_OPEN)
            unit.research.put(job)
            tell_job(unit, job, "asked", self._context.wall, new=True)
            audit_job(unit, self._context.wall, f"person:{by.user_id}", "research_requested", job)
            unit.commit()
        return ResearchOutcome(done=True, job=job)

    def _cancel(self, job_id: str, by: Person) -> ResearchOutcome:
        wall = self._context.wall
        with self._context.units() as unit:
            job = unit.research.get(job_id)
            if job is None:
                return _refused("unknown_job")
            if job.state.is_final:
                return ResearchOutcome(done=False, reason="ended_already", job=job)
            ended = replace(job, state=ResearchState.CANCELLED, finished_at=wall.now())
            unit.research.replace(job, ended)
            tell_job(unit, ended, "cancelled", wall)
            audit_job(unit, wall, f"person:{by.user_id}", "research_cancelled", ended)
            unit.commit()
        return ResearchOutcome(done=True, job=ended)

    def _named(self, wanted: str) -> tuple[str, str] | None:
        """What the worker finds a strategy by, and its version; ``None`` for an unknown name.

        The desk's own goes by no name: settings alter it, and a name means the shipped one as it
        is. Only its lineage's name may mean either; then it is the shipped one, too.
        """
        own = self._context.strategy.made
        if wanted in ("", own.version):
            return "", own.version
        for one in shipped_strategies().values():
            if wanted in (one.name, one.version):
                return one.name, one.version
        return ("", own.version) if wanted == own.name else None


def read_wish(parameters: Mapping[str, Json]) -> BacktestWish:
    """The wish that a job was made from."""

    def day(name: str) -> date | None:
        text = parameters.get(name)
        return date.fromisoformat(str(text)) if text else None

    frame = parameters.get("timeframe")
    return BacktestWish(
        strategy=str(parameters.get("strategy") or ""),
        timeframe=Timeframe(str(frame)) if frame else None,
        start=day("from"),
        end=day("to"),
    )


def _written(wish: BacktestWish, name: str, version: str) -> dict[str, Json]:
    return {
        "strategy": name,
        "version": version,
        "timeframe": wish.timeframe.value if wish.timeframe else "",
        "from": wish.start.isoformat() if wish.start else "",
        "to": wish.end.isoformat() if wish.end else "",
    }


def _next_id(job_id: str, kind: str, number: int) -> str:
    return research_id(f"{job_id}:{kind}:{number}")


def _open_jobs(unit: UnitOfWork) -> list[ResearchJob]:
    return [one for one in unit.research.recent(_RECENT) if not one.state.is_final]


def _ahead(unit: UnitOfWork, job: ResearchJob) -> int:
    """How many jobs come before one that waits."""
    if job.state is not ResearchState.QUEUED:
        return 0
    return sum(one.requested_at < job.requested_at for one in _open_jobs(unit))


def _proof(context: DeskContext, unit: UnitOfWork, job: ResearchJob) -> Proof | None:
    """What is known about the very version that was played, as far as it counts on this desk."""
    result = job.result or {}
    version, fingerprint = result.get("strategy_version"), result.get("fingerprint")
    if not version:
        return None
    held = held_of(context, context.strategy.made)
    return current_proof(unit, replace(held, version=str(version), fingerprint=str(fingerprint)))


def _verdict(unit: UnitOfWork, job: ResearchJob) -> ProofView | None:
    """What a job that proves has found."""
    wanted = (job.result or {}).get("proof_id")
    found = next((one for one in unit.proofs.all() if one.id == wanted), None) if wanted else None
    return verdict_of(unit, found) if found else None


def _refused(reason: str, *, known: tuple[str, ...] = ()) -> ResearchOutcome:
    return ResearchOutcome(done=False, reason=reason, known=known)
