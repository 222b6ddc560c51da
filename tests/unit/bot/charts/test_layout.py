"""Texts keep apart, stay on the sheet and are large enough, whatever the numbers are."""

from dataclasses import replace

import pytest
from matplotlib.text import Text

from bot.charts.views import Levels
from tests.unit.bot.charts import samples
from tests.unit.bot.charts.reading import compose, outside, overlaps, texts

TOGETHER = [(-0.02, 0.04), (-0.0001, 0.0002), (0.0, 0.0), (0.0001, -0.0001), (-0.5, 5.0)]
PRICES = [1e9, 70_000.0, 3.21, 0.00001, 1e-8]


@pytest.mark.parametrize("make", [samples.card, samples.chart, samples.portfolio])
def test_no_text_is_below_26_px_at_1080(make: samples.Make) -> None:
    sheet = compose(make())
    shown = [t for t in sheet.figure.findobj(Text) if isinstance(t, Text) and t.get_text()]
    sizes = [float(t.get_fontsize()) * 100 / 72 for t in shown]
    assert min(sizes) >= 26


@pytest.mark.parametrize("make", [samples.card, samples.chart, samples.portfolio])
@pytest.mark.parametrize("width_px", [390, 1080])
def test_texts_neither_touch_nor_leave_the_sheet(make: samples.Make, width_px: int) -> None:
    sheet = compose(make(width_px=width_px))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


@pytest.mark.parametrize(("stop", "target"), TOGETHER)
def test_labels_of_levels_that_lie_close_together_are_spread(stop: float, target: float) -> None:
    shown = samples.bars()
    sheet = compose(samples.card(shown, levels=samples.levels(shown, stop=stop, target=target)))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("make", [samples.card, samples.chart])
def test_prices_of_every_size_fit_beside_the_candles(make: samples.Make, price: float) -> None:
    sheet = compose(make(samples.bars(price=price)))
    assert overlaps(sheet) == []
    assert outside(sheet) == []
    assert not any("…" in text for text, _ in texts(sheet))


@pytest.mark.parametrize("threshold", [0.0, 3.0, 14.0, 20.0, 50.0, 97.0, 100.0, None])
def test_the_threshold_never_covers_the_scale(threshold: float | None) -> None:
    assert overlaps(compose(samples.card(threshold=threshold))) == []


@pytest.mark.parametrize("hours", [0.02, 0.1, 1, 4, 24, 24 * 30])
def test_time_labels_keep_apart_on_every_timeframe(hours: float) -> None:
    shown = samples.bars()
    step = int(hours * samples.HOUR_MS)
    times = samples.START_MS + step * (shown.open_ms - shown.open_ms[0]) // samples.HOUR_MS
    sheet = compose(samples.chart(replace(shown, open_ms=times)))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


@pytest.mark.parametrize("only", ["entry", "stop", "target"])
def test_one_level_alone_is_drawn(only: str) -> None:
    shown = samples.bars()
    sheet = compose(samples.card(shown, levels=Levels(**{only: float(shown.close[-1])})))
    assert overlaps(sheet) == []
