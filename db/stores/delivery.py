"""How each chat wants to be told things, and what became of chats."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from db.stores.base import Store, ValueMap, table_of, values_of
from db.tables.delivery import ChatPreferencesRow, ChatStateRow
from engine.domain.delivery import ChatPreferences, ChatState, Loudness, MessageType, QuietHours

_STATES = ValueMap(ChatState, ChatStateRow)
_NO_QUIET = "off"


class SqlDelivery(Store):
    """See ``engine.ports.DeliveryStore``."""

    def preferences(self, chat_id: int) -> ChatPreferences:
        """What a chat has chosen; nothing, before it has."""
        found = self._preferences(ChatPreferencesRow.chat_id == chat_id)
        return found[0] if found else ChatPreferences(chat_id=chat_id)

    def all_preferences(self) -> Sequence[ChatPreferences]:
        """Of every chat that has chosen something, by chat id."""
        return self._preferences()

    def put_preferences(self, preferences: ChatPreferences) -> None:
        """Insert or replace by chat id."""
        self._put(ChatPreferencesRow, ("chat_id",), _written(preferences))

    def state(self, chat_id: int) -> ChatState:
        """What became of a chat; nothing, if nobody has noted anything."""
        found = _STATES.one(self._tx, ChatStateRow.chat_id == chat_id)
        return found or ChatState(chat_id=chat_id)

    def states(self) -> Sequence[ChatState]:
        """Of every chat of which something was noted, by chat id."""
        return _STATES.all(self._tx, order=(ChatStateRow.chat_id,))

    def put_state(self, state: ChatState) -> None:
        """Insert or replace by chat id."""
        self._put(ChatStateRow, ("chat_id",), values_of(state))

    def _preferences(self, *where: ColumnElement[bool]) -> list[ChatPreferences]:
        table = table_of(ChatPreferencesRow)
        rows = self._tx.execute(select(table).where(*where).order_by(table.c.chat_id))
        return [_read(row) for row in rows.mappings()]


def _written(own: ChatPreferences) -> dict[str, Any]:
    quiet = str(own.quiet) if own.quiet else _NO_QUIET
    return {
        "chat_id": own.chat_id,
        "loudness": {str(kind): str(loudness) for kind, loudness in own.loudness.items()},
        "quiet": quiet if own.quiet_chosen else "",
        "muted_until": own.muted_until,
        "muted": {market: until.isoformat() for market, until in own.muted.items()},
    }


def _read(row: Mapping[Any, Any]) -> ChatPreferences:
    quiet = row["quiet"]
    return ChatPreferences(
        chat_id=row["chat_id"],
        loudness={
            MessageType(kind): Loudness(loudness) for kind, loudness in row["loudness"].items()
        },
        quiet_chosen=bool(quiet),
        quiet=QuietHours.parse(quiet) if quiet not in ("", _NO_QUIET) else None,
        muted_until=row["muted_until"],
        muted={market: datetime.fromisoformat(until) for market, until in row["muted"].items()},
    )
