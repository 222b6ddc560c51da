"""What a front end may ask about the market. Reads only; every answer is one moment's truth."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from engine.domain.explorer import (
    CostsView,
    FramesView,
    NoCosts,
    OpportunitiesView,
    Place,
    WhyView,
    Wish,
)
from engine.domain.market import Symbol, Timeframe
from engine.domain.views import CardView, ChartView


class ExplorerFront(Protocol):
    """Every place of the desk's markets, and the ways between them."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The traded markets, sorted by name; cheaper than asking for the status."""
        ...

    @property
    def timeframe(self) -> Timeframe:
        """The decision timeframe."""
        ...

    @property
    def now(self) -> datetime:
        """The market's present moment, which a simulated market's may be any."""
        ...

    def opportunities(self, wish: Wish, first: Collection[Symbol] = ()) -> OpportunitiesView:
        """The newest score of every market that passes the filters; ``first`` go before others."""
        ...

    def charted(self, symbol: Symbol) -> tuple[Timeframe, ...]:
        """The timeframes of which there are bars to draw, stored or joined from shorter ones."""
        ...

    def find(self, query: str) -> Place | None:
        """The place of a decision's id or of a symbol (``ETH``, ``eth-usdt``).

        Without a query: of the newest open question, else of the strongest of the newest close.
        """
        ...

    def card(self, place: Place, *, with_chart: bool = True) -> CardView | None:
        """The decision of a place as a card, made anew where none is stored; ``None`` without bars.

        A place without a moment is the newest close.
        """
        ...

    def why(self, place: Place, language: str) -> WhyView | None:
        """Why (not), for any close of which a decision or the candles are stored."""
        ...

    def chart(self, place: Place, *, is_projected: bool = True) -> ChartView | None:
        """Bars up to the place's moment; levels and cone belong to the present only."""
        ...

    def frames(self, place: Place) -> FramesView | None:
        """The same market on several timeframes; ``None`` where there are no bars at all."""
        ...

    def costs(self, symbol: Symbol, notional_quote: Decimal) -> CostsView | NoCosts:
        """What a round trip of this size costs now."""
        ...
