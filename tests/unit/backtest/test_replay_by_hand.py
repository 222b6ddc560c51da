"""Small cases worked out by hand: what stays open, the entry's own bar, a target, the document.

One tick is 0.01, a lot 0.001; half-spread 10 bps, taker fee 10 bps, maker 5; one percent of 10,000
is at risk to a stop two ATR (of 1.00) below the close of the signal.
"""

import pytest

from engine.domain.reasons import ReasonCode
from tests.unit.backtest.test_ten_bars import TEN_BARS, played
from tests.unit.step.builders import HOUR_MS, START_MS, play, policy, symbol_feed

FLAT = (100.0, 100.0, 100.0, 100.0)


def test_the_document_has_the_promised_keys() -> None:
    document = played(TEN_BARS).to_json()
    assert {
        "start_equity",
        "final_equity",
        "metrics",
        "trades",
        "equity",
        "costs",
        "strategy_version",
    } <= document.keys()
    trades, equity = document["trades"], document["equity"]
    assert isinstance(trades, list)
    assert isinstance(equity, list)
    assert isinstance(trades[0], dict)
    assert {
        "symbol",
        "side",
        "opened_at",
        "closed_at",
        "entry_price",
        "exit_price",
        "quantity",
        "fees_quote",
        "slippage_quote",
        "pnl_quote",
        "exit_reason",
    } <= trades[0].keys()
    assert equity[0] == {"ts_ms": START_MS + HOUR_MS, "equity_quote": 10_000.0}
    assert str(trades[0]["opened_at"]).endswith("Z")


def test_decisions_are_counted_by_reason() -> None:
    result = played(TEN_BARS)
    assert result.decisions == {"below_threshold": 5, "holding": 4, "ask_uncalibrated": 1}
    assert result.outcomes == {}


def test_an_open_position_stays_open_and_is_valued() -> None:
    result = played(TEN_BARS[:5])
    assert result.trades == ()
    (position,) = result.open_positions
    # 50 units bought for 5,030.50 and a fee of 5.0305 are worth 5,050.00.
    assert position.pnl_quote == pytest.approx(14.4695, abs=1e-9)
    assert result.final_equity == pytest.approx(10_000.0 + 14.4695, abs=1e-9)


def test_the_entry_bar_itself_can_stop_out() -> None:
    crash = [FLAT, FLAT, (100.0, 100.0, 97.0, 99.0)]
    state = play({"A": symbol_feed(crash, scores={1: 80.0})})
    assert state.tally[0].trades == 1
    # Stop 98.00, sold at 98.00 x 0.999 = 97.902, down to 97.90.
    assert state.trades[0].exit_notional_quote == pytest.approx(50 * 97.90)
    assert state.trades[0].bars_held == 0


def test_a_target_is_a_limit_at_the_makers_fee() -> None:
    up = [FLAT, FLAT, FLAT, (100.0, 104.0, 100.0, 104.0)]
    state = play(
        {"A": symbol_feed(up, scores={1: 80.0})},
        with_policy=policy(exits={"target_atr_multiple": 3.0}),
    )
    trade = state.trades[0]
    assert trade.reason == ReasonCode.TARGET_HIT
    # 50 units at 103.00 are 5,150, five bps of it 2.575; bought at 100.10 for 5,005, ten bps 5.005.
    assert trade.exit_notional_quote == pytest.approx(5_150.0)
    assert trade.fees_quote == pytest.approx(2.575 + 5.005)
    assert trade.pnl_quote == pytest.approx(5_150.0 - 5_005.0 - 7.58)
