"""Controls, people, jobs, notes, audit, outbox and inbox in memory."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

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
    Role,
    SentMessage,
)
from engine.domain.errors import DataError, InvalidValueError
from engine.domain.ids import MessageId
from tests.fakes.memory import Memory, Table

CONTROLS = Table[int, Controls]()
PEOPLE = Table[int, Person]()
JOBS = Table[str, JobRun]()
NOTES = Table[str, Json]()
AUDIT = Table[int, AuditLine]()
OUTBOX = Table[MessageId, OutboxMessage]()
SENT = Table[tuple[int, str], SentMessage]()
INBOX = Table[tuple[str, int], InboxUpdate]()
DONE = Table[tuple[str, int], tuple[datetime, str]]()
_ENDED = (MessageState.SENT, MessageState.OFF)


class FakeDesk:
    """See ``engine.ports.DeskStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def controls(self) -> Controls:
        return self._memory.read(CONTROLS).get(1, Controls())

    def put_controls(self, controls: Controls) -> None:
        self._memory.write(CONTROLS)[1] = controls

    def people(self) -> Sequence[Person]:
        rank = list(Role).index
        rows = self._memory.read(PEOPLE).values()
        return sorted(rows, key=lambda row: (rank(row.role), row.user_id))

    def put_person(self, person: Person) -> None:
        self._memory.write(PEOPLE)[person.user_id] = person

    def drop_person(self, user_id: int) -> None:
        self._memory.write(PEOPLE).pop(user_id, None)

    def job_runs(self) -> Sequence[JobRun]:
        return sorted(self._memory.read(JOBS).values(), key=lambda row: row.name)

    def put_job_run(self, run: JobRun) -> None:
        self._memory.write(JOBS)[run.name] = run

    def note(self, key: str) -> Json:
        return deepcopy(self._memory.read(NOTES).get(key))

    def put_note(self, key: str, value: Json) -> None:
        self._memory.write(NOTES)[key] = deepcopy(value)

    def drop_notes(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._memory.write(NOTES).pop(key, None)


class FakeAudit:
    """See ``engine.ports.AuditStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def append(self, event: AuditEvent) -> AuditLine:
        rows = self._memory.write(AUDIT)
        number = len(rows) + 1
        rows[number] = AuditLine(
            number=number, event=deepcopy(event), hash=_hash(self._previous(number), number, event)
        )
        return rows[number]

    def tail(self, limit: int) -> Sequence[AuditLine]:
        return list(self._memory.read(AUDIT).values())[::-1][:limit]

    def about(self, subject: str) -> Sequence[AuditLine]:
        return [row for row in self._memory.read(AUDIT).values() if row.event.subject == subject]

    def latest(self, subject: str) -> AuditLine | None:
        return next(iter(self.about(subject)[::-1]), None)

    def verify(self) -> int:
        return self.verify_from(AuditMark()).number

    def verify_from(self, mark: AuditMark, limit: int | None = None) -> AuditMark:
        rows = self._memory.read(AUDIT)
        if mark.number and (mark.number not in rows or rows[mark.number].hash != mark.hash):
            raise DataError(f"audit line {mark.number} is not the one that was found whole before")
        last = len(rows) if limit is None else min(len(rows), mark.number + limit)
        self.verify_lines(range(mark.number + 1, last + 1))
        return AuditMark(number=last, hash=rows[last].hash) if last else AuditMark()

    def verify_lines(self, numbers: Iterable[int]) -> None:
        rows = self._memory.read(AUDIT)
        for number in numbers:
            line = rows.get(number)
            if line is None:
                raise DataError(f"audit line {number} is missing")
            if line.hash != _hash(self._previous(number), number, line.event):
                raise DataError(f"audit line {number} was changed")

    def _previous(self, number: int) -> str:
        line = self._memory.read(AUDIT).get(number - 1)
        return "" if line is None else line.hash


def _hash(previous: str, number: int, event: AuditEvent) -> str:
    return hashlib.sha256(repr((previous, number, event)).encode("utf-8", "replace")).hexdigest()


class FakeOutbox:
    """See ``engine.ports.Outbox``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def put(self, message: OutboxMessage) -> bool:
        return self._memory.add(OUTBOX, message.id, message)

    def due(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        waiting = (MessageState.PENDING, MessageState.AMBIGUOUS)
        rows = [
            row
            for row in self._memory.read(OUTBOX).values()
            if row.state in waiting and (row.not_before is None or row.not_before <= now)
        ]
        return sorted(rows, key=lambda row: (row.priority, row.created_at))[:limit]

    def waiting(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        rows = self.due(now, len(self._memory.read(OUTBOX)))
        seen: Counter[int | None] = Counter()
        found: list[OutboxMessage] = []
        for row in rows:
            seen[row.chat_id] += 1
            if seen[row.chat_id] <= limit:
                found.append(row)
        return found

    def in_state(
        self, state: MessageState, limit: int, *, chat_id: int | None = None
    ) -> Sequence[OutboxMessage]:
        rows = [
            row
            for row in self._memory.read(OUTBOX).values()
            if row.state is state and chat_id in (None, row.chat_id)
        ]
        return sorted(rows, key=lambda row: row.created_at)[:limit]

    def chats_with(self, state: MessageState) -> Mapping[int, int]:
        rows = (row for row in self._memory.read(OUTBOX).values() if row.state is state)
        return Counter(row.chat_id for row in rows if row.chat_id is not None)

    def update(self, message: OutboxMessage) -> None:
        rows = self._memory.write(OUTBOX)
        if message.id not in rows:
            raise InvalidValueError("message", "a queued one", message.id)
        rows[message.id] = deepcopy(message)

    def counts(self) -> Mapping[MessageState, int]:
        states = [row.state for row in self._memory.read(OUTBOX).values()]
        return {state: states.count(state) for state in MessageState}

    def dead(self, limit: int) -> Sequence[OutboxMessage]:
        rows = [r for r in self._memory.read(OUTBOX).values() if r.state is MessageState.DEAD]
        return sorted(rows, key=lambda row: row.created_at)[::-1][:limit]

    def get(self, message_id: MessageId) -> OutboxMessage | None:
        return self._memory.read(OUTBOX).get(message_id)

    def remember_sent(self, sent: SentMessage) -> None:
        self._memory.write(SENT)[sent.chat_id, sent.subject] = sent

    def sent(self, chat_id: int, subject: str) -> SentMessage | None:
        return self._memory.read(SENT).get((chat_id, subject))

    def newest_sent(self, chat_id: int, limit: int) -> Sequence[SentMessage]:
        rows = [row for row in self._memory.read(SENT).values() if row.chat_id == chat_id]
        return sorted(rows, key=lambda row: (-row.chat_message_id, row.subject))[:limit]

    def prune(self, before: datetime, limit: int) -> int:
        rows = self._memory.write(OUTBOX)
        old = [row.id for row in rows.values() if row.state in _ENDED and row.created_at < before][
            :limit
        ]
        for number in old:
            del rows[number]
        return len(old)

    def prune_sent(self, before: datetime, limit: int, *, kept: Collection[str]) -> int:
        queued = self._memory.read(OUTBOX).values()
        waiting = {row.subject for row in queued if row.state not in _ENDED}
        rows = self._memory.write(SENT)
        old = [
            key
            for key, row in rows.items()
            if row.sent_at < before and row.subject not in {*kept, *waiting}
        ][:limit]
        for key in old:
            del rows[key]
        return len(old)


class FakeInbox:
    """See ``engine.ports.Inbox``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def put(self, updates: Iterable[InboxUpdate]) -> int:
        return sum(self._memory.add(INBOX, (item.source, item.update_id), item) for item in updates)

    def pending(self, source: str, limit: int) -> Sequence[InboxUpdate]:
        done = self._memory.read(DONE)
        rows = [
            row
            for key, row in self._memory.read(INBOX).items()
            if row.source == source and key not in done
        ]
        return sorted(rows, key=lambda row: row.update_id)[:limit]

    def done(self, source: str, update_id: int, at: datetime, error: str = "") -> None:
        self._memory.write(DONE)[source, update_id] = (at, error)

    def redact(self, source: str, update_id: int, payload: Mapping[str, Json]) -> None:
        rows = self._memory.write(INBOX)
        row = rows.get((source, update_id))
        if row is not None:
            rows[source, update_id] = replace(row, payload=payload)

    def retry(self, source: str, update_id: int) -> int:
        rows = self._memory.write(INBOX)
        row = rows.get((source, update_id))
        if row is None:
            raise InvalidValueError("inbox update", f"a stored one of {source}", update_id)
        rows[source, update_id] = replace(row, attempts=row.attempts + 1)
        return row.attempts + 1

    def last_id(self, source: str) -> int | None:
        ids = [row.update_id for row in self._memory.read(INBOX).values() if row.source == source]
        return max(ids, default=None)

    def prune(self, before: datetime, limit: int) -> Sequence[tuple[str, int]]:
        ended = self._memory.write(DONE)
        old = [
            key for key, (at, _) in ended.items() if at < before and key[1] != self.last_id(key[0])
        ][:limit]
        for key in old:
            del ended[key]
            del self._memory.write(INBOX)[key]
        return old
