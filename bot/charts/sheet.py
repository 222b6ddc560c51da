"""A sheet of paper for one picture: the only place that knows matplotlib's figure and text.

Flow: build a sheet → panels for data, text and shapes in sheet units → `png()`.

- Sheet units run from the top left corner, y downwards, 1080 across (see `style`). The same layout
  serves every pixel width, because the resolution scales, not the drawing.
- The object interface with the Agg renderer, never pyplot: pyplot keeps figures alive and is not
  safe in a worker thread. The sheet owns the renderer: a figure is full of reference cycles, and
  pixels that waited there for the garbage collector would cost 100 MB.
- No axes, see `panel`: the few texts are placed by hand, which lets them be kept apart.
- Text never meets the formula parser ("$" is part of a symbol, not TeX), comes from the font that
  ships with matplotlib (so every machine draws alike), and is cleaned of what that font cannot
  draw: a missing glyph would be a warning on every card.
"""

import io
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.transforms import Affine2D
from PIL import Image

from bot.charts import style
from bot.charts.panel import TOP_LAYER, Box, Panel, Point
from bot.charts.views import Theme

type Align = Literal["left", "center", "right"]

_CAPITAL_MIDDLE = 0.365
"""Half the height of a capital letter of DejaVu Sans, in em."""
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_MISSING = "□"
_LONGEST_TEXT = 120
_PNG_LEVEL = 3
"""zlib effort: level 6 makes the file a tenth smaller and takes twice the time."""


class Sheet:
    """One picture being drawn; `height` in sheet units, the width is always 1080."""

    def __init__(self, *, height: float, theme: Theme, width_px: int) -> None:
        self.height = height
        self.panels: dict[str, Panel] = {}
        self.colours = style.palette(theme)
        inches = (style.WIDTH / style.DPI, height / style.DPI)
        self.figure = Figure(
            figsize=inches,
            dpi=style.DPI * width_px / style.WIDTH,
            facecolor=self.colours.background,
        )
        agg: Any = RendererAgg  # the Agg backend ships without types
        self.renderer = agg(*self.size_px, self.figure.dpi)
        to_fraction = Affine2D().scale(1 / style.WIDTH, -1 / height).translate(0, 1)
        self._space = to_fraction + self.figure.transFigure

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the finished picture."""
        width, height = self.figure.bbox.size
        return int(width), int(height)

    def panel(self, name: str, box: Box, *, x: Point, y: Point) -> Panel:
        """Return a panel over `box` with the given data limits, known by its name."""
        panel = Panel(self.figure, box, height=self.height, x=x, y=y)
        self.panels[name] = panel
        return panel

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = style.SMALL,
        colour: str | None = None,
        bold: bool = False,
        align: Align = "left",
        room: float | None = None,
    ) -> float:
        """Write `text` with the middle of its capitals at `y`; return its width.

        It is shortened with an ellipsis where it would be wider than `room`.
        """
        shown = self.fitted(text, room, size=size, bold=bold)
        if not shown:
            return 0.0
        self.figure.text(
            x,
            y + _CAPITAL_MIDDLE * size,
            shown,
            transform=self._space,
            fontproperties=_font(size, bold),
            color=colour or self.colours.ink,
            ha=align,
            va="baseline",
            parse_math=False,
            usetex=False,
            zorder=TOP_LAYER + 4,
        )
        return self.measure(shown, size=size, bold=bold)

    def measure(self, text: str, *, size: float = style.SMALL, bold: bool = False) -> float:
        """Return the width of `text` in sheet units."""
        width, _, _ = self.renderer.get_text_width_height_descent(
            printable(text), _font(size, bold), ismath=False
        )
        return float(width) * style.WIDTH / self.size_px[0]

    def fitted(self, text: str, room: float | None, *, size: float, bold: bool) -> str:
        """Return as much of `text` as fits into `room`, with an ellipsis where it was cut."""
        shown = printable(text)
        if room is None or self.measure(shown, size=size, bold=bold) <= room:
            return shown
        fits, too_long = 0, len(shown)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if self.measure(shown[:middle] + "…", size=size, bold=bold) <= room:
                fits = middle
            else:
                too_long = middle
        return shown[:fits].rstrip() + "…" if fits else ""

    def rectangle(self, box: Box, colour: str, *, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        self.figure.add_artist(
            Rectangle(
                (box.left, box.top),
                box.width,
                box.height,
                transform=self._space,
                facecolor=colour,
                alpha=alpha,
                linewidth=0,
                zorder=TOP_LAYER + 1,
            )
        )

    def pill(
        self, box: Box, colour: str, *, outline: str | None = None, radius: float | None = None
    ) -> None:
        """Fill a rectangle with round corners (a full half circle without `radius`)."""
        rounding = min(box.width, box.height) / 2 if radius is None else radius
        if box.width <= 0 or box.height <= 0:
            return
        self.figure.add_artist(
            FancyBboxPatch(
                (box.left, box.top),
                box.width,
                box.height,
                boxstyle=f"round,pad=0,rounding_size={rounding}",
                transform=self._space,
                facecolor=colour,
                edgecolor=outline or colour,
                linewidth=style.points(2.0) if outline else 0.0,
                zorder=TOP_LAYER + 2,
            )
        )

    def lines(self, segments: Sequence[Sequence[Point]], colour: str, *, width: float) -> None:
        """Draw straight lines between sheet points."""
        self.figure.add_artist(
            LineCollection(
                [list(segment) for segment in segments],
                colors=colour,
                linewidths=style.points(width),
                capstyle="round",
                transform=self._space,
                zorder=TOP_LAYER + 3,
            )
        )

    def png(self) -> bytes:
        """Render and return the picture as PNG; its texts are gone afterwards."""
        self.renderer.clear()
        self.figure.draw(self.renderer)
        # A drawn text remembers the renderer: let go of it, so that the pixels are freed at once.
        for text in list(self.figure.texts):
            text.remove()
        pixels = self.renderer.buffer_rgba()
        picture = Image.frombuffer("RGBA", self.size_px, pixels, "raw", "RGBA", 0, 1)
        picture = picture.convert("RGB")
        out = io.BytesIO()
        picture.save(out, "png", compress_level=_PNG_LEVEL)
        return out.getvalue()


def wrapped(text: str, room: float, *, bold: bool, most: int) -> list[str]:
    """Return `text` on at most `most` lines that fit into `room`, broken between words.

    The last line may still be too long; it is to be fitted. Made before there is a sheet, because
    the height of a sheet depends on it.
    """
    # A hundredth less than there is: small pictures measure their texts coarsely.
    least = 0.99 * room
    found: list[str] = []
    for word in printable(text).split():
        longer = f"{found[-1]} {word}" if found else word
        if found and (len(found) == most or _ruler().measure(longer, bold=bold) <= least):
            found[-1] = longer
        else:
            found.append(word)
    return found


@cache
def _ruler() -> Sheet:
    return Sheet(height=10.0, theme="dark", width_px=int(style.WIDTH))


@lru_cache(maxsize=1024)
def printable(text: str) -> str:
    """Return `text` on one line with what the font cannot draw replaced by a box.

    Control and format characters go: a direction override would turn the rest of the line. What
    is longer than any line is cut here, so that measuring stays cheap.
    """
    one_line = " ".join(text[: 4 * _LONGEST_TEXT].split())
    kept = (c for c in one_line if unicodedata.category(c) not in _UNPRINTABLE)
    shown = "".join(c if ord(c) in _known_characters() else _MISSING for c in kept)
    return shown if len(shown) <= _LONGEST_TEXT else shown[: _LONGEST_TEXT - 1] + "…"


@cache
def _known_characters() -> frozenset[int]:
    regular, bold = (get_font(_font_file(is_bold)).get_charmap() for is_bold in (False, True))
    return frozenset(regular) & frozenset(bold)


@cache
def _font(size: float, bold: bool) -> FontProperties:  # noqa: FBT001 - a cache key, private
    return FontProperties(family=["DejaVu Sans"], fname=_font_file(bold), size=style.points(size))


def _font_file(bold: bool) -> str:  # noqa: FBT001 - private, two files
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return str(Path(mpl.get_data_path(), "fonts", "ttf", name))
