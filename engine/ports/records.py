"""Stores of what has been: the book's history, read in pages and sums, and the shadow book.

Whoever shows or exports history asks here; nothing here is on the way of a trade.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from engine.domain.approvals import Approval
from engine.domain.ids import TradeId
from engine.domain.market import Symbol, Timeframe
from engine.domain.orders import Fill
from engine.domain.portfolio import EquityPoint, LedgerEntry, Trade
from engine.domain.records import EquitySlot, TradeTotals
from engine.domain.shadows import ShadowResult, ShadowTrade


class RecordStore(Protocol):
    """The book's history, read only. Periods are ``[start, end)``; ``None`` leaves a side open."""

    def venues(self) -> Sequence[str]:
        """Venues whose ledger holds anything now, sorted."""
        ...

    def trade(self, trade_id: TradeId) -> Trade | None:
        """One closed trade."""
        ...

    def trades(
        self,
        venue: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Trade]:
        """Trades that were closed in the period, newest first."""
        ...

    def totals(self, venue: str, since: datetime | None = None) -> TradeTotals:
        """What the trades closed since then add up to, exactly."""
        ...

    def fills(
        self, venue: str, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[Fill]:
        """Fills of a venue's orders, oldest first."""
        ...

    def ledger(
        self, venue: str, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[LedgerEntry]:
        """Ledger lines as they were written."""
        ...

    def ledger_of(self, reference: str) -> Sequence[LedgerEntry]:
        """Ledger lines of one fill or deposit, as they were written."""
        ...

    def equity_at(self, venue: str, at: datetime) -> EquityPoint | None:
        """The newest snapshot at or before a moment."""
        ...

    def equity_first(self, venue: str) -> EquityPoint | None:
        """The first snapshot."""
        ...

    def equity_slots(
        self, venue: str, start: datetime, end: datetime, slots: int
    ) -> Sequence[EquitySlot]:
        """The curve in ``[start, end]`` in at most ``slots`` parts of equal length, oldest first.

        A part without a snapshot is left out. Falls and peaks are those of the whole history; a
        peak is exact to 1e-8 up to ten million.
        """
        ...

    def closes(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Sequence[datetime]
    ) -> Mapping[datetime, float]:
        """Closes of the bars that open at these times; those that are not stored are left out."""
        ...


class ShadowStore(Protocol):
    """Proposals that were not traded; see ``engine.domain.shadows``."""

    def missing(self, venue: str, limit: int) -> Sequence[Approval]:
        """Questions about a venue's orders that ended in a no and have no shadow, oldest first."""
        ...

    def add(self, shadow: ShadowTrade) -> bool:
        """Insert; ``False`` and no change if the question has one already."""
        ...

    def put(self, shadow: ShadowTrade) -> None:
        """Replace the shadow of its question."""
        ...

    def unfinished(self, venue: str) -> Sequence[ShadowTrade]:
        """Those for which bars still count, oldest first."""
        ...

    def results(self, venue: str) -> Sequence[ShadowResult]:
        """All of a venue's, in the order in which they were vetoed."""
        ...
