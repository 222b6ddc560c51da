"""What a person sets for themselves: ``/settings``, one message that is edited in place."""

from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.messages.callbacks_changes import SetPreference, ShowSettings
from engine.domain.desk import Json, Person, Role

_ARGS = 2
_CURRENCY = "currency"
_NAMES = ("language", "theme", "zone", "currency")


def settings(ask: Ask) -> Response:
    """One's own settings by buttons; a time zone may be written, too."""
    if not ask.incoming.is_private:
        return note("private_only")
    if not ask.args:
        return tell("settings", page="main")
    if len(ask.args) != _ARGS or ask.args[0].lower() not in _NAMES:
        return note("settings_usage")
    name, value = ask.args[0].lower(), ask.args[1]
    done = _set(ask, name, value.upper() if name == _CURRENCY else value)
    if done is None:
        name, values = _why_not(ask, name, value)
        return note(name, **values)
    return Response(replies=(Reply(kind="settings", payload={"page": "main"}),), paired=done)


def show_settings(ask: Ask, pressed: ShowSettings) -> Response:
    """Another page in the same message."""
    if not ask.incoming.is_private:
        return Response(answer=ask.said("notices.private_only"))
    return Response(replies=(_page(pressed.page),))


def set_preference(ask: Ask, pressed: SetPreference) -> Response:
    """Set it, and show the first page again."""
    if not ask.incoming.is_private:
        return Response(answer=ask.said("notices.private_only"))
    done = _set(ask, pressed.name, pressed.value)
    if done is None:
        name, values = _why_not(ask, pressed.name, pressed.value)
        return Response(answer=ask.said(f"notices.{name}", **values), is_alert=True)
    return Response(replies=(_page("main"),), answer=ask.said("settings.done"), paired=done)


def _why_not(ask: Ask, name: str, value: str) -> tuple[str, dict[str, Json]]:
    """What was wrong with a wish: its sentence and the sentence's values."""
    if name != _CURRENCY:
        return f"settings_value_{name}", {"value": value}
    if ask.person.role is not Role.OWNER:
        return "settings_currency_owner", {}
    view = ask.desk.records.currency()
    if not view.offered:
        return "settings_currency_none", {"value": value, "quote": view.quote}
    offered = ", ".join(view.offered)
    told: dict[str, Json] = {"value": value, "offered": offered, "first": view.offered[0]}
    return "settings_value_currency", told


def _set(ask: Ask, name: str, value: str) -> Person | None:
    """The person as they are then, ``None`` if it cannot be."""
    user_id = ask.person.user_id
    if name != _CURRENCY:
        return ask.desk.changes.prefer(name, value, user_id)
    chosen = "" if value == ask.desk.records.currency().quote else value
    return ask.person if ask.desk.records.choose_currency(chosen, user_id) else None


def _page(name: str) -> Reply:
    return Reply(kind="settings", payload={"page": name}, in_place=True)
