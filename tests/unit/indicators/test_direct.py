"""TA-Lib's conventions, held against figures worked out here."""

import numpy as np
import pytest

from engine.indicators import direct
from engine.indicators.bars import Floats
from tests.unit.strategy.bars import of_closes, walk

# Wilder's published example (New Concepts in Technical Trading Systems, 1978, as reprinted by
# StockCharts' ChartSchool): closes of QQQQ; first RSI 70.53, then 66.32, 66.55, 69.41, 66.36.
_WILDER = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
    45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222,
]  # fmt: skip


def test_rsi_gives_the_published_example() -> None:
    rsi = direct.rsi(np.array(_WILDER), 14)
    assert np.isnan(rsi[:14]).all()
    assert rsi[14:].round(2).tolist() == [70.53, 66.32, 66.55, 69.41, 66.36]


def test_rsi_is_wilders_recursion() -> None:
    close = walk(300, 3).close
    change = np.diff(close)
    gain, loss = np.maximum(change, 0), np.maximum(-change, 0)
    up, down = gain[:14].mean(), loss[:14].mean()
    for i in range(14, change.size):
        up, down = (13 * up + gain[i]) / 14, (13 * down + loss[i]) / 14
    assert direct.rsi(close, 14)[-1] == pytest.approx(100 * up / (up + down), rel=1e-12)


def test_macd_seeds_both_averages_on_the_same_bar() -> None:
    close = walk(200, 4).close

    def ema(values: Floats, length: int, first: int) -> Floats:
        out = np.full(values.size, np.nan)
        out[first] = values[first - length + 1 : first + 1].mean()
        for i in range(first + 1, values.size):
            out[i] = out[i - 1] + 2 / (length + 1) * (values[i] - out[i - 1])
        return out

    line = ema(close, 12, 25) - ema(close, 26, 25)
    signal = ema(line, 9, 33)
    got = direct.macd(close, fast=12, slow=26, signal=9)
    assert [int(np.isnan(column).sum()) for column in got] == [33, 33, 33]
    np.testing.assert_allclose(got[0][33:], line[33:], rtol=1e-9)
    np.testing.assert_allclose(got[1][33:], signal[33:], rtol=1e-9)
    np.testing.assert_allclose(got[2][33:], (line - signal)[33:], atol=1e-11)


def test_bollinger_divides_by_n() -> None:
    close = np.arange(
        1, 21, dtype=np.float64
    )  # population variance of 1..20 is (400 − 1)/12 = 33.25
    lower, middle, upper = direct.bollinger(close, length=20, width_sigma=2.0)
    assert middle[-1] == pytest.approx(10.5)
    assert upper[-1] == pytest.approx(10.5 + 2 * 33.25**0.5)
    assert lower[-1] == pytest.approx(10.5 - 2 * 33.25**0.5)


def test_stochastic_is_two_plain_means_over_the_place_in_the_range() -> None:
    # Closes rise by 1 without wicks: over 14 bars the range is 14 (a bar opens at the close
    # before), and the close is at its top.
    up = of_closes(np.arange(100.0, 130.0))
    k, d = direct.stochastic(up.high, up.low, up.close, length=14, smooth_k=3, smooth_d=3)
    assert np.isnan(k[:17]).all()
    assert (k[17], d[17]) == pytest.approx((100.0, 100.0))
    fall = of_closes(np.append(np.arange(100.0, 130.0), 122.0))
    k, d = direct.stochastic(fall.high, fall.low, fall.close, length=14, smooth_k=3, smooth_d=3)
    raw = 100 * (122 - 116) / (129 - 116)  # fourteen bars: lows 116 to 128, top 129
    assert k[-1] == pytest.approx((100 + 100 + raw) / 3)
    assert d[-1] == pytest.approx((100 + 100 + k[-1]) / 3)


def test_atr_counts_gaps_and_is_smoothed_as_wilder_did() -> None:
    bars = walk(120, 5)
    previous = bars.close[:-1]
    ranges = np.maximum(bars.high[1:], previous) - np.minimum(bars.low[1:], previous)
    atr = ranges[:14].mean()
    for size in ranges[14:]:
        atr = (13 * atr + size) / 14
    got = direct.atr(bars.high, bars.low, bars.close, 14)
    assert np.isnan(got[:14]).all()
    assert not np.isnan(got[14])
    assert got[-1] == pytest.approx(atr, rel=1e-12)


def test_before_hides_the_present_bar() -> None:
    got = direct.before(np.array([1.0, 2.0, 3.0]))
    assert np.isnan(got[0])
    assert got[1:].tolist() == [1.0, 2.0]
    assert direct.before(np.empty(0)).size == 0


def test_memory_is_where_the_seeds_weight_passes_one_in_a_thousand_million() -> None:
    wilder, ema = direct.wilder_memory(14), direct.ema_memory(26)
    assert (13 / 14) ** wilder < 1e-9 <= (13 / 14) ** (wilder - 1)
    assert (25 / 27) ** ema < 1e-9 <= (25 / 27) ** (ema - 1)
    assert (wilder, ema) == (280, 270)


def test_any_other_function_is_reached_by_name() -> None:
    bars = walk(100, 6)
    adx = direct.call("ADX", bars.high, bars.low, bars.close, timeperiod=14)
    assert 0 < adx[-1] < 100
