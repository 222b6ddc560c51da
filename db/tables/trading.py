"""Decisions, questions, orders, fills, the book, and the paper venue's own memory.

Column names are the field names of the domain values, so that a row becomes its value without a
translation table. Decisions are kept whole as a record beside the columns that are searched.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import TIMEFRAME, Coded, EnumText
from engine.domain.decisions import ExitPlan
from engine.domain.ids import ApprovalId, DecisionId, FillId, IntentId, TradeId
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import Symbol, Timeframe
from engine.domain.orders import Fill, OrderKind, OrderSide, Purpose


class DecisionRow(Numbered, Base):
    """A decision; ``action``, ``route`` and ``reason`` are the text ids of their codes."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "symbol", "closed_at"), Index(None, "closed_at"))

    id: Mapped[DecisionId] = mapped_column(unique=True)
    venue: Mapped[str]
    symbol: Mapped[Symbol]
    timeframe: Mapped[Timeframe] = mapped_column(TIMEFRAME)
    closed_at: Mapped[datetime]
    strategy_version: Mapped[str]
    action: Mapped[str]
    route: Mapped[str]
    reason: Mapped[str]
    score: Mapped[Decimal | None]
    record: Mapped[str]


class ApprovalRow(Numbered, Base):
    """A question to people."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "state"), Index(None, "order_id"))

    id: Mapped[ApprovalId] = mapped_column(unique=True)
    order_id: Mapped[IntentId]
    decision_id: Mapped[DecisionId | None]
    order_hash: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    round_no: Mapped[int]
    reference_price: Mapped[Decimal]
    max_drift_bps: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    needed: Mapped[int]
    state: Mapped[ApprovalState] = mapped_column(EnumText(ApprovalState))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str]
    ask_again_at: Mapped[datetime | None]
    approvers: Mapped[tuple[int, ...]] = mapped_column(Coded(tuple[int, ...]))


class IntentColumns:
    """The columns of an order intent."""

    id: Mapped[IntentId] = mapped_column(unique=True)
    venue: Mapped[str]
    symbol: Mapped[Symbol]
    side: Mapped[OrderSide] = mapped_column(EnumText(OrderSide))
    kind: Mapped[OrderKind] = mapped_column(EnumText(OrderKind))
    purpose: Mapped[Purpose] = mapped_column(EnumText(Purpose))
    quantity: Mapped[Decimal]
    reference_price: Mapped[Decimal]
    created_at: Mapped[datetime]
    origin: Mapped[str]
    decision_id: Mapped[DecisionId | None]
    limit_price: Mapped[Decimal | None]
    stop_price: Mapped[Decimal | None]
    exit_plan: Mapped[ExitPlan | None] = mapped_column(Coded(ExitPlan))
    exit_reason: Mapped[str | None]
    state: Mapped[OrderState] = mapped_column(EnumText(OrderState), index=True)
    venue_order_id: Mapped[str | None]
    note: Mapped[str]


class OrderRow(Numbered, IntentColumns, Base):
    """An intent and where it stands."""

    __tablename__ = "orders"

    updated_at: Mapped[datetime]
    filled_quantity: Mapped[Decimal]


class FillRow(Numbered, Base):
    """One execution."""

    __tablename__ = "fills"

    id: Mapped[FillId] = mapped_column(unique=True)
    order_id: Mapped[IntentId] = mapped_column(index=True)
    symbol: Mapped[Symbol]
    side: Mapped[OrderSide] = mapped_column(EnumText(OrderSide))
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    fee_quote: Mapped[Decimal]
    slippage_quote: Mapped[Decimal]
    liquidity: Mapped[str]
    filled_at: Mapped[datetime] = mapped_column(index=True)
    trigger: Mapped[str | None]


class LedgerRow(Numbered, Base):
    """One change of one balance."""

    __tablename__ = "ledger"
    __table_args__ = (Index(None, "venue", "currency"), Index(None, "reference"))

    venue: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[Decimal]
    kind: Mapped[str]
    reference: Mapped[str]
    at: Mapped[datetime]


class PositionRow(Base):
    """The open position of a symbol."""

    __tablename__ = "positions"

    venue: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[Symbol] = mapped_column(primary_key=True)
    quantity: Mapped[Decimal]
    entry_price: Mapped[Decimal]
    entry_fees_quote: Mapped[Decimal]
    entry_slippage_quote: Mapped[Decimal]
    opened_at: Mapped[datetime]
    entry_order_id: Mapped[IntentId]
    decision_id: Mapped[DecisionId | None]
    exit_plan: Mapped[ExitPlan] = mapped_column(Coded(ExitPlan))
    stop_price: Mapped[Decimal]
    bars_held: Mapped[int]
    protection_order_id: Mapped[IntentId | None]


class TradeRow(Numbered, Base):
    """A closed round trip."""

    __tablename__ = "trades"
    __table_args__ = (Index(None, "venue", "closed_at"),)

    id: Mapped[TradeId] = mapped_column(unique=True)
    venue: Mapped[str]
    symbol: Mapped[Symbol]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime]
    entry_price: Mapped[Decimal]
    exit_price: Mapped[Decimal]
    quantity: Mapped[Decimal]
    fees_quote: Mapped[Decimal]
    slippage_quote: Mapped[Decimal]
    pnl_quote: Mapped[Decimal]
    exit_reason: Mapped[str]
    entry_order_id: Mapped[IntentId]
    exit_order_id: Mapped[IntentId]
    decision_id: Mapped[DecisionId | None]
    side: Mapped[str]


class EquityRow(Base):
    """Equity at one moment."""

    __tablename__ = "equity"

    venue: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    equity_quote: Mapped[Decimal]
    cash_quote: Mapped[Decimal]


class RiskStateRow(Base):
    """What the limits remember."""

    __tablename__ = "risk_states"

    venue: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date]
    day_start_equity_quote: Mapped[Decimal]
    peak_equity_quote: Mapped[Decimal]
    entries_today: Mapped[int]
    daily_paused: Mapped[bool]
    drawdown_latched: Mapped[bool]


class PaperOrderRow(Numbered, IntentColumns, Base):
    """An order as the paper venue sees it."""

    __tablename__ = "paper_orders"

    fills: Mapped[tuple[Fill, ...]] = mapped_column(Coded(tuple[Fill, ...]))


class PaperBalanceRow(Base):
    """A balance at the paper venue."""

    __tablename__ = "paper_balances"

    venue: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]
