"""What is not kept of an update: codes once they have been judged, and quotes of our own messages.

received → ``without_quotes`` → stored, handled, and if it held a code stored again in the commit of
its end ``without_words``. A crash in between finds the code where it was and judges it then. What
the desk does not read at all (a picture's caption, an edit) is kept without its words.

A quote is cut before anything is stored: a reply to the set-up of a second factor would carry its
secret and all recovery codes back into the database. Nothing the desk does reads a quote.
"""

import re
from collections.abc import Mapping

from engine.domain.desk import Json
from engine.domain.factors import DASHES

CUT = "…"
_GAP = rf"[\s{DASHES}]?"
# More than is taken for a code when it is typed: what was mistyped may be one that still opens.
_CODE = re.compile(
    rf"(?<![0-9])[0-9](?:{_GAP}[0-9]){{5}}(?![0-9])"
    rf"|(?<![a-z0-9])(?:[a-z2-7]{{4}}{_GAP}){{3}}[a-z2-7]{{4}}(?![a-z0-9])",
    re.IGNORECASE,
)
_QUOTES = frozenset({"reply_to_message", "external_reply", "quote", "pinned_message"})
_WORDS = frozenset({"text", "caption", "entities", "caption_entities"})


def may_hold_code(text: str) -> bool:
    """Whether a text has anything in it that a second factor could take."""
    return _CODE.search(text) is not None


def without_quotes(payload: Mapping[str, Json]) -> dict[str, Json]:
    """The update with the messages it quotes reduced to their numbers."""
    return {
        key: _number(value) if key in _QUOTES else _inner(value) for key, value in payload.items()
    }


def without_words(payload: Mapping[str, Json]) -> dict[str, Json]:
    """The update with who, where and when, and nothing of what was written."""
    return {key: _cut(key, value) for key, value in payload.items()}


def _inner(value: Json) -> Json:
    if isinstance(value, dict):
        return without_quotes(value)
    return [_inner(one) for one in value] if isinstance(value, list) else value


def _number(quoted: Json) -> Json:
    number = quoted.get("message_id") if isinstance(quoted, dict) else None
    return {} if number is None else {"message_id": number}


def _cut(key: str, value: Json) -> Json:
    if key in _WORDS:
        return CUT if isinstance(value, str) else []
    if isinstance(value, dict):
        return without_words(value)
    return [_cut("", one) for one in value] if isinstance(value, list) else value
