"""Pages that need nothing but themselves: elements, tables, and the style they share.

Text becomes HTML in ``tag`` alone, which escapes every child that is not ``Html`` already: names of
symbols, versions, files and venues are other people's words. A page has no script, no font, no
picture and no address of anything outside; a policy in its head forbids the browser to fetch any.
"""

from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"meta", "br", "hr", "img"})
_STYLE = """
:root { color-scheme: light dark; --back: #ffffff; --surface: #f1f4f8; --ink: #16202b;
  --muted: #566473; --grid: #dde3ea; --up: #0a66c2; --down: #c2570c; --band: #74839a;
  --other: #7a3cc4; --up-rgb: 10 102 194; --down-rgb: 194 87 12; }
@media (prefers-color-scheme: dark) { :root { --back: #0e131a; --surface: #1a222d; --ink: #eef2f6;
  --muted: #9aa8b7; --grid: #2a3543; --up: #4aa8ff; --down: #ff9a3d; --band: #8b9bb0;
  --other: #c79bff; --up-rgb: 74 168 255; --down-rgb: 255 154 61; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 860px; background: var(--back); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; -webkit-text-size-adjust: 100%; }
h1 { font-size: 1.5rem; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 30px 0 8px; }
p { margin: 6px 0; } .muted { color: var(--muted); } .up { color: var(--up); }
.down { color: var(--down); } .big { font-size: 2.2rem; font-weight: 700; line-height: 1.15; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); gap: 8px;
  margin: 14px 0; }
.figures div { background: var(--surface); border-radius: 8px; padding: 8px 12px; }
.figures span { display: block; color: var(--muted); font-size: .85rem; }
.figures b { font-size: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: right; border-bottom: 1px solid var(--grid);
  white-space: nowrap; }
th { color: var(--muted); font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
th.words { text-align: left; }
small { display: block; color: var(--muted); white-space: normal; }
td.words { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 120px; }
table.heat td { text-align: center; padding: 5px 3px; border: 2px solid var(--back); }
table.heat th { text-align: center; padding: 5px 3px; border: 0; }
.share { display: block; height: 6px; border-radius: 3px; background: var(--band); }
svg { display: block; width: 100%; max-width: 620px; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .9rem; }
.legend i { display: inline-block; width: 20px; height: 4px; border-radius: 2px;
  vertical-align: middle; margin-right: 6px; }
details { margin: 10px 0; } summary { cursor: pointer; color: var(--muted); }
ul { padding-left: 20px; margin: 6px 0; }
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """Escape anything that is not HTML yet."""
    return value if isinstance(value, Html) else Html(escape(str(value), quote=True))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; an attribute that is a Python word ends in ``_``, ``-`` is written ``_``.

    Children and values of attributes are escaped unless they are ``Html``.
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{words}>")
    return Html(f"<{name}{words}>{join(children)}</{name}>")


def join(parts: Iterable[object]) -> Html:
    """One after the other."""
    return Html("".join(text(part) for part in parts))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, words: Sequence[int] = ()
) -> Html:
    """Return a table that scrolls on a narrow screen; columns in ``words`` hold prose."""
    kinds = ["words" if k in words else None for k in range(len(columns))]
    names = zip(columns, kinds, strict=True)
    head = tag("tr", *(tag("th", column, scope="col", class_=kind) for column, kind in names))
    body = (
        tag("tr", *(tag("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    )
    whole = tag("table", tag("thead", head), tag("tbody", join(body)))
    return tag("div", whole, class_="scroll")


def section(title: str, *children: object) -> Html:
    """A heading and what belongs to it."""
    return tag("section", tag("h2", title), *children)


def page(title: str, *children: object) -> str:
    """Return a whole document."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", title),
        tag("style", Html(_STYLE)),
    )
    body = tag("body", tag("main", *children))
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"
