"""What a score is worth: the same number for a bar and for its column."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.proof import Calibration, CalibrationCurve
from engine.strategy.edge import FEWEST, edge_at, edge_columns, look_up, require_fit
from engine.strategy.shipped import score_strategy
from engine.strategy.version import columns_of
from tests.unit.strategy.bars import walk

SCORE = score_strategy()


def curve(**changes: object) -> CalibrationCurve:
    parts: dict[str, object] = {
        "direction": 1,
        "regime": "range-calm",
        "score": (0.0, 20.0, 60.0),
        "edge_bps": (-10.0, 20.0, 50.0),
        "edge_low_bps": (-20.0, 10.0, 30.0),
        "edge_high_bps": (0.0, 30.0, 70.0),
        "win_probability": (0.4, 0.5, 0.6),
        "win_low": (0.3, 0.4, 0.5),
        "win_high": (0.5, 0.6, 0.7),
        "payoff": (1.0, 1.5, 2.0),
        "n": (500, 200, FEWEST),
    }
    return CalibrationCurve(**(parts | changes))  # type: ignore[arg-type]  # fields by name


def calibration(*curves: CalibrationCurve, method: str = "bins") -> Calibration:
    return Calibration(
        version="score-1/1h/1",
        strategy_version=SCORE.version,
        fingerprint=SCORE.fingerprint,
        timeframe=Timeframe.H1,
        method=method,
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
        data_from=datetime(2024, 1, 1, tzinfo=UTC),
        data_to=datetime(2025, 1, 1, tzinfo=UTC),
        curves=curves,
    )


@pytest.mark.parametrize(
    ("score", "edge_bps"), [(0.5, -10.0), (19.9, -10.0), (20.0, 20.0), (59.0, 20.0), (100.0, 50.0)]
)
def test_bins_hold_from_their_knot_to_the_next(score: float, edge_bps: float) -> None:
    found = edge_at(calibration(curve()), score, 0)
    assert found is not None
    assert found.edge_bps == edge_bps


def test_an_isotonic_fit_is_interpolated_and_flat_beyond_its_knots() -> None:
    made = calibration(curve(score=(10.0, 20.0, 60.0)), method="isotonic")
    half = edge_at(made, 40.0, 0)
    assert half is not None
    assert (half.edge_bps, half.edge_low_bps, half.edge_high_bps) == (35.0, 20.0, 50.0)
    assert half.win_probability == pytest.approx(0.55)
    assert half.payoff == pytest.approx(1.75)
    assert half.n == FEWEST
    below, above = edge_at(made, 1.0, 0), edge_at(made, 99.0, 0)
    assert below is not None
    assert above is not None
    assert (below.edge_bps, above.edge_bps) == (-10.0, 50.0)


def test_too_few_outcomes_and_other_regimes_say_nothing() -> None:
    thin = calibration(curve(n=(500, FEWEST - 1, 500)))
    assert edge_at(thin, 10.0, 0) is not None
    assert edge_at(thin, 30.0, 0) is None
    assert edge_at(calibration(curve()), 30.0, 1) is None
    assert edge_at(calibration(curve()), 30.0, -1) is None
    assert edge_at(calibration(curve(score=(10.0, 20.0, 60.0))), 5.0, 0) is None


def test_spot_reads_no_worth_for_sales() -> None:
    made = calibration(curve(), curve(direction=-1))
    assert edge_at(made, -30.0, 0) is None
    assert edge_at(made, 0.0, 0) is None
    shorts = look_up(np.array([-30.0]), np.array([0], np.int8), made.curves, "bins", direction=-1)
    assert shorts.edge_bps[0] == 20.0


def test_a_rounding_error_below_a_knot_is_the_knot() -> None:
    found = edge_at(calibration(curve()), 20.0 - 1e-9, 0)
    assert found is not None
    assert found.edge_bps == 20.0


@pytest.mark.parametrize("method", ["bins", "isotonic"])
def test_a_column_and_its_single_bars_agree(method: str) -> None:
    scored = columns_of(score_strategy(), walk(900, 7))
    curves = tuple(
        curve(regime=name, edge_bps=(-10.0, 20.0, 50.0 + k))
        for k, name in enumerate(("range-calm", "range-wild", "trend-calm"))
    )
    made = calibration(*curves, method=method)
    columns = edge_columns(scored, made)
    known = 0
    for t in range(len(scored.score)):
        one = edge_at(made, float(scored.score[t]), int(scored.regime[t]))
        if one is None:
            assert all(np.isnan(column[t]) for column in columns)
            continue
        known += 1
        assert [column[t] for column in columns] == [
            one.edge_bps,
            one.edge_low_bps,
            one.edge_high_bps,
            one.win_probability,
            one.payoff,
            one.n,
        ]
    assert 100 < known < 600


def test_a_calibration_of_something_else_is_refused() -> None:
    made = calibration(curve())
    require_fit(made, SCORE)
    others = (
        replace(SCORE, version="score-2"),
        replace(SCORE, timeframe=Timeframe.H4),
        replace(SCORE, code_digest="edited"),
        replace(SCORE, exits=replace(SCORE.exits, stop_atr_multiple=9.0)),
    )
    for other in others:
        with pytest.raises(InvalidValueError, match="calibration score-1/1h/1"):
            require_fit(made, other)
