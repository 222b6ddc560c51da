"""Decisions, refusals included: a whole record each, with the columns that are searched."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import func, select

from db.codec import dump_record, load_record
from db.stores.base import Store
from db.tables.trading import DecisionRow
from engine.domain.decisions import Decision
from engine.domain.ids import DecisionId
from engine.domain.market import Symbol

_RECORDS = select(DecisionRow.record)


class SqlDecisions(Store):
    """See ``engine.ports.DecisionStore``."""

    def add(self, decision: Decision) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(DecisionRow, _row(decision))

    def get(self, decision_id: DecisionId) -> Decision | None:
        """One decision."""
        text = self._tx.execute(_RECORDS.where(DecisionRow.id == decision_id)).scalar_one_or_none()
        return None if text is None else load_record(Decision, text)

    def latest(self, symbol: Symbol, limit: int = 1) -> Sequence[Decision]:
        """The newest decisions on a symbol, newest first."""
        newest = (DecisionRow.closed_at.desc(), DecisionRow.row_no.desc())
        return self._read(
            _RECORDS.where(DecisionRow.symbol == symbol).order_by(*newest).limit(limit)
        )

    def between(self, start: datetime, end: datetime) -> Sequence[Decision]:
        """Decisions whose bar closed in ``[start, end)``, oldest first, then by symbol."""
        order = (DecisionRow.closed_at, DecisionRow.symbol, DecisionRow.row_no)
        return self._read(_RECORDS.where(*_closed_in(start, end)).order_by(*order))

    def counts(self, start: datetime, end: datetime) -> Mapping[tuple[str, str, str], int]:
        """How many per (action, route, reason label) with a close in ``[start, end)``."""
        key = (DecisionRow.action, DecisionRow.route, DecisionRow.reason)
        statement = select(*key, func.count()).where(*_closed_in(start, end)).group_by(*key)
        rows = self._tx.execute(statement)
        return {(action, route, reason): count for action, route, reason, count in rows}

    def _read(self, statement: Any) -> list[Decision]:  # noqa: ANN401 - a select of records
        return [load_record(Decision, text) for text in self._tx.execute(statement).scalars()]


def _closed_in(start: datetime, end: datetime) -> tuple[Any, Any]:
    return (DecisionRow.closed_at >= start, DecisionRow.closed_at < end)


def _label(code: IntEnum) -> str:
    return code.name.lower()


def _row(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "venue": decision.venue,
        "symbol": decision.symbol,
        "timeframe": decision.timeframe,
        "closed_at": decision.closed_at,
        "strategy_version": decision.strategy_version,
        "action": _label(decision.action),
        "route": _label(decision.route),
        "reason": _label(decision.reason),
        "score": None if decision.score is None else decision.score.signed,
        "record": dump_record(decision),
    }
