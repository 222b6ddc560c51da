"""What the firewall refused, the history of scores, and the versions of the weights."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, insert, select, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.market import QuarantineRow, ScoreHistoryRow, WeightSetRow
from engine.domain.desk import QuarantinedCandle, ScoreRow, WeightSet
from engine.domain.errors import ConflictError, InvalidValueError
from engine.domain.ids import digest
from engine.domain.market import Symbol, Timeframe

_QUARANTINED = ValueMap(QuarantinedCandle, QuarantineRow)
_SCORES = ValueMap(ScoreRow, ScoreHistoryRow)
_WEIGHTS = ValueMap(WeightSet, WeightSetRow)


class SqlQuarantine(Store):
    """See ``engine.ports.QuarantineStore``."""

    def add(self, rows: Iterable[QuarantinedCandle]) -> None:
        """Keep them; the same row seen again is not kept twice."""
        self._insert_all_new(
            QuarantineRow, [{"fingerprint": _fingerprint(row), **values_of(row)} for row in rows]
        )

    def recent(self, limit: int) -> Sequence[QuarantinedCandle]:
        """Newest first."""
        newest = (QuarantineRow.seen_at.desc(), QuarantineRow.row_no.desc())
        return _QUARANTINED.all(self._tx, order=newest, limit=limit)


def _fingerprint(row: QuarantinedCandle) -> str:
    text = (row.venue, row.symbol, row.timeframe, row.open_ms, row.row, row.reason)
    return digest(*[repr(part) for part in text])


class SqlScores(Store):
    """See ``engine.ports.ScoreStore``."""

    def add(self, rows: Iterable[ScoreRow]) -> None:
        """Insert; a bar that is there already stays as it is."""
        self._insert_all_new(ScoreHistoryRow, [values_of(row) for row in rows])

    def latest(self, venue: str, timeframe: Timeframe) -> Sequence[ScoreRow]:
        """The newest row of every symbol, strongest first."""
        here = (ScoreHistoryRow.venue == venue, ScoreHistoryRow.timeframe == timeframe.value)
        newest = (
            select(ScoreHistoryRow.symbol, func.max(ScoreHistoryRow.close_ms).label("close_ms"))
            .where(*here)
            .group_by(ScoreHistoryRow.symbol)
            .subquery()
        )
        is_newest = (
            select(newest.c.symbol)
            .where(
                newest.c.symbol == ScoreHistoryRow.symbol,
                newest.c.close_ms == ScoreHistoryRow.close_ms,
            )
            .exists()
        )
        strongest = (func.abs(ScoreHistoryRow.signed_score).desc(), ScoreHistoryRow.symbol)
        return _SCORES.all(self._tx, *here, is_newest, order=strongest)

    def history(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, limit: int
    ) -> Sequence[ScoreRow]:
        """The last ``limit`` rows of a symbol, oldest first."""
        newest_first = _SCORES.all(
            self._tx,
            ScoreHistoryRow.venue == venue,
            ScoreHistoryRow.symbol == str(symbol),
            ScoreHistoryRow.timeframe == timeframe.value,
            order=(ScoreHistoryRow.close_ms.desc(), ScoreHistoryRow.strategy_version.desc()),
            limit=limit,
        )
        return newest_first[::-1]


class SqlWeights(Store):
    """See ``engine.ports.WeightStore``."""

    def add(self, weights: WeightSet) -> None:
        """Insert a new version; ``ConflictError`` if the version exists with other weights."""
        known = _WEIGHTS.one(self._tx, WeightSetRow.version == weights.version)
        if known is None:
            self._tx.execute(insert(WeightSetRow).inline(), values_of(weights))
        elif dict(known.weights) != dict(weights.weights):
            raise ConflictError(
                f"weights version {weights.version!r} exists with other weights; "
                "give the new ones another version"
            )

    def activate(self, version: str) -> None:
        """Make it the one active version; ``InvalidValueError`` if there is no such version."""
        if _WEIGHTS.one(self._tx, WeightSetRow.version == version) is None:
            raise InvalidValueError("weights version", "a stored one", version)
        self._tx.execute(update(WeightSetRow).values(active=WeightSetRow.version == version))

    def all(self) -> Sequence[WeightSet]:
        """Every version, oldest first."""
        return _WEIGHTS.all(self._tx, order=(WeightSetRow.created_at, WeightSetRow.row_no))
