"""One's own settings: what holds, and a page of choices for each; one message, edited in place."""

from bot.channel import Button, Keyboard
from bot.messages.callbacks_changes import (
    LANGUAGES,
    SETTINGS_PAGES,
    THEMES,
    Preference,
    SetPreference,
    ShowSettings,
)
from bot.messages.callbacks_delivery import ShowScreen
from bot.messages.markup import Html, plain
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.desk import Person, Role

ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Madrid",
    "Europe/Athens",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/Sao_Paulo",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)
"""Zones to tap; any other can be written."""

_IN_A_ROW = 3
_CHOSEN = "● "


def render_settings(telling: Telling) -> Rendered | None:
    """The page of ``payload["page"]`` for whoever reads it."""
    reader, words = telling.reader, telling.words
    if reader is None:
        return None
    match telling.text("page"):
        case "language":
            choices = [(words.raw(f"languages.{one}"), one) for one in LANGUAGES]
            return _page(words, "language", choices, words.language)
        case "theme":
            themes = [(words.raw(f"settings.theme_{one}"), one) for one in THEMES]
            return _page(words, "theme", themes, reader.theme or telling.options.theme)
        case "zone":
            zones = [(one.rpartition("/")[2].replace("_", " "), one) for one in ZONES]
            return _page(words, "zone", zones, reader.zone or telling.options.zone_name)
        case "currency":
            return _currencies(telling, reader)
        case _:
            return _main(telling, reader)


def _main(telling: Telling, reader: Person) -> Rendered:
    words = telling.words
    theme = reader.theme or telling.options.theme
    return Rendered(
        text=lines(
            words("settings.head", name=reader.name, role=words(f"roles.{reader.role}")),
            words("settings.language", value=words(f"languages.{words.language}")),
            words("settings.theme", value=words(f"settings.theme_{theme}")),
            words("settings.zone", value=reader.zone or telling.options.zone_name),
            _currency(telling),
        ),
        keyboard=(
            tuple(
                button(words.raw(f"settings.button_{name}"), ShowSettings(name))
                for name in SETTINGS_PAGES
                if name != "main"
            ),
            *_elsewhere(words),
        ),
    )


def _currency(telling: Telling) -> Html:
    view = telling.desk.records.currency()
    value = f"{view.quote} ≈ {view.chosen}" if view.chosen else view.quote
    return telling.words("settings.currency", value=value)


def _currencies(telling: Telling, reader: Person) -> Rendered:
    """Currencies to count in; the choice is the desk's, so an owner makes it."""
    words, view = telling.words, telling.desk.records.currency()
    if reader.role is not Role.OWNER or not view.offered:
        name = "currency_owner" if reader.role is not Role.OWNER else "currency_none"
        back = (button(words.raw("buttons.previous"), ShowSettings("main")),)
        text = lines(_currency(telling), words(f"settings.{name}", quote=view.quote))
        return Rendered(text=text, keyboard=(back,))
    alone = plain(words("settings.currency_alone", quote=view.quote))
    choices = [(alone, ""), *((code, code) for code in view.offered)]
    return _page(words, "currency", choices, view.chosen)


def _elsewhere(words: Words) -> Keyboard:
    """Screens of other areas that are about oneself, too."""
    return ((button(words.raw("settings.button_quiet"), ShowScreen("quiet")),),)


def _page(words: Words, name: Preference, choices: list[tuple[str, str]], chosen: str) -> Rendered:
    buttons: list[Button] = [
        button(f"{_CHOSEN if value == chosen else ''}{label}", SetPreference(name, value))
        for label, value in choices
    ]
    rows = [tuple(buttons[at : at + _IN_A_ROW]) for at in range(0, len(buttons), _IN_A_ROW)]
    back = (button(words.raw("buttons.previous"), ShowSettings("main")),)
    return Rendered(text=words(f"settings.choose_{name}"), keyboard=(*rows, back))
