"""What a round trip costs now, at a size: the cost gate's own arithmetic, with the book if known.

newest bars → volatility and volume → impact; resting orders → the walk; both → ``round_trip``.

The decision path estimates slippage from volume, because a close has no book. Here the book of now
is walked where the venue shows one that is deep enough, from its best price on: the half-spread is
counted by itself.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

import structlog

from engine.costs.model import BPS, RoundTrip, round_trip, slippage_bps
from engine.desk.charts import bars_until
from engine.desk.context import DeskContext
from engine.desk.queries import last_price
from engine.domain.decisions import CostEstimate, EdgeEstimate
from engine.domain.errors import VenueError
from engine.domain.explorer import CostsView, NoCosts
from engine.domain.market import BookLevel, OrderBook, Symbol
from engine.indicators.bars import Bars
from engine.strategy.columns_market import market_columns

_HUNDREDTH = Decimal("0.01")
_SHARE = Decimal("0.000001")

_log = structlog.get_logger()


def costs_of(context: DeskContext, symbol: Symbol, notional_quote: Decimal) -> CostsView | NoCosts:
    """The parts of the cost in basis points, and the edge that beats their sum."""
    if symbol not in context.symbols:
        return NoCosts.UNKNOWN_SYMBOL
    price, priced_at = last_price(context, symbol)
    if price is None:
        return NoCosts.NO_PRICE
    strategy = context.strategy
    terms, costs = strategy.markets[strategy.place(symbol)], strategy.numbers.costs
    volume, adv_quote, sigma_day, measured = _market(context, symbol)
    walked = _book_slippage_bps(_book(context, symbol), notional_quote)
    one_way = slippage_bps(float(notional_quote), adv_quote, sigma_day, walked, costs)
    trip = round_trip(terms.taker_fee_bps, terms.half_spread_bps, one_way, costs)
    if math.isnan(trip.total_bps):
        return NoCosts.COST_UNKNOWN
    cost = _estimate(trip)
    least = Decimal(repr(float(strategy.numbers.routing.min_net_edge_bps)))
    bar_quote = Decimal(repr(volume)) * price
    return CostsView(
        symbol=symbol,
        notional_quote=notional_quote,
        price=price,
        priced_at=priced_at,
        cost=cost,
        slippage_from_book=not math.isnan(walked),
        needed_edge_bps=cost.total_bps + least,
        limit_bps=Decimal(repr(float(costs.max_cost_bps))),
        measured=measured,
        bar_volume_fraction=(notional_quote / bar_quote).quantize(_SHARE) if bar_quote else None,
        simulated=context.simulated,
    )


def _market(
    context: DeskContext, symbol: Symbol
) -> tuple[float, float, float, EdgeEstimate | None]:
    """Volume of the newest bar in base units, daily volume, daily volatility, measured edge."""
    made = context.strategy.made
    with context.units(read_only=True) as unit:
        series = bars_until(
            context, unit, symbol, made.timeframe, context.clock.now(), made.window_bars
        )
        newest = unit.decisions.latest(symbol)
    edge = newest[0].edge if newest else None
    if not len(series):
        return 0.0, math.nan, math.nan, edge
    found = market_columns(Bars.of(series, made.timeframe))
    return series.volume[-1], float(found.adv_quote[-1]), float(found.sigma_day[-1]), edge


def _book(context: DeskContext, symbol: Symbol) -> OrderBook | None:
    try:
        return context.market.order_book(symbol)
    except VenueError as err:
        _log.info("no_book", symbol=str(symbol), detail=str(err))
        return None


def _book_slippage_bps(book: OrderBook | None, notional_quote: Decimal) -> float:
    """Mean distance from the best price of both ways; NaN without a book that is deep enough."""
    if book is None or not book.bids or not book.asks:
        return math.nan
    ways = [_walked(levels, notional_quote) for levels in (book.asks, book.bids)]
    known = [way for way in ways if way is not None]
    return sum(known) / len(known) if len(known) == len(ways) else math.nan


def _walked(levels: Sequence[BookLevel], notional_quote: Decimal) -> float | None:
    """Distance of the mean price from the best one in basis points; ``None`` beyond the depth."""
    best = levels[0].price
    wanted = notional_quote / best
    rest, paid = wanted, Decimal(0)
    for level in levels:
        taken = min(rest, level.quantity)
        paid += taken * level.price
        rest -= taken
        if rest <= 0:
            return float(abs(paid / wanted / best - 1)) * BPS
    return None


def _estimate(trip: RoundTrip) -> CostEstimate:
    parts = {
        name: Decimal(repr(float(value))).quantize(_HUNDREDTH)
        for name, value in trip._asdict().items()
        if name != "total_bps"
    }
    return CostEstimate(**parts, total_bps=sum(parts.values(), Decimal(0)))
