"""What the desk itself remembers: controls, people, messages in and out, audit, jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from engine.domain.ids import MessageId
from engine.domain.values import require_utc

type Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


class Mode(StrEnum):
    """What the desk may do: show, trade on paper, trade with money."""

    ALERT = "alert"
    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """Switches that a person holds. ``killed`` blocks every increasing order until switched off.

    ``changed_at`` and ``changed_by`` tell when and by whom ``killed`` was switched, and nothing of
    ``paused``: which stop it is that ends is agreed to by its time.
    """

    killed: bool = False
    paused: bool = False
    changed_at: datetime | None = None
    changed_by: str = ""


class Role(StrEnum):
    """What a person may do."""

    OWNER = "owner"
    APPROVER = "approver"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the desk knows, by numeric chat id (never by name).

    ``theme`` of pictures, ``zone`` of times (IANA) and ``language`` are empty where the desk's are
    good enough.
    """

    user_id: int
    role: Role
    name: str
    chat_id: int
    language: str = "en"
    paired_at: datetime | None = None
    theme: str = ""
    zone: str = ""


class Priority(IntEnum):
    """Order of delivery: lower goes first."""

    FAILURE = 0
    QUESTION = 1
    ANSWER = 2
    FILL = 3
    OPPORTUNITY = 4
    DIGEST = 5


class Delivery(StrEnum):
    """``NEW`` sends a message, ``EDIT`` edits the one about the same subject (or sends it).

    ``DELETE`` takes the one about the same subject away, if there is one.
    """

    NEW = "new"
    EDIT = "edit"
    DELETE = "delete"


class MessageState(StrEnum):
    """Life of an outbox row; an ``AMBIGUOUS`` one got no reply and is sent again, marked.

    A ``HELD`` one waits for its chat's next digest; ``OFF`` is what its chat has chosen not to get.
    """

    PENDING = "pending"
    SENT = "sent"
    AMBIGUOUS = "ambiguous"
    DEAD = "dead"
    HELD = "held"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """Something to tell people, written in the same commit as the change it reports.

    ``kind`` names the renderer, ``payload`` its facts (ids, numbers as text); the words are made at
    delivery in the reader's language. ``subject`` binds edits to one message. ``chat_id`` is the
    receiver, or ``None`` for every chat of the desk (the sender fans it out). ``topic`` is a topic
    of a group; ``None`` is the one the group is configured with, 0 the general one.
    """

    id: MessageId
    kind: str
    subject: str
    payload: Mapping[str, Json]
    created_at: datetime
    priority: Priority = Priority.OPPORTUNITY
    delivery: Delivery = Delivery.NEW
    chat_id: int | None = None
    topic: int | None = None
    state: MessageState = MessageState.PENDING
    attempts: int = 0
    not_before: datetime | None = None
    error: str = ""

    def __post_init__(self) -> None:
        """Time is UTC."""
        require_utc("created_at", self.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """Which message in a chat speaks of a subject; ``has_photo`` decides how it is edited."""

    chat_id: int
    subject: str
    chat_message_id: int
    has_photo: bool
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxUpdate:
    """A raw update of a chat service, stored before it is acknowledged."""

    source: str
    update_id: int
    payload: Mapping[str, Json]
    received_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line of the audit trail, before the database numbers it and chains it by hash."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A stored audit event: its number and the hash over it and its predecessor's hash."""

    number: int
    event: AuditEvent
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMark:
    """How far the audit trail was found whole: the last line's number and hash.

    Number 0 is the beginning, and has no hash.
    """

    number: int = 0
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """Last outcome of a scheduled job; ``failures`` counts the present run of failures."""

    name: str
    finished_at: datetime
    ok: bool
    detail: str = ""
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedCandle:
    """A row the firewall did not let through, kept with its reason."""

    venue: str
    symbol: str
    timeframe: str
    open_ms: int | None
    row: str
    reason: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """A version of the score's weights; active only after a person's approval."""

    version: str
    weights: Mapping[str, float]
    note: str
    created_at: datetime
    active: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One bar of signal history: side and strength of every indicator, and the signed score."""

    venue: str
    symbol: str
    timeframe: str
    close_ms: int
    strategy_version: str
    signed_score: float
    rank_fraction: float
    sides: str
    strengths: tuple[float, ...]
