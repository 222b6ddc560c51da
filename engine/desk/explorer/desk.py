"""Implements ``ExplorerFront``: each method is one question, answered in one unit of work."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.desk import queries
from engine.desk.charts import PROJECTED_BARS, chart_view
from engine.desk.context import DeskContext
from engine.desk.explorer.costing import costs_of
from engine.desk.explorer.explain import Narrate, why
from engine.desk.explorer.lists import Lists
from engine.desk.explorer.places import found_at
from engine.domain.decisions import Decision
from engine.domain.explorer import (
    CostsView,
    FramesView,
    NoCosts,
    OpportunitiesView,
    Place,
    WhyView,
    Wish,
)
from engine.domain.ids import DecisionId
from engine.domain.market import Symbol, Timeframe
from engine.domain.views import CardView, ChartView
from engine.ports import UnitOfWork

_FRAMES = (Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1)
_FRAME_BARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerDesk:
    """See ``ExplorerFront``. ``explain`` writes the template text about a decision."""

    context: DeskContext
    explain: Narrate
    lists: Lists = field(init=False)

    def __post_init__(self) -> None:
        """The lists remember what they have scored."""
        object.__setattr__(self, "lists", Lists(context=self.context))

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """See ``ExplorerFront``."""
        return self.context.symbols

    @property
    def timeframe(self) -> Timeframe:
        """See ``ExplorerFront``."""
        return self.context.timeframe

    @property
    def now(self) -> datetime:
        """See ``ExplorerFront``."""
        return self.context.clock.now()

    def opportunities(self, wish: Wish, first: Collection[Symbol] = ()) -> OpportunitiesView:
        """See ``ExplorerFront``."""
        return self.lists.page(wish, first)

    def charted(self, symbol: Symbol) -> tuple[Timeframe, ...]:
        """See ``ExplorerFront``."""
        return self.lists.charted(symbol)

    def find(self, query: str) -> Place | None:
        """See ``ExplorerFront``."""
        context, text = self.context, query.strip()
        symbol = queries.find_symbol(context, text) if text else None
        if symbol is not None:
            return Place(symbol=symbol)
        with context.units(read_only=True) as unit:
            decision = unit.decisions.get(DecisionId(text.lower())) if text else self._newest(unit)
        return None if decision is None else _place_of(decision)

    def _newest(self, unit: UnitOfWork) -> Decision | None:
        """The newest open question, else the strongest of the newest close."""
        pending = max(unit.approvals.pending(), key=lambda one: one.created_at, default=None)
        asked = unit.decisions.get(pending.decision_id) if pending and pending.decision_id else None
        if asked is not None:
            return asked
        latest = [d for symbol in self.context.symbols for d in unit.decisions.latest(symbol)]
        return max(latest, key=_strongest_last, default=None)

    def card(self, place: Place, *, with_chart: bool = True) -> CardView | None:
        """See ``ExplorerFront``."""
        with self.context.units(read_only=True) as unit:
            found = found_at(self.context, unit, place)
            if found is None:
                return None
            return queries.card_of(self.context, unit, found.decision, with_chart=with_chart)

    def why(self, place: Place, language: str) -> WhyView | None:
        """See ``ExplorerFront``."""
        with self.context.units(read_only=True) as unit:
            return why(self.context, unit, place, language, self.explain)

    def chart(self, place: Place, *, is_projected: bool = True) -> ChartView | None:
        """See ``ExplorerFront``."""
        with self.context.units(read_only=True) as unit:
            return chart_view(
                self.context,
                unit,
                place.symbol,
                timeframe=place.timeframe,
                at=place.at,
                projected_bars=PROJECTED_BARS if is_projected else 0,
            )

    def frames(self, place: Place) -> FramesView | None:
        """See ``ExplorerFront``."""
        with self.context.units(read_only=True) as unit:
            charts = [
                chart_view(
                    self.context,
                    unit,
                    place.symbol,
                    timeframe=frame,
                    at=place.at,
                    projected_bars=0,
                    shown_bars=_FRAME_BARS,
                )
                for frame in _FRAMES
            ]
        shown = tuple(chart for chart in charts if chart is not None)
        if not shown:
            return None
        return FramesView(symbol=place.symbol, charts=shown, simulated=self.context.simulated)

    def costs(self, symbol: Symbol, notional_quote: Decimal) -> CostsView | NoCosts:
        """See ``ExplorerFront``."""
        return costs_of(self.context, symbol, notional_quote)


def _strongest_last(decision: Decision) -> tuple[datetime, Decimal, str]:
    points = decision.score.points if decision.score else Decimal(0)
    return decision.closed_at, points, str(decision.symbol)


def _place_of(decision: Decision) -> Place:
    return Place(symbol=decision.symbol, timeframe=decision.timeframe, at=decision.closed_at)
