"""Sentences about wrong settings, and how values are shown without giving a secret away."""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time

MASK = "********"

_LONGEST = 60
_PASSWORDS = re.compile(r"(?P<before>://[^/@\s:]*:)[^@\s]*(?=@)|(?P<named>[?&]password=)[^&\s\"]*")


def suggestion(name: str, known: Iterable[str]) -> str:
    """``, did you mean "…"?`` where something is near, else nothing."""
    by_last = {
        known_name.rpartition(".")[2].lower(): known_name for known_name in reversed([*known])
    }
    near = difflib.get_close_matches(name.lower(), by_last, n=1, cutoff=0.6)
    return f', did you mean "{by_last[near[0]]}"?' if near else ""


def without_password(text: str) -> str:
    """An address with the password in it replaced by stars."""
    return _PASSWORDS.sub(lambda m: (m["before"] or m["named"]) + MASK, text)


def value_words(value: object, *, hidden: bool) -> str:
    """`` = value`` for a message; nothing for tables, stars for what may be a secret."""
    if isinstance(value, Mapping):
        return ""
    if hidden and not isinstance(value, bool):
        return f" = {MASK}"
    text = without_password(f'"{value}"' if isinstance(value, str) else str(value))
    return f" = {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"


def default_text(default: object) -> str:
    """A default as a person would write it."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(str(one) for one in default)
    if isinstance(default, datetime):
        return f"{default:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(default, time):
        return f"{default:%H:%M}"
    return str(default)
