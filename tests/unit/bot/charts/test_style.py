"""The colours can be told apart: contrast by WCAG 2.2, colour blindness by Machado et al. 2009."""

import numpy as np
import pytest
from PIL import ImageColor

from bot.charts.style import DARK, LIGHT, Palette
from bot.charts.views import Floats

THEMES = pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])

# Full severity, on linear RGB: Machado, Oliveira, Fernandes 2009, table 1.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour: str) -> Floats:
    encoded = np.array(ImageColor.getrgb(colour)[:3]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    lighter, darker = sorted((float(weights @ linear(c)) for c in (one, two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lab(rgb: Floats) -> Floats:
    """Return CIE L*a*b* (D65) of linear sRGB."""
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    x, y, z = np.cbrt(np.clip(to_xyz @ rgb, 1e-6, None) / np.array([0.95047, 1.0, 1.08883]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@THEMES
def test_text_has_a_contrast_of_four_and_a_half(colours: Palette) -> None:
    texts = [colours.ink, colours.muted, colours.up, colours.down, colours.stop, colours.target]
    for text in [*texts, colours.warning]:
        # The same number holds for text of the background's colour on a filled label.
        assert contrast(text, colours.background) >= 4.5, text


@THEMES
def test_shapes_have_a_contrast_of_three(colours: Palette) -> None:
    for shape in (*colours.lines, colours.band):
        assert contrast(shape, colours.background) >= 3, shape


@THEMES
@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("pair", [("up", "down"), ("stop", "target")])
def test_what_must_differ_differs_for_the_colour_blind(
    colours: Palette, blindness: str, pair: tuple[str, str]
) -> None:
    seen = [np.array(BLINDNESS[blindness]) @ linear(getattr(colours, name)) for name in pair]
    distance = float(np.linalg.norm(lab(seen[0]) - lab(seen[1])))
    # 2.3 is a just noticeable difference; ten times that is plain at a glance.
    assert distance >= 23


@THEMES
def test_candles_are_not_told_apart_by_red_and_green(colours: Palette) -> None:
    red, green, blue = ImageColor.getrgb(colours.up)[:3]
    assert blue > green > red
