"""The paper venue's own memory, apart from the desk's book."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select

from db.stores.base import Store, table_of, values_of
from db.stores.orders import intent_of
from db.tables.trading import PaperBalanceRow, PaperOrderRow
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState
from engine.domain.orders import OrderIntent, OrderReport


class SqlPaper(Store):
    """See ``engine.ports.PaperStore``."""

    def put(self, report: OrderReport, intent: OrderIntent) -> None:
        """Insert or replace an order of the paper venue."""
        answer = values_of(report)
        answer.pop("order_id")
        self._put(PaperOrderRow, ("id",), {**values_of(intent), **answer})

    def get(self, order_id: IntentId) -> tuple[OrderIntent, OrderReport] | None:
        """One order."""
        return next(iter(self._read(PaperOrderRow.id == order_id)), None)

    def open(self) -> Sequence[tuple[OrderIntent, OrderReport]]:
        """Orders still resting, oldest first."""
        return self._read(PaperOrderRow.state == OrderState.OPEN)

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Balance by currency."""
        rows = self._tx.execute(
            select(PaperBalanceRow.currency, PaperBalanceRow.amount)
            .where(PaperBalanceRow.venue == venue)
            .order_by(PaperBalanceRow.currency)
        )
        return dict(iter(rows))

    def set_balance(self, venue: str, currency: str, amount: Decimal) -> None:
        """Replace one balance."""
        row = {"venue": venue, "currency": currency, "amount": amount}
        self._put(PaperBalanceRow, ("venue", "currency"), row)

    def _read(self, where: ColumnElement[bool]) -> list[tuple[OrderIntent, OrderReport]]:
        statement = (
            select(table_of(PaperOrderRow))
            .where(where)
            .order_by(PaperOrderRow.created_at, PaperOrderRow.row_no)
        )
        return [_pair(row) for row in self._tx.execute(statement).mappings()]


def _pair(row: Mapping[Any, Any]) -> tuple[OrderIntent, OrderReport]:
    report = OrderReport(
        order_id=row["id"],
        state=row["state"],
        venue_order_id=row["venue_order_id"],
        fills=row["fills"],
        note=row["note"],
    )
    return intent_of(row), report
