"""What was tried, what was proved, what a score is worth, and research jobs.

A trial is an immutable fact that counts for ever: there is no column to say that it does not.
"""

from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, Numbered
from db.types import TIMEFRAME, Coded, EnumText, Floats, JsonText
from engine.domain.desk import Json
from engine.domain.market import Timeframe
from engine.domain.proof import CalibrationCurve, Criterion, Prediction, ResearchState


class TrialRow(Numbered, Base):
    """A result out of sample that was seen."""

    __tablename__ = "trials"
    __table_args__ = (Index(None, "lineage", "seen_at"),)

    id: Mapped[str] = mapped_column(unique=True)
    lineage: Mapped[str]
    strategy_version: Mapped[str]
    parameters: Mapped[Json] = mapped_column(JsonText, nullable=False)
    code_digest: Mapped[str]
    data_digest: Mapped[str]
    seen_at: Mapped[datetime]
    first_day: Mapped[date]
    daily_returns: Mapped[tuple[float, ...]] = mapped_column(Floats)
    sharpe: Mapped[float | None]
    trades: Mapped[int]
    note: Mapped[str]
    excess_returns: Mapped[tuple[float, ...]] = mapped_column(Floats)


class ProofRow(Numbered, Base):
    """A verdict of the gate."""

    __tablename__ = "proofs"
    __table_args__ = (Index(None, "strategy_version", "made_at"),)

    id: Mapped[str] = mapped_column(unique=True)
    strategy_version: Mapped[str]
    fingerprint: Mapped[str]
    lineage: Mapped[str]
    made_at: Mapped[datetime]
    timeframe: Mapped[Timeframe] = mapped_column(TIMEFRAME)
    symbols: Mapped[tuple[str, ...]] = mapped_column(Coded(tuple[str, ...]))
    data_from: Mapped[datetime]
    data_to: Mapped[datetime]
    data_digest: Mapped[str]
    trials: Mapped[int]
    passed: Mapped[bool]
    criteria: Mapped[tuple[Criterion, ...]] = mapped_column(Coded(tuple[Criterion, ...]))
    metrics: Mapped[Json] = mapped_column(JsonText, nullable=False)
    predicted: Mapped[Prediction | None] = mapped_column(Coded(Prediction))
    venue: Mapped[str]
    market_days: Mapped[tuple[int, ...]] = mapped_column(Coded(tuple[int, ...]))


class CalibrationRow(Numbered, Base):
    """A version of what a score is worth."""

    __tablename__ = "calibrations"

    version: Mapped[str] = mapped_column(unique=True)
    strategy_version: Mapped[str]
    fingerprint: Mapped[str]
    timeframe: Mapped[Timeframe] = mapped_column(TIMEFRAME)
    method: Mapped[str]
    made_at: Mapped[datetime]
    data_from: Mapped[datetime]
    data_to: Mapped[datetime]
    curves: Mapped[tuple[CalibrationCurve, ...]] = mapped_column(
        Coded(tuple[CalibrationCurve, ...])
    )
    note: Mapped[str]
    active: Mapped[bool]


class ResearchJobRow(Numbered, Base):
    """Long work that was asked for."""

    __tablename__ = "research_jobs"
    __table_args__ = (Index(None, "state", "requested_at"),)

    id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    parameters: Mapped[Json] = mapped_column(JsonText, nullable=False)
    requested_by: Mapped[int]
    chat_id: Mapped[int | None]
    requested_at: Mapped[datetime]
    state: Mapped[ResearchState] = mapped_column(EnumText(ResearchState))
    done: Mapped[int]
    total: Mapped[int]
    result: Mapped[Json] = mapped_column(JsonText, nullable=False)
    error: Mapped[str]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
