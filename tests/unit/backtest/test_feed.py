from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.feed import merge
from engine.domain.errors import InvalidValueError
from tests.unit.step.builders import HOUR_MS, START_MS, symbol_feed

BARS = [(float(k), k + 0.5, k - 0.5, k + 0.25) for k in range(100, 105)]


def test_symbols_are_sorted_and_share_one_timeline() -> None:
    symbols, feed = merge(
        {
            "B": symbol_feed(BARS, skip=frozenset({0, 3})),
            "A": symbol_feed(BARS, skip=frozenset({1, 3})),
        }
    )
    assert symbols == ("A", "B")
    assert ((feed.open_ms - START_MS) // HOUR_MS).tolist() == [0, 1, 2, 4]
    assert feed.present.tolist() == [[True, False], [False, True], [True, True], [True, True]]
    assert feed.close[feed.present[:, 1], 1].tolist() == [101.25, 102.25, 104.25]


def test_one_symbol_is_not_copied() -> None:
    part = symbol_feed(BARS)
    _, feed = merge({"A": part})
    assert np.shares_memory(feed.close, part.close)
    assert feed.present.all()


def test_columns_that_nobody_has_stay_empty() -> None:
    _, feed = merge({"A": symbol_feed(BARS), "B": symbol_feed(BARS)})
    assert feed.exit_flag.shape == feed.edge_bps.shape == (0, 0)


def test_edges_that_one_symbol_lacks_are_unknown_for_it() -> None:
    measured = replace(
        symbol_feed(BARS),
        edge_bps=np.full(5, 9.0),
        edge_low_bps=np.full(5, 8.0),
        win_probability=np.full(5, 0.5),
        payoff=np.ones(5),
    )
    _, feed = merge({"A": measured, "B": symbol_feed(BARS)})
    assert feed.edge_low_bps[:, 0].tolist() == [8.0] * 5
    assert np.isnan(feed.edge_low_bps[:, 1]).all()


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InvalidValueError):
        replace(symbol_feed(BARS), atr=np.ones(3))


def test_times_that_do_not_rise_are_refused() -> None:
    part = symbol_feed(BARS)
    with pytest.raises(InvalidValueError):
        replace(part, open_ms=part.open_ms[::-1].copy())
