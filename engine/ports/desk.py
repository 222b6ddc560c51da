"""Stores of the desk itself: controls, people, the audit trail, messages in and out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from engine.domain.desk import (
    AuditEvent,
    AuditLine,
    AuditMark,
    Controls,
    InboxUpdate,
    JobRun,
    Json,
    MessageState,
    OutboxMessage,
    Person,
    SentMessage,
)
from engine.domain.ids import MessageId


class DeskStore(Protocol):
    """Controls, people and jobs."""

    def controls(self) -> Controls:
        """The switches; all off before anybody touched them."""
        ...

    def put_controls(self, controls: Controls) -> None:
        """Replace them."""
        ...

    def people(self) -> Sequence[Person]:
        """Everybody the desk knows, owners first."""
        ...

    def put_person(self, person: Person) -> None:
        """Insert or replace by user id."""
        ...

    def drop_person(self, user_id: int) -> None:
        """Forget somebody; absent is fine."""
        ...

    def job_runs(self) -> Sequence[JobRun]:
        """Last run of every job, by name."""
        ...

    def put_job_run(self, run: JobRun) -> None:
        """Replace the job's last run."""
        ...

    def note(self, key: str) -> Json:
        """A small remembered value (pairing code hash, last heartbeat …), ``None`` if absent."""
        ...

    def put_note(self, key: str, value: Json) -> None:
        """Replace it."""
        ...

    def drop_notes(self, keys: Iterable[str]) -> None:
        """Forget these; absent is fine."""
        ...


class AuditStore(Protocol):
    """The append-only, hash-chained trail."""

    def append(self, event: AuditEvent) -> AuditLine:
        """Number it, chain it, store it."""
        ...

    def tail(self, limit: int) -> Sequence[AuditLine]:
        """Newest first."""
        ...

    def about(self, subject: str) -> Sequence[AuditLine]:
        """Everything about one subject, oldest first."""
        ...

    def latest(self, subject: str) -> AuditLine | None:
        """The newest line about one subject."""
        ...

    def verify(self) -> int:
        """Check the whole chain: its length, or ``DataError`` naming the first break."""
        ...

    def verify_from(self, mark: AuditMark, limit: int | None = None) -> AuditMark:
        """Check that the trail goes on from ``mark``, for at most ``limit`` lines; how far it does.

        ``DataError`` names the first break, which may be that the marked line is another one now.
        What is before the mark is not looked at.
        """
        ...

    def verify_lines(self, numbers: Iterable[int]) -> None:
        """Check that each of these lines fits the one before it; ``DataError`` if one does not."""
        ...


class Outbox(Protocol):
    """Messages waiting to be told."""

    def put(self, message: OutboxMessage) -> bool:
        """Queue; ``False`` and no change if the id is there already."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Pending or ambiguous and not before ``now``: by priority, then age."""
        ...

    def waiting(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Like ``due``, but at most ``limit`` of each chat, so that no chat crowds out another."""
        ...

    def in_state(
        self, state: MessageState, limit: int, *, chat_id: int | None = None
    ) -> Sequence[OutboxMessage]:
        """Rows in a state, oldest first; of one chat, or of all."""
        ...

    def chats_with(self, state: MessageState) -> Mapping[int, int]:
        """How many rows in a state each chat has; rows of no chat are not counted."""
        ...

    def update(self, message: OutboxMessage) -> None:
        """Replace a row (chat, state, attempts, not_before, error)."""
        ...

    def counts(self) -> Mapping[MessageState, int]:
        """How many in each state."""
        ...

    def dead(self, limit: int) -> Sequence[OutboxMessage]:
        """Dead letters, newest first."""
        ...

    def get(self, message_id: MessageId) -> OutboxMessage | None:
        """One message."""
        ...

    def remember_sent(self, sent: SentMessage) -> None:
        """Bind a subject to a chat message (insert or replace)."""
        ...

    def sent(self, chat_id: int, subject: str) -> SentMessage | None:
        """Which chat message speaks of a subject."""
        ...

    def newest_sent(self, chat_id: int, limit: int) -> Sequence[SentMessage]:
        """What is bound to the chat's messages of the highest numbers, highest first."""
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Delete at most ``limit`` rows queued before then that are sent or off; how many."""
        ...

    def prune_sent(self, before: datetime, limit: int, *, kept: Collection[str]) -> int:
        """Forget at most ``limit`` bindings made before then, but of no ``kept`` subject; how many.

        A binding never goes while a row about its subject waits, is held or has died.
        """
        ...


class Inbox(Protocol):
    """Updates received and not yet lost."""

    def put(self, updates: Iterable[InboxUpdate]) -> int:
        """Store, skipping known (source, update id) pairs. Returns how many were new."""
        ...

    def pending(self, source: str, limit: int) -> Sequence[InboxUpdate]:
        """Not yet done, by update id."""
        ...

    def done(self, source: str, update_id: int, at: datetime, error: str = "") -> None:
        """Mark as processed."""
        ...

    def redact(self, source: str, update_id: int, payload: Mapping[str, Json]) -> None:
        """Keep this instead of what was received, because it holds what must not be kept."""
        ...

    def retry(self, source: str, update_id: int) -> int:
        """Count an attempt that did not finish; returns the attempts so far."""
        ...

    def last_id(self, source: str) -> int | None:
        """The highest update id ever stored."""
        ...

    def prune(self, before: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Delete at most ``limit`` updates that were done before then; which (source, update id).

        The one of the highest id stays, of every source.
        """
        ...
