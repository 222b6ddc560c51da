"""The cone stands where it should, says how often it held, and disturbs nothing else."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from bot.charts import draw_chart
from bot.charts.candles import price_limits
from bot.charts.cone_view import cone_of, years
from bot.charts.style import palette
from bot.charts.views import ChartPicture, Cone, Levels, Theme
from engine.domain.errors import InvalidValueError
from engine.domain.projection import ChartProjection, HitRate, Projection
from tests.unit.bot.charts import samples
from tests.unit.bot.charts.reading import compose, outside, overlaps, pixels, texts

THEMES: list[Theme] = ["dark", "light"]
COUNT = 24


def with_cone(count: int = COUNT, **changes: object) -> ChartPicture:
    shown = samples.bars()
    return samples.chart(shown, cone=samples.cone(shown, count), **changes)


def shown_texts(view: ChartPicture) -> list[str]:
    return [text for text, _ in texts(compose(view))]


def test_it_gives_both_bands_their_time_and_their_record() -> None:
    shown = samples.bars()
    last = float(shown.close[-1])
    told = shown_texts(with_cone())
    assert f"80 %: {last * 0.95:,.0f} – {last * 1.05:,.0f}" in told
    assert f"50 %: {last * 0.975:,.0f} – {last * 1.025:,.0f}" in told
    # 84 hourly bars from 1 January 00:00 end on 4 January 12:00; a day later the cone ends.
    assert "→ 5 Jan 12:00" in told
    assert "80 % band · hit 81 % of 8,744 (2021–2023) · here 26 of 31" in told


def test_the_axis_goes_on_and_its_caption_still_names_the_bars() -> None:
    told = shown_texts(with_cone())
    assert "5 Jan" in told
    assert "5 Jan" not in shown_texts(samples.chart())
    assert "Time in UTC: 1 Jan 00:00 – 4 Jan 2026 11:00" in told


def test_the_cone_begins_after_the_last_candle_and_leaves_the_panels_in_line() -> None:
    sheet, bare = compose(with_cone()), compose(samples.chart())
    for name, panel in sheet.panels.items():
        assert panel.x == sheet.panels["price"].x
        # 84 bars become 108: the last candle moves from the right edge to 84 / 108 of the width.
        assert (bare.panels[name].x[1] - panel.x[0]) / (panel.x[1] - panel.x[0]) == pytest.approx(
            84 / 108, abs=0.01
        )


@pytest.mark.parametrize("theme", THEMES)
def test_two_shades_lie_right_of_the_last_candle_and_nowhere_left_of_it(theme: Theme) -> None:
    view = with_cone(theme=theme, averages=(), bands=None)
    sheet, png = compose(view), pixels(draw_chart(view))
    panel = sheet.panels["price"]
    end = float(view.bars.close[-1])

    def pixel(bar: float, price: float) -> tuple[int, ...]:
        (left, right), (low, high) = panel.x, panel.y
        x = panel.box.left + panel.box.width * (bar - left) / (right - left)
        y = panel.box.top + panel.box.height * (high - price) / (high - low)
        return tuple(int(v) for v in png[round(y), round(x)])

    ground = tuple(int(palette(theme).background[k : k + 2], 16) for k in (1, 3, 5))
    outer, inner = pixel(103.3, end * 1.036), pixel(103.3, end * 1.012)
    assert len({ground, outer, inner}) == 3
    contrast = [sum(abs(a - b) for a, b in zip(one, ground, strict=True)) for one in (outer, inner)]
    assert 40 < contrast[0] < contrast[1] - 40


def test_the_whole_cone_is_in_the_range_that_is_shown() -> None:
    view = with_cone()
    low, high = price_limits(view)
    assert view.cone is not None
    assert low < view.cone.low.min() < view.cone.high.max() < high


def test_a_cone_far_wider_than_the_candles_does_not_flatten_them() -> None:
    shown = samples.bars()
    narrow = samples.cone(shown)
    wide = replace(narrow, low=narrow.low / 50, high=narrow.high * 50)
    assert price_limits(samples.chart(shown, cone=wide)) == price_limits(samples.chart(shown))


@pytest.mark.parametrize("width_px", [390, 1080])
@pytest.mark.parametrize("count", [1, 6, 24, 48, 240])
def test_texts_neither_touch_nor_leave_the_sheet(count: int, width_px: int) -> None:
    shown = samples.bars()
    for levels in (samples.levels(shown), Levels()):
        sheet = compose(with_cone(count, levels=levels, width_px=width_px))
        assert overlaps(sheet) == []
        assert outside(sheet) == []


@pytest.mark.parametrize("price", [1e9, 70_000.0, 3.21, 0.00001, 1e-8])
def test_prices_of_every_size_fit_into_its_line(price: float) -> None:
    shown = samples.bars(price=price)
    sheet = compose(samples.chart(shown, cone=samples.cone(shown)))
    assert overlaps(sheet) == []
    assert outside(sheet) == []
    assert not any("…" in text for text, _ in texts(sheet))


@pytest.mark.parametrize("name", ["<b>x</b>", "🚀" * 40, "W" * 500, "a\nb\x00", ""])
def test_hostile_words_about_the_record_stay_on_their_line(name: str) -> None:
    shown = samples.bars()
    cone = samples.cone(shown, label=name, note=name)
    sheet = compose(samples.chart(shown, cone=cone))
    assert overlaps(sheet) == []
    assert outside(sheet) == []
    draw_chart(samples.chart(shown, cone=cone, width_px=360))


@pytest.mark.parametrize("count", [1, 2, 300])
def test_any_number_of_bars_may_come_before_it(count: int) -> None:
    shown = samples.bars(count)
    sheet = compose(samples.chart(shown, cone=samples.cone(shown)))
    assert overlaps(sheet) == []
    assert outside(sheet) == []
    sheet.png()


def test_a_market_whose_last_price_is_unknown_has_no_cone_drawn() -> None:
    known = samples.bars()
    shown = samples.same_price(math.nan)
    draw_chart(samples.chart(shown, cone=samples.cone(known), width_px=360))


def test_a_flat_cone_is_drawn() -> None:
    shown = samples.same_price(100.0)
    flat = np.full(COUNT, 100.0)
    cone = replace(
        samples.cone(shown), low=flat, inner_low=flat, median=flat, inner_high=flat, high=flat
    )
    draw_chart(samples.chart(shown, cone=cone, width_px=360))


def test_without_a_cone_the_picture_is_what_it_was() -> None:
    assert draw_chart(samples.chart()) == draw_chart(samples.chart(cone=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"low": np.full(COUNT, 1e9)},
        {"high": np.full(COUNT, math.nan)},
        {"low": np.zeros(COUNT)},
        {"median": np.ones(3)},
        {"level": 0.5},
        {"inner_level": 0.0},
        {"open_ms": np.arange(COUNT, dtype=np.int64)[::-1]},
    ],
)
def test_a_cone_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        samples.cone(samples.bars(), **changes)


def test_a_cone_over_known_bars_is_refused() -> None:
    shown = samples.bars()
    cone = samples.cone(shown, open_ms=shown.open_ms[-1] + np.arange(COUNT, dtype=np.int64))
    with pytest.raises(ValueError, match="after the last bar"):
        samples.chart(shown, cone=cone)


HOUR_MS = samples.HOUR_MS
MADE = Projection(
    version="projection-1",
    made_ms=10 * HOUR_MS,
    price=100.0,
    close_ms=(11 * HOUR_MS, 12 * HOUR_MS),
    fractions=(0.1, 0.25, 0.5, 0.75, 0.9),
    prices=((96.0, 95.0), (98.0, 97.0), (100.0, 100.0), (102.0, 103.0), (104.0, 105.0)),
    bars=1_000,
    paths=500,
    bar_sigma_now=0.01,
    bar_sigma_usual=0.01,
)


def rate(start: datetime, end: datetime) -> HitRate:
    return HitRate(level=0.8, horizon_bars=2, inside=8, n=10, data_from=start, data_to=end)


def test_a_projection_becomes_a_cone_of_the_bars_to_come() -> None:
    view = ChartProjection(projection=MADE, level=0.8, measured=None, own=None)
    cone: Cone = cone_of(view, label="a", note="b")
    assert cone.open_ms.tolist() == [10 * HOUR_MS, 11 * HOUR_MS]
    assert [cone.low[1], cone.inner_low[1], cone.median[1]] == [95.0, 97.0, 100.0]
    assert [cone.inner_high[1], cone.high[1]] == [103.0, 105.0]
    assert (cone.level, cone.inner_level, cone.label, cone.note) == (0.8, 0.5, "a", "b")


def test_a_projection_without_the_band_asked_for_is_refused() -> None:
    view = ChartProjection(projection=MADE, level=0.9, measured=None, own=None)
    with pytest.raises(InvalidValueError):
        cone_of(view, label="")


def test_a_record_that_ends_with_a_year_does_not_reach_into_the_next() -> None:
    new_year = datetime(2024, 1, 1, tzinfo=UTC)
    assert years(rate(datetime(2021, 1, 1, tzinfo=UTC), new_year)) == "2021–2023"
    assert years(rate(datetime(2023, 5, 1, tzinfo=UTC), new_year)) == "2023"
