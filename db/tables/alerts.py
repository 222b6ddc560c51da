"""Alerts, the times they came true, and the markets that people watch."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import Coded, EnumText
from engine.domain.alert_measures import Condition
from engine.domain.alerts import AlertState, Arm, Hit
from engine.domain.market import Symbol


class AlertRow(Numbered, Base):
    """What somebody wants to be told of, and where it stands."""

    __tablename__ = "alerts"
    __table_args__ = (Index(None, "state"), Index(None, "user_id"))

    id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int]
    chat_id: Mapped[int]
    condition: Mapped[Condition] = mapped_column(Coded(Condition))
    created_at: Mapped[datetime]
    since: Mapped[datetime]
    once: Mapped[bool]
    cooldown_s: Mapped[int | None]
    expires_on: Mapped[date | None]
    state: Mapped[AlertState] = mapped_column(EnumText(AlertState))
    edition: Mapped[int]
    fired: Mapped[int]
    arms: Mapped[tuple[Arm, ...]] = mapped_column(Coded(tuple[Arm, ...]))
    known: Mapped[tuple[str, ...]] = mapped_column(Coded(tuple[str, ...]))


class FiringRow(Base):
    """An alert came true: a fact."""

    __tablename__ = "alert_firings"

    alert_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    told_at: Mapped[datetime]
    hits: Mapped[tuple[Hit, ...]] = mapped_column(Coded(tuple[Hit, ...]))


class WatchRow(Numbered, Base):
    """A market that a person watches."""

    __tablename__ = "watches"
    __table_args__ = (Index(None, "user_id", "symbol", unique=True),)

    user_id: Mapped[int]
    symbol: Mapped[Symbol]
    added_at: Mapped[datetime]
