"""What a person sets for themselves: language, background of pictures, time zone.

It steers nothing, so nobody is asked. An empty value is the desk's own.
"""

from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.desk.context import DeskContext
from engine.domain.desk import Person

LANGUAGES = ("en", "de", "es")
THEMES = ("dark", "light")


def prefer(context: DeskContext, name: str, value: str, user_id: int) -> Person | None:
    """The person with the preference set, in one commit; ``None`` if it cannot be."""
    if not _is_possible(name, value):
        return None
    with context.units() as unit:
        person = next((p for p in unit.desk.people() if p.user_id == user_id), None)
        if person is None:
            return None
        match name:
            case "language":
                changed = replace(person, language=value)
            case "theme":
                changed = replace(person, theme=value)
            case _:
                changed = replace(person, zone=value)
        if changed != person:
            unit.desk.put_person(changed)
            unit.commit()
    return changed


def _is_possible(name: str, value: str) -> bool:
    match name:
        case "language":
            return value in LANGUAGES
        case "theme":
            return value in ("", *THEMES)
        case "zone":
            return value == "" or _is_zone(value)
        case _:
            return False


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
