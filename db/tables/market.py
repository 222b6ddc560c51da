"""Candles, what the firewall refused, and the history of scores.

Candles are the only bulk: five floats under (series, open time), clustered on SQLite, with a small
number instead of three texts for the series. They hold ``float`` because indicators do; money never
meets these columns.
"""

from datetime import datetime

from sqlalchemy import Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import BIG_INTEGER, TIMEFRAME, Coded, JsonText
from engine.domain.desk import Json
from engine.domain.market import Symbol, Timeframe


class CandleSeriesRow(Base):
    """Which series exist; candles and marks point here."""

    __tablename__ = "candle_series"
    __table_args__ = (UniqueConstraint("venue", "symbol", "timeframe"),)

    id: Mapped[int] = mapped_column(BIG_INTEGER, Identity(always=False), primary_key=True)
    venue: Mapped[str]
    symbol: Mapped[Symbol]
    timeframe: Mapped[Timeframe] = mapped_column(TIMEFRAME)


class CandleRow(Base):
    """One closed bar."""

    __tablename__ = "candles"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    open_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    open: Mapped[float]
    high: Mapped[float]
    low: Mapped[float]
    close: Mapped[float]
    volume: Mapped[float]


class EmptyCandleRow(Base):
    """A bar that the venue was asked for and does not have."""

    __tablename__ = "empty_candles"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    open_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class QuarantineRow(Numbered, Base):
    """A refused row; ``fingerprint`` covers all but the time it was seen."""

    __tablename__ = "quarantine"

    fingerprint: Mapped[str] = mapped_column(unique=True)
    venue: Mapped[str]
    symbol: Mapped[str]
    timeframe: Mapped[str]
    open_ms: Mapped[int | None]
    row: Mapped[str]
    reason: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(index=True)


class ScoreHistoryRow(Base):
    """One bar's signals and score."""

    __tablename__ = "scores"
    __table_args__ = (Index(None, "venue", "timeframe", "close_ms"),)

    venue: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    timeframe: Mapped[str] = mapped_column(primary_key=True)
    close_ms: Mapped[int] = mapped_column(BIG_INTEGER, primary_key=True, autoincrement=False)
    strategy_version: Mapped[str] = mapped_column(primary_key=True)
    signed_score: Mapped[float]
    rank_fraction: Mapped[float]
    sides: Mapped[str]
    strengths: Mapped[tuple[float, ...]] = mapped_column(Coded(tuple[float, ...]))


class WeightSetRow(Numbered, Base):
    """A version of the score's weights."""

    __tablename__ = "weight_sets"

    version: Mapped[str] = mapped_column(unique=True)
    weights: Mapped[Json] = mapped_column(JsonText, nullable=False)
    note: Mapped[str]
    created_at: Mapped[datetime]
    active: Mapped[bool]
