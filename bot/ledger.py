"""What the outbox knows about its rows: every change of state is one commit.

Synchronous; the sender calls it on one thread of its own, so that steps follow each other in order.
Which rows go and which go together is decided in ``bot.loads``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.channel import Channel
from bot.loads import (
    Chat,
    Delivered,
    Load,
    Memory,
    Waiting,
    by_chat,
    choose,
    sort_rows,
    with_held,
)
from engine.desk.delivery.letters import follow_chat, has_reader, lose_chat, unread
from engine.desk.delivery.sorting import LISTED, type_of
from engine.domain.delivery import DeliveryPolicy
from engine.domain.desk import (
    AuditEvent,
    MessageState,
    OutboxMessage,
    Person,
    SentMessage,
)
from engine.domain.ids import message_id
from engine.ports import Clock, UnitOfWork, Units

_PER_CHAT = 500
_MOST_HELD = 500
_SENT_IDS = 100
_ERROR_CHARS = 500
_LATE = timedelta(minutes=5)
_UNSENT = (MessageState.PENDING, MessageState.AMBIGUOUS, MessageState.HELD)

__all__ = ["Audience", "Load", "OutboxLedger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told what is for everybody, beside the people stored in the database.

    One that does not ``lead`` leaves it to the channel that does to make a row for each chat: a
    terminal opened beside a running bot would otherwise take the bot's messages.
    """

    people: tuple[Person, ...] = ()
    groups: tuple[int, ...] = ()
    leads: bool = True


class OutboxLedger:
    """Reads and writes the rows of one channel's chats."""

    def __init__(
        self,
        channel: Channel,
        *,
        units: Units,
        clock: Clock,
        audience: Audience,
        policy: DeliveryPolicy | None = None,
    ) -> None:
        self._channel = channel
        self._units = units
        self._clock = clock
        self._audience = audience
        self._policy = policy or DeliveryPolicy()
        self._readers: dict[int, Person] = {}
        self._moved: dict[int, int] = {}
        self._gone: dict[int, str] = {}
        self._memories: defaultdict[int, Memory] = defaultdict(Memory)

    def take(self, busy: frozenset[int] = frozenset()) -> Sequence[Load]:
        """The best load of every chat that is not busy.

        Messages for everybody become a row per chat first; what is held, off or for a chat that is
        gone ends or waits, in one commit.
        """
        now = self._clock.now()
        with self._units(read_only=True) as unit:
            self._read_chats(unit)
            rows = unit.outbox.waiting(now, _PER_CHAT)
        if self._audience.leads and any(row.chat_id is None for row in rows) and self._chats():
            self._fan_out_all(rows)
            with self._units(read_only=True) as unit:
                rows = unit.outbox.waiting(now, _PER_CHAT)
        mine = {
            chat_id: found
            for chat_id, found in by_chat(rows).items()
            if self._channel.serves(chat_id) and chat_id not in busy
        }
        waiting, held = self._sort(mine)
        loads = (
            choose(chat_id, found, self._memories[chat_id], now)
            for chat_id, found in waiting.items()
        )
        return [self._with_held(load, held) for load in loads if load is not None]

    def reader(self, chat_id: int) -> Person | None:
        """Who reads a private chat; ``None`` for a group."""
        return self._readers.get(chat_id)

    def is_late(self, row: OutboxMessage) -> bool:
        """Whether a row is an answer for which somebody has waited so long that it needs saying."""
        is_answer = row.chat_id is not None and type_of(row) is None
        return is_answer and self._clock.now() - row.created_at >= _LATE

    def known(self, chat_id: int, subject: str) -> SentMessage | None:
        """Which message speaks of a subject."""
        with self._units(read_only=True) as unit:
            return unit.outbox.sent(chat_id, subject)

    def known_numbers(self, chat_id: int) -> frozenset[int]:
        """Numbers of the chat's newest messages that something is bound to."""
        with self._units(read_only=True) as unit:
            return frozenset(
                one.chat_message_id for one in unit.outbox.newest_sent(chat_id, _SENT_IDS)
            )

    def mark_sending(self, load: Load) -> bool:
        """Commit that rows are about to be sent; ``False`` if they have been dealt with already.

        What a digest tells stays held until it is told: the digest itself carries the mark.
        """
        with self._units() as unit:
            stored = [unit.outbox.get(row.id) for row in load.rows]
            if not all(one is not None and one.state in _UNSENT for one in stored):
                return False
            for row in load.rows:
                if row.state is not MessageState.HELD:
                    unit.outbox.update(
                        replace(row, state=MessageState.AMBIGUOUS, attempts=row.attempts + 1)
                    )
            unit.commit()
        return True

    def finish(
        self,
        load: Load,
        known: SentMessage | None,
        delivered: Delivered | None,
        *,
        note: str = "",
        left: Iterable[OutboxMessage] = (),
    ) -> None:
        """It was sent, or there is nothing left to tell; rows ``left`` over wait as before."""
        with self._units() as unit:
            for row in load.rows:
                unit.outbox.update(
                    replace(row, state=MessageState.SENT, attempts=row.attempts + 1, error=note)
                )
            for row in left:
                unit.outbox.update(row)
            if delivered is not None:
                self._remember(unit, load, known, delivered)
            unit.commit()

    def _remember(
        self, unit: UnitOfWork, load: Load, known: SentMessage | None, delivered: Delivered
    ) -> None:
        is_same = known is not None and known.chat_message_id == delivered.message_id
        message = SentMessage(
            chat_id=load.chat_id,
            subject=load.told.subject,
            chat_message_id=delivered.message_id,
            has_photo=delivered.has_photo,
            sent_at=known.sent_at if known and is_same else self._clock.now(),
        )
        unit.outbox.remember_sent(message)
        if load.is_list:
            for subject in {row.subject for row in load.rows if row.kind == "card"}:
                unit.outbox.remember_sent(replace(message, subject=LISTED + subject))

    def postpone(
        self, load: Load, wait_s: float, error: str, *, is_ambiguous: bool = False
    ) -> None:
        """Back into the queue; a row that may have arrived before stays marked."""
        not_before = self._clock.now() + timedelta(seconds=wait_s)
        with self._units() as unit:
            for row in load.rows:
                if row.state is MessageState.HELD:
                    continue
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
        """The group has a new number: everything that waits for it goes there."""
        with self._units() as unit:
            for row in load.rows:
                unit.outbox.update(replace(row, chat_id=chat_id))
            follow_chat(unit, load.chat_id, chat_id, self._clock.now())
            unit.commit()

    def lose(self, load: Load, error: str) -> None:
        """The chat cannot be written to any more: all that waits for it ends with the reason."""
        with self._units() as unit:
            for row in load.rows:
                unit.outbox.update(replace(row, attempts=row.attempts + 1))
            lose_chat(unit, load.chat_id, error[:_ERROR_CHARS], self._clock.now())
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

    def _read_chats(self, unit: UnitOfWork) -> None:
        # The database goes last: what a person has changed since counts more than the file.
        people = (*self._audience.people, *unit.desk.people())
        self._readers = {one.chat_id: one for one in people if self._channel.serves(one.chat_id)}
        states = unit.delivery.states()
        self._moved = {one.chat_id: one.moved_to for one in states if one.moved_to is not None}
        self._gone = {one.chat_id: one.gone_why for one in states if one.gone_at is not None}

    def _chats(self) -> Iterable[int]:
        groups = (self._followed(chat_id) for chat_id in self._audience.groups)
        return dict.fromkeys((*self._readers, *groups))

    def _followed(self, chat_id: int) -> int:
        seen = {chat_id}
        while (there := self._moved.get(chat_id, chat_id)) not in seen:
            seen.add(there)
            chat_id = there
        return chat_id

    def _fan_out_all(self, rows: Iterable[OutboxMessage]) -> None:
        with self._units() as unit:
            for row in rows:
                stored = unit.outbox.get(row.id) if row.chat_id is None else None
                if stored is not None and stored.state in _UNSENT:
                    self._fan_out(unit, stored)
            unit.commit()

    def _fan_out(self, unit: UnitOfWork, row: OutboxMessage) -> None:
        for chat_id in self._chats():
            number = message_id(row.kind, row.subject, f"{row.id}:{chat_id}")
            unit.outbox.put(replace(row, id=number, chat_id=chat_id))
        unit.outbox.update(replace(row, state=MessageState.SENT))

    def _sort(
        self, mine: Mapping[int, Sequence[OutboxMessage]]
    ) -> tuple[dict[int, tuple[Waiting, ...]], Mapping[int, int]]:
        """The rows of each chat that go, and how many each chat has held."""
        now = self._clock.now()
        go: dict[int, tuple[Waiting, ...]] = {}
        changed: list[OutboxMessage] = []
        with self._units(read_only=True) as unit:
            held = unit.outbox.chats_with(MessageState.HELD)
            for chat_id, rows in mine.items():
                if chat_id in self._gone:
                    continue
                changed += [unread(row) for row in rows if not has_reader(row, self._readers)]
                read = [row for row in rows if has_reader(row, self._readers)]
                found = sort_rows(unit, self._chat(unit, chat_id), read, now)
                go[chat_id] = found.go
                changed += found.changed
            released = [
                chat_id
                for chat_id in held
                if self._channel.serves(chat_id) and not self._chat(unit, chat_id).gets_digest
            ]
        lost = [chat_id for chat_id in mine if chat_id in self._gone]
        if changed or released or lost:
            self._settle(changed, released, lost)
        return go, held

    def _settle(
        self, changed: Iterable[OutboxMessage], released: Iterable[int], lost: Iterable[int]
    ) -> None:
        """What does not go out now: held or off, free again without a digest, for nobody."""
        now = self._clock.now()
        with self._units() as unit:
            for row in changed:
                unit.outbox.update(row)
            for chat_id in released:
                for row in unit.outbox.in_state(MessageState.HELD, _MOST_HELD, chat_id=chat_id):
                    unit.outbox.update(replace(row, state=MessageState.PENDING))
            for chat_id in lost:
                lose_chat(unit, chat_id, self._gone[chat_id], now)
            unit.commit()

    def _chat(self, unit: UnitOfWork, chat_id: int) -> Chat:
        return Chat(
            chat_id=chat_id,
            reader=self._readers.get(chat_id),
            own=unit.delivery.preferences(chat_id),
            policy=self._policy,
        )

    def _with_held(self, load: Load, held: Mapping[int, int]) -> Load:
        if load.told.kind not in ("digest", "held"):
            return load
        with self._units(read_only=True) as unit:
            rows = unit.outbox.in_state(MessageState.HELD, _MOST_HELD, chat_id=load.chat_id)
        return with_held(load, rows, max(len(rows), held.get(load.chat_id, 0)))
