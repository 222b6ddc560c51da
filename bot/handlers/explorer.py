"""Looking around on the market: commands that begin a walk, presses that go on with it in place.

Nothing is looked up here beyond names and times: what is shown is found when it is rendered.
"""

from bot.handlers.amounts import asked_back, typed_amount
from bot.handlers.asking import Ask, Reply, Response, note, tell
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
from engine.domain.alert_measures import plain
from engine.domain.desk import Json
from engine.domain.explorer import Direction, Place, Wish
from engine.domain.market import Timeframe
from engine.domain.typed import TwoReadings

_DIRECTIONS = {
    **dict.fromkeys(("long", "kauf", "largo", "up"), Direction.LONG),
    **dict.fromkeys(("short", "verkauf", "corto", "down"), Direction.SHORT),
}
_PROVEN = frozenset({"proven", "proved", "bewiesen", "probado", "probada"})
_SHEETS = frozenset({"sheet", "all", "alle", "todos"})


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
    """Explain a decision: by market, by market and time, by id, or the newest proposal."""
    if not ask.args:
        place = ask.desk.explorer.find("")
        return note("why_nothing") if place is None else _shown("why", place)
    name, *when = ask.args
    place = ask.desk.explorer.find(name)
    if place is None:
        return note("why_unknown", query=name)
    if not when:
        return _shown("why", place)
    explorer = ask.desk.explorer
    at = moment(when, zone_name=ask.words.zone_name, now=explorer.now)
    if at is None:
        return note("why_when", when=" ".join(when))
    if at > explorer.now:
        return note("why_future", when=ask.words.moment(at))
    frame = explorer.timeframe
    return _shown("why", Place(symbol=place.symbol, timeframe=frame, at=frame.floor(at)))


def chart(ask: Ask) -> Response:
    """A market as a picture, on one timeframe or on several; alone, the first that is watched."""
    watched = ask.desk.alerts.watched(ask.person.user_id)
    if not ask.args and not watched:
        return note("chart_usage")
    symbol = ask.symbol(ask.args[0]) if ask.args else watched[0]
    if symbol is None:
        return note("unknown_symbol", symbol=ask.args[0])
    wanted = ask.args[1].lower() if len(ask.args) > 1 else ""
    if wanted and wanted not in set(Timeframe) | _SHEETS:
        return note("unknown_timeframe", timeframe=ask.args[1])
    own = ask.desk.explorer.timeframe
    frame = None if wanted in _SHEETS else Timeframe(wanted) if wanted else own
    return _shown("chart", Place(symbol=symbol), look=Look(frame).code)


def costs(ask: Ask) -> Response:
    """What a round trip of a size costs, in the quote currency."""
    name, *typed = ask.args or ("",)
    if not typed:
        return note("costs_usage")
    amount, quote = typed_amount(typed)
    if len(quote) > 1:
        return note("costs_usage")
    symbol = ask.symbol(name)
    if symbol is None:
        return note("unknown_symbol", symbol=name)
    if isinstance(amount, TwoReadings):
        return asked_back(amount)
    if amount is None or (quote and quote[0].upper() != symbol.quote):
        return note("costs_amount", amount=" ".join(typed))
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
