"""Dead letters, and chats that are gone: nothing is thrown away, and everything can come back.

A chat that cannot be written to (blocked, deleted) takes its waiting messages with it once, with
the reason; what is told meanwhile joins them. When somebody writes from that chat again they all
return, and the sender tells them as one list.

Unless they are known no longer: what waits for the private chat of somebody who was taken out ends
unread, dead letters included, and nothing brings it back.
"""

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime

from engine.desk.delivery.views import DeadLetter, DeadLetters
from engine.domain.delivery import ChatState
from engine.domain.desk import AuditEvent, Delivery, MessageState, OutboxMessage
from engine.domain.ids import MessageId
from engine.ports import UnitOfWork

_ALL = 100_000
_SHOWN = 3
_WAITING = (MessageState.PENDING, MessageState.AMBIGUOUS, MessageState.HELD)
_FOR_STRANGERS = frozenset({"invitation_asked"})


def dead_letters(unit: UnitOfWork, limit: int = _SHOWN) -> DeadLetters:
    """How many there are, and the newest."""
    return DeadLetters(
        count=unit.outbox.counts()[MessageState.DEAD],
        newest=tuple(
            DeadLetter(
                id=row.id,
                kind=row.kind,
                subject=row.subject,
                chat_id=row.chat_id,
                created_at=row.created_at,
                why=row.error,
            )
            for row in unit.outbox.dead(limit)
        ),
    )


def resend(
    unit: UnitOfWork, actor: str, now: datetime, only: Iterable[MessageId] | None = None
) -> int:
    """Queue dead letters again, all or those named; their chats get another chance.

    Whether a message may have arrived before is not known any more, so it is not marked. Those of
    somebody who is known no longer end instead.
    """
    wanted = None if only is None else set(only)
    dead = [
        row
        for row in unit.outbox.in_state(MessageState.DEAD, _ALL)
        if wanted is None or row.id in wanted
    ]
    readers = {person.chat_id for person in unit.desk.people()}
    rows = [row for row in dead if has_reader(row, readers)]
    for row in dead:
        if not has_reader(row, readers):
            unit.outbox.update(unread(row))
    for row in rows:
        unit.outbox.update(_waiting_again(row))
    for chat_id in {row.chat_id for row in rows if row.chat_id is not None}:
        forget_gone(unit, chat_id)
    if rows:
        unit.audit.append(
            AuditEvent(
                at=now,
                actor=actor,
                action="messages_resent",
                subject="outbox",
                detail={"count": len(rows)},
            )
        )
    return len(rows)


def has_reader(row: OutboxMessage, readers: Container[int]) -> bool:
    """Whether a row may go out: not into a private chat whose reader is known no longer.

    A group (a negative number) and the terminal (0) have no reader of their own. What takes a
    message away may always go, and so may what is for strangers.
    """
    if row.chat_id is None or row.chat_id <= 0 or row.chat_id in readers:
        return True
    is_for_strangers = row.kind == "notice" and row.payload.get("text") in _FOR_STRANGERS
    return is_for_strangers or row.delivery is Delivery.DELETE


def unread(row: OutboxMessage) -> OutboxMessage:
    """The row as it ends when nobody may read it any more."""
    return replace(row, state=MessageState.OFF, error="its reader is known no longer")


def leave_chat(unit: UnitOfWork, chat_id: int, now: datetime) -> int:
    """Somebody was taken out: what their chat has not been told ends; returns how much.

    Call it when they are gone; where somebody else reads the same chat, nothing happens.
    """
    readers = {person.chat_id for person in unit.desk.people()}
    rows = [
        row
        for kind in (*_WAITING, MessageState.DEAD)
        for row in unit.outbox.in_state(kind, _ALL, chat_id=chat_id)
        if not has_reader(row, readers)
    ]
    for row in rows:
        unit.outbox.update(unread(row))
    if rows:
        unit.audit.append(
            AuditEvent(
                at=now,
                actor="chat",
                action="messages_ended",
                subject=f"chat:{chat_id}",
                detail={"count": len(rows)},
            )
        )
    return len(rows)


def lose_chat(unit: UnitOfWork, chat_id: int, why: str, now: datetime) -> int:
    """Bury everything that waits for a chat that is gone, with one audit line; returns how much."""
    state = unit.delivery.state(chat_id)
    is_news = state.gone_at is None
    if is_news:
        unit.delivery.put_state(replace(state, gone_at=now, gone_why=why))
    rows = [row for kind in _WAITING for row in unit.outbox.in_state(kind, _ALL, chat_id=chat_id)]
    for row in rows:
        unit.outbox.update(replace(row, state=MessageState.DEAD, error=why))
    if is_news:
        unit.audit.append(
            AuditEvent(
                at=now,
                actor="chat",
                action="message_dead",
                subject=f"chat:{chat_id}",
                detail={"count": len(rows), "error": why},
            )
        )
    return len(rows)


def find_chat_again(unit: UnitOfWork, chat_id: int, now: datetime) -> int:
    """Somebody writes from a chat that was gone: what it has missed waits again; returns how much.

    Letters that died of something else stay dead.
    """
    state = unit.delivery.state(chat_id)
    if state.gone_at is None:
        return 0
    missed = [
        row
        for row in unit.outbox.in_state(MessageState.DEAD, _ALL, chat_id=chat_id)
        if row.error == state.gone_why
    ]
    for row in missed:
        unit.outbox.update(_waiting_again(row))
    forget_gone(unit, chat_id)
    unit.audit.append(
        AuditEvent(
            at=now,
            actor="chat",
            action="chat_back",
            subject=f"chat:{chat_id}",
            detail={"count": len(missed)},
        )
    )
    return len(missed)


def follow_chat(unit: UnitOfWork, old: int, new: int, now: datetime) -> None:
    """A group has a new number: what waits for it, and what it has chosen, moves along."""
    if old == new:
        return
    state = unit.delivery.state(old)
    if state.moved_to == new:
        return
    unit.delivery.put_state(replace(state, moved_to=new, gone_at=None, gone_why=""))
    for kind in _WAITING:
        for row in unit.outbox.in_state(kind, _ALL, chat_id=old):
            unit.outbox.update(replace(row, chat_id=new))
    unit.delivery.put_preferences(replace(unit.delivery.preferences(old), chat_id=new))
    unit.audit.append(
        AuditEvent(
            at=now,
            actor="chat",
            action="chat_moved",
            subject=f"chat:{old}",
            detail={"to": new},
        )
    )


def forget_gone(unit: UnitOfWork, chat_id: int) -> None:
    """Give a chat that was gone another chance, without what it has missed."""
    state = unit.delivery.state(chat_id)
    if state.gone_at is not None:
        unit.delivery.put_state(
            ChatState(chat_id=chat_id, gone_at=None, gone_why="", moved_to=state.moved_to)
        )


def _waiting_again(row: OutboxMessage) -> OutboxMessage:
    return replace(row, state=MessageState.PENDING, attempts=0, not_before=None, error="")
