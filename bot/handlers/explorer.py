"""Looking around on the market: commands that begin a walk, presses that go on with it in place.

Nothing is looked up here beyond names and times: what is shown is found when it is rendered.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.handlers.amounts import market_and_amount
from bot.handlers.asked_times import past_words, time_words
from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.handlers.intents import NOW_ONLY
from bot.handlers.when import moment
from bot.messages.callbacks import AskWhy, ShowDecisionChart, SwapChart, matches
from bot.messages.callbacks_explorer import (
    Look,
    OpenCard,
    OpenChart,
    OpenCosts,
    OpenList,
    OpenWhy,
    Ref,
    searchable,
    write_wish,
)
from bot.messages.markup import plain as plain_text
from engine.domain.alert_measures import plain
from engine.domain.desk import Json
from engine.domain.explorer import Direction, Place, Wish
from engine.domain.market import Symbol, Timeframe
from engine.domain.portfolio import Trade

_DIRECTIONS = {
    **dict.fromkeys(("long", "kauf", "largo", "up"), Direction.LONG),
    **dict.fromkeys(("short", "verkauf", "corto", "down"), Direction.SHORT),
}
_PROVEN = frozenset({"proven", "proved", "bewiesen", "probado", "probada"})
_SOLD = frozenset({"sold", "verkauft", "vendido"})
_MANY_TRADES = 1000
_INSTANT = timedelta(milliseconds=1)
_SHEETS = frozenset({"sheet", "all", "bogen", "alle", "hoja", "todos"})


def opportunities(ask: Ask) -> Response:
    """The ranked list; words filter it: ``btc``, ``4h``, ``long``, ``proven``."""
    chosen: dict[str, object] = {}
    for word in (arg.lower() for arg in ask.args):
        if word in set(Timeframe):
            chosen["timeframe"] = Timeframe(word)
        elif word in _DIRECTIONS:
            chosen["direction"] = _DIRECTIONS[word]
        elif word in _PROVEN:
            chosen["proven_only"] = True
        elif searchable(word):
            chosen["search"] = searchable(word)
        else:
            return note("opportunities_usage", word=word)
    return tell("opportunities", list=write_wish(Wish(**chosen)))  # type: ignore[arg-type]  # by name


def why(ask: Ask) -> Response:
    """Explain a decision: by market, by market and time, by id, or the newest there is.

    With ``sold`` behind the market it is the newest sale, or that of the time.
    """
    if not ask.args:
        place = ask.desk.explorer.find("")
        return note("why_nothing") if place is None else _shown("why", place)
    name, *when = ask.args
    if name == NOW_ONLY:
        return now_only(when)
    place = ask.desk.explorer.find(name)
    if place is None:
        return _without_market(ask)
    if when and when[0].lower() in _SOLD:
        return _why_sold(ask, place.symbol, when[1:])
    if not when:
        return _shown("why", place)
    at = _moment(ask, when)
    if isinstance(at, Response):
        return at
    frame = ask.desk.explorer.timeframe
    return _shown("why", Place(symbol=place.symbol, timeframe=frame, at=frame.floor(at)))


def now_only(when: Sequence[str]) -> Response:
    """Say what can look back, where something else was asked about the past."""
    return note("now_only", when=" ".join(when))


def _without_market(ask: Ask) -> Response:
    """A sale of any market, else what is missing: a known name, or one before the time."""
    name, *when = ask.args
    if name.lower() in _SOLD:
        return _why_sold(ask, None, when)
    if time_words(" ".join(ask.args).lower()):
        return note("why_which", when=" ".join(ask.args))
    return note("why_unknown", query=name)


def _moment(ask: Ask, when: Sequence[str]) -> datetime | Response:
    """The time that is asked about, or what is wrong with it."""
    now = ask.desk.explorer.now
    at = moment(when, zone_name=ask.words.zone_name, now=now)
    if at is None:
        return note("why_when", when=" ".join(when))
    return note("why_future", when=ask.words.moment(at)) if at > now else at


def _why_sold(ask: Ask, symbol: Symbol | None, when: Sequence[str]) -> Response:
    """Show the newest sale; of a day its newest, of a time that day's closest to it."""
    at = _moment(ask, when) if when else None
    if isinstance(at, Response):
        return at
    sales = [trade for trade in ask.desk.trades(_MANY_TRADES) if symbol in (None, trade.symbol)]
    if not sales:
        return note("sold_nothing") if symbol is None else note("sold_none", symbol=str(symbol))
    then = sales if at is None else _sold_on(sales, at, ask.words.zone_name)
    if not then:
        told = ask.words.moment(sales[0].closed_at)
        return note(
            "sold_not_then", symbol=str(sales[0].symbol), when=" ".join(when), time=plain_text(told)
        )
    if at is not None and any(":" in word for word in when):
        then = sorted(then, key=lambda sale: abs(sale.closed_at - at))
    return tell("trade", trade_id=then[0].id)


def _sold_on(sales: Sequence[Trade], at: datetime, zone_name: str) -> list[Trade]:
    """The sales of the day that a moment belongs to in the owner's zone; midnight ends a day."""
    zone = ZoneInfo(zone_name)
    day = (at - _INSTANT).astimezone(zone).date()
    return [sale for sale in sales if sale.closed_at.astimezone(zone).date() == day]


def chart(ask: Ask) -> Response:
    """A market as a picture, on one timeframe or on several; alone, the first that is watched.

    The words may come in any order: ``/chart sheet BTC`` is ``/chart BTC sheet``.
    """
    own = ask.desk.explorer.timeframe
    frame: Timeframe | None = own
    symbols: list[Symbol] = []
    for word in ask.args:
        low, symbol = word.lower(), ask.symbol(word)
        if low in set(Timeframe):
            frame = Timeframe(low)
        elif low in _SHEETS:
            frame = None
        elif symbol is not None:
            symbols.append(symbol)
        elif past := past_words(" ".join(ask.args).lower()):
            return now_only(past)
        elif symbols:
            return note("unknown_timeframe", timeframe=word)
        else:
            return note("unknown_symbol", symbol=word)
    symbols = symbols or list(ask.desk.alerts.watched(ask.person.user_id)[:1])
    if len(symbols) != 1:
        return note("chart_usage")
    return _shown("chart", Place(symbol=symbols[0]), look=Look(frame).code)


def costs(ask: Ask) -> Response:
    """What a round trip of a size costs, in the quote currency."""
    wanted = market_and_amount(ask, "costs")
    if isinstance(wanted, Response):
        return wanted
    symbol, amount = wanted
    return _shown("costs", Place(symbol=symbol), amount=plain(amount))


def open_list(ask: Ask, pressed: OpenList) -> Response:
    """Show a page of the list in the same message."""
    del ask
    payload: dict[str, Json] = {"list": write_wish(pressed.wish)}
    return Response(replies=(Reply(kind="opportunities", payload=payload, in_place=True),))


def open_card(ask: Ask, pressed: OpenCard) -> Response:
    """Show the card of a place in the same message."""
    return _opened(ask, "found", pressed.ref, pressed.behind)


def open_why(ask: Ask, pressed: OpenWhy) -> Response:
    """Explain a place in the same message."""
    return _opened(ask, "why", pressed.ref, pressed.behind)


def open_chart(ask: Ask, pressed: OpenChart) -> Response:
    """Show the chart of a place in the same message."""
    return _opened(ask, "chart", pressed.ref, pressed.behind, look=pressed.look.code)


def open_costs(ask: Ask, pressed: OpenCosts) -> Response:
    """Tell the costs at a place in the same message."""
    return _opened(ask, "costs", pressed.ref, pressed.behind, amount=str(pressed.amount_quote))


def ask_why(ask: Ask, pressed: AskWhy) -> Response:
    """Explain a decision below its card, which stays."""
    place = ask.desk.explorer.find(pressed.decision_id)
    if place is None:
        return Response(answer=ask.said("notices.card_gone"))
    return _shown("why", place)


def show_decision_chart(ask: Ask, pressed: ShowDecisionChart) -> Response:
    """Show the market of a decision as it is now, below its card."""
    place = ask.desk.explorer.find(pressed.decision_id)
    if place is None:
        return Response(answer=ask.said("notices.card_gone"))
    look = Look(place.timeframe or ask.desk.explorer.timeframe)
    return _shown("chart", Place(symbol=place.symbol), look=look.code)


def swap_chart(ask: Ask, pressed: SwapChart) -> Response:
    """Show a market's chart: in the same message if that has a picture, else below it."""
    symbols = ask.desk.explorer.symbols
    symbol = next((one for one in symbols if matches(pressed.market, one)), None)
    if symbol is None:
        return Response(answer=ask.said("notices.unknown_symbol", symbol=pressed.market))
    payload = {**_facts(Place(symbol=symbol)), "look": Look(pressed.timeframe).code}
    in_place = ask.incoming.has_photo
    return Response(replies=(Reply(kind="chart", payload=payload, in_place=in_place),))


def _opened(ask: Ask, kind: str, ref: Ref, behind: Wish | None, **more: Json) -> Response:
    place = ref.place(ask.desk.explorer.symbols)
    if place is None:
        return Response(answer=ask.said("notices.unknown_symbol", symbol=ref.market))
    payload = {**_facts(place), "list": write_wish(behind), **more}
    return Response(replies=(Reply(kind=kind, payload=payload, in_place=True),))


def _shown(kind: str, place: Place, **more: Json) -> Response:
    return tell(kind, **_facts(place), **more)


def _facts(place: Place) -> dict[str, Json]:
    return {
        "symbol": str(place.symbol),
        "timeframe": str(place.timeframe or ""),
        "at": place.at.isoformat() if place.at else "",
    }
