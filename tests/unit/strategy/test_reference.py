"""The shipped scale and grid, and how they are measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.strategy.reference import (
    FrameReference,
    ScoreReference,
    default_reference,
    from_plain,
    measure,
    rank_threshold,
    to_plain,
)

DATA = Path(__file__).parents[4] / "shared" / "data"


def test_the_scale_is_the_99_9th_percentile_of_the_magnitude() -> None:
    net = np.concatenate((np.arange(0.0, 501.0), -np.arange(501.0, 1_001.0)))
    got = measure(net, Timeframe.H4)
    assert got.n == 1_001
    assert got.scale == pytest.approx(999.0)
    assert got.net[0] == 0
    assert got.net[-1] == 1_000
    assert got.net[got.fractions.index(0.5)] == pytest.approx(500.0)


def test_the_shipped_reference_has_three_timeframes_of_eight_pairs() -> None:
    shipped = default_reference()
    assert shipped.version == "score-1"
    assert {str(t): f.n for t, f in shipped.frames.items()} == {
        "1h": 405_240,
        "4h": 99_943,
        "1d": 15_172,
    }
    for frame in shipped.frames.values():
        assert 20 < frame.scale < 40  # raw |net| rarely passes 40
        assert frame.scale == pytest.approx(np.interp(0.999, frame.fractions, frame.net))


def test_short_timeframes_use_the_grid_of_one_hour_and_its_n() -> None:
    shipped = default_reference()
    for short in (Timeframe.M1, Timeframe.M5, Timeframe.M15):
        assert shipped.of(short) is shipped.frames[Timeframe.H1]
    assert shipped.of(Timeframe.D1).n == 15_172


def test_a_reference_survives_json() -> None:
    shipped = default_reference()
    assert from_plain(json.loads(json.dumps(to_plain(shipped)))) == shipped


def test_a_broken_reference_is_refused() -> None:
    good = measure(np.arange(10, dtype=np.float64), Timeframe.H4)
    with pytest.raises(InvalidValueError, match="with 1h"):
        ScoreReference(version="v", frames={Timeframe.H4: good})
    with pytest.raises(InvalidValueError, match="scale of the score must be > 0"):
        measure(np.zeros(10), Timeframe.H1)
    with pytest.raises(InvalidValueError, match="grid net must be rising"):
        FrameReference(timeframe=Timeframe.H1, n=1, scale=1.0, fractions=(0.0, 1.0), net=(2.0, 1.0))
    with pytest.raises(InvalidValueError, match="reference bars must be more than 0"):
        measure(np.empty(0), Timeframe.H1)


def test_the_threshold_is_how_many_opportunities_a_day_are_wanted() -> None:
    # Eight symbols on 1h close 192 bars a day.
    assert rank_threshold(6, symbols=8, timeframe=Timeframe.H1) == pytest.approx(1 - 6 / 192)
    assert rank_threshold(0, symbols=8, timeframe=Timeframe.H1) == 1
    assert rank_threshold(500, symbols=8, timeframe=Timeframe.H1) == 0
    with pytest.raises(InvalidValueError, match="symbols must be > 0"):
        rank_threshold(1, symbols=0, timeframe=Timeframe.H1)


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
def test_the_script_measures_what_is_shipped() -> None:
    import subprocess
    import sys

    script = Path(__file__).parents[3] / "docs" / "research" / "reference_scale.py"
    done = subprocess.run(
        [sys.executable, str(script), str(DATA)], check=True, capture_output=True, timeout=100
    )
    measured, shipped = from_plain(json.loads(done.stdout)), default_reference()
    for timeframe, frame in shipped.frames.items():
        assert measured.frames[timeframe].n == frame.n
        np.testing.assert_allclose(measured.frames[timeframe].net, frame.net, atol=2e-6)
