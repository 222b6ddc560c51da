"""Message text as Telegram sees it: HTML in, plain text and entities out.

The flow: parse HTML (or take given entities) → trim the edges → check the length in UTF-16 units.
Offsets in errors are bytes of the UTF-8 source, offsets of entities are UTF-16 units of the result,
as in the real service. An unknown named reference (`&nbsp;`) stays as it is written.

Deliberately absent: MarkdownV2 and Markdown, which are refused with 400 and a text of our own
(the desk speaks HTML only), and the splitting of overlapping entities inside `code` and `pre`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.servers.telegram.errors import Json, bad_request

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_TAGS = frozenset(_STYLES) | {"a", "tg-emoji"}
_SPACE = b" \t\r\n\v\0"
_REFERENCE = re.compile(rb"&(?:#x(?P<hex>[0-9a-fA-F]*)|#(?P<dec>[0-9]*)|(?P<name>[a-zA-Z]*))")
_NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
_PLAIN_RUN = re.compile(rb"[^&<]+")
_LINK = re.compile(r"(?:(?P<scheme>https?|tg|ton)://)?(?P<rest>[^\s/]+\S*)", re.IGNORECASE)
_USER_LINK = re.compile(r"tg://user\?id=(\d+)", re.IGNORECASE)
_MAX_ENTITIES = 100
_LARGEST_CODE_POINT = 0x10FFFF
_LONGEST_REFERENCE_BYTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One styled stretch of text; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    user_id: int | None = None

    def as_json(self) -> Json:
        """Return the Bot API's MessageEntity, without the user object of a text mention."""
        body: Json = {"type": self.type, "offset": self.offset, "length": self.length}
        if self.url is not None:
            body["url"] = self.url
        if self.language:
            body["language"] = self.language
        return body


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text after parsing."""

    text: str
    entities: tuple[Entity, ...] = ()


def utf16_length(text: str) -> int:
    """Return the length Telegram counts: an emoji outside the basic plane is two units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def format_text(source: str, parse_mode: str, given: Sequence[object] | None) -> Formatted:
    """Apply the parse mode, else the given entities; raise the 400 of what does not parse."""
    mode = parse_mode.lower()
    if mode == "html":
        return trim(_HtmlParser(source).parse())
    if mode in {"markdown", "markdownv2"}:
        raise bad_request("this test server parses HTML only, MarkdownV2 is not supported")
    if mode:
        raise bad_request("unsupported parse_mode")
    return trim(Formatted(source, tuple(_given_entities(given or ()))))


def trim(formatted: Formatted) -> Formatted:
    """Cut white space at the end, and blanks before the first letter or entity at the start."""
    text = formatted.text.rstrip()
    first_entity = min((e.offset for e in formatted.entities), default=len(text))
    cut = 0
    while cut < min(first_entity, len(text)) and text[cut] in " \n":
        cut += 1
    text = text[cut:]
    end = utf16_length(text)
    moved = (
        replace(e, offset=e.offset - cut, length=min(e.length, end - (e.offset - cut)))
        for e in formatted.entities
    )
    kept = sorted((e for e in moved if e.length > 0), key=lambda e: (e.offset, -e.length))
    return Formatted(text, tuple(kept[:_MAX_ENTITIES]))


def _given_entities(given: Iterable[object]) -> Iterable[Entity]:
    for item in given:
        if not isinstance(item, dict):
            raise bad_request("can't parse MessageEntity: expected an Object")
        yield Entity(
            type=str(item.get("type", "")),
            offset=int(item.get("offset", 0)),
            length=int(item.get("length", 0)),
            url=item.get("url"),
            language=item.get("language"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenTag:
    name: str
    argument: str
    offset: int
    text_from: int


class _HtmlParser:
    """One pass over the UTF-8 bytes with a stack of open tags."""

    def __init__(self, source: str) -> None:
        self._data = source.encode("utf-8", "surrogatepass")
        self._at = 0
        self._out: list[str] = []
        self._offset = 0
        self._open: list[_OpenTag] = []
        self._entities: list[Entity] = []

    def parse(self) -> Formatted:
        while self._at < len(self._data):
            byte = self._data[self._at : self._at + 1]
            if byte == b"<":
                self._tag()
            elif byte != b"&" or not self._reference():
                self._plain()
        if self._open:
            raise _unparsable(
                f'Can\'t find end tag corresponding to start tag "{self._open[-1].name}"'
            )
        return Formatted("".join(self._out), tuple(self._entities))

    def _emit(self, text: str) -> None:
        self._out.append(text)
        self._offset += utf16_length(text)

    def _plain(self) -> None:
        run = _PLAIN_RUN.match(self._data, self._at)
        end = run.end() if run else self._at + 1
        self._emit(self._data[self._at : end].decode("utf-8", "surrogatepass"))
        self._at = end

    def _reference(self) -> bool:
        decoded = _decode_reference(self._data, self._at)
        if decoded is None:
            return False
        text, self._at = decoded
        self._emit(text)
        return True

    def _peek(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _skip_space(self) -> None:
        while self._peek() and self._peek() in _SPACE:
            self._at += 1

    def _take_until(self, stops: bytes) -> str:
        start = self._at
        while self._peek() and self._peek() not in stops:
            self._at += 1
        return self._data[start : self._at].decode("utf-8", "replace")

    def _tag(self) -> None:
        begin = self._at
        self._at += 1
        if self._peek() == b"/":
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _start_tag(self, begin: int) -> None:
        name = self._take_until(_SPACE + b">").lower()
        if not self._peek():
            raise _unparsable(f"Unclosed start tag at byte offset {begin}")
        if name not in _TAGS:
            raise _unparsable(f'Unsupported start tag "{name}" at byte offset {begin}')
        argument = ""
        while (found := self._attribute(name, begin)) is not None:
            argument = _argument(name, *found) or argument
        self._at += 1
        if name == "span" and argument != "spoiler":
            raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self._open.append(
            _OpenTag(name=name, argument=argument, offset=self._offset, text_from=len(self._out))
        )

    def _attribute(self, tag: str, begin: int) -> tuple[str, str] | None:
        self._skip_space()
        if self._peek() == b">":
            return None
        name = self._take_until(_SPACE + b"=>/\"'")
        if not name:
            raise _unparsable(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        self._skip_space()
        if self._peek() == b"=":
            self._at += 1
            self._skip_space()
            value = self._attribute_value(tag, begin)
        else:
            value = ""
        if not self._peek():
            raise _unparsable(f'Unclosed start tag "{tag}" at byte offset {begin}')
        return name, value

    def _attribute_value(self, tag: str, begin: int) -> str:
        quote = self._peek()
        if not quote:
            raise _unparsable(f'Unclosed start tag "{tag}" at byte offset {begin}')
        if quote in {b'"', b"'"}:
            return self._quoted_value(quote, begin)
        start = self._at
        token = re.compile(rb"[A-Za-z0-9.\-]*").match(self._data, start)
        self._at = token.end() if token else start
        if self._peek() not in {b">", *(bytes([b]) for b in _SPACE)}:
            raise _unparsable(f"Unexpected end of name token at byte offset {start}")
        return self._data[start : self._at].decode().lower()

    def _quoted_value(self, quote: bytes, begin: int) -> str:
        self._at += 1
        end = self._data.find(quote, self._at)
        if end < 0:
            raise _unparsable(f"Unclosed start tag at byte offset {begin}")
        raw = self._data[self._at : end]
        self._at = end + 1
        if not self._peek():
            raise _unparsable(f"Unclosed start tag at byte offset {begin}")
        return _decode_all_references(raw)

    def _end_tag(self, begin: int) -> None:
        if not self._open:
            raise _unparsable(f"Unexpected end tag at byte offset {begin}")
        self._at += 1
        name = self._take_until(_SPACE + b">").lower()
        self._skip_space()
        if self._peek() != b">":
            raise _unparsable(f"Unclosed end tag at byte offset {begin}")
        self._at += 1
        opened = self._open.pop()
        if name and name != opened.name:
            raise _unparsable(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.name}>", '
                f'found "</{name}>"'
            )
        self._close(opened)

    def _close(self, opened: _OpenTag) -> None:
        length = self._offset - opened.offset
        if length <= 0:
            return
        entity = self._entity(opened, length)
        if entity is None:
            return
        last = self._entities[-1] if self._entities else None
        same_place = last and (last.offset, last.length) == (entity.offset, length)
        if same_place and last and {last.type, entity.type} == {"pre", "code"}:
            language = last.language or entity.language
            if language:
                self._entities[-1] = replace(entity, type="pre", language=language)
                return
        self._entities.append(entity)

    def _entity(self, opened: _OpenTag, length: int) -> Entity | None:
        if opened.name == "a":
            shown = "".join(self._out[opened.text_from :])
            return _link(opened.argument or shown, opened.offset, length)
        if opened.name == "tg-emoji":
            return None
        kind = _STYLES[opened.name]
        if kind == "blockquote" and opened.argument:
            kind = "expandable_blockquote"
        language = opened.argument if kind == "code" else None
        return Entity(type=kind, offset=opened.offset, length=length, language=language or None)


def _unparsable(reason: str) -> Exception:
    return bad_request(f"can't parse entities: {reason}")


def _argument(tag: str, attribute: str, value: str) -> str:
    """Return the meaning of an attribute Telegram reads, else the empty text."""
    if tag == "a" and attribute == "href":
        return value
    if tag == "code" and attribute == "class" and value.startswith("language-"):
        return value.removeprefix("language-")
    if tag == "span" and attribute == "class" and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if tag == "blockquote" and attribute == "expandable":
        return "1"
    return ""


def _link(target: str, offset: int, length: int) -> Entity | None:
    """Return a link entity; a target that is no link loses its entity, not its text."""
    person = _USER_LINK.fullmatch(target)
    if person:
        return Entity(
            type="text_mention", offset=offset, length=length, user_id=int(person.group(1))
        )
    match = _LINK.fullmatch(target)
    if match is None or not (match["scheme"] or "." in match["rest"]):
        return None
    url = target if match["scheme"] else f"http://{target}"
    if "/" not in match["rest"] and "?" not in match["rest"]:
        url += "/"
    return Entity(type="text_link", offset=offset, length=length, url=url)


def _decode_reference(data: bytes, at: int) -> tuple[str, int] | None:
    match = _REFERENCE.match(data, at)
    if match is None:
        return None
    end = match.end()
    if match["name"] is not None:
        text = _NAMED.get(match["name"])
        if text is None:
            return None
    else:
        digits, base = (match["hex"], 16) if match["hex"] is not None else (match["dec"], 10)
        code = int(digits or b"0", base)
        if not 0 < code < _LARGEST_CODE_POINT or end - at >= _LONGEST_REFERENCE_BYTES:
            return None
        text = chr(code)
    return text, end + 1 if data[end : end + 1] == b";" else end


def _decode_all_references(raw: bytes) -> str:
    parts: list[str] = []
    at = 0
    while at < len(raw):
        decoded = _decode_reference(raw, at) if raw[at : at + 1] == b"&" else None
        if decoded:
            text, at = decoded
            parts.append(text)
            continue
        following = raw.find(b"&", at + 1)
        end = following if following >= 0 else len(raw)
        parts.append(raw[at:end].decode("utf-8", "replace"))
        at = end
    return "".join(parts)
