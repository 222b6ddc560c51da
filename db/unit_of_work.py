"""Units of work over SQLAlchemy: every store of ``engine.ports`` inside one transaction."""

from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from db.session import LOCK_WAIT_S, Transaction, open_engine
from db.stores.alerts import SqlAlerts, SqlWatches
from db.stores.approvals import SqlApprovals
from db.stores.audit import SqlAudit
from db.stores.book import SqlBook
from db.stores.candles import SqlCandles
from db.stores.changes import SqlChanges, SqlOverrides
from db.stores.decisions import SqlDecisions
from db.stores.delivery import SqlDelivery
from db.stores.desk import SqlDesk
from db.stores.factors import SqlFactors
from db.stores.history import SqlQuarantine, SqlScores, SqlWeights
from db.stores.inbox import SqlInbox
from db.stores.llm import SqlLlm
from db.stores.orders import SqlOrders
from db.stores.outbox import SqlOutbox
from db.stores.paper import SqlPaper
from db.stores.records import SqlRecords, SqlShadows
from db.stores.research import SqlCalibrations, SqlProofs, SqlResearch, SqlTrials


class SqlUnitOfWork:
    """One transaction; see ``engine.ports.UnitOfWork``. ``llm`` serves ``db.llm_store`` only."""

    def __init__(self, engine: Engine, *, read_only: bool) -> None:
        transaction = Transaction(engine, read_only=read_only)
        self._transaction = transaction
        self.candles = SqlCandles(transaction)
        self.quarantine = SqlQuarantine(transaction)
        self.scores = SqlScores(transaction)
        self.weights = SqlWeights(transaction)
        self.decisions = SqlDecisions(transaction)
        self.approvals = SqlApprovals(transaction)
        self.orders = SqlOrders(transaction)
        self.book = SqlBook(transaction)
        self.paper = SqlPaper(transaction)
        self.desk = SqlDesk(transaction)
        self.audit = SqlAudit(transaction)
        self.outbox = SqlOutbox(transaction)
        self.inbox = SqlInbox(transaction)
        self.trials = SqlTrials(transaction)
        self.proofs = SqlProofs(transaction)
        self.calibrations = SqlCalibrations(transaction)
        self.research = SqlResearch(transaction)
        self.alerts = SqlAlerts(transaction)
        self.watches = SqlWatches(transaction)
        self.records = SqlRecords(transaction)
        self.shadows = SqlShadows(transaction)
        self.delivery = SqlDelivery(transaction)
        self.factors = SqlFactors(transaction)
        self.changes = SqlChanges(transaction)
        self.overrides = SqlOverrides(transaction)
        self.llm = SqlLlm(transaction)

    def __enter__(self) -> Self:
        self._transaction.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transaction.close()

    def commit(self) -> None:
        """Make everything done so far durable, at once or not at all."""
        self._transaction.commit()


class SqlUnits:
    """Makes units of work on one database. Safe to share between threads; a unit is not."""

    def __init__(self, url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._engine = open_engine(url, lock_wait_s=lock_wait_s)

    def __call__(self, *, read_only: bool = False) -> SqlUnitOfWork:
        """A new unit; it takes its connection when entered."""
        return SqlUnitOfWork(self._engine, read_only=read_only)

    def close(self) -> None:
        """Close all idle connections."""
        self._engine.dispose()
