"""With a calibration in use, the rehearsal and the backtest still tell one past alike."""

from dataclasses import replace

import pytest

from engine.domain.proof import Calibration, CalibrationCurve
from engine.strategy.columns_market import REGIMES
from engine.strategy.shipped import score_strategy
from tests.fakes.samples_research import calibration
from tests.fakes.units import FakeUnits
from tests.scenario.test_parity import busy, past
from tests.scenario.twins import differences, play, strategy

KNOTS = (0.0, 15.0, 30.0, 45.0, 60.0)


def worth(method: str) -> Calibration:
    """Higher scores are worth more, differently in each regime; the lowest ones nobody knows."""
    curves = tuple(
        CalibrationCurve(
            direction=1,
            regime=regime,
            score=KNOTS,
            edge_bps=tuple(20.0 + 2.0 * knot + 10.0 * number for knot in KNOTS),
            edge_low_bps=tuple(10.0 + 1.5 * knot + 10.0 * number for knot in KNOTS),
            edge_high_bps=tuple(30.0 + 2.5 * knot + 10.0 * number for knot in KNOTS),
            win_probability=tuple(0.42 + 0.001 * knot for knot in KNOTS),
            win_low=(0.3,) * 5,
            win_high=(0.6,) * 5,
            payoff=(1.5,) * 5,
            n=(10, 100, 200, 100, 50),
        )
        for number, regime in enumerate(REGIMES)
    )
    return replace(
        calibration("worth"),
        strategy_version=score_strategy().version,
        method=method,
        curves=curves,
        active=True,
    )


@pytest.mark.parametrize("method", ["bins", "isotonic"])
def test_edges_are_the_same_live_and_in_the_backtest(method: str, fake_units: FakeUnits) -> None:
    wanted = busy(rank=0.3)
    kelly = replace(wanted, risk=replace(wanted.risk, sizing="kelly"))
    made = past(63, 120, kelly)
    fitted = replace(worth(method), fingerprint=strategy(made).fingerprint)
    twins = play(fake_units, replace(made, calibration=fitted))
    assert differences(twins) == []
    assert twins.reasons["edge_too_small"] > 5
    assert twins.backtest.result.trades
    measured = [d for d in twins.decisions if d.edge is not None and d.edge.net_interval_bps]
    assert len(measured) > 20
