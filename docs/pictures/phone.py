"""Messages as a phone shows them: our own HTML and CSS, turned into PNG by a headless Chromium.

bubbles of a chat → one page with the phones of a sheet side by side → a screenshot → PNG with a
palette. A phone is 390 points wide, drawn at one pixel a point, so that what is legible here is
legible there. Texts arrive as the chat service keeps them (plain text and entities), pictures as
they were uploaded.
"""

import base64
import html
import io
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from bot.charts.views import Theme
from tests.servers.telegram.entities import Entity

PHONE_PX = 390
_GAP_PX = 26
_TALLEST_PX = 6_000
_COLOURS = 256
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_TAGS = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "spoiler": ('<span class="spoiler">', "</span>"),
    "bot_command": ('<span class="link">', "</span>"),
    "text_link": ('<span class="link">', "</span>"),
}
_COLOURS_OF = {
    "dark": {
        "page": "#05080c",
        "wall": "#0e1621",
        "bar": "#17212b",
        "theirs": "#182533",
        "mine": "#2b5278",
        "ink": "#f5f8fa",
        "muted": "#8ba0b2",
        "link": "#6ab7ff",
        "button": "#243447",
        "line": "#0a121b",
    },
    "light": {
        "page": "#d5dde4",
        "wall": "#dfe7ee",
        "bar": "#ffffff",
        "theirs": "#ffffff",
        "mine": "#e2fbcf",
        "ink": "#10161c",
        "muted": "#66757f",
        "link": "#1769aa",
        "button": "#c3d2de",
        "line": "#c8d3dc",
    },
}
_STYLE = """
* { box-sizing: border-box; margin: 0; }
body { background: var(--page); padding: 26px; width: max-content; color: var(--ink);
  font: 15px/20px "DejaVu Sans", "Noto Color Emoji", "Noto Emoji", "Symbola", sans-serif; }
.sheet { display: flex; gap: 26px; align-items: flex-start; }
.phone { width: 390px; border-radius: 22px; overflow: hidden; background: var(--wall); }
.bar { background: var(--bar); padding: 12px 16px; border-bottom: 1px solid var(--line);
  display: flex; justify-content: space-between; align-items: baseline; }
.bar b { font-size: 16px; } .bar span { color: var(--muted); font-size: 12px; }
.chat { padding: 10px 10px 14px; display: flex; flex-direction: column; gap: 8px; }
.told { max-width: 370px; }
.told.wide { width: 370px; }
.bubble { border-radius: 13px; overflow: hidden; background: var(--theirs);
  overflow-wrap: anywhere; white-space: pre-wrap; }
.mine { align-self: flex-end; } .mine .bubble { background: var(--mine); }
.text { padding: 7px 11px 5px; }
.text code, .text pre { font: 13px/18px "DejaVu Sans Mono", monospace; color: var(--link); }
.text blockquote { border-left: 3px solid var(--link); padding-left: 8px; }
.link { color: var(--link); } .spoiler { background: var(--muted); color: transparent; }
.bubble img { display: block; width: 100%; }
.time { display: block; text-align: right; color: var(--muted); font-size: 11px;
  line-height: 13px; padding: 0 11px 6px; }
.file { padding: 10px 11px 2px; color: var(--link); }
.row { display: flex; gap: 4px; margin-top: 4px; }
.button { flex: 1 1 0; min-width: 0; background: var(--button); border-radius: 8px;
  padding: 8px 4px; text-align: center; font-size: 13px; line-height: 17px; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.toast { align-self: center; background: rgba(0, 0, 0, 0.72); color: #fff; border-radius: 14px;
  padding: 7px 14px; font-size: 13px; max-width: 340px; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One message; ``is_mine`` for what the person wrote, ``is_toast`` for the answer to a press.

    ``photo`` is the picture above the text, ``file_name`` a document's name.
    """

    text: str
    entities: Sequence[Entity] = ()
    keyboard: Sequence[Sequence[str]] = ()
    photo: bytes | None = None
    file_name: str = ""
    time: str = ""
    is_mine: bool = False
    is_toast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A screen: its bubbles from top to bottom."""

    title: str
    bubbles: Sequence[Bubble]


class NoBrowserError(Exception):
    """No Chromium is installed; the message says how to get one."""


def find_browser() -> str:
    """Return the path of a Chromium; ``NoBrowserError`` without one."""
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowserError(
            "no Chromium found, so the chat screens are not drawn; on Debian: "
            "apt-get install -y chromium fonts-dejavu fonts-noto-color-emoji"
        )
    return found


def photograph(phones: Sequence[Phone], theme: Theme, browser: str) -> bytes:
    """Return the phones side by side as PNG."""
    width = len(phones) * (PHONE_PX + _GAP_PX) + _GAP_PX
    with tempfile.TemporaryDirectory(prefix="phone-") as folder:
        page, target = Path(folder, "page.html"), Path(folder, "page.png")
        page.write_text(page_of(phones, theme), encoding="utf-8")
        subprocess.run(  # noqa: S603 - a browser that was looked up, and a file of ours
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                f"--user-data-dir={folder}/profile",
                f"--window-size={width},{_TALLEST_PX}",
                f"--screenshot={target}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        with Image.open(target) as shot:
            return packed(_cropped(shot.convert("RGB")))


def packed(picture: Image.Image, colours: int = _COLOURS) -> bytes:
    """Return a picture as a PNG with a palette: a third of the size, and the eye sees no other."""
    out = io.BytesIO()
    reduced = picture.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    reduced.save(out, "png", optimize=True)
    return out.getvalue()


def _cropped(shot: Image.Image) -> Image.Image:
    """Cut off what lies below the longest phone."""
    corner = shot.crop((0, shot.height - 1, 1, shot.height)).resize(shot.size)
    box = ImageChops.difference(shot, corner).getbbox()
    return shot if box is None else shot.crop((0, 0, shot.width, box[3] + _GAP_PX))


def page_of(phones: Sequence[Phone], theme: Theme) -> str:
    """Return the page as HTML."""
    colours = "".join(f"--{name}:{value};" for name, value in _COLOURS_OF[theme].items())
    shown = "".join(_phone(phone) for phone in phones)
    return (
        f"<!doctype html><meta charset='utf-8'><style>:root{{{colours}}}{_STYLE}</style>"
        f"<div class='sheet'>{shown}</div>"
    )


def _phone(phone: Phone) -> str:
    bubbles = "".join(_bubble(bubble) for bubble in phone.bubbles)
    head = f"<b>Cryptotrader</b><span>{html.escape(phone.title)}</span>"
    chat = f"<div class='chat'>{bubbles}</div>"
    return f"<div class='phone'><div class='bar'>{head}</div>{chat}</div>"


def _bubble(bubble: Bubble) -> str:
    if bubble.is_toast:
        return f"<div class='toast'>{html.escape(bubble.text)}</div>"
    parts = []
    if bubble.photo is not None:
        parts.append(f"<img src='data:image/png;base64,{_encoded(bubble.photo)}'>")
    if bubble.file_name:
        parts.append(f"<div class='file'>📄 {html.escape(bubble.file_name)}</div>")
    if bubble.text:
        parts.append(f"<div class='text'>{marked_up(bubble.text, bubble.entities)}</div>")
    parts.append(f"<span class='time'>{bubble.time}</span>")
    rows = "".join(
        "<div class='row'>"
        + "".join(f"<div class='button'>{html.escape(label)}</div>" for label in row)
        + "</div>"
        for row in bubble.keyboard
    )
    side = "mine" if bubble.is_mine else "theirs"
    wide = " wide" if bubble.keyboard or bubble.photo else ""
    return f"<div class='told {side}{wide}'><div class='bubble'>{''.join(parts)}</div>{rows}</div>"


def _encoded(png: bytes) -> str:
    return base64.b64encode(png).decode()


def marked_up(text: str, entities: Sequence[Entity]) -> str:
    """Return text and entities as HTML; offsets are in UTF-16 units."""
    opens: dict[int, list[str]] = {}
    closes: dict[int, list[str]] = {}
    for entity in sorted(entities, key=lambda one: (one.offset, -one.length)):
        first, last = _TAGS.get(entity.type, ("<span>", "</span>"))
        opens.setdefault(entity.offset, []).append(first)
        closes.setdefault(entity.offset + entity.length, []).insert(0, last)
    parts, place = [], 0
    for character in text:
        parts += closes.pop(place, [])
        parts += opens.pop(place, [])
        parts.append(html.escape(character))
        place += len(character.encode("utf-16-le")) // 2
    return "".join((*parts, *(tag for tags in closes.values() for tag in tags)))
