"""The store of how each chat wants to be told things, and of what became of chats."""

from collections.abc import Sequence
from typing import Protocol

from engine.domain.delivery import ChatPreferences, ChatState


class DeliveryStore(Protocol):
    """Preferences and states by chat."""

    def preferences(self, chat_id: int) -> ChatPreferences:
        """What a chat has chosen; nothing, before it has."""
        ...

    def all_preferences(self) -> Sequence[ChatPreferences]:
        """Of every chat that has chosen something, by chat id."""
        ...

    def put_preferences(self, preferences: ChatPreferences) -> None:
        """Insert or replace by chat id."""
        ...

    def state(self, chat_id: int) -> ChatState:
        """What became of a chat; nothing, if nobody has noted anything."""
        ...

    def states(self) -> Sequence[ChatState]:
        """Of every chat of which something was noted, by chat id."""
        ...

    def put_state(self, state: ChatState) -> None:
        """Insert or replace by chat id."""
        ...
