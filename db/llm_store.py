"""The model gateway's memory on the desk's database, off the event loop.

Each call is one unit of work in a worker thread. A caller that is cancelled stops waiting; its unit
ends whole all the same, so nothing is half-written and money set aside stays counted. This room may
not import the model's: the shape of the requests is declared here, and whoever builds the store
hands in the class of the grants.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import date, datetime
from decimal import Decimal

from db.stores.llm import BudgetRequest, MakeGrant
from db.unit_of_work import SqlUnitOfWork, SqlUnits
from engine.domain.desk import AuditEvent


class SqlLlmStore[G]:
    """Kept answers, budget and audit trail: ``SqlLlmStore(units, grant=BudgetGrant)``.

    ``executor`` runs the units; ``None`` is the event loop's own pool of threads.
    """

    def __init__(
        self, units: SqlUnits, *, grant: MakeGrant[G], executor: Executor | None = None
    ) -> None:
        self._units = units
        self._grant = grant
        self._executor = executor

    async def cached(self, key: str) -> str | None:
        """The answer kept under a key, or ``None``."""
        return await self._run(lambda unit: unit.llm.cached(key), read_only=True)

    async def keep(self, key: str, reply: str, at: datetime) -> None:
        """Keep an answer; the same key again replaces it."""
        await self._run(lambda unit: unit.llm.keep(key, reply, at))

    async def reserve(self, request: BudgetRequest) -> G | None:
        """Set the amount aside in one atomic step, or ``None`` when a limit would be passed."""
        return await self._run(lambda unit: unit.llm.reserve(request, self._grant))

    async def settle(self, reservation_id: str, cost_usd: Decimal) -> None:
        """Replace a reservation by what the call cost; a second time does nothing."""
        await self._run(lambda unit: unit.llm.settle(reservation_id, cost_usd))

    async def spent_usd(self, day: date, purpose: str | None = None) -> Decimal:
        """Settled plus reserved on a day, of one purpose or of all; zero when nothing was."""
        return await self._run(lambda unit: unit.llm.spent_usd(day, purpose), read_only=True)

    async def append(self, event: AuditEvent) -> None:
        """Add a line to the desk's audit trail."""
        await self._run(lambda unit: unit.audit.append(event))

    async def _run[T](self, work: Callable[[SqlUnitOfWork], T], *, read_only: bool = False) -> T:
        def in_thread() -> T:
            with self._units(read_only=read_only) as unit:
                result = work(unit)
                if not read_only:
                    unit.commit()
                return result

        return await asyncio.get_running_loop().run_in_executor(self._executor, in_thread)
