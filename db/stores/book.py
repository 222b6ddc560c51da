"""The desk's own book: ledger, positions, trades, equity, risk state.

Balances are kept beside the ledger, in the same transaction: reading one costs the same after ten
years. They are summed in Python, because SQLite would add the texts up as floats, in a context that
refuses to round, where Python's usual 28 digits would not be exact.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal, Inexact

from sqlalchemy import delete, insert, select

from db.stores.base import Store, ValueMap, values_of
from db.tables.records import LedgerBalanceRow
from db.tables.trading import (
    EquityRow,
    LedgerRow,
    PaperBalanceRow,
    PaperOrderRow,
    PositionRow,
    RiskStateRow,
    TradeRow,
)
from engine.domain.market import Symbol
from engine.domain.portfolio import EquityPoint, LedgerEntry, Position, RiskState, Trade

_EXACT = Context(prec=1_000, traps=[Inexact])

_POSITIONS = ValueMap(Position, PositionRow)
_TRADES = ValueMap(Trade, TradeRow)
_EQUITY = ValueMap(EquityPoint, EquityRow)
_RISK = ValueMap(RiskState, RiskStateRow)


class SqlBook(Store):
    """See ``engine.ports.BookStore``."""

    def post(self, entries: Iterable[LedgerEntry]) -> None:
        """Append to the ledger, and bring the balances up to date."""
        if not (rows := [values_of(entry) for entry in entries]):
            return
        self._tx.execute(insert(LedgerRow).inline(), rows)
        changes: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in rows:
            place = (row["venue"], row["currency"])
            changes[place] = _EXACT.add(changes[place], row["amount"])
        for (venue, currency), change in changes.items():
            self._add_to_balance(venue, currency, change)

    def _add_to_balance(self, venue: str, currency: str, change: Decimal) -> None:
        here = (LedgerBalanceRow.venue == venue, LedgerBalanceRow.currency == currency)
        known = self._tx.execute(select(LedgerBalanceRow.amount).where(*here)).scalar_one_or_none()
        amount = _EXACT.add(known or Decimal(0), change)
        row = {"venue": venue, "currency": currency, "amount": amount}
        self._put(LedgerBalanceRow, ("venue", "currency"), row)

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Exact sum per currency; zero balances are absent."""
        rows = self._tx.execute(
            select(LedgerBalanceRow.currency, LedgerBalanceRow.amount)
            .where(LedgerBalanceRow.venue == venue)
            .order_by(LedgerBalanceRow.currency)
        )
        return {row.currency: row.amount for row in rows if row.amount}

    def positions(self, venue: str) -> Sequence[Position]:
        """Open positions by symbol."""
        return _POSITIONS.all(self._tx, PositionRow.venue == venue, order=(PositionRow.symbol,))

    def put_position(self, position: Position) -> None:
        """Insert or replace the position of its symbol."""
        self._put(PositionRow, ("venue", "symbol"), values_of(position))

    def drop_position(self, venue: str, symbol: Symbol) -> None:
        """Remove a closed position; absent is fine."""
        self._tx.execute(
            delete(PositionRow).where(PositionRow.venue == venue, PositionRow.symbol == symbol)
        )

    def add_trade(self, trade: Trade) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(TradeRow, values_of(trade))

    def trades(self, venue: str, limit: int | None = None) -> Sequence[Trade]:
        """Closed trades, newest first."""
        newest = (TradeRow.closed_at.desc(), TradeRow.row_no.desc())
        return _TRADES.all(self._tx, TradeRow.venue == venue, order=newest, limit=limit)

    def snapshot(self, point: EquityPoint) -> None:
        """Remember equity; a second one for the same moment replaces the first."""
        self._put(EquityRow, ("venue", "at"), values_of(point))

    def equity(self, venue: str, since: datetime | None = None) -> Sequence[EquityPoint]:
        """Snapshots, oldest first."""
        later = () if since is None else (EquityRow.at >= since,)
        return _EQUITY.all(self._tx, EquityRow.venue == venue, *later, order=(EquityRow.at,))

    def risk(self, venue: str) -> RiskState | None:
        """What the limits remember, or ``None`` before the first close."""
        return _RISK.one(self._tx, RiskStateRow.venue == venue)

    def put_risk(self, venue: str, state: RiskState) -> None:
        """Replace it."""
        self._put(RiskStateRow, ("venue",), {"venue": venue, **values_of(state)})

    def reset(self, venue: str) -> None:
        """Forget a venue's ledger, positions, equity, risk state and paper account.

        Trades, orders, decisions and the audit trail stay.
        """
        forgotten = (
            LedgerRow,
            LedgerBalanceRow,
            PositionRow,
            EquityRow,
            RiskStateRow,
            PaperOrderRow,
            PaperBalanceRow,
        )
        for row in forgotten:
            self._tx.execute(delete(row).where(row.venue == venue))
