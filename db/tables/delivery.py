"""How each chat wants to be told things, and what became of chats."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base
from db.types import JsonText
from engine.domain.desk import Json


class ChatPreferencesRow(Base):
    """What one chat has chosen. ``quiet`` is ``HH:MM-HH:MM``, ``off``, or empty for the default."""

    __tablename__ = "chat_preferences"

    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loudness: Mapped[Json] = mapped_column(JsonText, nullable=False)
    quiet: Mapped[str]
    muted_until: Mapped[datetime | None]
    muted: Mapped[Json] = mapped_column(JsonText, nullable=False)


class ChatStateRow(Base):
    """What became of a chat."""

    __tablename__ = "chat_states"

    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gone_at: Mapped[datetime | None]
    gone_why: Mapped[str]
    moved_to: Mapped[int | None]
