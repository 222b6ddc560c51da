"""All stores inside one transaction."""

# ruff: noqa: D102 - the class docstring is the contract of a one-line property

from types import TracebackType
from typing import Protocol, Self

from engine.ports.alerts import AlertStore, WatchStore
from engine.ports.changes import ChangeStore, OverrideStore
from engine.ports.delivery import DeliveryStore
from engine.ports.desk import AuditStore, DeskStore, Inbox, Outbox
from engine.ports.factors import FactorStore
from engine.ports.market import CandleStore, QuarantineStore, ScoreStore, WeightStore
from engine.ports.records import RecordStore, ShadowStore
from engine.ports.research import CalibrationStore, ProofStore, ResearchStore, TrialStore
from engine.ports.trading import (
    ApprovalStore,
    BookStore,
    DecisionStore,
    OrderStore,
    PaperStore,
)


class UnitOfWork(Protocol):
    """One transaction: enter, use the stores, ``commit()``; leaving without it rolls back.

    Synchronous and bound to the thread that entered it.
    """

    @property
    def candles(self) -> CandleStore: ...
    @property
    def quarantine(self) -> QuarantineStore: ...
    @property
    def scores(self) -> ScoreStore: ...
    @property
    def weights(self) -> WeightStore: ...
    @property
    def decisions(self) -> DecisionStore: ...
    @property
    def approvals(self) -> ApprovalStore: ...
    @property
    def orders(self) -> OrderStore: ...
    @property
    def book(self) -> BookStore: ...
    @property
    def paper(self) -> PaperStore: ...
    @property
    def desk(self) -> DeskStore: ...
    @property
    def audit(self) -> AuditStore: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def trials(self) -> TrialStore: ...
    @property
    def proofs(self) -> ProofStore: ...
    @property
    def calibrations(self) -> CalibrationStore: ...
    @property
    def research(self) -> ResearchStore: ...
    @property
    def alerts(self) -> AlertStore: ...
    @property
    def watches(self) -> WatchStore: ...
    @property
    def records(self) -> RecordStore: ...
    @property
    def shadows(self) -> ShadowStore: ...
    @property
    def delivery(self) -> DeliveryStore: ...
    @property
    def factors(self) -> FactorStore: ...
    @property
    def changes(self) -> ChangeStore: ...
    @property
    def overrides(self) -> OverrideStore: ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None:
        """Make everything done so far in this unit durable, at once or not at all."""
        ...


class Units(Protocol):
    """Makes units of work."""

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        """A new unit; ``read_only`` promises not to write and takes no write lock."""
        ...
