"""The rules of the trend strategy on figures worked out by hand, and what they do not depend on."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.indicators.bars import Bars, Floats
from engine.strategy.shipped import trend_strategy
from engine.strategy.trend.horizon import Trend
from engine.strategy.trend.stretch import Stretch
from tests.unit.strategy.bars import joined, of_closes, scaled, walk

EIGHT_DAYS = Trend(code="T8", days=8, bars_per_day=1.0, volatility_days=4)
STRETCH = Stretch(
    code="S4", days=4, bars_per_day=1.0, start_fraction=0.2, full_fraction=0.6, most_points=50.0
)
RULES = trend_strategy().rules


def days(close: object) -> Bars:
    """Daily bars that open at the close before and have no wicks."""
    return on(of_closes(np.asarray(close, np.float64)), Timeframe.D1)


def on(bars: Bars, timeframe: Timeframe) -> Bars:
    open_ms = np.arange(len(bars), dtype=np.int64) * timeframe.ms
    return replace(bars, timeframe=timeframe, open_ms=open_ms)


def points(rule: Trend | Stretch, bars: Bars) -> Floats:
    side, strength = rule.judge(bars, rule.values(bars))
    signed: Floats = side * strength
    return signed


def test_the_four_measures_are_as_worked_out_by_hand() -> None:
    # Nine closes: the range of the last 8 bars is 88 (bar 3's low) to 108, the close is 104.
    close = [100.0, 96.0, 92.0, 88.0, 96.0, 100.0, 104.0, 108.0, 104.0]
    values = {name: column[-1] for name, column in EIGHT_DAYS.values(days(close)).items()}
    assert values["place"] == pytest.approx((104 - 88) / (108 - 88))
    # Highest close one bar ago, lowest five bars ago: (5 − 1) / 8.
    assert values["recency"] == pytest.approx(0.5)
    # The mean of two closes is 106, that of eight 98.5.
    assert values["means"] == pytest.approx(106 / 98.5 - 1)
    steps = [math.log(b / a) for a, b in pairwise(close[4:])]
    mean = sum(steps) / 4
    sigma = math.sqrt(sum((x - mean) ** 2 for x in steps) / 3)
    momentum = math.log(104 / 100) / (sigma * math.sqrt(8))
    assert values["momentum"] == pytest.approx(momentum)
    # (60 + 100 + 100 + 100 · momentum) / 4; momentum is 0.33.
    expected = (60 + 100 + 100 + 100 * momentum) / 4
    assert points(EIGHT_DAYS, days(close))[-1] == pytest.approx(expected)


@pytest.mark.parametrize("rule", RULES[:4], ids=lambda rule: rule.code)
def test_a_market_that_only_rises_is_at_plus_100_and_its_mirror_at_minus_100(rule: Trend) -> None:
    # Steps alternate so that they have a deviation; all of them rise.
    steps = np.where(np.arange(700) % 2 == 0, 0.010, 0.012)
    rising = np.exp(np.cumsum(steps))
    for close, full in ((rising, 100.0), (1 / rising, -100.0)):
        got = points(rule, on(of_closes(close), Timeframe.H4))
        assert not got[: rule.warmup_bars].any()
        assert got[rule.warmup_bars :] == pytest.approx(full)


def test_stretch_is_a_ramp_above_the_mean_and_silent_below_it() -> None:
    # Means of four closes: the last close c after three of 100 has mean (300 + c) / 4.
    def last(close: float) -> float:
        return float(points(STRETCH, days([100.0, 100.0, 100.0, close]))[-1])

    assert last(50.0) == 0.0
    assert last(100.0) == 0.0
    assert last(900 / 7) == pytest.approx(0.0, abs=1e-9)  # 1.2 times its mean
    assert last(140.0) == pytest.approx(-50.0 * (140 / 110 - 1.2) / 0.4)
    assert last(200.0) == pytest.approx(-50.0)  # 1.6 times its mean: all of its points
    assert last(400.0) == pytest.approx(-50.0)


def test_a_stretch_without_points_is_silent() -> None:
    none = replace(STRETCH, most_points=0.0)
    assert not points(none, days([100.0, 100.0, 100.0, 400.0])).any()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_price_and_volume_have_no_unit(rule: Trend | Stretch) -> None:
    bars = walk(1_500, 3, step=0.02, timeframe="4h")
    usual = points(rule, bars)
    for price in (1e-7, 3.7, 2.0**20):
        assert points(rule, scaled(bars, price, 0.01)) == pytest.approx(usual, abs=1e-7)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_last_bar_of_a_window_says_what_it_says_in_the_whole_series(
    rule: Trend | Stretch,
) -> None:
    bars = walk(3_000, 5, step=0.02, timeframe="4h")
    whole = points(rule, bars)
    window = rule.warmup_bars + 1
    for end in range(window, 3_000, 97):
        assert points(rule, bars.between(end - window, end))[-1] == pytest.approx(
            whole[end - 1], abs=1e-9
        )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_warm_up_is_declared_to_the_bar(rule: Trend | Stretch) -> None:
    bars = walk(700, 2, timeframe="4h")
    columns = rule.values(bars).values()
    known = np.logical_and.reduce([~np.isnan(column) for column in columns])
    assert int(np.argmax(known)) == rule.warmup_bars
    assert known[rule.warmup_bars :].all()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
@pytest.mark.parametrize("length", [0, 1, 2, 30])
def test_a_few_bars_are_neutral_not_an_error(rule: Trend | Stretch, length: int) -> None:
    got = points(rule, walk(length, 2, timeframe="4h"))
    assert got.size == length
    assert not got.any()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_market_that_stands_still_is_neutral(rule: Trend | Stretch) -> None:
    for level in (1e-7, 0.3, 61_234.567):
        before = scaled(walk(400, 9, timeframe="4h"), level)
        bars = joined(before, on(of_closes(np.full(1_000, before.close[-1])), Timeframe.H4))
        assert not points(rule, bars)[-200:].any()


def test_bars_of_another_length_than_the_rule_was_made_for_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="bars a day for T8 must be 1, was 24"):
        EIGHT_DAYS.values(walk(100, 1))
    with pytest.raises(InvalidValueError, match="bars a day for S4"):
        STRETCH.values(walk(100, 1))


@pytest.mark.parametrize(
    "broken",
    [
        lambda: replace(EIGHT_DAYS, days=0),
        lambda: replace(EIGHT_DAYS, days=3),
        lambda: replace(EIGHT_DAYS, volatility_days=1),
        lambda: replace(STRETCH, days=1),
        lambda: replace(STRETCH, start_fraction=0.6),
        lambda: replace(STRETCH, most_points=101.0),
    ],
)
def test_windows_and_ramps_that_measure_nothing_are_refused(broken: object) -> None:
    assert callable(broken)
    with pytest.raises(InvalidValueError):
        broken()


def test_horizons_keep_their_days_on_other_candles() -> None:
    rule = Trend(code="T20", days=20, bars_per_day=6.0)
    assert [rule.at(frame).length for frame in (Timeframe.H1, Timeframe.H4, Timeframe.D1)] == [
        480,
        120,
        20,
    ]
    assert rule.at(Timeframe.H4) == rule
    assert STRETCH.at(Timeframe.H1).length == 96


def test_the_reasons_tell_the_measures() -> None:
    bar = {"place": 0.8, "recency": 0.5, "means": 0.07, "momentum": 0.334}
    assert EIGHT_DAYS.reason(1, bar) == (
        "The trend of 8 days is up: close at 80% of their range, high younger than low, "
        "2-day mean above the 8-day mean, move of +0.3 σ."
    )
    bar = {"place": 0.1, "recency": -0.5, "means": -0.07, "momentum": -1.2}
    assert EIGHT_DAYS.reason(-1, bar) == (
        "The trend of 8 days is down: close at 10% of their range, low younger than high, "
        "2-day mean below the 8-day mean, move of -1.2 σ."
    )
    assert STRETCH.reason(-1, {"above_mean": 0.4}) == (
        "Close is +40% from its 4-day mean: stretched, which begins at +20% and is full at +60%."
    )
    assert STRETCH.reason(0, {"above_mean": -0.4}) == (
        "Close is -40% from its 4-day mean: not stretched, that begins at +20%."
    )
