"""Outbox rows that the desk writes beside its changes: facts and ids, no words."""

from datetime import datetime

from engine.desk.context import DeskContext
from engine.domain.desk import Delivery, Json, OutboxMessage, Priority
from engine.domain.ids import DecisionId, message_id
from engine.domain.orders import OrderIntent
from engine.ports import UnitOfWork


def card_subject(decision_id: DecisionId) -> str:
    """The one message that speaks of a decision."""
    return f"card:{decision_id}"


def tell_card(
    context: DeskContext,
    unit: UnitOfWork,
    intent: OrderIntent,
    *,
    cause: str,
    delivery: Delivery = Delivery.EDIT,
) -> None:
    """Show or refresh the card of an entry; a purchase by hand has none."""
    if intent.decision_id is None:
        return
    subject = card_subject(intent.decision_id)
    tell(
        unit,
        kind="card",
        subject=subject,
        cause=cause,
        payload={"decision_id": intent.decision_id},
        at=context.wall.now(),
        priority=Priority.QUESTION,
        delivery=delivery,
    )


def tell_notice(
    unit: UnitOfWork,
    text: str,
    values: dict[str, Json],
    *,
    cause: str,
    at: datetime,
    priority: Priority = Priority.FAILURE,
) -> None:
    """Queue one sentence by its name in the language files; the same cause is told once."""
    tell(
        unit,
        kind="notice",
        subject=f"notice:{text}:{cause}",
        cause=cause,
        payload={"text": text, "values": values},
        at=at,
        priority=priority,
    )


def tell(
    unit: UnitOfWork,
    *,
    kind: str,
    subject: str,
    cause: str,
    payload: dict[str, Json],
    at: datetime,
    priority: Priority,
    delivery: Delivery = Delivery.NEW,
    chat_id: int | None = None,
) -> None:
    """Queue one message; the same kind, subject and cause is queued once."""
    unit.outbox.put(
        OutboxMessage(
            id=message_id(kind, subject, cause),
            kind=kind,
            subject=subject,
            payload=payload,
            created_at=at,
            priority=priority,
            delivery=delivery,
            chat_id=chat_id,
        )
    )
