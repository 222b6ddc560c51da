"""Which of the messages that wait for a chat goes next, and which go together.

rows of one chat → ``sort_rows``: go (loud or silent), wait for the digest, or end here →
``choose``: one load. Pure but for what ``sort_rows`` looks up in its unit of work.

Choices:
- The best first, by priority and age. Every eighth message is the one that has waited longest, if
  that is a minute or more, so that a flood of important ones delays the others and no more.
- Rows that say the same go as one message: what is told is today's truth, and it is true once.
- Ten or more reports that wait for one chat go as one list, failures apart from the rest. Questions
  never do; one that has ended meanwhile is a report.
- An answer is never in a list: somebody has asked, and looks for it. What was asked twice while
  nothing could go out is answered once, because the answer is today's truth.
- Four or more opportunities go as one list, best first. Those that come after one was told are
  collected for a minute.
- An edit of a message that is there is silent by nature and always goes. An edit about something
  that was told in a list has nothing to edit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.desk.delivery.desk import policy_for
from engine.desk.delivery.sorting import LISTED, matter_of, type_of
from engine.domain.delivery import (
    ChatPreferences,
    DeliveryPolicy,
    Loudness,
    MessageType,
    digest_comes,
    manner,
)
from engine.domain.desk import Delivery, Json, MessageState, OutboxMessage, Person
from engine.domain.ids import DecisionId
from engine.ports import UnitOfWork

_GROUP_FROM = 10
_FLOCK_FROM = 4
_FLOCK_EVERY = timedelta(minutes=1)
_PATIENCE = timedelta(minutes=1)
_TURN_OF_THE_OLDEST = 8
_GROUPED = frozenset({"fill", "closed", "notice", "heartbeat", "backfill", "alert", "alert_fired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Which message speaks of the subject now."""

    message_id: int
    has_photo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row that is to go out. ``is_report`` may stand in a list with others."""

    row: OutboxMessage
    kind: MessageType | None
    is_silent: bool
    is_report: bool = False

    @property
    def is_opportunity(self) -> bool:
        """Whether it is a card that asks nothing."""
        return self.kind is MessageType.OPPORTUNITY and self.row.kind == "card"

    @property
    def is_new_answer(self) -> bool:
        """Whether it answers a command in a message of its own, whose subject is the command."""
        return self.kind is None and self.row.delivery is Delivery.NEW

    @property
    def may_be_listed(self) -> bool:
        """Whether it may be told in a line among others."""
        is_new = self.row.delivery is Delivery.NEW
        return self.is_report or (self.is_opportunity and is_new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes out as one message to one chat: ``told``, which stands for all ``rows``."""

    chat_id: int
    told: OutboxMessage
    rows: tuple[OutboxMessage, ...]
    is_silent: bool = False

    @property
    def is_new(self) -> bool:
        """Whether one of the rows asks for a message of its own."""
        return any(row.delivery is Delivery.NEW for row in self.rows)

    @property
    def is_repeat(self) -> bool:
        """Whether one of the rows may have arrived before."""
        return any(row.state is MessageState.AMBIGUOUS for row in self.rows)

    @property
    def is_list(self) -> bool:
        """Whether it stands for messages that are told in it in a line each."""
        return self.told.kind in ("backlog", "flock", "held")

    def parted(self, covered: frozenset[str]) -> tuple["Load", tuple[OutboxMessage, ...]]:
        """The same message with the rows that found room in it, and the rows as they are after it.

        The row that asks for what was held is part of every such message, and waits again while
        something is left.
        """
        left = [row for row in self.rows if row.id not in covered]
        rows = (row for row in self.rows if row.id in covered or row.kind == "held")
        after = (
            replace(row, state=MessageState.PENDING) if row.kind == "held" else row for row in left
        )
        return replace(self, rows=tuple(rows)), tuple(after)


@dataclass(slots=True)
class Memory:
    """What the sender remembers of a chat between two messages; lost at a restart, which is fine.

    ``turns`` counts the messages chosen; ``flock_at`` is when opportunities were told last.
    """

    turns: int = 0
    flock_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Rows that go, and rows whose state changes without going out."""

    go: tuple[Waiting, ...] = ()
    changed: tuple[OutboxMessage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Who is told: the reader (``None`` in a group) and what the chat has chosen."""

    chat_id: int
    reader: Person | None
    own: ChatPreferences
    policy: DeliveryPolicy

    @property
    def gets_digest(self) -> bool:
        """Whether something may be held for a digest."""
        return digest_comes(self.policy, self.own, self.reader.role if self.reader else None)


def sort_rows(unit: UnitOfWork, chat: Chat, rows: Iterable[OutboxMessage], now: datetime) -> Sorted:
    """How each row of a chat is told at this moment."""
    go: list[Waiting] = []
    changed: list[OutboxMessage] = []
    asking = _Asking(unit)
    for row in rows:
        kind = type_of(row)
        if kind is None or _is_known(unit, chat.chat_id, row):
            is_report = kind is not None and _is_report(row)
            go.append(Waiting(row=row, kind=kind, is_silent=False, is_report=is_report))
            continue
        end = _end_of(unit, chat, row, kind, now)
        if isinstance(end, OutboxMessage):
            changed.append(end)
            continue
        ended = kind is MessageType.QUESTION and row.kind == "card" and not asking.about(row)
        go.append(Waiting(row=row, kind=kind, is_silent=end, is_report=ended or _is_report(row)))
    return Sorted(go=tuple(go), changed=tuple(changed))


def _end_of(
    unit: UnitOfWork, chat: Chat, row: OutboxMessage, kind: MessageType, now: datetime
) -> OutboxMessage | bool:
    """The row as it ends or waits without being sent; else whether it goes silently."""
    if row.delivery is Delivery.DELETE:
        return False
    if row.delivery is Delivery.EDIT and unit.outbox.sent(chat.chat_id, LISTED + row.subject):
        return replace(row, state=MessageState.SENT, error="told in a list")
    if row.kind == "heartbeat" and chat.gets_digest:
        return replace(row, state=MessageState.SENT, error="told in the digest")
    matter = matter_of(unit, row, kind, with_market=bool(chat.own.muted))
    role = chat.reader.role if chat.reader else None
    loudness = manner(policy_for(chat.policy, chat.reader), chat.own, role, matter, now)
    if row.state is MessageState.AMBIGUOUS:
        # It may have arrived already, so that it neither ends nor waits any more.
        return loudness is not Loudness.LOUD
    if loudness is Loudness.OFF:
        return replace(row, state=MessageState.OFF, error=f"{kind} messages are off here")
    if loudness is Loudness.DIGEST:
        return replace(row, state=MessageState.HELD)
    return loudness is Loudness.SILENT


def _is_known(unit: UnitOfWork, chat_id: int, row: OutboxMessage) -> bool:
    is_edit = row.delivery is Delivery.EDIT
    return is_edit and unit.outbox.sent(chat_id, row.subject) is not None


def _is_report(row: OutboxMessage) -> bool:
    return row.kind in _GROUPED


class _Asking:
    """Which decisions a person is asked about; looked up once, where it matters."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._open: frozenset[DecisionId | None] | None = None

    def about(self, row: OutboxMessage) -> bool:
        if self._open is None:
            pending = self._unit.approvals.pending()
            self._open = frozenset(approval.decision_id for approval in pending)
        return row.payload.get("decision_id") in self._open


def choose(chat_id: int, waiting: Sequence[Waiting], memory: Memory, now: datetime) -> Load | None:
    """The next load, the rows being in the order of delivery; ``None`` if all have time."""
    ready = [one for one in waiting if not _is_collected(one, memory, now)]
    if not ready:
        return None
    memory.turns += 1
    first = ready[0]
    oldest = min(ready, key=lambda one: one.row.created_at)
    if memory.turns % _TURN_OF_THE_OLDEST == 0 and now - oldest.row.created_at >= _PATIENCE:
        first = oldest
    load = _together(chat_id, first, waiting)
    taken = {row.id for row in load.rows}
    if any(one.is_opportunity for one in waiting if one.row.id in taken):
        memory.flock_at = now
    return load


def _is_collected(one: Waiting, memory: Memory, now: datetime) -> bool:
    told_at = memory.flock_at
    if not one.is_opportunity or told_at is None:
        return False
    return one.row.created_at > told_at and told_at <= now < told_at + _FLOCK_EVERY


def _together(chat_id: int, first: Waiting, waiting: Sequence[Waiting]) -> Load:
    is_failure = first.kind is MessageType.FAILURE
    reports = [
        one
        for one in waiting
        if one.may_be_listed and (one.kind is MessageType.FAILURE) is is_failure
    ]
    if first.may_be_listed and all(one.is_opportunity for one in reports):
        if len(reports) >= _FLOCK_FROM:
            return _list_of("flock", chat_id, first, reports)
    elif first.may_be_listed and len(reports) >= _GROUP_FROM:
        return _list_of("backlog", chat_id, first, reports)
    same = [one for one in waiting if one is first or _says_the_same(one, first)]
    return Load(
        chat_id=chat_id,
        told=first.row,
        rows=tuple(one.row for one in same),
        is_silent=all(one.is_silent for one in same),
    )


def _list_of(kind: str, chat_id: int, first: Waiting, members: Sequence[Waiting]) -> Load:
    told = replace(
        first.row,
        kind=kind,
        subject=f"{kind}:{first.row.id}",
        delivery=Delivery.NEW,
        payload=listing(one.row for one in members),
    )
    return Load(
        chat_id=chat_id,
        told=told,
        rows=tuple(one.row for one in members),
        is_silent=all(one.is_silent for one in members),
    )


def with_held(load: Load, held: Sequence[OutboxMessage], total: int) -> Load:
    """A digest that knows how much was held, or the message that tells what was."""
    payload = load.told.payload
    if load.told.kind == "digest":
        return replace(load, told=replace(load.told, payload={**payload, "held": total}))
    if load.told.kind != "held":
        return load
    told = replace(load.told, payload={**payload, **listing(held), "total": total})
    return replace(load, told=told, rows=(*load.rows, *held))


def listing(rows: Iterable[OutboxMessage]) -> dict[str, Json]:
    """The payload of a list: each row's facts, its type and its age."""
    told: list[Json] = [
        {
            "id": row.id,
            "kind": row.kind,
            "subject": row.subject,
            "type": str(type_of(row) or "other"),
            "payload": dict(row.payload),
        }
        for row in rows
    ]
    return {"rows": told}


def _says_the_same(one: Waiting, other: Waiting) -> bool:
    mine, theirs = one.row, other.row
    if (mine.kind, mine.payload, mine.topic) != (theirs.kind, theirs.payload, theirs.topic):
        return False
    return mine.subject == theirs.subject or (one.is_new_answer and other.is_new_answer)


def by_chat(rows: Iterable[OutboxMessage]) -> Mapping[int, list[OutboxMessage]]:
    """Rows of each chat, in their order."""
    found: dict[int, list[OutboxMessage]] = {}
    for row in rows:
        if row.chat_id is not None:
            found.setdefault(row.chat_id, []).append(row)
    return found
