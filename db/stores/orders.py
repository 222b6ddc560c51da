"""Orders and their fills."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, update

from db.stores.base import Store, ValueMap, field_names, table_of, values_of
from db.tables.trading import FillRow, OrderRow
from engine.domain.errors import ConflictError
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState, is_final
from engine.domain.orders import Fill, Order, OrderIntent

_FILLS = ValueMap(Fill, FillRow)
_INTENT_FIELDS = field_names(OrderIntent)
_UNFINISHED = tuple(state for state in OrderState if not is_final(state))


class SqlOrders(Store):
    """See ``engine.ports.OrderStore``."""

    def add(self, order: Order) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(OrderRow, _row(order))

    def get(self, order_id: IntentId) -> Order | None:
        """One order."""
        return next(iter(self._read(OrderRow.id == order_id)), None)

    def replace(self, before: Order, after: Order) -> None:
        """Compare-and-set on the state; ``ConflictError`` if another was quicker."""
        statement = (
            update(OrderRow)
            .where(OrderRow.id == before.id, OrderRow.state == before.state)
            .values(_row(after))
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(f"order {before.id} is no longer {before.state}; read it again")

    def unfinished(self) -> Sequence[Order]:
        """Orders in no final state, oldest first."""
        return self._read(OrderRow.state.in_(_UNFINISHED))

    def add_fill(self, fill: Fill) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(FillRow, values_of(fill))

    def fills(self, order_id: IntentId) -> Sequence[Fill]:
        """Fills of one order, oldest first."""
        oldest = (FillRow.filled_at, FillRow.row_no)
        return _FILLS.all(self._tx, FillRow.order_id == order_id, order=oldest)

    def recent_fills(self, limit: int) -> Sequence[Fill]:
        """Newest first."""
        newest = (FillRow.filled_at.desc(), FillRow.row_no.desc())
        return _FILLS.all(self._tx, order=newest, limit=limit)

    def _read(self, where: ColumnElement[bool]) -> list[Order]:
        statement = (
            select(table_of(OrderRow)).where(where).order_by(OrderRow.created_at, OrderRow.row_no)
        )
        return [_order(row) for row in self._tx.execute(statement).mappings()]


def intent_of(row: Mapping[Any, Any]) -> OrderIntent:
    """The intent in a row that has all its columns."""
    return OrderIntent(**{name: row[name] for name in _INTENT_FIELDS})


def _order(row: Mapping[Any, Any]) -> Order:
    return Order(
        intent=intent_of(row),
        state=row["state"],
        updated_at=row["updated_at"],
        venue_order_id=row["venue_order_id"],
        filled_quantity=row["filled_quantity"],
        note=row["note"],
    )


def _row(order: Order) -> dict[str, Any]:
    row = values_of(order)
    return {**values_of(row.pop("intent")), **row}
