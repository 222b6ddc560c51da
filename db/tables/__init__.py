"""All tables, as SQLAlchemy's typed declarative classes, by subject."""

from db.tables import alerts, changes, delivery, desk, llm, market, records, research, trading
from db.tables.base import Base

__all__ = [
    "Base",
    "alerts",
    "changes",
    "delivery",
    "desk",
    "factors",
    "llm",
    "market",
    "records",
    "research",
    "trading",
]
