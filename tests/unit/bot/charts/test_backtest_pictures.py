"""The pictures of backtests: what they say, that nothing overlaps, and that nothing breaks them."""

import pickle
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bot.charts import backtest as drawn_backtest
from bot.charts import comparison as drawn_comparison
from bot.charts import draw_backtest, draw_comparison
from bot.charts.backtest_view import backtest_picture, comparison_picture
from bot.charts.sheet import Sheet
from bot.charts.style import palette
from bot.charts.views import Floats, Theme
from bot.charts.views_backtest import (
    BacktestPicture,
    Compared,
    ComparisonPicture,
    Curve,
    Curves,
    Figure,
    MonthReturn,
)
from tests.unit.bot.charts.reading import outside, overlaps, pixels, texts
from tests.unit.bot.charts.test_robustness import NAMES

HOUR_MS = 3_600_000
NEW_YEAR_MS = 1_514_764_800_000
"""2018-01-01 00:00 UTC."""
THEMES: list[Theme] = ["dark", "light"]
MONTHS = [f"{year}-{month:02}" for year in range(2018, 2024) for month in range(1, 13)]


def account(*, drift: float, seed: int, count: int = 601) -> Floats:
    steps = np.random.default_rng(seed).normal(drift, 0.02, count - 1)
    return np.concatenate(([10_000.0], 10_000.0 * np.cumprod(1.0 + steps)))


def lost(equity: Floats) -> Floats:
    peaks = np.maximum.accumulate(equity)
    fallen: Floats = 1.0 - equity / np.where(peaks > 0, peaks, 1.0)
    return fallen


def document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Six years of a run beside a market that rose tenfold, as `BacktestReport` tells it."""
    own, held = account(drift=0.0005, seed=1), account(drift=0.004, seed=2)
    made: dict[str, Any] = {
        "strategy_version": "trend-1",
        "timeframe": "4h",
        "quote": "USDT",
        "symbols": [f"C{k}/USDT" for k in range(8)],
        "start_equity": 10_000.0,
        "final_equity": float(own[-1]),
        "metrics": {
            "return_fraction": float(own[-1] / own[0] - 1),
            "cagr_fraction": 0.041,
            "sharpe_daily": 0.93,
            "max_drawdown_fraction": 0.187,
            "trades": 1_822,
            "win_rate_fraction": 0.3584,
            "profit_factor": 1.21,
            "expectancy_bps": 32.9,
            "exposure_fraction": 0.284,
            "fees_quote": 5_452.3,
            "slippage_quote": 1_511.4,
            "funding_quote": 0.0,
        },
        "benchmarks": {"buy_and_hold": {"return_fraction": float(held[-1] / held[0] - 1)}},
        "months": [
            {"month": month, "return_fraction": 0.03 * np.sin(k)} for k, month in enumerate(MONTHS)
        ],
        "curve": {
            "ts_ms": (NEW_YEAR_MS + 88 * HOUR_MS * np.arange(601)).tolist(),
            "equity_quote": own.tolist(),
            "drawdown_fraction": lost(own).tolist(),
            "market_quote": held.tolist(),
            "market_drawdown_fraction": lost(held).tolist(),
        },
        "data": {"symbols": [{"symbol": "C0/USDT", "resampled_from": "1h"}]},
    }
    return made | changes


def comparison() -> dict[str, Any]:
    one, other = account(drift=0.0005, seed=1) / 100, account(drift=-0.0004, seed=3) / 100
    figures = {
        "cagr_fraction": (0.019, -0.088),
        "trades": (401, 1_822),
        "profit_factor": (1.2, None),
    }
    return {
        "one": "trend-1",
        "other": "score-1+5b0e",
        "figures": [
            {"name": name, "one": a, "other": b, "difference": None if b is None else a - b}
            for name, (a, b) in figures.items()
        ],
        "trades": {name: {"trades": 9} for name in ("common", "only_one", "only_other")},
        "correlation_daily": 0.18,
        "curve": {
            "ts_ms": (NEW_YEAR_MS + 88 * HOUR_MS * np.arange(601)).tolist(),
            "one_index": one.tolist(),
            "other_index": other.tolist(),
        },
    }


def compose(view: BacktestPicture | ComparisonPicture) -> Sheet:
    if isinstance(view, BacktestPicture):
        return drawn_backtest.compose(view)
    return drawn_comparison.compose(view)


def said(view: BacktestPicture | ComparisonPicture) -> list[str]:
    return [text for text, _ in texts(compose(view))]


def neat(view: BacktestPicture | ComparisonPicture) -> None:
    sheet = compose(view)
    assert overlaps(sheet) == []
    assert outside(sheet) == []


@pytest.mark.parametrize("theme", THEMES)
def test_a_phone_gets_a_png_on_the_background_of_the_theme(theme: Theme) -> None:
    for png in (
        draw_backtest(backtest_picture(document(), theme=theme)),
        draw_comparison(comparison_picture(comparison(), theme=theme)),
    ):
        width, height = struct.unpack(">II", png[16:24])
        assert width == 1080
        assert 1000 <= height <= 1600
        assert "#{:02x}{:02x}{:02x}".format(*pixels(png)[2, 2]) == palette(theme).background


@pytest.mark.parametrize("width_px", [390, 1080])
def test_texts_neither_touch_nor_leave_the_sheet(width_px: int) -> None:
    neat(backtest_picture(document(), width_px=width_px, badges=("unproven",)))
    neat(comparison_picture(comparison(), width_px=width_px))


def test_what_is_said() -> None:
    shown = said(backtest_picture(document()))
    assert {
        "trend-1",
        "8 markets, 4h candles",
        "Sharpe, daily",
        "0.93",
        "−18.7 %",
        "1,822",
        "35.8 %",
        "32.9 bps",
        "6.96k USDT",
        "Equity, USDT",
        "(log scale)",
        "buy and hold",
        "Drawdown, %",
        "Return per month, %",
        "from 1h candles",
    } <= set(shown)
    assert any(text.startswith("Time in UTC: 1 Jan 2018") for text in shown)


def test_unknown_figures_are_dashes() -> None:
    metrics = document()["metrics"] | {"sharpe_daily": None, "profit_factor": None}
    view = backtest_picture(document(metrics=metrics))
    assert [one.text for one in view.figures].count("–") == 2
    neat(view)


def test_times_are_in_the_zone_of_the_reader() -> None:
    shown = said(backtest_picture(document(), zone_name="Asia/Kolkata"))
    assert any(text.startswith("Time in Asia/Kolkata (UTC+5:30)") for text in shown)


def test_accounts_of_one_size_are_drawn_to_a_plain_scale() -> None:
    curve = document()["curve"]
    curve["market_quote"] = curve["equity_quote"]
    assert "(log scale)" not in said(backtest_picture(document(curve=curve)))


def test_two_runs_and_their_difference() -> None:
    shown = said(comparison_picture(comparison()))
    assert {"trend-1", "score-1+5b0e", "Difference", "−8.8 %", "+10.7 %", "401", "−1,421"} <= set(
        shown
    )
    assert "daily returns correlate 0.18" in shown
    assert "–" in shown  # the other has no profit factor


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_hostile_names_stay_inside(name: str) -> None:
    neat(backtest_picture(document(strategy_version=name, quote=name, symbols=[name])))
    neat(comparison_picture(comparison() | {"one": name, "other": name}))


EQUITY = {
    "flat": np.full(30, 10_000.0),
    "ruin": np.linspace(10_000.0, 0.0, 30),
    "debt": np.linspace(100.0, -100.0, 30),
    "unknown": np.full(30, np.nan),
    "in bitcoin": np.full(30, 0.000012) * np.arange(1, 31),
    "tenfold": np.geomspace(10_000.0, 100_000.0, 30),
    "a millionfold": np.geomspace(1e-2, 1e12, 30),
    "absurd": np.full(30, 1e200),
    "two points": np.array([1.0, 2.0]),
}


@pytest.mark.parametrize("equity", EQUITY.values(), ids=EQUITY)
def test_degenerate_accounts_are_drawn(equity: Floats) -> None:
    times = NEW_YEAR_MS + HOUR_MS * np.arange(len(equity), dtype=np.int64)
    loss = np.where(np.isfinite(equity), np.linspace(0.0, 1.0, len(equity)), np.nan)
    line = Curve(name="run", equity_quote=equity, drawdown_fraction=loss)
    view = replace(
        backtest_picture(document()), curves=Curves(time_ms=times, lines=(line, line)), months=()
    )
    neat(view)
    draw_backtest(replace(view, width_px=360))


@pytest.mark.parametrize("size", [0.0, 1e-6, 0.004, 0.5, 12.0])
def test_months_of_every_size_have_an_axis(size: float) -> None:
    months = tuple(
        MonthReturn(start_ms=NEW_YEAR_MS + 744 * HOUR_MS * k, fraction=size * (-1) ** k)
        for k in range(6)
    )
    view = replace(backtest_picture(document()), months=months)
    neat(view)
    assert len({text for text in said(view) if text.endswith("%")}) >= 5


def test_views_cross_a_process_border() -> None:
    function, view = pickle.loads(pickle.dumps((draw_backtest, backtest_picture(document()))))
    assert function(view) == draw_backtest(backtest_picture(document()))


def test_more_figures_than_fit_are_left_out() -> None:
    many = tuple(Figure(name=f"name {k}", text=str(k)) for k in range(20))
    view = replace(backtest_picture(document()), figures=many, notes=("a note",) * 9)
    neat(view)
    rows = tuple(Compared(name=f"n{k}", one="1", other="2", difference="3") for k in range(40))
    neat(replace(comparison_picture(comparison()), rows=rows, notes=("a note",) * 9))


def test_wrong_views_are_refused() -> None:
    view = backtest_picture(document())
    with pytest.raises(ValueError, match="1 to 3 curves"):
        Curves(time_ms=view.curves.time_ms, lines=())
    with pytest.raises(ValueError, match="two runs"):
        replace(
            comparison_picture(comparison()),
            curves=Curves(time_ms=view.curves.time_ms, lines=view.curves.lines[:1]),
        )
    with pytest.raises(ValueError, match="IANA"):
        replace(view, zone_name="Mars/Crater")
    with pytest.raises(KeyError):
        backtest_picture({})
