"""A panel: a rectangle of the sheet with its own data range, to which drawing is clipped.

Not matplotlib's Axes: those bring ticks, spines, titles and autoscaling, which these pictures
place by hand. Making four takes 15 ms of a card, and their titles keep the pixels of the
finished picture alive until the garbage collector runs.

Whatever belongs together is one artist (all candles, all grid lines). `layer` orders what
overlaps: 0 is the grid, higher is nearer; labels of the sheet lie above all layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import FillBetweenPolyCollection, LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox, BboxTransform, TransformedBbox

from bot.charts import style
from bot.charts.views import Flags, Floats

type Point = tuple[float, float]
type Dashes = Literal["solid"] | tuple[int, tuple[int, ...]]

TOP_LAYER = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in sheet units."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


class Panel:
    """Draws in data coordinates; `x` and `y` are the limits shown in `box`."""

    def __init__(self, figure: Figure, box: Box, *, height: float, x: Point, y: Point) -> None:
        self.box = box
        self.x = x
        self.y = y
        shares = Bbox.from_extents(
            box.left / style.WIDTH,
            1 - box.bottom / height,
            box.right / style.WIDTH,
            1 - box.top / height,
        )
        data = Bbox.from_extents(x[0], y[0], x[1], y[1])
        self._figure = figure
        self._to_pixels = BboxTransform(data, shares) + figure.transFigure
        self._clip = TransformedBbox(shares, figure.transFigure)

    def line(
        self,
        x: Floats | Sequence[float],
        y: Floats | Sequence[float],
        colour: str,
        *,
        width: float,
        dashes: Dashes = "solid",
        layer: float = 3,
    ) -> None:
        """Draw one line; NaN leaves a hole. A level one lies on whole pixels."""
        line = Line2D(x, y, color=colour, linewidth=style.points(width), linestyle=dashes)
        line.set_solid_capstyle("round")
        self._add(line, layer)

    def curve(
        self, x: Floats, y: Floats, colour: str, *, width: float = 3.0, layer: float = 3
    ) -> None:
        """Draw a line through the known values; a lone value becomes a dot."""
        known = np.isfinite(y)
        self.line(x, np.where(known, y, np.nan), colour, width=width, layer=layer)
        before = np.concatenate(([False], known[:-1]))
        after = np.concatenate((known[1:], [False]))
        alone = known & ~before & ~after
        if alone.any():
            size = style.points(3 * width)
            dots = Line2D(x[alone], y[alone], color=colour, marker="o", markersize=size)
            dots.set_linestyle("none")
            self._add(dots, layer)

    def segments(
        self,
        ends: Floats | Sequence[Sequence[Point]],
        colours: str | list[str],
        *,
        width: float,
        layer: float,
    ) -> None:
        """Draw straight pieces, each from one point to another: shape (n, 2, 2)."""
        if len(ends):
            pieces = cast("list[Floats]", list(ends))
            lines = LineCollection(pieces, colors=colours, linewidths=style.points(width))
            self._add(lines, layer)

    def rectangles(
        self,
        x: Floats,
        low: Floats,
        high: Floats,
        colours: list[str],
        *,
        width: float,
        layer: float,
        alpha: float = 1.0,
    ) -> None:
        """Fill n rectangles `width` wide around `x`, from `low` to `high`."""
        left, right = x - width / 2, x + width / 2
        corners_x = np.stack((left, right, right, left), axis=1)
        corners_y = np.stack((low, low, high, high), axis=1)
        corners = list(np.stack((corners_x, corners_y), axis=2))
        boxes = PolyCollection(corners, facecolors=colours, linewidths=0, alpha=alpha)
        self._add(boxes, layer)

    def fill(
        self,
        x: Floats | Sequence[float],
        one: Floats | float,
        other: Floats | float,
        colour: str,
        *,
        alpha: float,
        where: Flags | None = None,
        layer: float = 1,
    ) -> None:
        """Fill between two lines where both are known, and `where` holds."""
        x_all, first, second = np.broadcast_arrays(np.asarray(x, dtype=np.float64), one, other)
        known = np.isfinite(first) & np.isfinite(second)
        shown = known if where is None else known & where
        masked: Any = np.ma.masked_where  # numpy's masked arrays are only partly typed
        area = FillBetweenPolyCollection(
            "x",
            x_all,
            masked(~known, first),
            masked(~known, second),
            where=shown,
            interpolate=where is not None,
            facecolor=colour,
            linewidth=0,
            alpha=alpha,
        )
        self._add(area, layer)

    def _add(self, artist: Artist, layer: float) -> None:
        artist.set_transform(self._to_pixels)
        artist.set_clip_box(self._clip)
        artist.set_zorder(min(layer, TOP_LAYER))
        self._figure.add_artist(artist)
