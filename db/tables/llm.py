"""What the model gateway remembers: kept answers and the day's money."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered


class LlmReplyRow(Base):
    """A grounded answer by the hash of everything that was asked."""

    __tablename__ = "llm_replies"

    key: Mapped[str] = mapped_column(primary_key=True)
    reply: Mapped[str]
    kept_at: Mapped[datetime]


class LlmBudgetDayRow(Base):
    """A UTC day; locked while money of it is set aside."""

    __tablename__ = "llm_budget_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    warned: Mapped[bool]


class LlmBudgetRow(Numbered, Base):
    """Money set aside for one call, then what the call cost."""

    __tablename__ = "llm_budget"
    __table_args__ = (Index(None, "day"),)

    day: Mapped[date]
    purpose: Mapped[str]
    amount_usd: Mapped[Decimal]
    settled: Mapped[bool]
