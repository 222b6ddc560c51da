"""Views refuse what cannot be drawn truthfully, and say what was wrong."""

from dataclasses import replace

import numpy as np
import pytest

from bot.charts.views import Bars, Contribution, Equity, Holding, Levels, Profit
from bot.charts.words import ENGLISH
from tests.unit.bot.charts import samples


def test_bars_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"close must be float64 of shape \(84,\)"):
        replace(samples.bars(), close=np.zeros(83))


def test_bars_need_at_least_one_time() -> None:
    nothing = np.zeros(0)
    with pytest.raises(ValueError, match="open_ms must be int64 of shape"):
        Bars(
            open_ms=np.zeros(0, dtype=np.int64),
            open=nothing,
            high=nothing,
            low=nothing,
            close=nothing,
            volume=nothing,
        )


def test_seconds_as_float_are_refused() -> None:
    with pytest.raises(ValueError, match="open_ms must be int64"):
        replace(samples.bars(2), open_ms=np.array([1.0, 2.0]))


def test_nanoseconds_are_refused() -> None:
    shown = samples.bars(2)
    with pytest.raises(ValueError, match="milliseconds since 1970"):
        replace(shown, open_ms=shown.open_ms * 1_000_000)


def test_times_that_stand_still_are_refused() -> None:
    with pytest.raises(ValueError, match="open_ms must be strictly increasing"):
        replace(samples.bars(2), open_ms=np.array([5, 5]))


def test_an_indicator_of_another_length_is_refused_by_name() -> None:
    other = samples.chart(samples.bars(10))
    with pytest.raises(ValueError, match="average MA 50 must be float64"):
        samples.chart(averages=other.averages)
    with pytest.raises(ValueError, match="rsi must be float64"):
        samples.chart(rsi=other.rsi)
    with pytest.raises(ValueError, match="macd line must be float64"):
        samples.card(macd=other.macd)
    with pytest.raises(ValueError, match="lower band must be float64"):
        samples.card(bands=other.bands)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_level_must_be_a_price(price: float) -> None:
    with pytest.raises(ValueError, match="stop must be a price > 0"):
        Levels(stop=price)


@pytest.mark.parametrize("points", [-0.1, 100.1, float("nan")])
def test_score_and_threshold_stay_on_their_scale(points: float) -> None:
    with pytest.raises(ValueError, match="score must be from 0 to 100"):
        samples.card(score=points)
    with pytest.raises(ValueError, match="threshold must be from 0 to 100"):
        samples.card(threshold=points)


@pytest.mark.parametrize("zone_name", ["Mars/Base", "", "../etc/passwd", "/etc/passwd", "\0"])
def test_an_unknown_zone_is_refused(zone_name: str) -> None:
    with pytest.raises(ValueError, match="zone_name must be an IANA zone"):
        samples.chart(zone_name=zone_name)
    with pytest.raises(ValueError, match="zone_name must be an IANA zone"):
        samples.portfolio(zone_name=zone_name)


@pytest.mark.parametrize("width_px", [0, 99, 4001])
def test_a_width_nobody_can_see_is_refused(width_px: int) -> None:
    with pytest.raises(ValueError, match="width_px must be from 100 to 4000"):
        samples.chart(width_px=width_px)


def test_amounts_must_be_finite() -> None:
    nan = float("nan")
    with pytest.raises(ValueError, match="points must be finite"):
        Contribution(code="RSI", points=nan)
    with pytest.raises(ValueError, match="value_quote must be finite"):
        Holding(name="BTC", value_quote=nan)
    with pytest.raises(ValueError, match="amount_quote must be finite"):
        Profit(name="BTC", amount_quote=nan)
    with pytest.raises(ValueError, match="fraction must be finite"):
        Profit(name="BTC", amount_quote=1.0, fraction=nan)
    with pytest.raises(ValueError, match="equity_quote must be finite"):
        samples.portfolio(equity_quote=nan)


def test_a_drawdown_of_another_length_is_refused() -> None:
    equity = samples.portfolio().equity
    with pytest.raises(ValueError, match="drawdown_fraction must be float64"):
        Equity(
            time_ms=equity.time_ms,
            equity_quote=equity.equity_quote,
            drawdown_fraction=np.zeros(3),
        )


def test_a_year_of_words_has_twelve_months() -> None:
    with pytest.raises(ValueError, match="months must be 12 names, was 1"):
        replace(ENGLISH, months=("Jan",))
