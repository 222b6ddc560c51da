"""What came first inside a bar. The terms are those of `test_replay_by_hand`: bought at the open of
the third bar for 100.10, 50 units, stop 98.00, target 103.00."""

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.feed import Feed, SymbolFeed, merge
from engine.backtest.finer import FinerBars
from engine.backtest.state import State, TradeRow
from engine.domain.errors import InvalidValueError
from engine.domain.reasons import ReasonCode
from tests.unit.step.builders import HOUR_MS, START_MS, play, policy, symbol_feed

FLAT = (100.0, 100.0, 100.0, 100.0)
BOTH = (100.0, 104.0, 97.0, 99.0)
QUARTER_MS = HOUR_MS // 4
UP_FIRST = [(100.0, 101.0, 100.0), (101.0, 104.0, 101.0), (104.0, 104.0, 97.0), (97.0, 99.0, 97.0)]
DOWN_FIRST = [(100.0, 100.0, 97.0), (97.0, 99.0, 97.0), (99.0, 104.0, 99.0), (104.0, 104.0, 99.0)]
AIMED = policy(exits={"target_atr_multiple": 3.0})

type Quarter = tuple[float, float, float]


def quarters(bars: list[Quarter], *, first_bar: int = 2) -> FinerBars:
    """Open, high and low of quarters of an hour, from the open of an hourly bar on."""
    table = np.array(bars)
    return FinerBars(
        whole_ms=HOUR_MS,
        bar_ms=QUARTER_MS,
        open_ms=START_MS + first_bar * HOUR_MS + QUARTER_MS * np.arange(len(bars)),
        open=table[:, 0].copy(),
        high=table[:, 1].copy(),
        low=table[:, 2].copy(),
    )


def held(finer: FinerBars | None, *, bar: tuple[float, ...] = BOTH) -> SymbolFeed:
    feed = symbol_feed([FLAT, FLAT, (bar[0], bar[1], bar[2], bar[3]), FLAT], scores={1: 80.0})
    return replace(feed, finer=finer)


def only_trade(feeds: dict[str, SymbolFeed] | Feed) -> TradeRow:
    state: State = play(feeds, with_policy=AIMED)
    assert state.tally[0].trades == 1
    return state.trades[0]


def test_without_finer_bars_the_stop_is_assumed() -> None:
    trade = only_trade({"A": held(None)})
    assert trade.reason == ReasonCode.STOP_HIT
    # 98.00 x 0.999 = 97.902, down to 97.90: 4,895 - 4.895 - 5,005 - 5.005.
    assert trade.pnl_quote == pytest.approx(-119.9)
    assert trade.closed_ms == START_MS + 3 * HOUR_MS


def test_the_target_that_came_first_is_taken() -> None:
    trade = only_trade({"A": held(quarters(UP_FIRST))})
    assert trade.reason == ReasonCode.TARGET_HIT
    # 5,150 at the maker's 5 bps: 5,150 - 2.575 - 5,005 - 5.005.
    assert trade.pnl_quote == pytest.approx(137.42)
    assert trade.closed_ms == START_MS + 2 * HOUR_MS + 2 * QUARTER_MS


def test_the_stop_that_came_first_is_taken() -> None:
    trade = only_trade({"A": held(quarters(DOWN_FIRST))})
    assert trade.reason == ReasonCode.STOP_HIT
    assert trade.pnl_quote == pytest.approx(-119.9)
    assert trade.closed_ms == START_MS + 2 * HOUR_MS + QUARTER_MS


def test_a_gap_between_finer_bars_fills_at_the_open_of_the_finer_bar() -> None:
    gap = [(100.0, 101.0, 100.0), (97.5, 98.0, 97.0), (98.0, 104.0, 98.0), (99.0, 99.0, 99.0)]
    trade = only_trade({"A": held(quarters(gap))})
    # 97.50 x 0.999 = 97.4025, down to 97.40.
    assert trade.exit_notional_quote == pytest.approx(50 * 97.40)


def test_inside_one_finer_bar_the_worse_order_is_assumed_again() -> None:
    still_both = [(100.0, 104.0, 97.0), *UP_FIRST[1:]]
    assert only_trade({"A": held(quarters(still_both))}).reason == ReasonCode.STOP_HIT


@pytest.mark.parametrize(
    "told",
    [
        UP_FIRST[:2],  # the low of the bar is missing
        UP_FIRST[1:],  # the open is missing
        [*UP_FIRST[:2], (104.0, 104.0, 96.9), UP_FIRST[3]],  # another low: another source
    ],
)
def test_half_an_answer_is_none(told: list[Quarter]) -> None:
    assert only_trade({"A": held(quarters(told))}).reason == ReasonCode.STOP_HIT


def test_a_quarter_without_trades_is_no_hole() -> None:
    feed = quarters([UP_FIRST[0], UP_FIRST[1], UP_FIRST[2]])
    assert only_trade({"A": held(feed)}).reason == ReasonCode.TARGET_HIT


def test_each_symbol_reads_its_own_finer_bars() -> None:
    quiet = replace(
        symbol_feed([FLAT] * 4, skip=frozenset({1})), finer=quarters([(100.0, 100.0, 100.0)] * 4)
    )
    alone = only_trade({"B": held(quarters(UP_FIRST))})
    beside = only_trade({"A": quiet, "B": held(quarters(UP_FIRST)), "C": symbol_feed([FLAT] * 4)})
    assert beside.reason == ReasonCode.TARGET_HIT
    assert beside.pnl_quote == alone.pnl_quote
    assert beside.closed_ms == alone.closed_ms


def test_finer_bars_change_no_bar_that_meets_nothing() -> None:
    calm = (100.0, 101.0, 99.0, 100.0)
    told = [(100.0, 101.0, 100.0), (101.0, 101.0, 99.0)]
    with_them = play({"A": held(quarters(told), bar=calm)}, with_policy=AIMED)
    without = play({"A": held(None, bar=calm)}, with_policy=AIMED)
    assert with_them.equity_quote.tolist() == without.equity_quote.tolist()


def test_a_feed_without_finer_bars_has_none() -> None:
    assert merge({"A": held(None), "B": held(None)})[1].finer.begin.shape == (0, 0)


@pytest.mark.parametrize("length_ms", [0, HOUR_MS, 7 * 60_000])
def test_finer_bars_are_whole_parts_of_a_bar(length_ms: int) -> None:
    with pytest.raises(InvalidValueError):
        replace(quarters(UP_FIRST), bar_ms=length_ms)


def test_finer_times_rise() -> None:
    with pytest.raises(InvalidValueError):
        replace(quarters(UP_FIRST), open_ms=np.zeros(4, np.int64))


def test_finer_columns_have_one_length() -> None:
    with pytest.raises(InvalidValueError):
        replace(quarters(UP_FIRST), high=np.ones(3))
