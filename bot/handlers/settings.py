"""What a person sets for themselves: ``/settings``, one message that is edited in place."""

from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.messages.callbacks_changes import SetPreference, ShowSettings

_ARGS = 2
_NAMES = ("language", "theme", "zone")


def settings(ask: Ask) -> Response:
    """One's own settings by buttons; a time zone may be written, too."""
    if not ask.incoming.is_private:
        return note("private_only")
    if not ask.args:
        return tell("settings", page="main")
    if len(ask.args) != _ARGS or ask.args[0].lower() not in _NAMES:
        return note("settings_usage")
    name, value = ask.args
    done = ask.desk.changes.prefer(name.lower(), value, ask.person.user_id)
    if done is None:
        return note("settings_value", what=name.lower(), value=value)
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
    done = ask.desk.changes.prefer(pressed.name, pressed.value, ask.person.user_id)
    if done is None:
        told = ask.said("notices.settings_value", what=pressed.name, value=pressed.value)
        return Response(answer=told, is_alert=True)
    return Response(replies=(_page("main"),), answer=ask.said("settings.done"), paired=done)


def _page(name: str) -> Reply:
    return Reply(kind="settings", payload={"page": name}, in_place=True)
