"""The records behind their front: each method is one query, or the one wish to move a stop."""

from dataclasses import dataclass
from decimal import Decimal

from engine.desk import people
from engine.desk.context import DeskContext
from engine.desk.queries import portfolio_now
from engine.desk.records import stops, trades
from engine.desk.records.chain import ChainWatch
from engine.desk.records.currency import choose_currency, currency_view
from engine.desk.records.curve import curve
from engine.desk.records.evidence import evidence
from engine.desk.records.export import export
from engine.desk.records.veto import veto_view
from engine.domain.evidence import Evidence
from engine.domain.ids import IntentId, TradeId
from engine.domain.market import Symbol
from engine.domain.portfolio import EquityPoint
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsDesk:
    """Implements ``RecordsFront``."""

    context: DeskContext
    chain: ChainWatch

    def curve(self, period: Period) -> CurveView | None:
        """See ``RecordsFront``."""
        held = portfolio_now(self.context)
        now = EquityPoint(
            venue=held.venue,
            at=held.at,
            equity_quote=held.equity_quote,
            cash_quote=held.cash_quote,
        )
        return curve(self.context, period, now)

    def trades(self, page: int = 0) -> TradesPage:
        """See ``RecordsFront``."""
        return trades.trades_page(self.context, page)

    def trade(self, trade_id: TradeId) -> TradeView | None:
        """See ``RecordsFront``."""
        return trades.trade_view(self.context, trade_id)

    def trade_chart(self, trade_id: TradeId) -> ChartView | None:
        """See ``RecordsFront``."""
        return trades.trade_chart(self.context, trade_id)

    def stops(self, entry_order_id: IntentId) -> StopView | None:
        """See ``RecordsFront``."""
        return stops.stops(self.context, entry_order_id)

    def entry_of(self, symbol: Symbol) -> IntentId | None:
        """See ``RecordsFront``."""
        return stops.entry_of(self.context, symbol)

    def move_stop(
        self, entry_order_id: IntentId, stop_price: Decimal | str, by: int
    ) -> StopOutcome:
        """See ``RecordsFront``."""
        person = people.acting(self.context, by, "move_stop")
        return stops.move_stop(self.context, entry_order_id, stop_price, person)

    def currency(self) -> CurrencyView:
        """See ``RecordsFront``."""
        return currency_view(self.context)

    def choose_currency(self, code: str, by: int) -> bool:
        """See ``RecordsFront``."""
        return choose_currency(self.context, code, by)

    def veto(self) -> VetoView:
        """See ``RecordsFront``."""
        return veto_view(self.context)

    def export(self, wish: ExportWish) -> Export:
        """See ``RecordsFront``."""
        return export(self.context, wish)

    def evidence(self, subject: str) -> Evidence | None:
        """See ``RecordsFront``."""
        look = self.chain.looking()
        with self.context.units(read_only=True) as unit:
            return evidence(unit, self.context.venue, subject, look)
