"""What the chat may ask of the inbox, and what an area must offer to be in it."""

from collections.abc import Sequence
from typing import Protocol

from engine.domain.inbox import InboxRow


class InboxSource(Protocol):
    """An area whose questions stand in the inbox."""

    def open_rows(self) -> Sequence[InboxRow]:
        """What waits for people now, in any order."""
        ...

    def ended_rows(self, limit: int) -> Sequence[InboxRow]:
        """What has ended last, in any order, at most ``limit``."""
        ...


class InboxFront(Protocol):
    """The list."""

    def open(self) -> tuple[InboxRow, ...]:
        """What waits for people, oldest first."""
        ...

    def ended(self, limit: int = 5) -> tuple[InboxRow, ...]:
        """What has ended last, newest first."""
        ...
