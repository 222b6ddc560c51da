"""The desk's records as its front ends see them: curves, trades, stops, vetoes, exports, evidence.

All methods are synchronous and read the database only, except ``move_stop``, which reaches the
venue. ``DeskFront.portfolio`` is the view all of them go with.
"""

from decimal import Decimal
from typing import Protocol

from engine.domain.evidence import Evidence
from engine.domain.ids import IntentId, TradeId
from engine.domain.market import Symbol
from engine.domain.records import (
    CurrencyView,
    CurveView,
    Export,
    ExportWish,
    Period,
    StopOutcome,
    StopView,
    TradesPage,
    TradeView,
)
from engine.domain.shadows import VetoView
from engine.domain.views import ChartView


class RecordsFront(Protocol):
    """What a front end may ask of the records. Who may move a stop is checked here again."""

    def curve(self, period: Period) -> CurveView | None:
        """Equity beside buy-and-hold, thinned out for a picture; ``None`` before any snapshot."""
        ...

    def trades(self, page: int = 0) -> TradesPage:
        """A page of closed trades, newest first; a page beyond the last is the last."""
        ...

    def trade(self, trade_id: TradeId) -> TradeView | None:
        """One closed trade with what led to it."""
        ...

    def trade_chart(self, trade_id: TradeId) -> ChartView | None:
        """The bars around a trade; ``None`` when they are not stored."""
        ...

    def stops(self, entry_order_id: IntentId) -> StopView | None:
        """Where the stop of the position that this order opened may go."""
        ...

    def entry_of(self, symbol: Symbol) -> IntentId | None:
        """The order that opened the position in ``symbol``."""
        ...

    def move_stop(
        self, entry_order_id: IntentId, stop_price: Decimal | str, by: int
    ) -> StopOutcome:
        """Move a stop closer to the price, never further; the same wish twice moves it once."""
        ...

    def currency(self) -> CurrencyView:
        """What the owner counts in beside the quote currency, and what could be chosen."""
        ...

    def choose_currency(self, code: str, by: int) -> bool:
        """Count in an offered currency, "" for the quote alone; only an owner may."""
        ...

    def veto(self) -> VetoView:
        """The veto ledger."""
        ...

    def export(self, wish: ExportWish) -> Export:
        """A table as CSV."""
        ...

    def evidence(self, subject: str) -> Evidence | None:
        """Everything about the trade of a trade, decision, order, approval or fill id."""
        ...
