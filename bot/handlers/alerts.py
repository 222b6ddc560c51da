"""``/alert``, ``/alerts``, ``/watch`` and their buttons.

The desk queues the message of an alert that was set together with the alert; these handlers say why
there is none, and refresh what a button was pressed on.
"""

from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.messages.callbacks_alerts import (
    ChangeAlert,
    ListAlerts,
    OfferLevels,
    SetBand,
    SetLevel,
    Shown,
    WatchMarket,
    find_market,
)
from engine.desk.alerts.grammar import NUMBER_MARKS
from engine.desk.alerts.views import AlertOutcome
from engine.domain.alert_measures import Measured, Relation
from engine.domain.alerts import Alert
from engine.domain.desk import Json, Role
from engine.domain.market import Symbol
from engine.domain.typed import TwoReadings, read_number, typed_text

_OFF = frozenset({"off", "stop", "aus", "no"})
_WATCH_ARGS = (1, 2)


def set_alert(ask: Ask) -> Response:
    """Set an alert; without words, what can be said, and buttons."""
    if not ask.args:
        return tell("alert_help", user_id=ask.person.user_id)
    outcome = _create(ask, " ".join(ask.args))
    if outcome.done:
        return Response()  # the desk has queued the message with the alert
    two = read_number(outcome.word, marks=NUMBER_MARKS)
    if outcome.reason == "two_readings" and isinstance(two, TwoReadings):
        return note("alert_two_readings", word=two.word, low=two.low, high=two.high)
    return note(f"alert_{outcome.reason}", word=outcome.word)


def alerts(ask: Ask) -> Response:
    """The list."""
    return tell("alerts", user_id=ask.person.user_id, page=0)


def watch(ask: Ask) -> Response:
    """The watched markets; with a market, watch it or (``off``) stop."""
    if not ask.args:
        return tell("watch", user_id=ask.person.user_id)
    name, *rest = ask.args
    is_off = bool(rest) and rest[0].lower() in _OFF
    if len(ask.args) not in _WATCH_ARGS or (rest and not is_off):
        return note("watch_usage", word=" ".join(rest))
    symbol = ask.symbol(name)
    if symbol is None:
        return note("unknown_symbol", symbol=name)
    outcome = ask.desk.alerts.watch(symbol, ask.person.user_id, on=not is_off)
    if outcome.reason in ("", "exists", "absent"):
        return tell("watch", user_id=ask.person.user_id)
    return note(f"watch_{outcome.reason}", word=outcome.word)


def change_alert(ask: Ask, pressed: ChangeAlert) -> Response:
    """Pause, resume, delete, move; the message is told as things stand now."""
    outcome = ask.desk.alerts.change(
        pressed.verb, pressed.alert_id, ask.person.user_id, edition=pressed.edition
    )
    name = pressed.verb if outcome.done else outcome.reason
    word = outcome.alert.condition.text if outcome.alert else outcome.word
    return Response(
        replies=() if outcome.alert is None else (_refreshed(outcome.alert, pressed),),
        answer=ask.said(f"notices.alert_{name}", word=word),
        is_alert=not outcome.done,
    )


def list_alerts(ask: Ask, pressed: ListAlerts) -> Response:
    """Another page in the same message; a list is turned by its person, or by an owner."""
    if pressed.user_id != ask.person.user_id and ask.person.role is not Role.OWNER:
        return Response(answer=ask.said("notices.alert_not_yours"), is_alert=True)
    payload: dict[str, Json] = {"user_id": pressed.user_id, "page": pressed.page}
    return Response(replies=(Reply(kind="alerts", payload=payload, in_place=True),))


def offer_levels(ask: Ask, pressed: OfferLevels) -> Response:
    """Lines to tap, in a message of their own: a picture is not written over."""
    symbol = _market(ask, pressed.market)
    if symbol is None:
        return _unknown(ask, pressed.market)
    payload: dict[str, Json] = {"symbol": str(symbol), "timeframe": pressed.timeframe}
    return Response(replies=(Reply(kind="alert_levels", payload=payload),))


def set_level(ask: Ask, pressed: SetLevel) -> Response:
    """An alert on a price."""
    symbol = _market(ask, pressed.market)
    if symbol is None:
        return _unknown(ask, pressed.market)
    return _set(ask, f"{symbol} {pressed.relation} {typed_text(pressed.line)}")


def set_band(ask: Ask, pressed: SetBand) -> Response:
    """An alert on a close beyond a band."""
    symbol = _market(ask, pressed.market)
    if symbol is None:
        return _unknown(ask, pressed.market)
    relation = Relation.ABOVE if pressed.band is Measured.BB_UPPER else Relation.BELOW
    return _set(ask, f"close({symbol},{pressed.timeframe}) {relation} {pressed.band}")


def watch_market(ask: Ask, pressed: WatchMarket) -> Response:
    """Watch a market, or stop; the list is told as it is now."""
    symbol = _market(ask, pressed.market)
    if symbol is None:
        return _unknown(ask, pressed.market)
    outcome = ask.desk.alerts.watch(symbol, ask.person.user_id, on=pressed.on)
    name = outcome.reason or ("added" if pressed.on else "dropped")
    return Response(
        replies=(Reply(kind="watch", payload={"user_id": ask.person.user_id}, in_place=True),),
        answer=ask.said(f"notices.watch_{name}", word=outcome.word or symbol),
    )


def _set(ask: Ask, text: str) -> Response:
    outcome = _create(ask, text)
    name = "set" if outcome.done else outcome.reason
    word = outcome.alert.condition.text if outcome.alert else outcome.word
    return Response(answer=ask.said(f"notices.alert_{name}", word=word), is_alert=not outcome.done)


def _create(ask: Ask, text: str) -> AlertOutcome:
    return ask.desk.alerts.create(
        text,
        ask.person.user_id,
        chat_id=ask.incoming.chat_id,
        request_id=ask.request_id,
    )


def _refreshed(alert: Alert, pressed: ChangeAlert) -> Reply:
    """The pressed message anew; a list stays that of the alert's person, whoever pressed."""
    match pressed.shown:
        case Shown.LIST:
            listed: dict[str, Json] = {"user_id": alert.user_id, "page": pressed.number}
            return Reply(kind="alerts", payload=listed, in_place=True)
        case Shown.FIRING:
            fired: dict[str, Json] = {"alert_id": alert.id, "number": pressed.number}
            return Reply(kind="alert", payload=fired, in_place=True)
        case Shown.SINGLE:
            return Reply(kind="alert_set", payload={"alert_id": alert.id}, in_place=True)


def _market(ask: Ask, code: str) -> Symbol | None:
    return find_market(code, ask.desk.alerts.markets())


def _unknown(ask: Ask, code: str) -> Response:
    return Response(answer=ask.said("notices.unknown_symbol", symbol=code))
