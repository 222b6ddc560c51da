"""Trials, verdicts, calibrations and research jobs in memory."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from engine.domain.errors import ConflictError, InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.proof import Calibration, Proof, ResearchJob, ResearchState, Trial
from tests.fakes.memory import Memory, Table

TRIALS = Table[str, Trial]()
PROOFS = Table[str, Proof]()
CALIBRATIONS = Table[str, Calibration]()
JOBS = Table[str, ResearchJob]()


class FakeTrials:
    """See ``engine.ports.TrialStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, trial: Trial) -> bool:
        return self._memory.add(TRIALS, trial.id, trial)

    def of(self, lineage: str) -> Sequence[Trial]:
        rows = [row for row in self._memory.read(TRIALS).values() if row.lineage == lineage]
        return sorted(rows, key=lambda row: row.seen_at)

    def count(self, lineage: str | None = None) -> int:
        return len(self.all() if lineage is None else self.of(lineage))

    def all(self) -> Sequence[Trial]:
        return sorted(self._memory.read(TRIALS).values(), key=lambda row: row.seen_at)


class FakeProofs:
    """See ``engine.ports.ProofStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, proof: Proof) -> bool:
        return self._memory.add(PROOFS, proof.id, proof)

    def latest(self, strategy_version: str) -> Proof | None:
        about = (row for row in self.all() if row.strategy_version == strategy_version)
        return next(about, None)

    def all(self) -> Sequence[Proof]:
        return sorted(self._memory.read(PROOFS).values(), key=lambda row: row.made_at)[::-1]

    def count(self) -> int:
        return len(self._memory.read(PROOFS))


class FakeCalibrations:
    """See ``engine.ports.CalibrationStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, calibration: Calibration) -> None:
        version = calibration.version
        if self._memory.add(CALIBRATIONS, version, replace(calibration, active=False)):
            return
        if not self._memory.read(CALIBRATIONS)[version].says_the_same_as(calibration):
            raise ConflictError(f"calibration {version!r} exists with other content")

    def activate(self, version: str) -> None:
        rows = self._memory.write(CALIBRATIONS)
        if version not in rows:
            raise InvalidValueError("calibration version", "a stored one", version)
        group = (rows[version].strategy_version, rows[version].timeframe)
        for name, row in rows.items():
            if (row.strategy_version, row.timeframe) == group:
                rows[name] = replace(row, active=name == version)

    def active(self, strategy_version: str, timeframe: Timeframe) -> Calibration | None:
        wanted = (strategy_version, timeframe, True)
        rows = self._memory.read(CALIBRATIONS).values()
        found = (r for r in rows if (r.strategy_version, r.timeframe, r.active) == wanted)
        return next(found, None)

    def all(self) -> Sequence[Calibration]:
        return sorted(self._memory.read(CALIBRATIONS).values(), key=lambda row: row.made_at)


class FakeResearch:
    """See ``engine.ports.ResearchStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def put(self, job: ResearchJob) -> bool:
        return self._memory.add(JOBS, job.id, job)

    def get(self, job_id: str) -> ResearchJob | None:
        return self._memory.read(JOBS).get(job_id)

    def next_queued(self) -> ResearchJob | None:
        return next(iter(self._in(ResearchState.QUEUED)), None)

    def running(self) -> Sequence[ResearchJob]:
        return self._in(ResearchState.RUNNING)

    def replace(self, before: ResearchJob, after: ResearchJob) -> None:
        rows = self._memory.write(JOBS)
        known = rows.get(before.id)
        expected = (before.state, before.started_at)
        if known is None or (known.state, known.started_at) != expected:
            raise ConflictError(f"research job {before.id} is no longer {before.state} as it was")
        rows[before.id] = deepcopy(after)

    def recent(self, limit: int) -> Sequence[ResearchJob]:
        return self._oldest_first()[::-1][:limit]

    def _in(self, state: ResearchState) -> list[ResearchJob]:
        return [row for row in self._oldest_first() if row.state is state]

    def _oldest_first(self) -> list[ResearchJob]:
        return sorted(self._memory.read(JOBS).values(), key=lambda row: row.requested_at)
