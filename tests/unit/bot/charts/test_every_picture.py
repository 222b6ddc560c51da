"""No text of any picture touches another one or leaves the sheet, in any language or shape."""

import re

import pytest

import bot.charts
from tests.unit.bot.charts.gallery import KINDS, SHAPES, Compose, Shape, Style
from tests.unit.bot.charts.reading import outside, overlaps, texts

LEFT_MARGIN_PX = 34
WIDTHS_PX = {"en": 1080, "de": 390, "es": 1080}
"""In the longest words, the smallest picture: its texts are measured the most coarsely."""


def test_every_picture_that_can_be_drawn_hangs_in_the_gallery() -> None:
    drawn = {name.removeprefix("draw_") for name in bot.charts.__all__ if name.startswith("draw_")}
    assert drawn <= KINDS.keys()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("compose", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_texts_keep_apart_and_inside(compose: Compose, shape: Shape, language: str) -> None:
    sheet = compose(shape, Style.of(language, WIDTHS_PX[language]))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


@pytest.mark.parametrize("compose", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_text_hangs_over_the_left_edge_of_the_panels(compose: Compose, shape: Shape) -> None:
    sheet = compose(shape, Style.of("en"))
    # A bold letter may lean a pixel out of the place it was given.
    hanging = [text for text, (left, *_) in texts(sheet) if left < LEFT_MARGIN_PX - 2]
    assert hanging == []


@pytest.mark.parametrize("compose", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("language", ["de", "es"])
def test_numbers_are_written_as_the_language_does(compose: Compose, language: str) -> None:
    sheet = compose(SHAPES["usual"], Style.of(language))
    shown = [text for text, _ in texts(sheet)]
    told = [text for text in shown if not is_given(text)]
    assert [text for text in told if _ENGLISH_NUMBER.search(text)] == []


@pytest.mark.parametrize("compose", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_no_word_of_the_usual_picture_is_cut(compose: Compose, language: str) -> None:
    sheet = compose(SHAPES["usual"], Style.of(language))
    assert [text for text, _ in texts(sheet) if text.endswith("…")] == []


_ENGLISH_NUMBER = re.compile(r"\d\.\d{1,2}(?!\d)|\d,\d{3}(?!\d)|\d[.]\d{4,}")


def is_given(text: str) -> bool:
    """Whether a text came with the view, so that its language is not the drawing's."""
    given = ("2.5", "3.5", "4.5", "0.79", "0.70 (≥ 1.00)", "8,744", "1,234")
    return any(part in text for part in given)
