"""What the desk remembers: controls, people, jobs, notes, the audit trail, messages in and out."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import EnumNumber, EnumText, JsonText
from engine.domain.desk import Delivery, Json, MessageState, Priority, Role
from engine.domain.ids import MessageId


class ControlsRow(Base):
    """The switches; one row, number 1."""

    __tablename__ = "controls"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    killed: Mapped[bool]
    paused: Mapped[bool]
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[str]


class PersonRow(Base):
    """Somebody the desk knows."""

    __tablename__ = "people"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[Role] = mapped_column(EnumText(Role))
    name: Mapped[str]
    chat_id: Mapped[int]
    language: Mapped[str]
    paired_at: Mapped[datetime | None]
    theme: Mapped[str]
    zone: Mapped[str]


class NoteRow(Base):
    """A small remembered value."""

    __tablename__ = "notes"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Json] = mapped_column(JsonText, nullable=False)


class JobRunRow(Base):
    """The last run of a job."""

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime]
    ok: Mapped[bool]
    detail: Mapped[str]
    failures: Mapped[int]


class AuditRow(Base):
    """One line of the trail, chained to the one before by its hash."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[Json] = mapped_column(JsonText, nullable=False)
    hash: Mapped[str]


class AuditHeadRow(Base):
    """The end of the trail; one row, number 1, locked while a line is added.

    It makes writers take turns on PostgreSQL, and a cut-off end visible.
    """

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[str]


class OutboxRow(Numbered, Base):
    """A message waiting to be told."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "state", "priority", "created_at"),)

    id: Mapped[MessageId] = mapped_column(unique=True)
    kind: Mapped[str]
    subject: Mapped[str]
    payload: Mapped[Json] = mapped_column(JsonText, nullable=False)
    created_at: Mapped[datetime]
    priority: Mapped[Priority] = mapped_column(EnumNumber(Priority))
    delivery: Mapped[Delivery] = mapped_column(EnumText(Delivery))
    chat_id: Mapped[int | None]
    topic: Mapped[int | None]
    state: Mapped[MessageState] = mapped_column(EnumText(MessageState))
    attempts: Mapped[int]
    not_before: Mapped[datetime | None]
    error: Mapped[str]


class SentMessageRow(Base):
    """Which chat message speaks of a subject."""

    __tablename__ = "sent_messages"

    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(primary_key=True)
    chat_message_id: Mapped[int]
    has_photo: Mapped[bool]
    sent_at: Mapped[datetime]


class InboxRow(Base):
    """A raw update, kept until it is done and after."""

    __tablename__ = "inbox"
    __table_args__ = (Index(None, "source", "done_at"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payload: Mapped[Json] = mapped_column(JsonText, nullable=False)
    received_at: Mapped[datetime]
    attempts: Mapped[int]
    done_at: Mapped[datetime | None]
    error: Mapped[str]
