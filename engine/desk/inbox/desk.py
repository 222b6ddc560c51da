"""The inbox put together from its sources; the questions about entries are the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.desk.context import DeskContext
from engine.desk.inbox.front import InboxSource
from engine.domain.approvals import Approval
from engine.domain.inbox import InboxRow
from engine.domain.lifecycles import ApprovalState
from engine.domain.orders import Order
from engine.domain.purchases import Purchase, purchase_note
from engine.ports import UnitOfWork

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxDesk:
    """Implements ``InboxFront``."""

    sources: tuple[InboxSource, ...]

    def open(self) -> tuple[InboxRow, ...]:
        """See ``InboxFront``."""
        rows = [row for source in self.sources for row in source.open_rows()]
        return tuple(sorted(rows, key=lambda row: (row.asked_at, row.id)))

    def ended(self, limit: int = 5) -> tuple[InboxRow, ...]:
        """See ``InboxFront``."""
        rows = [row for source in self.sources for row in source.ended_rows(limit)]
        rows.sort(key=lambda row: (row.decided_at or row.asked_at, row.id), reverse=True)
        return tuple(rows[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuestions:
    """Questions about entries, as a source of the inbox."""

    context: DeskContext

    def open_rows(self) -> Sequence[InboxRow]:
        """See ``InboxSource``."""
        with self.context.units(read_only=True) as unit:
            return _rows(unit, unit.approvals.pending())

    def ended_rows(self, limit: int) -> Sequence[InboxRow]:
        """See ``InboxSource``."""
        with self.context.units(read_only=True) as unit:
            newest = unit.approvals.recent(_LOOKED_AT)
            ended = [one for one in newest if one.state is not ApprovalState.PENDING]
            ended.sort(key=lambda one: one.decided_at or one.created_at, reverse=True)
            return _rows(unit, ended[:limit])


def _rows(unit: UnitOfWork, questions: Sequence[Approval]) -> list[InboxRow]:
    found = [(one, unit.orders.get(one.order_id)) for one in questions]
    return [_row(unit, approval, order) for approval, order in found if order is not None]


def _row(unit: UnitOfWork, approval: Approval, order: Order) -> InboxRow:
    intent = order.intent
    bought = Purchase.of_note(unit.desk.note(purchase_note(order.id)))
    return InboxRow(
        area="approval",
        id=approval.id,
        asked_at=approval.created_at,
        expires_at=approval.expires_at,
        needed=approval.needed,
        agreed=approval.approvers,
        facts={
            "token": approval.token,
            "decision_id": approval.decision_id,
            "symbol": str(intent.symbol),
            "notional": str(intent.notional_quote),
            "price": str(intent.reference_price),
            "quote": intent.symbol.quote,
            "order_id": order.id,
            "asked_by": bought.by if bought else None,
            "note": approval.note,
        },
        state=approval.state.value,
        decided_at=approval.decided_at,
        decided_by=approval.decided_by,
    )
