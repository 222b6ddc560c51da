"""Preferences and states of chats in memory."""

from collections.abc import Sequence
from copy import deepcopy

from engine.domain.delivery import ChatPreferences, ChatState
from tests.fakes.memory import Memory, Table

PREFERENCES = Table[int, ChatPreferences]()
STATES = Table[int, ChatState]()


class FakeDelivery:
    """See ``engine.ports.DeliveryStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def preferences(self, chat_id: int) -> ChatPreferences:
        return self._memory.read(PREFERENCES).get(chat_id, ChatPreferences(chat_id=chat_id))

    def all_preferences(self) -> Sequence[ChatPreferences]:
        return [row for _, row in sorted(self._memory.read(PREFERENCES).items())]

    def put_preferences(self, preferences: ChatPreferences) -> None:
        kept = deepcopy(preferences)
        self._memory.write(PREFERENCES)[preferences.chat_id] = kept

    def state(self, chat_id: int) -> ChatState:
        return self._memory.read(STATES).get(chat_id, ChatState(chat_id=chat_id))

    def states(self) -> Sequence[ChatState]:
        return [row for _, row in sorted(self._memory.read(STATES).items())]

    def put_state(self, state: ChatState) -> None:
        self._memory.write(STATES)[state.chat_id] = state
