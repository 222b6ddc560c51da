"""Cleaning text that crosses between the outside and the model, in both directions.

Inward, names and sentences from venues become short plain data. Outward, a model's words lose
everything a chat would make clickable: the result is plain text, still to be escaped by whoever
shows it.
"""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_MARKDOWN_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.|mailto:)\S+"
    r"|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b(?:[\w-]+\.)+(?:com|org|net|io|me|app|dev|xyz|info|biz|ru|cn|de|es|finance|exchange|link)"
    r"\b(?:/\S*)?",
    re.IGNORECASE,
)
# Telegram makes @names, /commands, #tags and $TAGS clickable.
_MENTION = re.compile(r"(?<![\w{])[@#$]\w[\w.]*|(?<![\w}])/[A-Za-z_]\w*")


def clean(text: str, limit: int) -> str:
    """One line without control, format and bidirectional characters, at most ``limit`` long.

    Compatibility forms are made plain (``NFKC``), so that a full-width digit is a digit to every
    later check.
    """
    plain = unicodedata.normalize("NFKC", text)
    kept = (" " if c.isspace() else c for c in plain if c.isspace() or _is_visible(c))
    return _SPACES.sub(" ", "".join(kept)).strip()[:limit]


def without_links(text: str) -> str:
    """The text without addresses, mentions, commands and markup; link texts stay."""
    text = _TAG.sub("", _MARKDOWN_LINK.sub(r"\1", text))
    text = _MENTION.sub("", _ADDRESS.sub("", text))
    return _SPACES.sub(" ", text).strip()


def _is_visible(char: str) -> bool:
    return not unicodedata.category(char).startswith("C")
