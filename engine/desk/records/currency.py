"""What the quote currency is worth in the owner's: a market's price, its time, and when not to say.

configured pair → the venue's quote, else the newest stored close of any timeframe → rate. One
that is older than a day is not told: an amount that looks exact and is not is worse than none.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.domain.errors import VenueError
from engine.domain.market import Symbol, Timeframe
from engine.domain.records import OwnMoney
from engine.ports import UnitOfWork

STALE_AFTER = timedelta(days=1)


def own_money(context: DeskContext) -> OwnMoney | None:
    """The owner's currency, ``None`` where none is set or it is the quote currency itself."""
    choice = context.own_currency
    if choice is None or choice.currency == context.quote:
        return None
    pair = choice.pair
    if pair is None or {pair.base, pair.quote} != {choice.currency, context.quote}:
        return OwnMoney(currency=choice.currency, pair=pair, missing="no_pair")
    price, at = _price(context, pair)
    if price is None or at is None:
        return OwnMoney(currency=choice.currency, pair=pair, missing="no_price")
    is_stale = context.clock.now() - at > STALE_AFTER
    rate = Decimal(1) / price if pair.base == choice.currency else price
    return OwnMoney(
        currency=choice.currency,
        pair=pair,
        price=price,
        priced_at=at,
        rate=None if is_stale else rate,
        missing="stale" if is_stale else "",
    )


def _price(context: DeskContext, pair: Symbol) -> tuple[Decimal | None, datetime | None]:
    try:
        quote = context.market.quote(pair)
    except VenueError:
        quote = None
    if quote is not None:
        return quote.mid, quote.at
    with context.units(read_only=True) as unit:
        return last_close(unit, context.venue, pair, context.clock.now())


def last_close(
    unit: UnitOfWork, venue: str, symbol: Symbol, until: datetime
) -> tuple[Decimal | None, datetime | None]:
    """The newest stored close of any timeframe and when it was; both ``None`` without bars."""
    newest: tuple[Decimal | None, datetime | None] = (None, None)
    for timeframe in Timeframe:
        bars = unit.candles.window(venue, symbol, timeframe, until=until, limit=1)
        if not len(bars):
            continue
        at = bars.candle(-1).closed_at(timeframe)
        if newest[1] is None or at > newest[1]:
            newest = (Decimal(repr(bars.close[-1])), at)
    return newest
