"""Alerts, the times they came true, and the markets that people watch."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.alerts import AlertRow, FiringRow, WatchRow
from engine.domain.alerts import Alert, AlertState, Firing
from engine.domain.errors import ConflictError
from engine.domain.market import Symbol

_ALERTS = ValueMap(Alert, AlertRow)
_FIRINGS = ValueMap(Firing, FiringRow)
_OPEN = tuple(state for state in AlertState if state.is_open)
_OLDEST = (AlertRow.created_at, AlertRow.row_no)


class SqlAlerts(Store):
    """See ``engine.ports.AlertStore``."""

    def put(self, alert: Alert) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(AlertRow, values_of(alert))

    def get(self, alert_id: str) -> Alert | None:
        """One alert, whatever became of it."""
        return _ALERTS.one(self._tx, AlertRow.id == alert_id)

    def active(self) -> Sequence[Alert]:
        """Everybody's alerts that are to be looked at, oldest first."""
        return _ALERTS.all(self._tx, AlertRow.state == AlertState.ACTIVE, order=_OLDEST)

    def of(self, user_id: int) -> Sequence[Alert]:
        """A person's active and paused alerts, oldest first."""
        mine = AlertRow.user_id == user_id
        return _ALERTS.all(self._tx, mine, AlertRow.state.in_(_OPEN), order=_OLDEST)

    def replace(self, before: Alert, after: Alert) -> None:
        """Compare-and-set on state, edition and times fired."""
        statement = (
            update(AlertRow)
            .where(
                AlertRow.id == before.id,
                AlertRow.state == before.state,
                AlertRow.edition == before.edition,
                AlertRow.fired == before.fired,
            )
            .values(values_of(after))
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(f"alert {before.id} is no longer as it was; read it again")

    def add_firing(self, firing: Firing) -> bool:
        """Insert; ``False`` and no change if this number of this alert is there already."""
        return self._insert_new(FiringRow, values_of(firing))

    def firing(self, alert_id: str, number: int) -> Firing | None:
        """One time an alert came true."""
        return _FIRINGS.one(self._tx, FiringRow.alert_id == alert_id, FiringRow.number == number)


class SqlWatches(Store):
    """See ``engine.ports.WatchStore``."""

    def add(self, user_id: int, symbol: Symbol, at: datetime) -> bool:
        """Insert; ``False`` and no change if the market is watched already."""
        return self._insert_new(WatchRow, {"user_id": user_id, "symbol": symbol, "added_at": at})

    def drop(self, user_id: int, symbol: Symbol) -> bool:
        """Remove; ``False`` if it was not watched."""
        mine = (WatchRow.user_id == user_id, WatchRow.symbol == symbol)
        return self._tx.execute(delete(WatchRow).where(*mine)).rowcount == 1

    def of(self, user_id: int) -> Sequence[Symbol]:
        """A person's markets, in the order in which they were added."""
        statement = (
            select(WatchRow.symbol)
            .where(WatchRow.user_id == user_id)
            .order_by(WatchRow.added_at, WatchRow.row_no)
        )
        return list(self._tx.execute(statement).scalars())
