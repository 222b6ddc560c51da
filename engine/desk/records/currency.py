"""What the quote currency is worth in the owner's: a market's price, its time, and when not to say.

pair → the venue's quote, else the newest stored close of any timeframe → rate. One that is older
than a day is not told: an amount that looks exact and is not is worse than none.

The configuration file names a currency and its pair. An owner may choose another one in the chat,
out of those that a market of the desk tells the worth of; the choice is a note over the file.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk import people
from engine.desk.context import DeskContext
from engine.domain.desk import AuditEvent, Role
from engine.domain.errors import VenueError
from engine.domain.market import Symbol, Timeframe
from engine.domain.records import CurrencyChoice, CurrencyView, OwnMoney
from engine.ports import UnitOfWork

STALE_AFTER = timedelta(days=1)
_KEY = "own_currency"
_COUNTED_IN = frozenset(
    {"ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "COP", "CZK", "DKK", "EUR", "GBP", "HUF", "INR"}
    | {"JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "TRY", "USD", "ZAR"}
)
"""Codes of money people count in; a coin would not show much in cents."""


def currency_view(context: DeskContext) -> CurrencyView:
    """What is chosen and what could be."""
    now = _chosen(context)
    return CurrencyView(
        quote=context.quote,
        chosen="" if now is None or now.currency == context.quote else now.currency,
        offered=tuple(sorted(_offered(context))),
    )


def choose_currency(context: DeskContext, code: str, by: int) -> bool:
    """Count in this currency, "" for the quote alone; ``False`` if it cannot be, or not by them."""
    person = people.acting(context, by, "choose_currency")
    is_offered = code in ("", context.quote) or code in _offered(context)
    if person is None or person.role is not Role.OWNER or not is_offered:
        return False
    with context.units() as unit:
        unit.desk.put_note(_KEY, code)
        unit.audit.append(
            AuditEvent(
                at=context.wall.now(),
                actor=f"person:{by}",
                action="currency_chosen",
                subject=code or context.quote,
            )
        )
        unit.commit()
    return True


def _offered(context: DeskContext) -> dict[str, CurrencyChoice]:
    """By code: the file's, and those of a market against the quote currency."""
    found: dict[str, CurrencyChoice] = {}
    for symbol in context.symbols:
        sides = {symbol.base, symbol.quote}
        other = next(iter(sides - {context.quote}), "")
        if context.quote in sides and other in _COUNTED_IN:
            found[other] = CurrencyChoice(currency=other, pair=symbol)
    named = context.own_currency
    if named is not None and named.currency != context.quote:
        found[named.currency] = named
    return found


def _chosen(context: DeskContext) -> CurrencyChoice | None:
    with context.units(read_only=True) as unit:
        code = unit.desk.note(_KEY)
    # A currency that is not offered any more gives way to the file's.
    usual = context.own_currency
    if not isinstance(code, str):
        return usual
    return None if code in ("", context.quote) else _offered(context).get(code, usual)


def own_money(context: DeskContext) -> OwnMoney | None:
    """The owner's currency, ``None`` where none is set or it is the quote currency itself."""
    choice = _chosen(context)
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
