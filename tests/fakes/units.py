"""Units of work in memory: the ports' contract without a database (``tests/contract``)."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from tests.fakes.memory import Database, Memory, Table
from tests.fakes.stores_alerts import FakeAlerts, FakeWatches
from tests.fakes.stores_changes import FakeChanges, FakeOverrides
from tests.fakes.stores_delivery import FakeDelivery
from tests.fakes.stores_desk import FakeAudit, FakeDesk, FakeInbox, FakeOutbox
from tests.fakes.stores_factors import FakeFactors
from tests.fakes.stores_market import FakeCandles, FakeQuarantine, FakeScores, FakeWeights
from tests.fakes.stores_records import FakeRecords, FakeShadows
from tests.fakes.stores_research import (
    FakeCalibrations,
    FakeProofs,
    FakeResearch,
    FakeTrials,
)
from tests.fakes.stores_trading import (
    FakeApprovals,
    FakeBook,
    FakeDecisions,
    FakeOrders,
    FakePaper,
)


class FakeUnits:
    """A database in memory; see ``engine.ports.Units``."""

    def __init__(self) -> None:
        self._database = Database()

    def __call__(self, *, read_only: bool = False) -> "FakeUnitOfWork":
        """A new unit."""
        return FakeUnitOfWork(Memory(self._database, read_only=read_only))

    def content(self) -> Mapping[Table[Any, Any], Mapping[Any, Any]]:
        """Everything that is committed, by table; later commits do not change what was returned."""
        return dict(self._database.tables)


class FakeUnitOfWork:
    """One transaction; see ``engine.ports.UnitOfWork``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.candles = FakeCandles(memory)
        self.quarantine = FakeQuarantine(memory)
        self.scores = FakeScores(memory)
        self.weights = FakeWeights(memory)
        self.decisions = FakeDecisions(memory)
        self.approvals = FakeApprovals(memory)
        self.orders = FakeOrders(memory)
        self.book = FakeBook(memory)
        self.paper = FakePaper(memory)
        self.desk = FakeDesk(memory)
        self.audit = FakeAudit(memory)
        self.outbox = FakeOutbox(memory)
        self.inbox = FakeInbox(memory)
        self.trials = FakeTrials(memory)
        self.proofs = FakeProofs(memory)
        self.calibrations = FakeCalibrations(memory)
        self.research = FakeResearch(memory)
        self.alerts = FakeAlerts(memory)
        self.watches = FakeWatches(memory)
        self.records = FakeRecords(memory)
        self.shadows = FakeShadows(memory)
        self.delivery = FakeDelivery(memory)
        self.factors = FakeFactors(memory)
        self.changes = FakeChanges(memory)
        self.overrides = FakeOverrides(memory)

    def __enter__(self) -> Self:
        self._memory.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._memory.close()

    def commit(self) -> None:
        """Make everything done so far durable."""
        self._memory.commit()
