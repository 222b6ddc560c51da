"""Alerts: what was set, the list, what came true, lines to tap.

An alert is named by its text, which is what a person would write to set it again.
"""

from collections.abc import Sequence
from decimal import Decimal

from bot.channel import TEXT_LIMIT, Button, Keyboard
from bot.messages.callbacks_alerts import (
    ChangeAlert,
    ListAlerts,
    OfferLevels,
    SetBand,
    Shown,
    Verb,
    market_code,
    set_level,
)
from bot.messages.markup import Html, cut, shorten
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import to_chart
from bot.messages.words import Words
from engine.desk.alerts.views import AlertView, FiredView, Level, Reading
from engine.domain.alert_measures import Condition, Measure, Measured, Unit
from engine.domain.alerts import Alert, AlertState, Hit
from engine.domain.errors import InvalidValueError
from engine.domain.explorer import Place
from engine.domain.market import Symbol, Timeframe

_HITS = 10
MARKETS = 8
"""How many are offered at a time."""
_BUTTONS_A_ROW = 4
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_ENDED = (AlertState.FIRED, AlertState.EXPIRED, AlertState.DELETED)


def render_alert_help(telling: Telling) -> Rendered:
    """What can be said after ``/alert``, and a button per market; watched ones first."""
    words, desk = telling.words, telling.desk
    watched = desk.alerts.watched(telling.number("user_id"))
    markets = list(dict.fromkeys((*watched, *desk.alerts.markets())))[:MARKETS]
    frame = desk.explorer.timeframe
    buttons = [button(symbol.base, OfferLevels(frame, market_code(symbol))) for symbol in markets]
    names = ("price", "indicator", "cross", "volume", "change", "book", "events", "options")
    return Rendered(
        text=lines(
            words("alerts.help_head"),
            *(words(f"alerts.help_{name}") for name in names),
            words("alerts.help_tap"),
        ),
        keyboard=in_rows(buttons),
    )


def render_alert_levels(telling: Telling) -> Rendered:
    """Lines of one market to tap."""
    words, name = telling.words, telling.text("symbol")
    try:
        symbol, frame = Symbol.parse(name), Timeframe(telling.text("timeframe"))
    except (InvalidValueError, ValueError):
        return Rendered(text=words("notices.unknown_symbol", symbol=cut(name, 60)))
    view = telling.desk.alerts.levels(symbol, frame)
    if view is None:
        return Rendered(text=words("chart_message.none", symbol=symbol, timeframe=frame))
    buttons = [_level_button(words, view.timeframe, level) for level in view.levels]
    return Rendered(
        text=words("alerts.levels", symbol=symbol, price=words.price(view.price)),
        keyboard=tuple((one,) for one in buttons if one is not None),
    )


def _level_button(words: Words, frame: Timeframe, level: Level) -> Button | None:
    condition, symbol = level.condition, level.condition.symbol
    assert symbol is not None and condition.relation is not None  # noqa: PT018 - levels are of a market, and have a side
    label = f"{condition.relation} {words.price(level.line)} · {words.raw(f'alerts.{level.name}')}"
    if condition.other is not None:
        return button(label, SetBand(condition.other.name, frame, market_code(symbol)))
    pressed = set_level(symbol, condition.relation, level.line)
    return None if pressed is None else button(label, pressed)


def render_alert_set(telling: Telling) -> Rendered | None:
    """One alert as it stands."""
    view = telling.desk.alerts.view(telling.text("alert_id"))
    if view is None:
        return None
    words, alert = telling.words, view.alert
    return Rendered(
        text=lines(
            words(f"alerts.state_{alert.state}", text=alert.condition.text),
            *([] if alert.state in _ENDED else _standing(words, view)),
        ),
        keyboard=_rows(_changes(words, view, Shown.SINGLE), _chart_of(telling, alert.condition)),
    )


def _standing(words: Words, view: AlertView) -> list[Html]:
    alert, nearest = view.alert, view.nearest
    found = [_now(words, view)]
    if nearest is not None and not nearest.armed and alert.state is AlertState.ACTIVE:
        found.append(words("alerts.already") if not alert.fired else Html(""))
        found.append(_back(words, alert.condition, nearest))
    return [*found, _how_often(words, view)]


def _back(words: Words, condition: Condition, reading: Reading) -> Html:
    """Where the value must go before the alert tells again."""
    if reading.back is None:
        return words("alerts.waits")
    return words("alerts.waits_for", back=value_text(words, condition, reading.back))


def _how_often(words: Words, view: AlertView) -> Html:
    alert = view.alert
    if alert.once:
        told = words("alerts.once")
    elif alert.condition.is_event:
        told = words("alerts.each_time")
    else:
        told = words("alerts.repeats", pause=_span(words, int(view.cooldown_s)))
    if alert.expires_on is None:
        return told
    until = words("alerts.until", day=alert.expires_on.isoformat())
    return Html(f"{told} · {until}")


def _now(words: Words, view: AlertView) -> Html:
    """The value of now and how far it is from the line; of several markets the nearest."""
    alert, nearest = view.alert, view.nearest
    if alert.condition.is_event:
        return words("alerts.told", count=alert.fired)
    if nearest is None or nearest.value is None or nearest.gap is None:
        return words("alerts.no_value")
    values = {
        "value": value_text(words, alert.condition, nearest.value),
        "gap": _gap_text(words, alert.condition, nearest.gap),
    }
    name = "beyond" if nearest.gap < 0 else "to_go"
    if alert.condition.symbol is None and nearest.key:
        return words(f"alerts.nearest_{name}", symbol=nearest.key, **values)
    return words(f"alerts.now_{name}", **values)


def render_alerts(telling: Telling) -> Rendered:
    """A page of somebody's alerts, each with its buttons."""
    words, user_id = telling.words, telling.number("user_id")
    view = telling.desk.alerts.listed(user_id, telling.number("page"))
    if not view.rows:
        return Rendered(text=words("alerts.none"))
    numbered = list(enumerate(view.rows, start=view.first_number))
    turns = [
        button(words.raw(f"buttons.{name}"), ListAlerts(user_id, page))
        for name, page in (("previous", view.page - 1), ("next", view.page + 1))
        if 0 <= page < view.pages
    ]
    return Rendered(
        text=shorten(
            lines(
                words("alerts.head", count=view.count, page=view.page + 1, pages=view.pages),
                *(_row(words, number, row) for number, row in numbered),
            ),
            TEXT_LIMIT,
        ),
        keyboard=_rows(
            *(
                _changes(words, row, Shown.LIST, page=view.page, number=number)
                for number, row in numbered
            ),
            tuple(turns),
        ),
    )


def _row(words: Words, number: int, view: AlertView) -> Html:
    return lines(
        words("alerts.row", number=number, text=view.alert.text),
        words("alerts.row_now", now=_now(words, view), state=_state(words, view)),
    )


def _state(words: Words, view: AlertView) -> Html:
    nearest = view.nearest
    if view.alert.state is AlertState.PAUSED:
        return words("alerts.paused")
    if view.alert.condition.is_event or nearest is None:
        return words("alerts.armed")
    if nearest.silent_until is not None:
        return words("alerts.cooling", time=words.clock(nearest.silent_until))
    return words("alerts.armed" if nearest.armed else "alerts.waiting")


def _changes(
    words: Words, view: AlertView, shown: Shown, *, page: int = 0, number: int | None = None
) -> tuple[Button, ...]:
    """What can be done with an alert; in a list each button says to which it belongs."""
    alert = view.alert
    before = f"{number} " if number is not None else ""

    def to(verb: Verb, label: str) -> Button:
        pressed = ChangeAlert(verb, alert.id, alert.edition, shown, page)
        return button(f"{before}{label}", pressed)

    if not alert.state.is_open:
        return (to(Verb.RESUME, words.raw("buttons.alert_again")),)
    is_active = alert.state is AlertState.ACTIVE
    short = "" if number is None else "_short"
    pause = to(Verb.PAUSE, words.raw(f"buttons.alert_pause{short}"))
    resume = to(Verb.RESUME, words.raw(f"buttons.alert_resume{short}"))
    moves = [to(verb, f"{sign}{step}") for verb, sign, step in _steps(words, view)]
    return (
        pause if is_active else resume,
        *moves,
        to(Verb.DELETE, words.raw(f"buttons.alert_delete{short}")),
    )


def _steps(words: Words, view: AlertView) -> list[tuple[Verb, str, str]]:
    step, unit = view.step, view.alert.condition.unit
    if step is None:
        return []
    if unit is Unit.POINTS:
        label = words.quantity(step)
    elif unit is Unit.TIMES:
        label = f"{words.quantity(step)}×"
    else:
        label = f"{words.quantity(step * 100)} %"
    return [(Verb.DOWN, "−", label), (Verb.UP, "+", label)]


def render_alert(telling: Telling) -> Rendered | None:
    """An alert came true: value, line, time."""
    found = telling.desk.alerts.fired(telling.text("alert_id"), telling.number("number"))
    if found is None:
        return None
    words, alert, firing = telling.words, found.view.alert, found.firing
    hits = firing.hits[-_HITS:]
    return Rendered(
        text=lines(
            *(_hit(words, alert.condition, hit) for hit in hits),
            words("alerts.more_hits", count=len(firing.hits) - len(hits))
            if len(firing.hits) > len(hits)
            else "",
            words("alerts.fired", text=firing.text, count=firing.number),
            _afterwards(words, found),
            words("card.simulated") if found.view.simulated else "",
        ),
        keyboard=_fired_buttons(telling, found),
    )


def _afterwards(words: Words, found: FiredView) -> Html:
    """Whether it goes on; the newest firing says when it tells again."""
    view, alert = found.view, found.view.alert
    if alert.state is not AlertState.ACTIVE:
        return words("alerts.off" if alert.state is not AlertState.PAUSED else "alerts.paused")
    if alert.fired != found.firing.number or alert.condition.is_event:
        return Html("")
    keys = {hit.key for hit in found.firing.hits}
    waiting = [one for one in view.readings if one.key in keys and not one.armed]
    if not waiting:
        return Html("")
    return _back(words, alert.condition, waiting[0]) if len(keys) == 1 else words("alerts.waits")


def _hit(words: Words, condition: Condition, hit: Hit) -> Html:
    time = words.moment(hit.at)
    if condition.is_event:
        name = f"alerts.event_{condition.measure.name}"
        return words(name, symbol=hit.key, price=words.price(hit.value), time=time)
    assert condition.relation is not None and hit.line is not None  # noqa: PT018 - only events have neither
    values = {
        "symbol": hit.key,
        "value": value_text(words, condition, hit.value),
        "relation": condition.relation,
        "line": value_text(words, condition, hit.line),
        "measure": _name(condition.measure),
        "other": condition.other.short if condition.other else "",
        "time": time,
    }
    what = "price" if condition.measure.name is Measured.PRICE else "measure"
    what = "book" if not hit.key else what
    head = words(f"alerts.hit_{what}{'_other' if condition.other else ''}", **values)
    if hit.began_at == hit.at:
        return head
    span = words("alerts.in_bar", start=words.minute(hit.began_at), end=words.minute(hit.at))
    return Html(f"{head} · {span}")


def _name(measure: Measure) -> str:
    """The measure without its market: ``rsi(1h)``."""
    parts = [str(measure.timeframe)] if measure.timeframe else []
    usual = measure.name.trait.length_bars
    if measure.length_bars not in (None, usual):
        parts.append(str(measure.length_bars))
    if measure.span_h is not None:
        parts.append(f"{measure.span_h}h")
    return f"{measure.name}({','.join(parts)})" if parts else str(measure.name)


def _fired_buttons(telling: Telling, found: FiredView) -> Keyboard:
    words, alert, number = telling.words, found.view.alert, found.firing.number
    is_on = alert.state is AlertState.ACTIVE
    label = words.raw("buttons.alert_off" if is_on else "buttons.alert_again")
    verb = Verb.DELETE if is_on else Verb.RESUME
    switch = button(label, ChangeAlert(verb, alert.id, alert.edition, Shown.FIRING, number))
    keys = [hit.key for hit in found.firing.hits if hit.key]
    return _rows((*_charts(telling, keys, alert), switch))


def _charts(telling: Telling, keys: Sequence[str], alert: Alert) -> tuple[Button, ...]:
    """The chart of what came true; of several markets the first."""
    if not keys:
        return ()
    frame = alert.condition.measure.timeframe or telling.desk.explorer.timeframe
    place = Place(symbol=Symbol.parse(keys[0]))
    return (to_chart(telling.words, place, frame, None),)


def _chart_of(telling: Telling, condition: Condition) -> tuple[Button, ...]:
    if condition.symbol is None:
        return ()
    frame = condition.measure.timeframe or telling.desk.explorer.timeframe
    return (to_chart(telling.words, Place(symbol=condition.symbol), frame, None),)


def value_text(words: Words, condition: Condition, value: Decimal) -> str:
    """A value in the unit of its condition."""
    match condition.unit:
        case Unit.SHARE:
            return words.percent(value, digits=2)
        case Unit.POINTS:
            return words.number(value, 1)
        case Unit.TIMES:
            return f"{words.number(value, 2)}×"
        case _:
            return words.price(value)


def _gap_text(words: Words, condition: Condition, gap: Decimal) -> str:
    if condition.unit in (Unit.PRICE, Unit.SHARE):
        return words.percent(abs(gap), digits=2)
    return value_text(words, condition, abs(gap))


def _span(words: Words, seconds: int) -> Html:
    """A pause in its largest whole unit."""
    for size, name in ((_DAY_S, "days"), (_HOUR_S, "hours"), (_MINUTE_S, "minutes")):
        if seconds and seconds % size == 0:
            return words(f"spans.{name}", count=seconds // size)
    return words("spans.seconds", count=seconds)


def _rows(*rows: Sequence[Button]) -> Keyboard:
    return tuple(tuple(row) for row in rows if row)


def in_rows(buttons: Sequence[Button]) -> Keyboard:
    """Short buttons, four in a row."""
    return tuple(
        tuple(buttons[k : k + _BUTTONS_A_ROW]) for k in range(0, len(buttons), _BUTTONS_A_ROW)
    )
