"""The picture of a benchmark: bars in proportion, nothing overlaps, nothing is cut off."""

import struct

import pytest

from bot.charts import bench, draw_bench
from bot.charts.views_bench import Bar, BarGroup, BenchPicture
from engine.domain.errors import InvalidValueError
from tests.unit.bot.charts.reading import outside, overlaps, texts


def group(*values: float, logarithmic: bool = False) -> BarGroup:
    bars = tuple(
        Bar(name=f"engine {k}", value=value, text=f"{value:,.0f}", ours=k == 0)
        for k, value in enumerate(values)
    )
    return BarGroup(title="Speed", bars=bars, logarithmic=logarithmic)


VIEW = BenchPicture(
    title="One rule",
    subtitle="Ratios of one run",
    groups=(group(200.0, 40.0, 1.0, logarithmic=True), group(1.0, 2.0)),
)


def test_bars_are_as_long_as_their_values() -> None:
    assert bench.lengths(group(5.0, 10.0)) == [0.5, 1.0]
    # Half the magnitudes from 1 to 100 is 10; the smallest keeps a twentieth.
    assert bench.lengths(group(1.0, 10.0, 100.0, logarithmic=True)) == pytest.approx(
        [0.05, 0.525, 1.0]
    )
    assert bench.lengths(group(3.0, 3.0, logarithmic=True)) == [1.0, 1.0]


def test_every_engine_is_named_with_its_figure_and_nothing_overlaps() -> None:
    sheet = bench.compose(VIEW)
    shown = [text for text, _ in texts(sheet)]
    assert shown.count("engine 0") == 2
    assert {"One rule", "Ratios of one run", "200", "40"} <= set(shown)
    assert overlaps(sheet) == []
    assert outside(sheet) == []


def test_it_is_a_png_for_a_phone() -> None:
    png = draw_bench(VIEW)
    assert struct.unpack(">II", png[16:24])[0] == 1080


def test_what_has_no_length_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="above 0"):
        group(0.0)
    with pytest.raises(InvalidValueError, match="at least one"):
        group()
