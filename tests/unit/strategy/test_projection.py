"""What the cone is made of, on markets whose answer is known."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.projection import NoProjection, Projection
from engine.indicators.bars import Bars, Floats
from engine.strategy.projection import (
    FEWEST_BARS,
    METHOD,
    MOST_HORIZON_BARS,
    Method,
    bar_variance,
    project,
)
from tests.unit.strategy.bars import HOUR_MS, of_closes, walk


def made(bars: Bars, horizon: int = 24, *, seed: int = 1, paths: int = 500) -> Projection:
    got = project(bars, horizon, seed=seed, paths=paths)
    assert isinstance(got, Projection)
    return got


def coins(sizes: Floats, seed: int = 3) -> Bars:
    """A market that moves by exactly these log sizes, up or down by the throw of a coin."""
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), len(sizes))
    return of_closes(100.0 * np.exp(np.concatenate(([0.0], np.cumsum(signs * sizes)))))


def test_a_market_that_always_moves_one_percent_is_expected_to_move_one_percent() -> None:
    bars = coins(np.full(999, 0.01))
    got = made(bars, 1)
    last = float(bars.close[-1])
    expected = [last * np.exp(x) for x in (-0.01, -0.01, 0.0, 0.01, 0.01)]
    assert [row[0] for row in got.prices] == pytest.approx(expected)


def test_after_the_storm_began_the_next_bar_is_expected_to_be_a_storms() -> None:
    calm, storm = np.full(500, 0.01), np.full(499, 0.02)
    bars = coins(np.concatenate((calm, storm)))
    # Half of all bars were storm's; their size is known to within the memory of the average.
    assert np.log(made(bars, 1).quantile(0.9)[0] / bars.close[-1]) == pytest.approx(0.02, rel=0.02)


def test_after_the_storm_went_the_next_bar_is_expected_to_be_smaller_than_the_storms() -> None:
    calm, storm = np.full(500, 0.01), np.full(499, 0.02)
    bars = coins(np.concatenate((storm, calm)))
    # Variances are 4 and 1, on average 2.5; 0.7 of the distance is believed: 3.55 and 1.45.
    # A storm's bar counts 0.02 / √3.55 · √1.45.
    assert np.log(made(bars, 1).quantile(0.9)[0] / bars.close[-1]) == pytest.approx(
        0.01278, rel=0.02
    )


def test_calm_and_storm_give_way_to_the_usual() -> None:
    bars = coins(np.concatenate((np.full(800, 0.01), np.full(199, 0.03))))
    got = made(bars, 48)
    assert got.bar_sigma_now > got.bar_sigma_usual
    width = np.log(got.quantile(0.9))
    early, late = width[11] - width[0], width[47] - width[36]
    assert early > late


def test_no_direction_is_promised_after_a_rise() -> None:
    bars = of_closes(100.0 * 1.002 ** np.arange(1_000) * np.exp(0.01 * np.sin(np.arange(1_000))))
    got = made(bars)
    last = float(bars.close[-1])
    assert got.quantile(0.5) == (last,) * 24
    low, high = (np.log(np.array(edge) / last) for edge in got.band(0.8))
    np.testing.assert_allclose(high, -low, rtol=1e-9)


def test_a_flat_market_has_a_flat_cone() -> None:
    got = made(of_closes(np.full(500, 7.5)))
    assert set(got.prices) == {(7.5,) * 24}
    assert got.bar_sigma_now == got.bar_sigma_usual == 0.0


def test_closes_go_on_where_the_bars_end() -> None:
    bars = walk(400, 1)
    got = made(bars, 3)
    end = 400 * HOUR_MS
    assert got.made_ms == end
    assert got.close_ms == (end + HOUR_MS, end + 2 * HOUR_MS, end + 3 * HOUR_MS)
    assert got.price == bars.close[-1]


def test_it_says_how_it_was_made() -> None:
    got = made(walk(1_500, 1))
    assert (got.version, got.bars, got.paths) == ("projection-1", 1_000, 500)
    # The walk's bars have a standard deviation of 0.5 % between closes.
    assert got.bar_sigma_usual == pytest.approx(0.005, rel=0.1)


def test_a_day_chart_reads_a_year_and_an_hour_chart_a_thousand_bars() -> None:
    assert METHOD.window_bars(Timeframe.D1) == 365
    assert {METHOD.window_bars(frame) for frame in Timeframe} == {365, 1_000}


def test_what_lies_before_the_window_changes_nothing() -> None:
    bars = walk(1_400, 5)
    assert made(bars) == made(bars.between(400, 1_400))


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    bars = walk(600, 2)
    assert made(bars) == made(bars)
    assert made(bars).prices != made(bars, seed=2).prices


def test_more_paths_say_nearly_the_same() -> None:
    bars = walk(1_000, 4)
    few, many = (np.log(made(bars, paths=n).quantile(0.9)) for n in (500, 5_000))
    np.testing.assert_allclose(
        few - np.log(bars.close[-1]), many - np.log(bars.close[-1]), rtol=0.2
    )


def test_a_random_walk_opens_with_the_root_of_time() -> None:
    # σ of a 24-bar move of the walk is 0.005 √24; four in five stay within 1.2816 of it. One window
    # holds forty such moves, so the mean of many is compared.
    windows = [walk(1_000, seed) for seed in range(20)]
    reach = [np.log(made(b, seed=k).quantile(0.9)[-1] / b.close[-1]) for k, b in enumerate(windows)]
    assert np.mean(reach) == pytest.approx(1.2816 * 0.005 * 24**0.5, rel=0.05)


def test_a_short_history_is_refused_politely() -> None:
    assert project(walk(FEWEST_BARS - 1, 1), 24, seed=1) is NoProjection.TOO_FEW_BARS
    assert isinstance(project(walk(FEWEST_BARS, 1), 24, seed=1), Projection)


def test_what_would_say_less_than_a_factor_of_ten_is_refused() -> None:
    wild = coins(np.full(600, 1.0))
    assert project(wild, 24, seed=1) is NoProjection.TOO_WILD


def test_one_huge_jump_is_survived() -> None:
    calm = np.full(999, 1e-4)
    calm[990] = 0.10
    bars = coins(calm)
    got = made(bars)
    # Ten units of what is expected now, at most, per bar: never the jump times the storm it made.
    edge = float(np.log(got.quantile(0.9)[-1] / bars.close[-1]))
    assert 24**0.5 * 1e-4 < edge < 24 * 10 * got.bar_sigma_now


@pytest.mark.parametrize("horizon", [0, -1, MOST_HORIZON_BARS + 1])
def test_a_horizon_without_sense_is_refused(horizon: int) -> None:
    with pytest.raises(InvalidValueError):
        project(walk(300, 1), horizon, seed=1)


@pytest.mark.parametrize("fractions", [(0.5, 0.1), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5)])
def test_fractions_without_sense_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(InvalidValueError):
        project(walk(300, 1), 24, seed=1, fractions=fractions)


@pytest.mark.parametrize(
    "changes",
    [{"block_bars": 1}, {"block_bars": 61}, {"recent_share": 1.0}, {"half_life_bars": 0.0}],
)
def test_a_method_without_sense_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InvalidValueError):
        replace(METHOD, **changes)  # type: ignore[arg-type]  # the names are those of Method


def test_the_longest_horizon_needs_no_more_than_the_shortest_history() -> None:
    assert len(made(walk(FEWEST_BARS, 1), MOST_HORIZON_BARS).close_ms) == MOST_HORIZON_BARS


def test_variance_reads_range_body_and_gap() -> None:
    bars = Bars(
        timeframe=Timeframe.H1,
        open_ms=np.array([0, HOUR_MS], np.int64),
        open=np.array([100.0, 110.0]),
        high=np.array([104.0, 110.0]),
        low=np.array([98.0, 105.0]),
        close=np.array([102.0, 105.0]),
        volume=np.ones(2),
    )
    # ½ ln(104/98)² − (2 ln 2 − 1) ln(102/100)² = 0.0017654 − 0.0001515
    # ½ ln(110/105)² − (2 ln 2 − 1) ln(105/110)² + ln(110/102)² = 0.0002461 + 0.0057014
    np.testing.assert_allclose(bar_variance(bars), [0.0016139, 0.0059475], atol=2e-7)


def test_a_chart_does_not_wait_for_it() -> None:
    bars = walk(1_000, 1)
    made(bars, 48)
    began = perf_counter()
    for _ in range(10):
        made(bars, 48)
    assert (perf_counter() - began) / 10 < 0.030


def test_the_method_is_a_value() -> None:
    assert Method() == METHOD
