"""Nothing that a venue lists or a series contains makes a picture fail, or warn."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bot.charts import draw_card, draw_chart, draw_portfolio
from bot.charts.views import Bars, Contribution, Equity, Floats, Holding, Line, Profit
from tests.unit.bot.charts import samples
from tests.unit.bot.charts.reading import compose, outside, overlaps, pixels, texts

SMALL_PX = 360
"""Enough to see a drawing fail, at a ninth of the pixels."""
NAMES = {
    "html": "<b>BTC</b>&amp;",
    "markdown": "_*[BTC](x)`",
    "formula": "$x^2$",
    "broken formula": "$\\frac{1}{0",
    "emoji": "🚀🌕/USDT",
    "joined emoji": "👨‍👩‍👧",
    "hebrew": "שלום/USDT",
    "arabic": "عملة/USDT",
    "chinese": "比特币/USDT",
    "long": "x" * 200,
    "wide": "W" * 200,
    "one endless line": "x" * 100_000,
    "empty": "",
    "control": "\n\t\x00\x1b[31m",
    "override": "abc\u202edef\u2066",
    "lone surrogate": "\ud800",
    "combining": "e\u0301" * 60,
    "format": "%s {} \\n",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_drawn_everywhere_without_touching_its_neighbours(name: str) -> None:
    parts = tuple(Contribution(code=name, points=p) for p in (9.0, -4.0, 1.0))
    views: list[samples.View] = [
        samples.card(
            symbol=name, badges=(name,) * 3, price_unit=name, volume_unit=name, contributions=parts
        ),
        samples.chart(symbol=name, timeframe=name, averages=(_line(name),)),
        samples.portfolio(
            currency=name,
            holdings=(Holding(name=name, value_quote=1.0),),
            positions=(Profit(name=name, amount_quote=1.0),),
            periods=(Profit(name=name, amount_quote=-1.0, fraction=-0.1),) * 3,
        ),
    ]
    for view in views:
        sheet = compose(view)
        assert overlaps(sheet) == []
        assert outside(sheet) == []
        compose(replace(view, width_px=SMALL_PX)).png()


def test_what_the_font_lacks_becomes_a_box_and_formulas_stay_text() -> None:
    shown = [text for text, _ in texts(compose(samples.card(symbol="$x^2$ 比", badges=())))]
    assert "$x^2$ □" in shown


SERIES = {
    "one bar": samples.bars(1),
    "two bars": samples.bars(2),
    "many bars": samples.bars(1500),
    "flat": samples.same_price(100.0),
    "zero volume": replace(samples.bars(), volume=np.zeros(84)),
    "unknown volume": replace(samples.bars(), volume=np.full(84, np.nan)),
    "tiny": samples.bars(price=1e-8),
    "huge": samples.bars(price=1e9),
    "absurd": samples.bars(price=1e300),
    "nothing but zero": samples.same_price(0.0),
    "unknown": samples.same_price(math.nan),
    "endless": replace(samples.bars(), high=np.full(84, np.inf)),
    "a hole of a year": replace(
        samples.bars(),
        open_ms=samples.bars().open_ms + (np.arange(84) >= 40) * 8760 * samples.HOUR_MS,
    ),
    "a millisecond apart": replace(
        samples.bars(), open_ms=samples.START_MS + np.arange(84, dtype=np.int64)
    ),
    "since 1970": replace(samples.bars(2), open_ms=np.array([0, samples.START_MS])),
}


@pytest.mark.parametrize("shown", SERIES.values(), ids=SERIES)
def test_degenerate_candles_are_drawn(shown: Bars) -> None:
    card, chart = samples.card(shown), samples.chart(shown)
    for view in (card, chart):
        sheet = compose(view)
        assert overlaps(sheet) == []
        assert outside(sheet) == []
    # 1480 · 360 / 1080 = 493.3
    assert pixels(draw_card(replace(card, width_px=SMALL_PX))).shape == (493, SMALL_PX, 3)
    draw_chart(replace(chart, width_px=SMALL_PX))


def test_indicators_still_warming_up_are_drawn_as_nothing() -> None:
    shown = samples.bars(10)
    view = samples.card(shown)
    assert np.isnan(view.averages[0].values).all()
    assert view.bands is not None
    assert np.isnan(view.bands.upper).all()
    draw_card(view)


def test_levels_beside_unknown_candles_are_still_labelled() -> None:
    view = samples.card(samples.same_price(math.nan), levels=samples.levels(samples.bars()))
    shown = [text for text, _ in texts(compose(view))]
    assert {"no data", "Entry", "Stop −2.0 %", "Target +4.0 %"} <= set(shown)


def test_a_lone_value_between_unknown_ones_is_still_seen() -> None:
    values = np.full(84, np.nan)
    values[40] = samples.bars().close[40]
    with_dot = draw_chart(samples.chart(averages=(Line(label="MA", values=values),)))
    nothing = Line(label="MA", values=np.full(84, np.nan))
    assert with_dot != draw_chart(samples.chart(averages=(nothing,)))


EQUITY = {
    "one point": np.array([10_000.0]),
    "flat": np.full(30, 10_000.0),
    "ruin": np.linspace(10_000.0, 0.0, 30),
    "debt": np.linspace(100.0, -100.0, 30),
    "zero": np.zeros(30),
    "unknown": np.full(30, np.nan),
    "a hole": np.where(np.arange(30) == 12, np.nan, 10_000.0 + np.arange(30)),
    "in bitcoin": np.full(30, 0.000012) * np.arange(1, 31),
    "absurd": np.full(30, 1e200),
}


@pytest.mark.parametrize("equity", EQUITY.values(), ids=EQUITY)
def test_degenerate_equity_is_drawn(equity: Floats) -> None:
    times = samples.START_MS + samples.HOUR_MS * np.arange(len(equity), dtype=np.int64)
    view = samples.portfolio(equity=Equity(time_ms=times, equity_quote=equity))
    sheet = compose(view)
    assert overlaps(sheet) == []
    assert outside(sheet) == []
    draw_portfolio(view)


@pytest.mark.parametrize("size", [0.0, 1e-12, 0.01, 9_999_999.99, -9_999_999.99, 1e18])
def test_amounts_of_every_size_are_written_in_full(size: float) -> None:
    view = samples.portfolio(
        equity_quote=size,
        periods=tuple(Profit(name="all", amount_quote=size, fraction=12_345.6) for _ in range(5)),
        holdings=tuple(Holding(name="cash", value_quote=size, is_cash=k == 0) for k in range(9)),
        positions=tuple(Profit(name="X/Y", amount_quote=size, fraction=-0.5) for _ in range(9)),
    )
    sheet = compose(view)
    assert overlaps(sheet) == []
    assert outside(sheet) == []
    assert not any("…" in text for text, _ in texts(sheet))


def _line(label: str) -> Line:
    return Line(label=label, values=samples.bars().close)
