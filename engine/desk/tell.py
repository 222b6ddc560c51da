"""Outbox rows that the desk writes beside its changes: facts and ids, no words."""

from datetime import datetime

from engine.desk.context import DeskContext
from engine.domain.desk import Delivery, Json, OutboxMessage, Priority
from engine.domain.ids import ApprovalId, ChangeId, DecisionId, MessageId, message_id
from engine.domain.orders import OrderIntent
from engine.execution.records import tell_purchase
from engine.ports import UnitOfWork

_REMINDED = "about-to-expire"

type Question = ApprovalId | ChangeId
"""What people can be reminded of."""


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
    priority: Priority = Priority.QUESTION,
) -> None:
    """Show or refresh the card of an entry; a purchase by hand has messages of its own.

    The card of an entry about which nobody is asked is an opportunity.
    """
    if intent.decision_id is None:
        at = context.wall.now()
        tell_purchase(unit, intent.id, cause=cause, at=at, priority=priority, delivery=delivery)
        return
    subject = card_subject(intent.decision_id)
    tell(
        unit,
        kind="card",
        subject=subject,
        cause=cause,
        payload={"decision_id": intent.decision_id},
        at=context.wall.now(),
        priority=priority,
        delivery=delivery,
    )


def reminder_subject(question: Question) -> str:
    """The message that says that a question is about to expire."""
    return f"reminder:{question}"


def is_reminded(unit: UnitOfWork, question: Question) -> bool:
    """Whether people have been told so, before a restart or after it."""
    return unit.outbox.get(_reminder_id(question)) is not None


def tell_reminder(unit: UnitOfWork, question: Question, at: datetime) -> None:
    """Tell everybody, once, that a question is about to expire."""
    tell(
        unit,
        kind="reminder",
        subject=reminder_subject(question),
        cause=_REMINDED,
        payload={"approval_id": question},
        at=at,
        priority=Priority.QUESTION,
    )


def drop_reminder(unit: UnitOfWork, question: Question, at: datetime) -> None:
    """Take the reminder of a question that has ended away, if there was one."""
    if is_reminded(unit, question):
        tell_gone(unit, reminder_subject(question), at=at)


def tell_gone(
    unit: UnitOfWork,
    subject: str,
    *,
    at: datetime,
    chat_id: int | None = None,
) -> None:
    """Take the message about a subject away; where there is none, nothing happens."""
    tell(
        unit,
        kind="erase",
        subject=subject,
        cause="gone",
        payload={},
        at=at,
        priority=Priority.ANSWER,
        delivery=Delivery.DELETE,
        chat_id=chat_id,
    )


def _reminder_id(question: Question) -> MessageId:
    return message_id("reminder", reminder_subject(question), _REMINDED)


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
