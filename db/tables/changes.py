"""What people change about the desk, and the settings that came of it."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import Coded, EnumText, JsonText
from engine.domain.changes import ChangeKind
from engine.domain.desk import Json
from engine.domain.ids import ChangeId
from engine.domain.lifecycles import ApprovalState


class ChangeRow(Numbered, Base):
    """A question about the desk itself."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[ChangeId] = mapped_column(unique=True)
    kind: Mapped[ChangeKind] = mapped_column(EnumText(ChangeKind))
    subject: Mapped[str]
    value: Mapped[str]
    before: Mapped[Json] = mapped_column(JsonText, nullable=False)
    after: Mapped[Json] = mapped_column(JsonText, nullable=False)
    digest: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    asked_by: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reason: Mapped[str]
    evidence: Mapped[Json] = mapped_column(JsonText, nullable=False)
    needed: Mapped[int]
    needs_code: Mapped[bool]
    state: Mapped[ApprovalState] = mapped_column(EnumText(ApprovalState))
    approvers: Mapped[tuple[int, ...]] = mapped_column(Coded(tuple[int, ...]))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str]


class OverrideRow(Base):
    """A setting that goes before the configuration file."""

    __tablename__ = "setting_overrides"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    before: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[int | None]
    change_id: Mapped[ChangeId]
