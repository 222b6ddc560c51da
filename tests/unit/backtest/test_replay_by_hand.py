"""Ten bars worked out by hand: an entry, a stop on a gap, and every fee to the cent.

One tick is 0.01, a lot 0.001; half-spread 10 bps, taker fee 10 bps, maker 5; one percent of 10,000
is at risk to a stop two ATR (of 1.00) below the close of the signal.
"""

import pytest

from engine.backtest.feed import merge
from engine.backtest.result import BacktestResult, finish
from engine.domain.reasons import ReasonCode
from tests.unit.step.builders import (
    HOUR_MS,
    START_MS,
    markets,
    open_pnl,
    play,
    policy,
    symbol_feed,
)

FLAT = (100.0, 100.0, 100.0, 100.0)
QUIET = (101.0, 101.0, 101.0, 101.0)
TEN_BARS = [
    FLAT,
    FLAT,
    FLAT,  # the signal: 100.00, stop at 98.00, 100 / 2.00 = 50 units
    (100.50, 101.0, 100.0, 101.0),  # bought at 100.50 x 1.001 = 100.6005, up to 100.61
    QUIET,
    QUIET,
    QUIET,
    (96.00, 97.0, 95.0, 97.0),  # opens below the stop: sold at 96.00 x 0.999 = 95.904, to 95.90
    (97.0, 97.0, 97.0, 97.0),
    (97.0, 97.0, 97.0, 97.0),
]
SIGNAL = {2: 80.0}


def ten_bars() -> BacktestResult:
    symbols, feed = merge({"BTC/USDT": symbol_feed(TEN_BARS, scores=SIGNAL)})
    terms = markets()
    return finish(
        play(feed, terms),
        feed,
        markets=terms,
        symbols=symbols,
        timeframe="1h",
        bar_ms=HOUR_MS,
        start_equity=10_000.0,
        strategy_version="v1",
    )


def test_the_trade_to_the_cent() -> None:
    (trade,) = ten_bars().trades
    assert trade.quantity == pytest.approx(50.0)
    assert trade.entry_price == pytest.approx(100.61)
    assert trade.exit_price == pytest.approx(95.90)
    # Bought for 5,030.50 with a fee of 5.0305, sold for 4,795.00 with a fee of 4.795.
    assert trade.fees_quote == pytest.approx(9.8255, abs=1e-9)
    assert trade.pnl_quote == pytest.approx(-245.3255, abs=1e-9)
    # 0.11 a unit above the open, 0.10 below it.
    assert trade.slippage_quote == pytest.approx(10.5, abs=1e-9)
    assert trade.exit_reason == "stop_hit"
    assert trade.route == "ask"


def test_when_it_happened() -> None:
    (trade,) = ten_bars().trades
    assert trade.decided_ms == START_MS + 3 * HOUR_MS  # the close of the third bar
    assert trade.opened_ms == START_MS + 3 * HOUR_MS  # which is the open of the fourth
    assert trade.closed_ms == START_MS + 8 * HOUR_MS  # inside the eighth: counts as its close
    assert trade.bars_held == 4  # the closes of bars 4 to 7


def test_equity_at_every_close() -> None:
    cash = 10_000.0 - 5_030.50 - 5.0305
    expected = [10_000.0] * 3 + [cash + 50 * 101.0] * 4 + [9_754.6745] * 3
    assert ten_bars().equity_quote.tolist() == pytest.approx(expected, abs=1e-9)


def test_the_document_has_the_promised_keys() -> None:
    document = ten_bars().to_json()
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
    result = ten_bars()
    assert result.decisions == {"below_threshold": 5, "holding": 4, "ask_uncalibrated": 1}
    assert result.outcomes == {}


def test_an_open_position_stays_open_and_is_valued() -> None:
    symbols, feed = merge({"BTC/USDT": symbol_feed(TEN_BARS[:5], scores=SIGNAL)})
    terms = markets()
    state = play(feed, terms)
    result = finish(
        state,
        feed,
        markets=terms,
        symbols=symbols,
        timeframe="1h",
        bar_ms=HOUR_MS,
        start_equity=10_000.0,
        strategy_version="v1",
    )
    assert result.trades == ()
    (position,) = result.open_positions
    # 50 units bought for 5,030.50 and a fee of 5.0305 are worth 5,050.00.
    assert position.pnl_quote == pytest.approx(14.4695, abs=1e-9)
    assert result.final_equity == pytest.approx(10_000.0 + 14.4695, abs=1e-9)
    assert open_pnl(state, terms) == pytest.approx(14.4695, abs=1e-9)


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
