"""The picture of promises and outcomes."""

import struct
from datetime import UTC, datetime

import pytest

from bot.charts import draw_reliability, reliability
from bot.charts.style import palette
from bot.charts.views import Theme
from bot.charts.views_reliability import ReliabilityPicture
from engine.domain.market import Timeframe
from engine.domain.reliability import Reliability, ReliabilityRow
from tests.unit.bot.charts.reading import outside, overlaps, pixels, texts


def row(start: float, promised: float, realised: float, n: int) -> ReliabilityRow:
    return ReliabilityRow(
        score_from=start,
        score_to=start + 10.0,
        promised_bps=promised,
        realised_bps=realised,
        low_bps=realised - 25.0,
        high_bps=realised + 25.0,
        promised_win=0.5,
        won=0.54,
        won_low=0.49,
        won_high=0.59,
        bars=10 * n,
        n=n,
    )


def view(*rows: ReliabilityRow, theme: Theme = "dark", width_px: int = 1080) -> ReliabilityPicture:
    found = Reliability(
        strategy_version="score-1",
        timeframe=Timeframe.H1,
        method="bins",
        data_from=datetime(2024, 1, 1, tzinfo=UTC),
        data_to=datetime(2025, 1, 1, tzinfo=UTC),
        cost_bps=31.0,
        skill=(("bins", 0.001),),
        rows=rows,
    )
    return ReliabilityPicture(
        title="score-1 · 1h", reliability=found, theme=theme, width_px=width_px
    )


ALL = tuple(row(10.0 * k, 12.0 * k - 30.0, 11.0 * k - 25.0, 41_200 // (k + 1)) for k in range(10))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_a_png_of_phone_size_on_its_background(theme: Theme) -> None:
    png = draw_reliability(view(*ALL, theme=theme))
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1080
    assert 1000 <= height <= 1600
    assert "#{:02x}{:02x}{:02x}".format(*pixels(png)[2, 2]) == palette(theme).background


def test_every_range_has_its_n_and_the_costs_are_named() -> None:
    told = [text for text, _ in texts(reliability.compose(view(*ALL)))]
    assert {"0–10", "70–80", "90+", "41.2k", "5.15k", "costs 31"} <= set(told)


@pytest.mark.parametrize("rows", [ALL, ALL[:1], ALL[7:]], ids=["all", "one", "top"])
def test_nothing_overlaps_and_nothing_lies_outside(rows: tuple[ReliabilityRow, ...]) -> None:
    sheet = reliability.compose(view(*rows))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


def test_without_rows_it_says_so() -> None:
    told = [text for text, _ in texts(reliability.compose(view()))]
    assert "not enough trades to compare" in told


def test_a_kept_promise_lies_inside_the_interval() -> None:
    assert row(70.0, 20.0, 21.0, 412).is_kept
    assert not row(70.0, 60.0, 21.0, 412).is_kept
