"""Messages waiting to be told, and which chat message speaks of what."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select, tuple_, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.desk import OutboxRow, SentMessageRow
from engine.domain.desk import MessageState, OutboxMessage, Priority, SentMessage
from engine.domain.errors import InvalidValueError
from engine.domain.ids import MessageId

_MESSAGES = ValueMap(OutboxMessage, OutboxRow)
_SENT = ValueMap(SentMessage, SentMessageRow)
_UNSENT = (MessageState.PENDING, MessageState.AMBIGUOUS)
_ENDED = (MessageState.SENT, MessageState.OFF)


class SqlOutbox(Store):
    """See ``engine.ports.Outbox``."""

    def put(self, message: OutboxMessage) -> bool:
        """Queue; ``False`` and no change if the id is there already."""
        return self._insert_new(OutboxRow, values_of(message))

    def due(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Pending or ambiguous and not before ``now``: by priority, then age."""
        return _MESSAGES.all(
            self._tx,
            OutboxRow.state.in_(_UNSENT),
            or_(OutboxRow.not_before.is_(None), OutboxRow.not_before <= now),
            order=(OutboxRow.priority, OutboxRow.created_at, OutboxRow.row_no),
            limit=limit,
        )

    def waiting(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Like ``due``, but at most ``limit`` of each chat, so that no chat crowds out another."""
        order = (OutboxRow.priority, OutboxRow.created_at, OutboxRow.row_no)
        place = func.row_number().over(partition_by=OutboxRow.chat_id, order_by=order)
        ranked = (
            select(OutboxRow.row_no, place.label("place"))
            .where(OutboxRow.state.in_(_UNSENT))
            .where(or_(OutboxRow.not_before.is_(None), OutboxRow.not_before <= now))
            .subquery()
        )
        chosen = select(ranked.c.row_no).where(ranked.c.place <= limit)
        return _MESSAGES.all(self._tx, OutboxRow.row_no.in_(chosen), order=order)

    def in_state(
        self, state: MessageState, limit: int, *, chat_id: int | None = None
    ) -> Sequence[OutboxMessage]:
        """Rows in a state, oldest first; of one chat, or of all."""
        where = [OutboxRow.state == state]
        if chat_id is not None:
            where.append(OutboxRow.chat_id == chat_id)
        order = (OutboxRow.created_at, OutboxRow.row_no)
        return _MESSAGES.all(self._tx, *where, order=order, limit=limit)

    def chats_with(self, state: MessageState) -> Mapping[int, int]:
        """How many rows in a state each chat has; rows of no chat are not counted."""
        statement = (
            select(OutboxRow.chat_id, func.count())
            .where(OutboxRow.state == state, OutboxRow.chat_id.is_not(None))
            .group_by(OutboxRow.chat_id)
        )
        return {
            chat_id: count for chat_id, count in self._tx.execute(statement) if chat_id is not None
        }

    def update(self, message: OutboxMessage) -> None:
        """Replace a row; ``InvalidValueError`` if there is none."""
        statement = update(OutboxRow).where(OutboxRow.id == message.id).values(values_of(message))
        if self._tx.execute(statement).rowcount != 1:
            raise InvalidValueError("message", "a queued one", message.id)

    def counts(self) -> Mapping[MessageState, int]:
        """How many in each state."""
        rows = self._tx.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
        return dict.fromkeys(MessageState, 0) | dict(iter(rows))

    def dead(self, limit: int) -> Sequence[OutboxMessage]:
        """Dead letters, newest first."""
        return _MESSAGES.all(
            self._tx,
            OutboxRow.state == MessageState.DEAD,
            order=(OutboxRow.created_at.desc(), OutboxRow.row_no.desc()),
            limit=limit,
        )

    def get(self, message_id: MessageId) -> OutboxMessage | None:
        """One message."""
        return _MESSAGES.one(self._tx, OutboxRow.id == message_id)

    def remember_sent(self, sent: SentMessage) -> None:
        """Bind a subject to a chat message (insert or replace)."""
        self._put(SentMessageRow, ("chat_id", "subject"), values_of(sent))

    def sent(self, chat_id: int, subject: str) -> SentMessage | None:
        """Which chat message speaks of a subject."""
        return _SENT.one(
            self._tx, SentMessageRow.chat_id == chat_id, SentMessageRow.subject == subject
        )

    def newest_sent(self, chat_id: int, limit: int) -> Sequence[SentMessage]:
        """What is bound to the chat's messages of the highest numbers, highest first."""
        return _SENT.all(
            self._tx,
            SentMessageRow.chat_id == chat_id,
            order=(SentMessageRow.chat_message_id.desc(), SentMessageRow.subject),
            limit=limit,
        )

    def prune(self, before: datetime, limit: int) -> int:
        """Delete at most ``limit`` rows queued before then that are sent or off; how many."""
        # With every priority named, the index of what is due finds the oldest rows at once.
        old = (
            select(OutboxRow.row_no)
            .where(OutboxRow.state.in_(_ENDED))
            .where(OutboxRow.priority.in_(list(Priority)), OutboxRow.created_at < before)
            .limit(limit)
        )
        numbers = list(self._tx.execute(old).scalars())
        if numbers:
            self._tx.execute(delete(OutboxRow).where(OutboxRow.row_no.in_(numbers)))
        return len(numbers)

    def prune_sent(self, before: datetime, limit: int, *, kept: Collection[str]) -> int:
        """Forget at most ``limit`` bindings made before then, but of no ``kept`` subject."""
        waiting = [state for state in MessageState if state not in _ENDED]
        waits = select(OutboxRow.subject).where(OutboxRow.state.in_(waiting))
        old = (
            select(SentMessageRow.chat_id, SentMessageRow.subject)
            .where(
                SentMessageRow.sent_at < before,
                SentMessageRow.subject.not_in(list(kept)),
                SentMessageRow.subject.not_in(waits),
            )
            .limit(limit)
        )
        keys = [tuple(row) for row in self._tx.execute(old)]
        if keys:
            key = tuple_(SentMessageRow.chat_id, SentMessageRow.subject)
            self._tx.execute(delete(SentMessageRow).where(key.in_(keys)))
        return len(keys)
