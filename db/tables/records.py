"""What the book's history adds up to, and the shadow book."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import Coded, EnumText
from engine.domain.ids import ApprovalId, DecisionId
from engine.domain.market import Symbol
from engine.domain.orders import OrderIntent
from engine.domain.portfolio import Position
from engine.domain.shadows import ShadowState, Veto


class LedgerBalanceRow(Base):
    """The running sum of one currency's ledger lines."""

    __tablename__ = "ledger_balances"

    venue: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]


class ShadowRow(Numbered, Base):
    """A proposal that was not traded, followed as if it had been."""

    __tablename__ = "shadow_trades"
    __table_args__ = (Index(None, "venue", "state"),)

    id: Mapped[ApprovalId] = mapped_column(unique=True)
    venue: Mapped[str]
    symbol: Mapped[Symbol]
    decision_id: Mapped[DecisionId | None]
    intent: Mapped[OrderIntent] = mapped_column(Coded(OrderIntent))
    veto: Mapped[Veto] = mapped_column(EnumText(Veto))
    vetoed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_by: Mapped[int | None]
    note: Mapped[str]
    state: Mapped[ShadowState] = mapped_column(EnumText(ShadowState))
    followed_until: Mapped[datetime | None]
    position: Mapped[Position | None] = mapped_column(Coded(Position))
    leaving: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    pnl_quote: Mapped[Decimal]
    fees_quote: Mapped[Decimal]
    slippage_quote: Mapped[Decimal]
    exit_reason: Mapped[str]
