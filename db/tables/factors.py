"""Second factors, and the wishes that wait for their code."""

from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from db.tables.base import Base, Numbered
from db.types import Coded, EnumText, JsonText, SafeText
from engine.domain.desk import Json
from engine.domain.factors import ChallengeKind, ChallengeState, FactorState
from engine.domain.secret_text import SecretText


class Veiled(TypeDecorator[SecretText]):
    """A secret: text in the database, stars everywhere else (statements that are logged too)."""

    impl = SafeText
    cache_ok = True

    def process_bind_param(self, value: SecretText | None, dialect: Dialect) -> str | None:
        """The text itself."""
        del dialect
        return None if value is None else value.reveal()

    def process_result_value(self, value: Any, dialect: Dialect) -> SecretText | None:  # noqa: ANN401 - the signature is TypeDecorator's
        """Under its veil again."""
        del dialect
        return None if value is None else SecretText(value)


class FactorRow(Base):
    """A person's second factor."""

    __tablename__ = "factors"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    secret: Mapped[SecretText] = mapped_column(Veiled, nullable=False)
    made_at: Mapped[datetime]
    state: Mapped[FactorState] = mapped_column(EnumText(FactorState))
    shown_codes: Mapped[SecretText | None] = mapped_column(Veiled, nullable=True)
    recovery: Mapped[tuple[str, ...]] = mapped_column(Coded(tuple[str, ...]))
    last_step: Mapped[int | None]
    wrong_tries: Mapped[int]
    locked_until: Mapped[datetime | None]


class ChallengeRow(Numbered, Base):
    """A wish that waits for its code."""

    __tablename__ = "challenges"
    __table_args__ = (Index(None, "state", "user_id"),)

    id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int]
    kind: Mapped[ChallengeKind] = mapped_column(EnumText(ChallengeKind))
    area: Mapped[str]
    subject: Mapped[str]
    action: Mapped[str]
    facts: Mapped[Json] = mapped_column(JsonText, nullable=False)
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[ChallengeState] = mapped_column(EnumText(ChallengeState))
    ended_at: Mapped[datetime | None]
