"""Drawdown is the loss from the highest equity so far."""

import numpy as np

from bot.charts.portfolio import drawdown
from bot.charts.views import Equity, Floats


def equity(values: list[float], fall: Floats | None = None) -> Equity:
    return Equity(
        time_ms=np.arange(len(values), dtype=np.int64),
        equity_quote=np.array(values),
        drawdown_fraction=fall,
    )


def test_it_is_measured_from_the_peak() -> None:
    found = drawdown(equity([100.0, 80.0, 120.0, 90.0, 120.0]))
    np.testing.assert_allclose(found, [0.0, 0.2, 0.0, 0.25, 0.0])


def test_unknown_values_stay_unknown_and_change_no_peak() -> None:
    found = drawdown(equity([np.nan, 100.0, np.nan, 50.0]))
    np.testing.assert_allclose(found, [np.nan, 0.0, np.nan, 0.5])


def test_what_the_caller_gives_is_taken_as_it_is() -> None:
    given = np.array([0.0, 0.1])
    assert drawdown(equity([100.0, 500.0], given)) is given
