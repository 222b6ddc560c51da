"""Reading a drawn sheet back: its texts with their boxes, and its pixels."""

import io
from itertools import combinations

import numpy as np
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image, ImageColor

from bot.charts import card, chart, portfolio
from bot.charts.sheet import Sheet
from bot.charts.views import CardPicture, PortfolioPicture
from tests.unit.bot.charts.samples import View

type Edges = tuple[float, float, float, float]


def compose(view: View) -> Sheet:
    if isinstance(view, PortfolioPicture):
        return portfolio.compose(view)
    return card.compose(view) if isinstance(view, CardPicture) else chart.compose(view)


def texts(sheet: Sheet) -> list[tuple[str, Edges]]:
    """Return each text with left, bottom, right, top in pixels, as the renderer lays it out."""
    found = [t for t in sheet.figure.findobj(Text) if isinstance(t, Text) and t.get_text().strip()]
    return [(t.get_text(), t.get_window_extent(sheet.renderer).extents) for t in found]


def overlaps(sheet: Sheet) -> list[tuple[str, str]]:
    return [
        (a, b)
        for (a, one), (b, two) in combinations(texts(sheet), 2)
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
    ]


def outside(sheet: Sheet) -> list[str]:
    width, height = sheet.size_px
    return [
        text
        for text, (left, bottom, right, top) in texts(sheet)
        if left < 0 or bottom < 0 or right > width or top > height
    ]


def pixels(png: bytes) -> NDArray[np.uint8]:
    """Return the decoded picture, shape (height, width, 3)."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def rows_with(png: bytes, colour: str, *, columns: slice) -> list[int]:
    """Return the pixel rows in which exactly this colour occurs within the columns."""
    wanted = np.array(ImageColor.getrgb(colour), dtype=np.uint8)
    hits = (pixels(png)[:, columns] == wanted).all(axis=2).any(axis=1)
    return [int(row) for row in np.flatnonzero(hits)]


def row_of(sheet: Sheet, panel: str, value: float) -> float:
    """Return the pixel row (from the top) at which a panel shows a value."""
    shown = sheet.panels[panel]
    low, high = shown.y
    from_top = shown.box.top + shown.box.height * (high - value) / (high - low)
    return from_top * sheet.size_px[0] / 1080
