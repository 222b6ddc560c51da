"""The look all pictures share: colours and type sizes.

Up and down are blue and orange, which stay apart for the common kinds of colour blindness
(Okabe and Ito's advice); what matters is also told by position, word or line style. Every colour
has a contrast of at least 4.5 to its background where it carries text, and 3 where it is a shape
(WCAG 2.2, 1.4.3 and 1.4.11); a test computes both.

Lengths are in units of 1/1080 of the picture's width: one pixel on the usual 1080 px picture.
A phone shows that about 390 points wide, so 27 units are its smallest comfortable type.
"""

from dataclasses import dataclass

from bot.charts.views import Side, Theme

SMALL = 27.0
SUBTITLE = 36.0
TITLE = 54.0
HUGE = 76.0

MARGIN = 34.0
WIDTH = 1080.0
DPI = 100.0
"""Resolution of the 1080 px picture: matplotlib measures type and lines in 1/72 inch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one theme, as #rrggbb."""

    background: str
    surface: str
    ink: str
    muted: str
    grid: str
    up: str
    down: str
    stop: str
    target: str
    band: str
    warning: str
    lines: tuple[str, ...]

    def side(self, side: Side) -> str:
        """Return the colour of a side: up for long, down for short, ink for a close."""
        return {"long": self.up, "short": self.down, "close": self.ink}[side]


DARK = Palette(
    background="#0e131a",
    surface="#1a222d",
    ink="#eef2f6",
    muted="#9aa8b7",
    grid="#232d3a",
    up="#4aa8ff",
    down="#ff9a3d",
    stop="#ff5c6c",
    target="#4de8cf",
    band="#8b9bb0",
    warning="#ffd35c",
    lines=("#f5e27a", "#c79bff", "#f4a6d7"),
)
LIGHT = Palette(
    background="#ffffff",
    surface="#eef2f6",
    ink="#16202b",
    muted="#566473",
    grid="#e3e8ee",
    up="#0a66c2",
    down="#c2570c",
    stop="#a80f2a",
    target="#007f78",
    band="#74839a",
    warning="#7d5700",
    lines=("#8f6a00", "#7a3cc4", "#a03080"),
)


def palette(theme: Theme) -> Palette:
    """Return the colours of a theme."""
    return DARK if theme == "dark" else LIGHT


def points(units: float) -> float:
    """Return a line width or type size of sheet units in matplotlib's points."""
    return units * 72.0 / DPI
