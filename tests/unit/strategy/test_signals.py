"""Each signal rule on figures worked out by hand; ``judge`` is given its value columns directly."""

import numpy as np
import pytest

from engine.strategy.rules import shipped_rules
from engine.strategy.rules.atr import Breakout
from engine.strategy.rules.bb import Bollinger
from engine.strategy.rules.hl import HighLow
from engine.strategy.rules.ma import Averages
from engine.strategy.rules.macd import Macd
from engine.strategy.rules.rsi import Rsi
from engine.strategy.rules.stoch import Stochastic
from engine.strategy.rules.vol import Volume
from engine.strategy.signals import Judged, Rule
from engine.strategy.signals_kernels import NEVER, cross_age
from tests.unit.strategy.bars import joined, of_closes, walk

NAN = float("nan")


def judge(rule: Rule, **values: list[float]) -> list[tuple[int, float]]:
    columns = {name: np.array(column) for name, column in values.items()}
    n = len(next(iter(columns.values())))
    moving = of_closes(100 + np.arange(n) % 2.0)
    return pairs(rule.judge(moving, columns))


def pairs(judged: Judged) -> list[tuple[int, float]]:
    return [(int(s), round(float(x), 6)) for s, x in zip(*judged, strict=True)]


def test_the_eight_rules_are_found_in_the_order_of_their_codes() -> None:
    codes = [rule.code for rule in shipped_rules()]
    assert codes == ["ATR", "BB", "HL", "MA", "MACD", "RSI", "STOCH", "VOL"]


def test_rsi_is_linear_to_the_end_of_its_scale_and_its_bounds_are_neutral() -> None:
    got = judge(Rsi(), rsi=[NAN, 30.0, 15.0, 0.0, 50.0, 70.0, 85.0, 100.0])
    assert got == [(0, 0), (0, 0), (1, 50), (1, 100), (0, 0), (0, 0), (-1, 50), (-1, 100)]


def test_macd_takes_the_side_of_its_histogram_measured_in_atrs() -> None:
    got = judge(Macd(), histogram=[NAN, 0.25, 0.5, 2.0], atr=[NAN, 2.0, 2.0, 2.0])
    assert got == [(0, 0), (1, 25), (1, 50), (1, 100)]


def test_macd_is_larger_on_a_fresh_cross_and_the_bonus_fades() -> None:
    histogram = [0.1, -0.1, -0.1, -0.1, -0.1, -0.1, -0.1]
    got = judge(Macd(), histogram=histogram, atr=[1.0] * 7)
    assert got == [(1, 20), (-1, 45), (-1, 40), (-1, 35), (-1, 30), (-1, 25), (-1, 20)]


def test_ma_is_the_difference_in_atrs_larger_after_a_cross() -> None:
    got = judge(Averages(), fast=[99.0, 101.0, 110.0], slow=[100.0] * 3, atr=[1.0] * 3)
    assert got == [(-1, 10), (1, 10 + 25), (1, 100)]


def test_a_touch_of_the_band_counts() -> None:
    # Mean 100, σ 5: the bands are 90 and 110, 4 σ are 20.
    bars = of_closes(np.array([100.0, 90.0, 89.9, 80.0, 110.0, 109.9, 130.0]))
    flat = np.full(7, 100.0)
    values = {"lower": flat - 10, "middle": flat, "upper": flat + 10, "close": bars.close}
    got = pairs(Bollinger().judge(bars, values))
    assert got == [(0, 0), (1, 50), (1, 50.5), (1, 100), (-1, 50), (0, 0), (-1, 100)]


def test_bands_without_width_are_neutral() -> None:
    bars = of_closes(np.full(3, 7.0))
    flat = np.full(3, 7.0)
    values = {"lower": flat, "middle": flat, "upper": flat, "close": flat}
    assert pairs(Bollinger().judge(bars, values)) == [(0, 0)] * 3


def test_stochastic_needs_both_lines_at_the_end_and_a_recent_cross() -> None:
    k = [5.0, 14.0, 15.0, 16.0, 17.0, 30.0]
    d = [10.0, 10.0, 11.0, 12.0, 13.0, 15.0]
    #    before  cross   age 1   age 2   too old, outside
    expected = [(0, 0), (1, 40), (1, 35), (1, 30), (0, 0), (0, 0)]
    assert judge(Stochastic(), k=k, d=d) == expected
    mirror = judge(Stochastic(), k=[100 - x for x in k], d=[100 - x for x in d])
    assert mirror == [(-side, points) for side, points in expected]


def test_stochastic_outside_its_bounds_is_neutral_even_on_a_cross() -> None:
    assert judge(Stochastic(), k=[10.0, 21.0], d=[15.0, 16.0]) == [(0, 0), (0, 0)]


def test_atr_breakout_needs_a_large_bar_that_closes_at_its_end() -> None:
    got = judge(
        Breakout(),
        true_range=[1.5, 2.75, 2.75, 2.75, 9.0, NAN],
        atr_before=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        close_position=[1.0, 0.75, 0.5, 0.25, 0.0, 1.0],
    )
    assert got == [(0, 0), (1, 50), (0, 0), (-1, 50), (-1, 100), (0, 0)]


def test_twice_the_mean_volume_counts_in_the_direction_of_the_bar() -> None:
    got = judge(
        Volume(),
        volume=[20.0, 20.0, 19.9, 50.0, 80.0, 20.0, 5.0],
        mean_before=[10.0, 10.0, 10.0, 10.0, 10.0, 0.0, NAN],
        change=[1.0, -1.0, 1.0, 1.0, 0.0, 1.0, 1.0],
    )
    assert got == [(1, 40), (-1, 40), (0, 0), (1, 100), (0, 0), (0, 0), (0, 0)]


def test_a_close_beyond_the_range_breaks_out_and_equal_is_inside() -> None:
    got = judge(
        HighLow(),
        close=[110.0, 111.0, 114.0, 89.0, 120.0, 50.0],
        high_before=[110.0] * 5 + [NAN],
        low_before=[90.0] * 5 + [NAN],
        atr_before=[1.0] * 4 + [0.0, 1.0],
    )
    assert got == [(0, 0), (1, 75), (1, 100), (-1, 75), (1, 100), (0, 0)]


def test_volume_and_range_are_measured_against_the_bars_before() -> None:
    bars = of_closes(np.append(np.full(25, 100.0), 101.0), volume=np.append(np.ones(25), 2.0))
    for rule in (Volume(), HighLow()):
        judged = rule.judge(bars, rule.values(bars))
        assert judged.side[-1] == 1
        assert not judged.side[:-1].any()


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
def test_a_flat_series_is_neutral(rule: Rule) -> None:
    for level in (1e-7, 0.3, 61_234.567):
        bars = of_closes(np.full(700, level))
        assert not rule.judge(bars, rule.values(bars)).side.any()


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
def test_a_market_that_has_stopped_is_neutral_whatever_it_did_before(rule: Rule) -> None:
    before = walk(400, 9)
    bars = joined(before, of_closes(np.full(300, before.close[-1])))
    side, strength = rule.judge(bars, rule.values(bars))
    assert not side[450:].any()
    assert not strength[450:].any()


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
def test_warm_up_is_declared_to_the_bar(rule: Rule) -> None:
    bars = walk(400, 2)
    values = rule.values(bars)
    known = np.logical_and.reduce([~np.isnan(column) for column in values.values()])
    assert int(np.argmax(known)) == rule.warmup_bars
    assert known[rule.warmup_bars :].all()
    assert not rule.judge(bars, values).side[: rule.warmup_bars].any()


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
@pytest.mark.parametrize("length", [0, 1, 2, 30])
def test_a_few_bars_are_neutral_not_an_error(rule: Rule, length: int) -> None:
    bars = walk(length, 2)
    side, strength = rule.judge(bars, rule.values(bars))
    assert side.size == strength.size == length


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
def test_side_and_strength_agree_and_stay_in_range(rule: Rule) -> None:
    bars = walk(20_000, 7)
    side, strength = rule.judge(bars, rule.values(bars))
    assert set(np.unique(side)) == {-1, 0, 1}
    assert strength.min() >= 0
    assert strength.max() <= 100
    assert not strength[side == 0].any()


@pytest.mark.parametrize(
    ("rule", "side", "bar", "sentence"),
    [
        (Rsi(), 1, {"rsi": 24.31}, "RSI(14) is 24.3, below 30: oversold."),
        (Rsi(), -1, {"rsi": 80.0}, "RSI(14) is 80.0, above 70: overbought."),
        (Rsi(), 0, {"rsi": 51.0}, "RSI(14) is 51.0, between 30 and 70."),
        (Rsi(), 0, {"rsi": 6.6}, "RSI(14) is 6.6, but the price stands still."),
        (
            Macd(),
            -1,
            {"histogram": -0.5, "atr": 2.0},
            "MACD(12/26/9) is below its signal line by 0.25 ATR: momentum is falling.",
        ),
        (Macd(), 0, {"histogram": 0.0, "atr": 0.0}, "MACD(12/26/9) histogram is 0: no direction."),
        (
            Averages(),
            1,
            {"fast": 105.0, "slow": 100.0, "atr": 2.0},
            "MA50 105, MA200 100: 2.5 ATR above, the trend is up.",
        ),
        (
            Averages(),
            0,
            {"fast": 5.0, "slow": 5.0, "atr": 0.0},
            "MA50 5, MA200 5: no direction.",
        ),
        (
            Bollinger(),
            1,
            {"lower": 90.0, "middle": 100.0, "upper": 110.0, "close": 85.0},
            "Close is 3.0 σ below its mean, at or under the lower band.",
        ),
        (
            Bollinger(),
            0,
            {"lower": 90.0, "middle": 100.0, "upper": 110.0, "close": 103.0},
            "Close is +0.6 σ from its mean, inside the bands.",
        ),
        (
            Bollinger(),
            0,
            {"lower": 9.0, "middle": 9.0, "upper": 9.0, "close": 9.0},
            "The Bollinger bands have no width: the price stands still.",
        ),
        (
            Stochastic(),
            -1,
            {"k": 84.0, "d": 88.0},
            "Stochastic %K 84.0, %D 88.0: crossed downwards above 80.",
        ),
        (
            Breakout(),
            1,
            {"true_range": 4.6, "atr_before": 2.0, "close_position": 0.9},
            "True range is 2.3 ATR and the close is at the top of the bar: breakout.",
        ),
        (
            Breakout(),
            0,
            {"true_range": 2.0, "atr_before": 2.0, "close_position": 0.9},
            "True range is 1.0 ATR: no breakout.",
        ),
        (
            Volume(),
            -1,
            {"volume": 31.0, "mean_before": 10.0, "change": -1.0},
            "Volume is 3.1 × its 20-bar mean on a falling bar.",
        ),
        (
            HighLow(),
            0,
            {"close": 100.0, "high_before": 110.0, "low_before": 90.0, "atr_before": 1.0},
            "Close 100 is inside the 20-bar range 90 to 110.",
        ),
    ],
)
def test_the_reason_is_a_plain_sentence_with_the_values(
    rule: Rule, side: int, bar: dict[str, float], sentence: str
) -> None:
    assert rule.reason(side, bar) == sentence


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
def test_every_bar_has_a_reason(rule: Rule) -> None:
    bars = joined(walk(1_000, 5), of_closes(np.full(40, 100.0)))
    values = rule.values(bars)
    side, _ = rule.judge(bars, values)
    for i in range(rule.warmup_bars, len(bars)):
        sentence = rule.reason(int(side[i]), {name: float(c[i]) for name, c in values.items()})
        assert sentence.endswith(".")
        assert "nan" not in sentence
        assert len(sentence) <= 100


def test_a_cross_is_counted_from_its_bar_and_noise_is_no_cross() -> None:
    got = cross_age(np.array([NAN, 0.0, 2.0, 1e-12, -1e-12, 3.0, -1.0, 0.0, -2.0, 1.0]))
    assert got.tolist() == [NEVER] * 6 + [0, 1, 2, 0]
