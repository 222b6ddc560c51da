"""Safe HTML for the chat, and the limits of what a message may hold.

Every foreign text passes ``escape``. A tag never spans a line, so a long text can be cut between
lines without breaking one. Lengths are UTF-16 units after the tags are read, as the Bot API counts.
"""

import html
import re

_TAG = re.compile(r"</?[a-z]+>")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ue000-\ue07f]"
)
_ASIDE = re.compile(r"[\ue000-\ue07f]+")
_ASIDE_BASE = 0xE000
_ASCII = 0x80
_ELLIPSIS = "…"


class Html(str):
    """A text that is HTML already and is not escaped again."""

    __slots__ = ()


def escape(value: object) -> Html:
    """Any value as text that cannot be read as markup; ``Html`` stays as it is.

    Control characters and those that turn the direction of writing are dropped: a foreign name
    must not be able to rewrite the line it stands in.
    """
    if isinstance(value, Html):
        return value
    text = _CONTROL.sub("", str(value))
    # A lone surrogate cannot be sent as UTF-8 at all.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Html(html.escape(text, quote=False))


def one_line(value: object) -> Html:
    """``escape`` with line breaks turned into spaces."""
    return escape(" ".join(str(value).split()))


def aside(text: str) -> str:
    """A remark that stands unseen in a text until ``say_aside`` says it; ASCII only.

    Written with characters of private use, which ``escape`` takes from every foreign text.
    """
    return "".join(chr(_ASIDE_BASE + ord(char)) for char in text if ord(char) < _ASCII)


def say_aside(text: Html) -> Html:
    """The text with its first remark said and the others gone: what holds for all is said once."""
    first = _ASIDE.search(text)
    if first is None:
        return text
    said = "".join(chr(ord(char) - _ASIDE_BASE) for char in first[0])
    rest = _ASIDE.sub("", text[first.end() :])
    return Html(f"{text[: first.start()]} {escape(said)}{rest}")


def plain(text: str) -> str:
    """The text a person reads: tags and unsaid remarks gone, entities read."""
    return html.unescape(_TAG.sub("", _ASIDE.sub("", text)))


def utf16_length(text: str) -> int:
    """Length as the Bot API counts it."""
    return len(text) + sum(char > "\uffff" for char in text)


def shown_length(text: str) -> int:
    """Length of HTML as the Bot API counts it, after the tags are read and the remark is said."""
    return utf16_length(plain(say_aside(Html(text))))


def cut(text: str, limit: int) -> str:
    """Plain text of at most ``limit`` UTF-16 units, with an ellipsis where it was cut."""
    if utf16_length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1
    for char in text:
        room -= utf16_length(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + _ELLIPSIS


def shorten(text: Html, limit: int) -> Html:
    """HTML of at most ``limit`` units: whole lines while they fit, then one cut line."""
    if shown_length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit
    for line in text.split("\n"):
        needed = shown_length(line) + bool(kept)
        if needed > room:
            break
        kept.append(line)
        room -= needed
    else:
        return text
    if room > len(_ELLIPSIS) + bool(kept):
        rest = plain(text.split("\n")[len(kept)])
        kept.append(escape(cut(rest, room - bool(kept))))
    return Html("\n".join(kept))


def split(text: Html, limit: int) -> list[Html]:
    """Parts of at most ``limit`` units, cut between lines; a longer line is cut inside."""
    parts: list[Html] = []
    lines = [piece for line in text.split("\n") for piece in _pieces(line, limit)]
    held: list[str] = []
    size = 0
    for line in lines:
        length = shown_length(line)
        if held and size + 1 + length > limit:
            parts.append(Html("\n".join(held)))
            held, size = [], 0
        size += length + bool(held)
        held.append(line)
    parts.append(Html("\n".join(held)))
    return [part for part in parts if plain(part).strip()] or [Html("·")]


def _pieces(line: str, limit: int) -> list[str]:
    if shown_length(line) <= limit:
        return [line]
    rest = plain(line)
    pieces: list[str] = []
    while rest:
        piece = cut(rest, limit).removesuffix(_ELLIPSIS) if utf16_length(rest) > limit else rest
        piece = piece or rest[: limit // 2]
        pieces.append(escape(piece))
        rest = rest[len(piece) :]
    return pieces
