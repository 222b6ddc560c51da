"""What the outbox knows about its rows: every change of state is one commit.

Synchronous; the sender calls it on one thread of its own, so that steps follow each other in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.channel import Channel
from bot.delivery import Delivered
from engine.domain.desk import (
    AuditEvent,
    Delivery,
    Json,
    MessageState,
    OutboxMessage,
    Person,
    SentMessage,
)
from engine.domain.ids import message_id
from engine.ports import Clock, UnitOfWork, Units

_BATCH = 1000
_ERROR_CHARS = 500
_GROUP_FROM = 10
_MOST_IN_A_GROUP = 100
_GROUPED = frozenset({"fill", "closed", "notice", "heartbeat", "backfill"})
_UNSENT = (MessageState.PENDING, MessageState.AMBIGUOUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told what is for everybody, beside the people stored in the database."""

    people: tuple[Person, ...] = ()
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes out as one message to one chat: ``told``, which stands for all ``rows``."""

    chat_id: int
    told: OutboxMessage
    rows: tuple[OutboxMessage, ...]

    @property
    def is_new(self) -> bool:
        """Whether one of the rows asks for a message of its own."""
        return any(row.delivery is Delivery.NEW for row in self.rows)

    @property
    def is_repeat(self) -> bool:
        """Whether one of the rows may have arrived before."""
        return any(row.state is MessageState.AMBIGUOUS for row in self.rows)


class OutboxLedger:
    """Reads and writes the rows of one channel's chats."""

    def __init__(self, channel: Channel, *, units: Units, clock: Clock, audience: Audience) -> None:
        self._channel = channel
        self._units = units
        self._clock = clock
        self._audience = audience
        self._readers: dict[int, Person] = {}

    def take(self) -> Sequence[Load]:
        """The best load of every chat, after messages for everybody have become a row per chat."""
        now = self._clock.now()
        with self._units(read_only=True) as unit:
            rows = unit.outbox.due(now, _BATCH)
            self._read_people(unit)
        if any(row.chat_id is None for row in rows) and self._chats():
            with self._units() as unit:
                for row in unit.outbox.due(now, _BATCH):
                    if row.chat_id is None:
                        self._fan_out(unit, row)
                unit.commit()
            with self._units(read_only=True) as unit:
                rows = unit.outbox.due(now, _BATCH)
        return _loads(row for row in rows if self._is_served(row))

    def reader(self, chat_id: int) -> Person | None:
        """Who reads a private chat; ``None`` for a group."""
        return self._readers.get(chat_id)

    def known(self, chat_id: int, subject: str) -> SentMessage | None:
        """Which message speaks of a subject."""
        with self._units(read_only=True) as unit:
            return unit.outbox.sent(chat_id, subject)

    def mark_sending(self, load: Load) -> bool:
        """Commit that rows are about to be sent; ``False`` if they have been dealt with already."""
        with self._units() as unit:
            stored = [unit.outbox.get(row.id) for row in load.rows]
            if not all(one is not None and one.state in _UNSENT for one in stored):
                return False
            for row in load.rows:
                unit.outbox.update(
                    replace(row, state=MessageState.AMBIGUOUS, attempts=row.attempts + 1)
                )
            unit.commit()
        return True

    def finish(
        self, load: Load, known: SentMessage | None, delivered: Delivered | None, note: str = ""
    ) -> None:
        """It was sent, or there is nothing left to tell."""
        with self._units() as unit:
            for row in load.rows:
                unit.outbox.update(
                    replace(row, state=MessageState.SENT, attempts=row.attempts + 1, error=note)
                )
            if delivered is not None:
                is_same = known is not None and known.chat_message_id == delivered.message_id
                unit.outbox.remember_sent(
                    SentMessage(
                        chat_id=load.chat_id,
                        subject=load.told.subject,
                        chat_message_id=delivered.message_id,
                        has_photo=delivered.has_photo,
                        sent_at=known.sent_at if known and is_same else self._clock.now(),
                    )
                )
            unit.commit()

    def postpone(
        self, load: Load, wait_s: float, error: str, *, is_ambiguous: bool = False
    ) -> None:
        """Back into the queue; a row that may have arrived before stays marked."""
        not_before = self._clock.now() + timedelta(seconds=wait_s)
        with self._units() as unit:
            for row in load.rows:
                doubtful = is_ambiguous or row.state is MessageState.AMBIGUOUS
                unit.outbox.update(
                    replace(
                        row,
                        state=MessageState.AMBIGUOUS if doubtful else MessageState.PENDING,
                        attempts=row.attempts + 1,
                        not_before=not_before,
                        error=error[:_ERROR_CHARS],
                    )
                )
            unit.commit()

    def move(self, load: Load, chat_id: int) -> None:
        """The group has a new number."""
        with self._units() as unit:
            for row in load.rows:
                unit.outbox.update(replace(row, chat_id=chat_id))
            unit.commit()

    def bury(self, load: Load, error: str) -> None:
        """Nobody will accept it: a dead letter, with an audit line."""
        now = self._clock.now()
        with self._units() as unit:
            for row in load.rows:
                unit.outbox.update(
                    replace(
                        row,
                        state=MessageState.DEAD,
                        attempts=row.attempts + 1,
                        error=error[:_ERROR_CHARS],
                    )
                )
                unit.audit.append(
                    AuditEvent(
                        at=now,
                        actor="chat",
                        action="message_dead",
                        subject=row.id,
                        detail={"kind": row.kind, "about": row.subject, "error": error},
                    )
                )
            unit.commit()

    def _is_served(self, row: OutboxMessage) -> bool:
        return row.chat_id is not None and self._channel.serves(row.chat_id)

    def _read_people(self, unit: UnitOfWork) -> None:
        # The database goes last: what a person has changed since counts more than the file.
        people = (*self._audience.people, *unit.desk.people())
        self._readers = {one.chat_id: one for one in people if self._channel.serves(one.chat_id)}

    def _chats(self) -> Iterable[int]:
        return dict.fromkeys((*self._readers, *self._audience.groups))

    def _fan_out(self, unit: UnitOfWork, row: OutboxMessage) -> None:
        for chat_id in self._chats():
            number = message_id(row.kind, row.subject, f"{row.id}:{chat_id}")
            unit.outbox.put(replace(row, id=number, chat_id=chat_id))
        unit.outbox.update(replace(row, state=MessageState.SENT))


def _loads(rows: Iterable[OutboxMessage]) -> Sequence[Load]:
    """The first load of every chat, rows being in the order of delivery."""
    by_chat: dict[int, list[OutboxMessage]] = {}
    for row in rows:
        if row.chat_id is not None:
            by_chat.setdefault(row.chat_id, []).append(row)
    return [_first_load(chat_id, found) for chat_id, found in by_chat.items()]


def _first_load(chat_id: int, rows: list[OutboxMessage]) -> Load:
    first = rows[0]
    grouped = [row for row in rows if row.kind in _GROUPED][:_MOST_IN_A_GROUP]
    if first.kind in _GROUPED and len(grouped) >= _GROUP_FROM:
        return Load(chat_id=chat_id, told=_backlog(first, grouped), rows=tuple(grouped))
    same = tuple(row for row in rows if row is first or _says_the_same(row, first))
    return Load(chat_id=chat_id, told=first, rows=same)


def _backlog(first: OutboxMessage, rows: list[OutboxMessage]) -> OutboxMessage:
    """One message for many: what waited is told in a line each."""
    told: list[Json] = [{"kind": row.kind, "payload": dict(row.payload)} for row in rows]
    return replace(first, kind="backlog", subject=f"backlog:{first.id}", payload={"rows": told})


def _says_the_same(one: OutboxMessage, other: OutboxMessage) -> bool:
    mine = (one.kind, one.subject, one.payload)
    return mine == (other.kind, other.subject, other.payload)
