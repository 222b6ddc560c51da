"""Stores of what people change about the desk: questions, and the settings that came of them."""

from collections.abc import Sequence
from typing import Protocol

from engine.domain.changes import Change, Override
from engine.domain.ids import ChangeId


class ChangeStore(Protocol):
    """Questions about the desk itself."""

    def add(self, change: Change) -> bool:
        """Insert; ``False`` and no change if the id or the token is there already."""
        ...

    def get(self, change_id: ChangeId) -> Change | None:
        """One change."""
        ...

    def by_token(self, token: str) -> Change | None:
        """The change a button belongs to."""
        ...

    def pending(self) -> Sequence[Change]:
        """Open questions, oldest first."""
        ...

    def replace(self, before: Change, after: Change) -> None:
        """Compare-and-set on state, digest and approvers; ``ConflictError`` if another was quicker.

        What was asked never changes: only state, approvers, how many it takes, who decided, when,
        and the note do.
        """
        ...

    def recent(self, limit: int) -> Sequence[Change]:
        """Newest first."""
        ...


class OverrideStore(Protocol):
    """Settings that go before the configuration file, one row a key."""

    def all(self) -> Sequence[Override]:
        """Every override, by key."""
        ...

    def put(self, override: Override) -> None:
        """Insert or replace by key."""
        ...

    def drop(self, key: str) -> None:
        """The file holds again; absent is fine."""
        ...
