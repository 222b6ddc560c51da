"""Units of work in memory: the ports' contract without a database (``tests/contract``)."""

from types import TracebackType
from typing import Self

from tests.fakes.memory import Database, Memory
from tests.fakes.stores_desk import FakeAudit, FakeDesk, FakeInbox, FakeOutbox
from tests.fakes.stores_market import FakeCandles, FakeQuarantine, FakeScores, FakeWeights
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
