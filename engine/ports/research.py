"""Stores of research: what was tried, what was proved, what a score is worth, what is running."""

from collections.abc import Sequence
from typing import Protocol

from engine.domain.market import Timeframe
from engine.domain.proof import Calibration, Proof, ResearchJob, Trial


class TrialStore(Protocol):
    """Every out-of-sample result that somebody saw; nothing is ever taken out."""

    def add(self, trial: Trial) -> bool:
        """Insert; ``False`` and no change if the id is there already (it counts once)."""
        ...

    def of(self, lineage: str) -> Sequence[Trial]:
        """All trials of a lineage, oldest first."""
        ...

    def count(self, lineage: str | None = None) -> int:
        """How many trials the lineage has; without one, how many there are."""
        ...

    def all(self) -> Sequence[Trial]:
        """Every trial of every lineage, oldest first."""
        ...


class ProofStore(Protocol):
    """Verdicts of the gate, the failed ones included."""

    def add(self, proof: Proof) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def latest(self, strategy_version: str) -> Proof | None:
        """The newest verdict about a strategy version, whatever it is."""
        ...

    def all(self) -> Sequence[Proof]:
        """Every verdict, newest first."""
        ...

    def count(self) -> int:
        """How many verdicts there are."""
        ...


class CalibrationStore(Protocol):
    """Versions of what a score is worth."""

    def add(self, calibration: Calibration) -> None:
        """Insert a new version; ``ConflictError`` if the version exists with other content.

        Content is the strategy, the data's range, the method and the curves: the same fit made
        again is no conflict and changes nothing.
        """
        ...

    def activate(self, version: str) -> None:
        """Make it the one active version of its strategy version and timeframe.

        ``InvalidValueError`` if there is no such version.
        """
        ...

    def active(self, strategy_version: str, timeframe: Timeframe) -> Calibration | None:
        """The one in use, if any."""
        ...

    def all(self) -> Sequence[Calibration]:
        """Every version, oldest first."""
        ...


class ResearchStore(Protocol):
    """Long work that was asked for."""

    def put(self, job: ResearchJob) -> bool:
        """Queue; ``False`` and no change if the id is there already."""
        ...

    def get(self, job_id: str) -> ResearchJob | None:
        """One job."""
        ...

    def next_queued(self) -> ResearchJob | None:
        """The queued job that has waited longest; it stays queued until ``replace`` takes it."""
        ...

    def running(self) -> Sequence[ResearchJob]:
        """Jobs that say they run, oldest first; after a restart nobody works on them."""
        ...

    def replace(self, before: ResearchJob, after: ResearchJob) -> None:
        """Compare-and-set on state and start; ``ConflictError`` if another was quicker.

        Progress is told by replacing a running job by itself with other numbers: a conflict means
        that it was cancelled or that another worker has taken it over.
        """
        ...

    def recent(self, limit: int) -> Sequence[ResearchJob]:
        """Newest first."""
        ...
