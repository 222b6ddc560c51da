"""What comes out: PNG bytes of the right size that show what was asked for, the same each time."""

import gc
import pickle
import struct
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.charts import draw_card, draw_chart, draw_portfolio, warm_up
from bot.charts.candles import price_limits
from bot.charts.levels import listed
from bot.charts.style import palette
from bot.charts.views import CardPicture, Levels, Line, PortfolioPicture, Theme
from tests.unit.bot.charts import samples
from tests.unit.bot.charts.reading import compose, pixels, row_of, rows_with, texts

THEMES: list[Theme] = ["dark", "light"]


def draw(view: samples.View) -> bytes:
    if isinstance(view, PortfolioPicture):
        return draw_portfolio(view)
    return draw_card(view) if isinstance(view, CardPicture) else draw_chart(view)


def shown_texts(view: samples.View) -> list[str]:
    return [text for text, _ in texts(compose(view))]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("make", [samples.card, samples.chart, samples.portfolio])
def test_a_picture_is_a_png_1080_wide_on_the_background_of_its_theme(
    make: samples.Make, theme: Theme
) -> None:
    png = draw(make(theme=theme))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1080
    assert 1000 <= height <= 1600
    corner = "#{:02x}{:02x}{:02x}".format(*pixels(png)[2, 2])
    assert corner == palette(theme).background


@pytest.mark.parametrize("width_px", [390, 720, 2160])
def test_another_width_scales_the_same_layout(width_px: int) -> None:
    height, width, _ = pixels(draw_card(samples.card(width_px=width_px))).shape
    assert width == width_px
    assert height == pytest.approx(1480 * width_px / 1080, abs=1)


def test_the_same_view_gives_the_same_bytes() -> None:
    view = samples.card()
    assert draw_card(view) == draw_card(view)


def test_threads_draw_at_the_same_time_without_disturbing_each_other() -> None:
    views = [samples.card(score=10.0 * k) for k in range(4)]
    alone = [draw_card(view) for view in views]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw_card, views)) == alone


def test_views_and_functions_cross_a_process_border() -> None:
    function, view = pickle.loads(pickle.dumps((draw_chart, samples.chart())))
    assert function(view) == draw_chart(samples.chart())


def test_importing_the_charts_does_not_import_matplotlib() -> None:
    code = (
        "import sys, bot.charts, bot.charts.views; "
        "sys.exit('matplotlib' in sys.modules or 'PIL' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warming_up_loads_what_the_first_card_needs() -> None:
    code = "import sys, bot.charts as c; c.warm_up(); sys.exit('matplotlib' not in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    warm_up()


@pytest.mark.parametrize("theme", THEMES)
def test_entry_stop_and_target_are_drawn_at_their_price(theme: Theme) -> None:
    view = samples.card(theme=theme, averages=(), bands=None)
    png, sheet = draw_card(view), compose(view)
    for level in listed(view, palette(theme)):
        row = row_of(sheet, "price", level.price)
        rows = rows_with(png, level.colour, columns=slice(40, 700))
        assert any(abs(row - found) <= 2 for found in rows), level.name


def test_a_level_far_outside_the_candles_is_pinned_with_an_arrow() -> None:
    shown = samples.bars()
    last = float(shown.close[-1])
    view = samples.card(shown, levels=Levels(entry=last, stop=0.98 * last, target=3 * last))
    low, high = price_limits(view)
    assert low < 0.98 * last < last < high < 3 * last
    assert any(text.startswith("↑ ") for text in shown_texts(view))
    assert "Target +200.0 %" in shown_texts(view)


def test_a_distant_average_does_not_flatten_the_candles() -> None:
    shown = samples.bars()
    far = Line(label="MA 200", values=3 * shown.close)
    low, high = price_limits(samples.chart(shown, averages=(far,), bands=None))
    assert high - low < 2.5 * float(shown.high.max() - shown.low.min())


def test_a_card_names_symbol_side_score_threshold_states_and_reasons() -> None:
    shown = shown_texts(samples.card())
    expected = ["BTC/USDT", "1h", "LONG", "74", "Score 74.1 / 100", "alert from 62"]
    expected += ["uncalibrated", "simulated market", "Entry", "Stop −2.0 %", "Target +4.0 %"]
    expected += ["RSI", "+21.0", "HL", "−7.0", "RSI 14", "MACD 12/26/9, USDT", "Volume, BTC"]
    assert set(expected) <= set(shown)


def test_the_time_axis_names_the_zone() -> None:
    caption = "Time in Europe/Berlin (UTC+1): 1 Jan 01:00 – 4 Jan 2026 12:00"
    assert caption in shown_texts(samples.card())


def test_a_chart_without_levels_labels_the_last_price() -> None:
    shown = samples.bars()
    last = f"{shown.close[-1]:,.0f}"
    assert shown_texts(samples.chart(shown)).count(last) == 2  # the title, and the axis


def test_panels_without_data_are_left_out_and_the_price_takes_their_room() -> None:
    full = compose(samples.chart())
    bare = compose(samples.chart(rsi=None, macd=None, bands=None, averages=()))
    assert list(full.panels) == ["price", "volume", "rsi", "macd"]
    assert list(bare.panels) == ["price", "volume"]
    assert bare.panels["price"].box.height > 1.5 * full.panels["price"].box.height


def test_more_contributions_than_fit_are_summed_up_in_one() -> None:
    view = samples.card()
    many = tuple(replace(view.contributions[0], code=f"C{k}", points=10.0 - k) for k in range(12))
    shown = shown_texts(replace(view, contributions=many))
    # 10, 9, 8, 7, 6, 5, 4 are shown; 3 + 2 + 1 + 0 − 1 = 5 remain.
    assert "other" in shown
    assert shown.count("+5.0") == 2
    assert "C7" not in shown


def test_a_portfolio_shows_money_shares_and_open_profit() -> None:
    shown = shown_texts(samples.portfolio(equity_quote=10_020.83))
    expected = ["10,020.83 USDT", "today", "−34.20", "−0.3 %", "+212.90", "+1.9 %", "0.00", "0.0 %"]
    # 6,120.50 of 10,020.83 in all.
    expected += ["cash", "6,120.50", "61.1 %", "BTC/USDT", "+120.40", "+5.2 %", "−61.00", "−3.9 %"]
    assert set(expected) <= set(shown)


def test_an_empty_portfolio_says_so() -> None:
    shown = shown_texts(samples.portfolio(holdings=(), positions=(), periods=(), badges=()))
    assert {"nothing held", "no open positions"} <= set(shown)


def test_a_long_list_of_holdings_keeps_cash_and_sums_up_the_small_ones() -> None:
    view = samples.portfolio()
    small = tuple(replace(view.holdings[1], name=f"T{k}", value_quote=10.0 + k) for k in range(9))
    shown = shown_texts(replace(view, holdings=(*view.holdings, *small)))
    # Four are named (BTC, SOL, T8, T7), the other seven are 10 + … + 16 = 91, then cash.
    assert {"BTC", "SOL", "T8", "T7", "other (7)", "91.00", "cash"} <= set(shown)
    assert "T6" not in shown


def test_the_pixels_of_a_picture_are_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        sheet = compose(samples.card())
        renderer = weakref.ref(sheet.renderer)
        sheet.png()
        del sheet
        assert renderer() is None
    finally:
        gc.enable()
