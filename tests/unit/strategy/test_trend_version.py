"""The default strategy as a version: on other timeframes, in its trials, and from its research."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from engine.domain.errors import DataError
from engine.domain.market import Timeframe
from engine.indicators.bars import Bars
from engine.proof.admission.lookahead import require_causal
from engine.proof.trials import explored, researched
from engine.proof.variants import parameters_of, varied
from engine.strategy.policy import ExitPolicy
from engine.strategy.reference import from_plain, packaged_reference
from engine.strategy.shipped import (
    DEFAULT_STRATEGY,
    score_strategy,
    shipped_strategies,
    trend_strategy,
)
from engine.strategy.version import columns_of
from main.strategies import configured_strategy
from tests.unit.strategy.bars import of_closes, walk

DATA = Path(__file__).parents[4] / "shared" / "data"
TREND = trend_strategy()


def four_hourly(hours: Bars) -> Bars:
    """Join every four bars."""
    return Bars(
        timeframe=Timeframe.H4,
        open_ms=hours.open_ms[::4],
        open=hours.open[::4],
        high=hours.high.reshape(-1, 4).max(axis=1),
        low=hours.low.reshape(-1, 4).min(axis=1),
        close=hours.close[3::4],
        volume=hours.volume.reshape(-1, 4).sum(axis=1),
    )


def test_the_default_is_shipped_and_settings_that_name_nothing_mean_it() -> None:
    assert shipped_strategies()[DEFAULT_STRATEGY] is TREND
    assert configured_strategy(Settings()) is TREND
    assert configured_strategy(Settings(), simulated=True).name == "score"


def test_a_variant_on_other_candles_is_the_version_on_those_candles() -> None:
    hourly = TREND.altered(timeframe=Timeframe.H1)
    assert varied(TREND, {"timeframe": "1h"}).fingerprint == hourly.fingerprint
    assert varied(TREND, parameters_of(hourly)).fingerprint == hourly.fingerprint


def test_the_score_is_the_mean_of_the_trends_less_the_stretches() -> None:
    # 1 % a bar for ever: all trends at 100, and far above both means: −50 each.
    bars = of_closes(np.exp(np.cumsum(np.where(np.arange(700) % 2 == 0, 0.010, 0.012))))
    bars = replace(bars, timeframe=Timeframe.H4, open_ms=bars.open_ms * 4)
    scored = columns_of(TREND, bars)
    assert scored.side[:, -1].tolist() == [1, 1, 1, 1, -1, -1]
    assert scored.strength[:, -1] == pytest.approx([100, 100, 100, 100, 50, 50])
    assert scored.score[-1] == pytest.approx(0.0, abs=1e-4)
    calm = varied(TREND, {"rules.S20.most_points": 0.0, "rules.S40.most_points": 0.0})
    assert columns_of(calm, bars).score[-1] == pytest.approx(100.0)


def test_on_other_candles_days_stay_days_and_the_stop_as_far_away() -> None:
    hourly, daily = TREND.altered(timeframe=Timeframe.H1), TREND.altered(timeframe=Timeframe.D1)
    warmups = [[rule.warmup_bars for rule in made.rules[:4]] for made in (hourly, TREND, daily)]
    assert warmups == [[720, 720, 960, 1920], [180, 180, 240, 480], [30, 30, 40, 80]]
    # Four bars where one was: twice the range of a bar. A sixth of one: √6 times less.
    assert hourly.exits.stop_atr_multiple == pytest.approx(20.0)
    assert daily.exits.stop_atr_multiple == pytest.approx(10.0 / 6**0.5)
    assert hourly.window_bars == 2_400
    assert daily.window_bars == 600  # the average true range wants its memory all the same
    for made in (hourly, daily):
        assert made.entry == TREND.entry
        assert made.exits.exit_score == TREND.exits.exit_score
        assert made.version.startswith("trend-1+")


def test_there_and_back_again_is_the_same_version() -> None:
    back = TREND.altered(timeframe=Timeframe.H1).altered(timeframe=Timeframe.H4)
    assert back.fingerprint == TREND.fingerprint
    assert TREND.altered(timeframe=Timeframe.H4).version == "trend-1"


def test_every_distance_and_the_time_stop_follow_the_candles() -> None:
    exits = ExitPolicy(
        stop_atr_multiple=3.0,
        target_atr_multiple=6.0,
        trailing_atr_multiple=4.0,
        time_stop_bars=12,
        exit_score=None,
    )
    moved = replace(TREND, exits=exits).altered(timeframe=Timeframe.H1).exits
    assert moved == ExitPolicy(
        stop_atr_multiple=6.0,
        target_atr_multiple=12.0,
        trailing_atr_multiple=8.0,
        time_stop_bars=48,
        exit_score=None,
    )
    assert replace(TREND, exits=exits).altered(timeframe=Timeframe.D1).exits.time_stop_bars == 2


def test_exits_that_are_given_are_taken_as_they_are() -> None:
    given = ExitPolicy(stop_atr_multiple=5.0)
    assert TREND.altered(timeframe=Timeframe.H1, exits=given).exits == given


def test_a_strategy_that_counts_bars_keeps_its_bars() -> None:
    score = score_strategy()
    moved = score.altered(timeframe=Timeframe.H4)
    assert moved.timeframe is Timeframe.H4
    assert (moved.rules, moved.exits, moved.window_bars) == (
        score.rules,
        score.exits,
        score.window_bars,
    )


@pytest.mark.parametrize("timeframe", [Timeframe.H1, Timeframe.D1])
def test_on_other_candles_it_needs_no_more_than_its_window(timeframe: Timeframe) -> None:
    require_causal(TREND.altered(timeframe=timeframe))


def test_hours_say_about_what_four_hours_say() -> None:
    hours = walk(12_000, 4, step=0.01)
    slow = columns_of(TREND, four_hourly(hours))
    fast = columns_of(TREND.altered(timeframe=Timeframe.H1), hours).score[3::4]
    warm = slow.warmup_bars + 1
    assert np.corrcoef(slow.score[warm:], fast[warm:])[0, 1] > 0.97
    assert np.median(np.abs(slow.score[warm:] - fast[warm:])) < 5.0


def test_the_research_left_its_trials_and_the_shipped_version_is_among_them() -> None:
    rows = researched(TREND)
    assert len(rows) == 45
    assert explored(TREND) == 49_751
    fingerprints = {varied(TREND, row).fingerprint for row in rows}
    assert len(fingerprints) == 45
    assert TREND.fingerprint in fingerprints


@pytest.mark.parametrize(
    "broken", ["[]", '{"trials": {}}', '{"trials": [{"sharpe": 1}]}', '{"explored": -1}']
)
def test_a_file_of_trials_that_says_something_else_is_refused(tmp_path: Path, broken: str) -> None:
    (tmp_path / "trend_1_trials.json").write_text(broken, encoding="utf-8")
    with pytest.raises(DataError):
        (researched(TREND, tmp_path), explored(TREND, tmp_path))


def test_a_version_without_research_brings_no_trials(tmp_path: Path) -> None:
    assert researched(TREND, tmp_path) == ()
    assert explored(TREND, tmp_path) == 0


def test_the_reference_knows_three_timeframes_on_one_scale() -> None:
    frames = packaged_reference("trend-1").frames
    assert {str(t): f.n for t, f in frames.items()} == {"1h": 391_480, "4h": 97_703, "1d": 15_172}
    assert {frame.scale for frame in frames.values()} == {33.333333}


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
@pytest.mark.timeout(600)
def test_the_script_chooses_and_measures_what_is_shipped(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    script = root / "docs" / "research" / "default_strategy.py"
    done = subprocess.run(
        [sys.executable, str(script), str(DATA), "--out", str(tmp_path)],
        check=True,
        capture_output=True,
        timeout=580,
        text=True,
    )
    assert "chosen: Configuration(stretch=(50.0, 50.0), enter=40.0, leave=10.0)" in done.stdout
    shipped = root / "engine" / "strategy"
    measured = json.loads((tmp_path / "reference_trend_1.json").read_text(encoding="utf-8"))
    for timeframe, frame in packaged_reference("trend-1").frames.items():
        found = from_plain(measured).frames[timeframe]
        assert found.n == frame.n
        np.testing.assert_allclose(found.net, frame.net, atol=2e-6)
    name = "trend_1_trials.json"
    got, kept = (
        json.loads((folder / name).read_text(encoding="utf-8")) for folder in (tmp_path, shipped)
    )
    assert got["explored"] == kept["explored"]
    for mine, theirs in zip(got["trials"], kept["trials"], strict=True):
        assert mine["parameters"] == theirs["parameters"]
        assert mine["sharpe"] == pytest.approx(theirs["sharpe"], abs=0.02)
