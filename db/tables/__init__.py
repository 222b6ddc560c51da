"""All tables, as SQLAlchemy's typed declarative classes, by subject."""

from db.tables import desk, llm, market, research, trading
from db.tables.base import Base

__all__ = ["Base", "desk", "llm", "market", "research", "trading"]
