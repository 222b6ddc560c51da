"""What the gateway needs to remember: kept answers, the day's money, and the audit trail.

Three small protocols and their union. A database adapter does its work off the event loop; every
method may be cancelled by the caller's deadline and must then leave nothing half-written.
``tests/contract/test_llm_provider_contract.py`` holds every implementation against this text.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from engine.domain.desk import AuditEvent
from engine.domain.values import require, require_not_negative


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRequest:
    """Money wanted for one call: the most it can cost, in US dollars, on one UTC day.

    ``purpose_limit_usd`` caps this purpose inside ``day_limit_usd``, which caps all purposes.
    """

    day: date
    purpose: str
    amount_usd: Decimal
    day_limit_usd: Decimal
    purpose_limit_usd: Decimal
    warn_at_usd: Decimal

    def __post_init__(self) -> None:
        """Money is not negative."""
        require_not_negative("amount_usd", self.amount_usd)
        require_not_negative("day_limit_usd", self.day_limit_usd)
        require_not_negative("purpose_limit_usd", self.purpose_limit_usd)
        require(bool(self.purpose), "purpose", "named", self.purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetGrant:
    """Money set aside. ``warning``: this grant took the day over ``warn_at_usd``, the first one."""

    reservation_id: str
    amount_usd: Decimal
    warning: bool


class ReplyCache(Protocol):
    """Grounded answers by the hash of everything that was asked."""

    async def cached(self, key: str) -> str | None:
        """The answer kept under a key, or ``None``."""
        ...

    async def keep(self, key: str, reply: str, at: datetime) -> None:
        """Keep an answer; the same key again replaces it."""
        ...


class BudgetLedger(Protocol):
    """The day's money: set aside before a call, corrected after it."""

    async def reserve(self, request: BudgetRequest) -> BudgetGrant | None:
        """Set the amount aside in one atomic step, or ``None`` when a limit would be passed.

        Spent and reserved money counts alike; a sum equal to a limit is inside it; an amount of
        zero is always granted. However many callers ask at once, grants never exceed a limit. A
        reservation that is never settled (a crash) stays counted at its full amount.
        """
        ...

    async def settle(self, reservation_id: str, cost_usd: Decimal) -> None:
        """Replace a reservation by what the call cost, which may exceed it.

        It counts for the day it was reserved on. A second settlement of the same reservation, or an
        unknown one, does nothing.
        """
        ...

    async def spent_usd(self, day: date, purpose: str | None = None) -> Decimal:
        """Settled plus reserved on a day, of one purpose or of all; zero when nothing was."""
        ...


class AuditTrail(Protocol):
    """Where every call leaves its line."""

    async def append(self, event: AuditEvent) -> None:
        """Store it, durably, before returning."""
        ...


class LlmStore(ReplyCache, BudgetLedger, AuditTrail, Protocol):
    """All of it, as one adapter over one database offers it."""
