"""The store in memory: for tests, rehearsals and a desk without a database.

It never awaits between reading and writing, so a reservation is atomic on one event loop.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from engine.domain.desk import AuditEvent
from llm.ports import BudgetGrant, BudgetRequest


@dataclass(slots=True)
class _Entry:
    day: date
    purpose: str
    amount_usd: Decimal
    settled: bool = False


class MemoryLlmStore:
    """``LlmStore`` that forgets at the end of the process."""

    def __init__(self) -> None:
        self._replies: dict[str, str] = {}
        self._entries: list[_Entry] = []
        self._warned: set[date] = set()
        self.events: list[AuditEvent] = []

    async def cached(self, key: str) -> str | None:
        """See ``ReplyCache``."""
        return self._replies.get(key)

    async def keep(self, key: str, reply: str, at: datetime) -> None:  # noqa: ARG002 - a database dates its rows
        """See ``ReplyCache``."""
        self._replies[key] = reply

    async def reserve(self, request: BudgetRequest) -> BudgetGrant | None:
        """See ``BudgetLedger``."""
        amount = request.amount_usd
        in_day = self._sum(request.day, None) + amount
        in_purpose = self._sum(request.day, request.purpose) + amount
        over = in_day > request.day_limit_usd or in_purpose > request.purpose_limit_usd
        if amount and over:
            return None
        warning = self._first_above(request, in_day)
        self._entries.append(_Entry(request.day, request.purpose, amount))
        return BudgetGrant(
            reservation_id=str(len(self._entries) - 1), amount_usd=amount, warning=warning
        )

    async def settle(self, reservation_id: str, cost_usd: Decimal) -> None:
        """See ``BudgetLedger``."""
        index = int(reservation_id) if reservation_id.isdecimal() else -1
        if not 0 <= index < len(self._entries) or self._entries[index].settled:
            return
        self._entries[index].amount_usd = cost_usd
        self._entries[index].settled = True

    async def spent_usd(self, day: date, purpose: str | None = None) -> Decimal:
        """See ``BudgetLedger``."""
        return self._sum(day, purpose)

    async def append(self, event: AuditEvent) -> None:
        """See ``AuditTrail``."""
        self.events.append(event)

    def _sum(self, day: date, purpose: str | None) -> Decimal:
        amounts = (
            e.amount_usd for e in self._entries if e.day == day and purpose in (None, e.purpose)
        )
        return sum(amounts, Decimal(0))

    def _first_above(self, request: BudgetRequest, total_usd: Decimal) -> bool:
        first = bool(request.amount_usd) and total_usd >= request.warn_at_usd
        first = first and request.day not in self._warned
        if first:
            self._warned.add(request.day)
        return first
