"""Kept answers and the day's money, inside a transaction.

Whoever sets money aside locks the row of its day first, so that parallel calls take turns and
cannot overspend together; the sums are made in Python, exactly.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import insert, select, update

from db.stores.base import Store
from db.tables.llm import LlmBudgetDayRow, LlmBudgetRow, LlmReplyRow


class BudgetRequest(Protocol):
    """Money wanted for one call; the model room's request has these parts."""

    @property
    def day(self) -> date:
        """UTC day it counts for."""
        ...

    @property
    def purpose(self) -> str:
        """What it is for."""
        ...

    @property
    def amount_usd(self) -> Decimal:
        """The most the call can cost."""
        ...

    @property
    def day_limit_usd(self) -> Decimal:
        """Cap of the day."""
        ...

    @property
    def purpose_limit_usd(self) -> Decimal:
        """Cap of the purpose on that day."""
        ...

    @property
    def warn_at_usd(self) -> Decimal:
        """Total of the day from which to warn, once."""
        ...


class MakeGrant[G](Protocol):
    """Makes the model room's grant, which this room may not import."""

    def __call__(self, *, reservation_id: str, amount_usd: Decimal, warning: bool) -> G:
        """A grant."""
        ...


class SqlLlm(Store):
    """The synchronous half of ``db.llm_store``."""

    def cached(self, key: str) -> str | None:
        """The answer kept under a key, or ``None``."""
        statement = select(LlmReplyRow.reply).where(LlmReplyRow.key == key)
        reply: str | None = self._tx.execute(statement).scalar_one_or_none()
        return reply

    def keep(self, key: str, reply: str, at: datetime) -> None:
        """Keep an answer; the same key again replaces it."""
        self._put(LlmReplyRow, ("key",), {"key": key, "reply": reply, "kept_at": at})

    def reserve[G](self, request: BudgetRequest, make_grant: MakeGrant[G]) -> G | None:
        """Set the amount aside, or ``None`` when a limit would be passed."""
        warned = self._lock_day(request.day)
        amount = request.amount_usd
        in_day = self.spent_usd(request.day) + amount
        in_purpose = self.spent_usd(request.day, request.purpose) + amount
        if amount and (in_day > request.day_limit_usd or in_purpose > request.purpose_limit_usd):
            return None
        warning = bool(amount) and in_day >= request.warn_at_usd and not warned
        if warning:
            self._tx.execute(
                update(LlmBudgetDayRow)
                .where(LlmBudgetDayRow.day == request.day)
                .values(warned=True)
            )
        number = self._set_aside(request)
        return make_grant(reservation_id=str(number), amount_usd=amount, warning=warning)

    def _lock_day(self, day: date) -> bool:
        self._insert_new(LlmBudgetDayRow, {"day": day, "warned": False})
        row = select(LlmBudgetDayRow.warned).where(LlmBudgetDayRow.day == day)
        warned: bool = self._tx.execute(row.with_for_update()).scalar_one()
        return warned

    def _set_aside(self, request: BudgetRequest) -> int:
        statement = insert(LlmBudgetRow).values(
            day=request.day, purpose=request.purpose, amount_usd=request.amount_usd, settled=False
        )
        number: int = self._tx.execute(statement.returning(LlmBudgetRow.row_no)).scalar_one()
        return number

    def settle(self, reservation_id: str, cost_usd: Decimal) -> None:
        """Replace a reservation by its cost; settled or unknown ones stay as they are."""
        if reservation_id.isdecimal():
            self._tx.execute(
                update(LlmBudgetRow)
                .where(LlmBudgetRow.row_no == int(reservation_id), LlmBudgetRow.settled.is_(False))
                .values(amount_usd=cost_usd, settled=True)
            )

    def spent_usd(self, day: date, purpose: str | None = None) -> Decimal:
        """Settled plus reserved on a day, of one purpose or of all."""
        statement = select(LlmBudgetRow.amount_usd).where(LlmBudgetRow.day == day)
        if purpose is not None:
            statement = statement.where(LlmBudgetRow.purpose == purpose)
        return sum(self._tx.execute(statement).scalars(), Decimal(0))
