"""Messages waiting to be told, and which chat message speaks of what."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.desk import OutboxRow, SentMessageRow
from engine.domain.desk import MessageState, OutboxMessage, SentMessage
from engine.domain.errors import InvalidValueError
from engine.domain.ids import MessageId

_MESSAGES = ValueMap(OutboxMessage, OutboxRow)
_SENT = ValueMap(SentMessage, SentMessageRow)
_UNSENT = (MessageState.PENDING, MessageState.AMBIGUOUS)


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
