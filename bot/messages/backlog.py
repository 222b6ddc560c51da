"""Many reports that had to wait, told as one list: the first line of each.

After a day without a connection a phone must not ring a hundred times. Questions are never here.
"""

from dataclasses import replace

from bot.channel import TEXT_LIMIT
from bot.messages.markup import Html, shown_length
from bot.messages.rendered import Rendered, Renderer, Telling, lines
from engine.domain.desk import Json

_SPARE = 200


def backlog_renderer(renderers: dict[str, Renderer]) -> Renderer:
    """A renderer of lists, which leaves the lines to the renderers of each kind."""

    def render_backlog(telling: Telling) -> Rendered | None:
        rows = telling.payload.get("rows")
        told = [
            line
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and (line := _line(renderers, telling, row))
        ]
        if not told:
            return None
        words = telling.words
        text = words("backlog.head", count=len(told))
        for number, line in enumerate(told):
            if shown_length(text) + shown_length(line) > TEXT_LIMIT - _SPARE:
                return Rendered(text=lines(text, words("backlog.more", count=len(told) - number)))
            text = lines(text, line)
        return Rendered(text=text)

    return render_backlog


def _line(renderers: dict[str, Renderer], telling: Telling, row: dict[str, Json]) -> Html | None:
    """The first line of a message, its headline."""
    payload = row.get("payload")
    renderer = renderers.get(str(row.get("kind")))
    if renderer is None or not isinstance(payload, dict):
        return None
    rendered = renderer(replace(telling, payload=payload, wants_picture=False))
    return Html(rendered.text.split("\n", 1)[0]) if rendered else None
