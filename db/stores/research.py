"""Trials, verdicts, calibrations and research jobs."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.research import CalibrationRow, ProofRow, ResearchJobRow, TrialRow
from engine.domain.errors import ConflictError, InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.proof import Calibration, Proof, ResearchJob, ResearchState, Trial

_TRIALS = ValueMap(Trial, TrialRow)
_PROOFS = ValueMap(Proof, ProofRow)
_CALIBRATIONS = ValueMap(Calibration, CalibrationRow)
_JOBS = ValueMap(ResearchJob, ResearchJobRow)
_NEWEST_PROOF = (ProofRow.made_at.desc(), ProofRow.row_no.desc())
_OLDEST_JOB = (ResearchJobRow.requested_at, ResearchJobRow.row_no)


class SqlTrials(Store):
    """See ``engine.ports.TrialStore``."""

    def add(self, trial: Trial) -> bool:
        """Insert; ``False`` and no change if the id is there already (it counts once)."""
        return self._insert_new(TrialRow, values_of(trial))

    def of(self, lineage: str) -> Sequence[Trial]:
        """All trials of a lineage, oldest first."""
        oldest = (TrialRow.seen_at, TrialRow.row_no)
        return _TRIALS.all(self._tx, TrialRow.lineage == lineage, order=oldest)

    def count(self, lineage: str | None = None) -> int:
        """How many trials the lineage has; without one, how many there are."""
        statement = select(func.count()).select_from(TrialRow)
        if lineage is not None:
            statement = statement.where(TrialRow.lineage == lineage)
        return int(self._tx.execute(statement).scalar_one())

    def all(self) -> Sequence[Trial]:
        """Every trial of every lineage, oldest first."""
        return _TRIALS.all(self._tx, order=(TrialRow.seen_at, TrialRow.row_no))


class SqlProofs(Store):
    """See ``engine.ports.ProofStore``."""

    def add(self, proof: Proof) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(ProofRow, values_of(proof))

    def latest(self, strategy_version: str) -> Proof | None:
        """The newest verdict about a strategy version, whatever it is."""
        about = ProofRow.strategy_version == strategy_version
        return next(iter(_PROOFS.all(self._tx, about, order=_NEWEST_PROOF, limit=1)), None)

    def all(self) -> Sequence[Proof]:
        """Every verdict, newest first."""
        return _PROOFS.all(self._tx, order=_NEWEST_PROOF)

    def count(self) -> int:
        """How many verdicts there are."""
        return int(self._tx.execute(select(func.count()).select_from(ProofRow)).scalar_one())


class SqlCalibrations(Store):
    """See ``engine.ports.CalibrationStore``."""

    def add(self, calibration: Calibration) -> None:
        """Insert a new version, inactive; ``ConflictError`` if it exists with other content."""
        if self._insert_new(CalibrationRow, values_of(replace(calibration, active=False))):
            return
        known = self._known(calibration.version)
        if known is None or not known.says_the_same_as(calibration):
            raise ConflictError(
                f"calibration {calibration.version!r} exists with other content; "
                "give the new one another version"
            )

    def activate(self, version: str) -> None:
        """Make it the one active version of its strategy version and timeframe."""
        known = self._known(version)
        if known is None:
            raise InvalidValueError("calibration version", "a stored one", version)
        statement = (
            update(CalibrationRow)
            .where(
                CalibrationRow.strategy_version == known.strategy_version,
                CalibrationRow.timeframe == known.timeframe,
            )
            .values(active=CalibrationRow.version == version)
        )
        self._tx.execute(statement)

    def active(self, strategy_version: str, timeframe: Timeframe) -> Calibration | None:
        """The one in use, if any."""
        return _CALIBRATIONS.one(
            self._tx,
            CalibrationRow.strategy_version == strategy_version,
            CalibrationRow.timeframe == timeframe,
            CalibrationRow.active.is_(True),
        )

    def all(self) -> Sequence[Calibration]:
        """Every version, oldest first."""
        return _CALIBRATIONS.all(self._tx, order=(CalibrationRow.made_at, CalibrationRow.row_no))

    def _known(self, version: str) -> Calibration | None:
        return _CALIBRATIONS.one(self._tx, CalibrationRow.version == version)


class SqlResearch(Store):
    """See ``engine.ports.ResearchStore``."""

    def put(self, job: ResearchJob) -> bool:
        """Queue; ``False`` and no change if the id is there already."""
        return self._insert_new(ResearchJobRow, values_of(job))

    def get(self, job_id: str) -> ResearchJob | None:
        """One job."""
        return _JOBS.one(self._tx, ResearchJobRow.id == job_id)

    def next_queued(self) -> ResearchJob | None:
        """The queued job that has waited longest; it stays queued until ``replace`` takes it."""
        is_queued = ResearchJobRow.state == ResearchState.QUEUED
        return next(iter(_JOBS.all(self._tx, is_queued, order=_OLDEST_JOB, limit=1)), None)

    def running(self) -> Sequence[ResearchJob]:
        """Jobs that say they run, oldest first; after a restart nobody works on them."""
        is_running = ResearchJobRow.state == ResearchState.RUNNING
        return _JOBS.all(self._tx, is_running, order=_OLDEST_JOB)

    def replace(self, before: ResearchJob, after: ResearchJob) -> None:
        """Compare-and-set on state and start; ``ConflictError`` if another was quicker."""
        statement = (
            update(ResearchJobRow)
            .where(
                ResearchJobRow.id == before.id,
                ResearchJobRow.state == before.state,
                ResearchJobRow.started_at.is_not_distinct_from(before.started_at),
            )
            .values(values_of(after))
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(
                f"research job {before.id} is no longer {before.state} as it was; read it again"
            )

    def recent(self, limit: int) -> Sequence[ResearchJob]:
        """Newest first."""
        newest = (ResearchJobRow.requested_at.desc(), ResearchJobRow.row_no.desc())
        return _JOBS.all(self._tx, order=newest, limit=limit)
