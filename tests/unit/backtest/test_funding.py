"""Funding of perpetual contracts; 50 units are bought at the open of the third bar, see
`test_replay_by_hand`."""

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.feed import SymbolFeed
from engine.backtest.funding import Funding, funding_column
from engine.domain.errors import InvalidValueError
from tests.unit.step.builders import HOUR_MS, START_MS, markets, open_pnl, play, policy, symbol_feed

FLAT = (100.0, 100.0, 100.0, 100.0)
CRASH = (100.0, 100.0, 97.0, 99.0)


def charged(rates_bps: list[float], *, last: tuple[float, float, float, float]) -> SymbolFeed:
    bars = [FLAT] * (len(rates_bps) - 1) + [last]
    return replace(symbol_feed(bars, scores={1: 80.0}), funding_bps=np.array(rates_bps))


def test_a_long_that_is_held_at_the_close_pays() -> None:
    rates = [9.0, 9.0, 3.0, 0.0, 4.0, 9.0]
    state = play({"A": charged(rates, last=CRASH)})
    (trade,) = (state.trades[0],)
    # 5,000 pay 3 bps at the close of bar 3 and 4 at that of bar 5; in bar 6 the stop comes first.
    assert trade.funding_quote == pytest.approx(3.5)
    # Bought for 5,005 + 5.005, sold at 97.90 for 4,895 - 4.895.
    assert trade.pnl_quote == pytest.approx(-119.9 - 3.5)
    assert state.tally[0].funding_quote == pytest.approx(3.5)
    assert state.equity_quote[-1] == pytest.approx(10_000.0 - 119.9 - 3.5)


def test_what_is_received_is_profit() -> None:
    state = play({"A": charged([0.0, 0.0, -3.0, 0.0], last=CRASH)})
    assert state.trades[0].funding_quote == pytest.approx(-1.5)
    assert state.trades[0].pnl_quote == pytest.approx(-119.9 + 1.5)


def test_an_open_position_carries_what_it_has_paid() -> None:
    terms = markets()
    state = play({"A": charged([0.0, 0.0, 3.0, 3.0], last=FLAT)}, terms)
    assert state.lanes[0].funding_quote == pytest.approx(3.0)
    assert state.equity_quote[-1] == pytest.approx(10_000.0 + open_pnl(state, terms) - 3.0)


def test_each_part_of_an_exit_carries_its_share() -> None:
    feed = charged([0.0, 0.0, 6.0, 0.0, 0.0, 0.0], last=FLAT)
    feed.volume[3:] = 30.0  # two bars can take thirty units each at the most
    state = play({"A": feed}, with_policy=policy(exits={"time_stop_bars": 2}))
    paid = [state.trades[k].funding_quote for k in range(state.tally[0].trades)]
    # 3.00 in all: thirty of fifty units, then twenty.
    assert paid == pytest.approx([1.8, 1.2])


def test_a_symbol_without_funding_beside_one_with_it_pays_nothing() -> None:
    state = play({"A": charged([0.0, 0.0, 3.0, 3.0], last=FLAT), "B": symbol_feed([FLAT] * 4)})
    assert state.tally[0].funding_quote == pytest.approx(3.0)


def test_an_event_belongs_to_the_bar_that_closes_at_it_or_after() -> None:
    open_ms = START_MS + HOUR_MS * np.array([0, 1, 2, 4])
    at = START_MS + np.array([0, 1, HOUR_MS, HOUR_MS + 1, 4 * HOUR_MS, 5 * HOUR_MS + 1])
    rates = np.array([64.0, 1.0, 2.0, 4.0, 8.0, 32.0])
    column = funding_column(Funding(at_ms=at, rate_bps=rates), open_ms, HOUR_MS)
    # Nobody holds at the first open or after the last close; the bar of 3 is absent.
    assert column.tolist() == [3.0, 4.0, 0.0, 8.0]


def test_no_bars_no_funding() -> None:
    none = np.zeros(0, np.int64)
    column = funding_column(Funding(at_ms=none, rate_bps=np.zeros(0)), none, HOUR_MS)
    assert column.tolist() == []


@pytest.mark.parametrize(
    ("at", "rates"), [([1, 2], [1.0]), ([2, 1], [1.0, 1.0]), ([1, 2], [1.0, float("nan")])]
)
def test_funding_that_makes_no_sense_is_refused(at: list[int], rates: list[float]) -> None:
    with pytest.raises(InvalidValueError):
        Funding(at_ms=np.array(at, np.int64), rate_bps=np.array(rates))


def test_a_rate_that_is_no_number_is_refused_in_a_feed() -> None:
    with pytest.raises(InvalidValueError):
        charged([0.0, float("nan")], last=FLAT)
