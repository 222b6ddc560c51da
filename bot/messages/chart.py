"""The chart of a market: buttons swap timeframe and overlays in the same message."""

from decimal import Decimal

from bot.channel import CAPTION_LIMIT, Button, Keyboard
from bot.messages.callbacks_explorer import Look, OpenChart, Overlay, Ref
from bot.messages.markup import Html, cut, shorten
from bot.messages.pictures import chart_picture
from bot.messages.pictures_explorer import frames_picture
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import (
    chosen,
    list_of,
    marked,
    place_of,
    to_alert,
    to_card,
    to_costs,
    to_list,
    to_why,
)
from bot.messages.words import Words
from engine.domain.explorer import FramesView, Place
from engine.domain.market import Timeframe
from engine.domain.views import ChartView

_ROWS = (
    (Overlay.BANDS, Overlay.AVERAGES, Overlay.VOLUME),
    (Overlay.RSI, Overlay.MACD, Overlay.STOCH),
)


def render_chart(telling: Telling) -> Rendered:
    """A market on one timeframe, or on several at once."""
    words, place = telling.words, place_of(telling)
    if place is None:
        return Rendered(
            text=words("notices.unknown_symbol", symbol=cut(telling.text("symbol"), 60))
        )
    look = Look.read(telling.text("look")) or Look(
        place.timeframe or telling.desk.explorer.timeframe
    )
    if look.timeframe is None:
        return _sheet(telling, place, look)
    return _chart(telling, place, look, look.timeframe)


def _chart(telling: Telling, place: Place, look: Look, frame: Timeframe) -> Rendered:
    words = telling.words
    there = Place(symbol=place.symbol, timeframe=frame, at=place.at)
    is_projected = Overlay.CONE in look.overlays and place.at is None
    view = telling.desk.explorer.chart(there, is_projected=is_projected)
    keyboard = _keyboard(telling, place, look)
    if view is None:
        return Rendered(text=_nothing(words, place, frame), keyboard=keyboard)
    return Rendered(
        text=shorten(_caption(words, place, view), CAPTION_LIMIT),
        keyboard=keyboard,
        picture=chart_picture(telling, view, look.overlays) if telling.wants_picture else None,
        picture_name=f"chart-{place.symbol}-{frame}",
    )


def _sheet(telling: Telling, place: Place, look: Look) -> Rendered:
    words = telling.words
    view = telling.desk.explorer.frames(place)
    keyboard = _keyboard(telling, place, look)
    if view is None:
        own = telling.desk.explorer.timeframe
        return Rendered(text=_nothing(words, place, own), keyboard=keyboard)
    return Rendered(
        text=shorten(_sheet_caption(words, view), CAPTION_LIMIT),
        keyboard=keyboard,
        picture=frames_picture(telling, view, look.overlays) if telling.wants_picture else None,
        picture_name=f"sheet-{place.symbol}",
    )


def _nothing(words: Words, place: Place, frame: Timeframe) -> Html:
    if place.at is None:
        return words("chart_message.none", symbol=place.symbol, timeframe=frame)
    at = words.moment(place.at)
    return words("chart_message.none_at", symbol=place.symbol, timeframe=frame, time=at)


def _caption(words: Words, place: Place, view: ChartView) -> Html:
    price, change = _last(words, view)
    values = {
        "symbol": view.symbol,
        "timeframe": view.timeframe,
        "price": price,
        "change": change,
        "count": len(view.bars),
    }
    head = (
        words("chart_message.head", **values)
        if place.at is None
        else words("chart_message.past", time=words.moment(place.at), **values)
    )
    return lines(head, words("card.simulated") if view.simulated else "")


def _sheet_caption(words: Words, view: FramesView) -> Html:
    return lines(
        words("chart_message.sheet", symbol=view.symbol),
        *(_pane(words, chart) for chart in view.charts),
        words("card.simulated") if view.simulated else "",
    )


def _pane(words: Words, view: ChartView) -> Html:
    """One timeframe: each has a last bar of its own, so each says when that closed."""
    price, change = _last(words, view)
    return words(
        "chart_message.sheet_line",
        timeframe=view.timeframe,
        price=price,
        change=change,
        count=len(view.bars),
        time=words.moment(view.bars.candle(-1).closed_at(view.timeframe)),
    )


def _last(words: Words, view: ChartView) -> tuple[str, str]:
    """The last price and its change over the bars."""
    bars = view.bars
    last, first = Decimal(repr(bars.close[-1])), Decimal(repr(bars.open[0]))
    change = words.percent(last / first - 1, digits=2, signed=True) if first > 0 else "–"
    return words.price(last), change


def _keyboard(telling: Telling, place: Place, look: Look) -> Keyboard:
    words, behind, ref = telling.words, list_of(telling), Ref.of(place)

    def to(there: Look, label: str) -> Button:
        return button(label, OpenChart(ref, there, behind))

    frames = tuple(
        to(Look(frame, look.overlays), chosen(str(frame), on=frame is look.timeframe))
        for frame in telling.desk.explorer.charted(place.symbol)
    )
    overlays = tuple(
        tuple(to(look.toggled(one), _label(words, look, one)) for one in row) for row in _ROWS
    )
    sheet = Look(None, look.overlays)
    more = [to(sheet, chosen(words.raw("overlays.sheet"), on=look.timeframe is None))]
    if place.at is None and look.timeframe is not None:
        more.insert(0, to(look.toggled(Overlay.CONE), _label(words, look, Overlay.CONE)))
    ways: tuple[Button, ...] = (
        to_why(words, place, behind),
        to_costs(words, place, behind),
        to_card(words, place, behind),
    )
    if place.at is None:
        frame = look.timeframe or telling.desk.explorer.timeframe
        ways = (*ways, to_alert(words, place.symbol, frame))
    rows = (frames, *overlays, tuple(more), ways, to_list(words, behind))
    return tuple(row for row in rows if row)


def _label(words: Words, look: Look, overlay: Overlay) -> str:
    name = overlay.name or ""
    return marked(words.raw(f"overlays.{name.lower()}"), on=overlay in look.overlays)
