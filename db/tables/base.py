"""What all tables share: one type per annotation, named constraints, insertion order.

Facts carry no foreign keys to each other: what a venue reports must be storable whatever is missing
here, and a compare-and-set row by row is what keeps them straight.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, Date, Double, Identity, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.types import BIG_INTEGER, ExactDecimal, SafeText, SymbolText, UtcDateTime
from engine.domain.ids import (
    ApprovalId,
    ChangeId,
    DecisionId,
    FillId,
    IntentId,
    MessageId,
    TradeId,
)
from engine.domain.market import Symbol


class Base(DeclarativeBase):
    """Registry of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read once by SQLAlchemy, whose base declares it so
        bool: Boolean,
        date: Date,
        datetime: UtcDateTime,
        Decimal: ExactDecimal,
        float: Double,
        int: BIG_INTEGER,
        str: SafeText,
        Symbol: SymbolText,
        ApprovalId: SafeText,
        ChangeId: SafeText,
        DecisionId: SafeText,
        FillId: SafeText,
        IntentId: SafeText,
        MessageId: SafeText,
        TradeId: SafeText,
    }


class Numbered:
    """Rows numbered as they came in: the tie-breaker of "oldest first"."""

    row_no: Mapped[int] = mapped_column(
        BIG_INTEGER, Identity(always=False), primary_key=True, sort_order=-1
    )
