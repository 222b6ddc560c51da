"""The desk's own book: ledger, positions, trades, equity, risk state.

Balances are summed in Python: SQLite would add the texts up as floats. A context that refuses to
round keeps the sum exact, where Python's usual 28 digits would not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal, Inexact

from sqlalchemy import delete, insert, select

from db.stores.base import Store, ValueMap, values_of
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
        """Append to the ledger."""
        if rows := [values_of(entry) for entry in entries]:
            self._tx.execute(insert(LedgerRow).inline(), rows)

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Exact sum per currency; zero balances are absent."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        rows = self._tx.execute(
            select(LedgerRow.currency, LedgerRow.amount).where(LedgerRow.venue == venue)
        )
        for row in rows:
            sums[row.currency] = _EXACT.add(sums[row.currency], row.amount)
        return {currency: sums[currency] for currency in sorted(sums) if sums[currency]}

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
            PositionRow,
            EquityRow,
            RiskStateRow,
            PaperOrderRow,
            PaperBalanceRow,
        )
        for row in forgotten:
            self._tx.execute(delete(row).where(row.venue == venue))
