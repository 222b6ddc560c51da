"""Ten bars worked out by hand, to the cent: one entry, a stop on a gap, and every fee.

The market: a tick is 0.01, a lot 0.001; half-spread 10 bps, taker fee 10 bps. The desk: 10,000.00
in cash; one percent of it may be lost between the signal's close and a stop two ATR (of 1.00) below
it. Bars are one hour.

| bar | open   | high   | low    | close  | what happens                                        |
|----:|-------:|-------:|-------:|-------:|-----------------------------------------------------|
|   1 | 100.00 | 100.00 | 100.00 | 100.00 |                                                     |
|   2 | 100.00 | 100.00 | 100.00 | 100.00 |                                                     |
|   3 | 100.00 | 100.00 | 100.00 | 100.00 | the signal, at the close: buy 50, stop 98.00        |
|   4 | 100.50 | 101.00 | 100.00 | 101.00 | bought at the open for 100.61                       |
|   5 | 101.00 | 101.00 | 101.00 | 101.00 |                                                     |
|   6 | 101.00 | 101.00 | 101.00 | 101.00 |                                                     |
|   7 | 101.00 | 101.00 | 101.00 | 101.00 |                                                     |
|   8 |  96.00 |  97.00 |  95.00 |  97.00 | opens below the stop: sold at the open for 95.90    |
|   9 |  97.00 |  97.00 |  97.00 |  97.00 |                                                     |
|  10 |  97.00 |  97.00 |  97.00 |  97.00 |                                                     |

Size: 1 % of 10,000.00 is 100.00; the stop is 100.00 - 2 x 1.00 = 98.00; 100.00 / 2.00 = 50 units.
Entry: 100.50 x 1.0010 = 100.6005, up to the next tick: 100.61. 50 x 100.61 = 5,030.50; the fee is
10 bps of it, 5.0305. Cash: 10,000 - 5,030.50 - 5.0305 = 4,964.4695.
Exit: the stop of 98.00 is passed at the open, so the open counts: 96.00 x 0.9990 = 95.904, down to
95.90. 50 x 95.90 = 4,795.00; the fee is 4.795. Cash: 4,964.4695 + 4,795 - 4.795 = 9,754.6745.

| bars     | cash       | position at the close | equity     |
|---------:|-----------:|----------------------:|-----------:|
|   1 to 3 | 10,000.00  |                  0.00 | 10,000.00  |
|   4 to 7 |  4,964.47  |      50 x 101 = 5,050 | 10,014.47  |
|  8 to 10 |  9,754.67  |                  0.00 |  9,754.67  |

The trade: 4,795.00 - 5,030.50 = -235.50, less 5.0305 + 4.795 = 9.8255 of fees: -245.3255. Had the
stop been met at 98.00 itself, the loss would have been 145.43: the gap cost 99.90.
Slippage against the two opens: 50 x (0.11 + 0.10) = 10.50, inside the prices.
"""

import pytest

from engine.backtest.feed import merge
from engine.backtest.result import BacktestResult, finish
from tests.unit.step.builders import HOUR_MS, START_MS, markets, play, symbol_feed

FLAT = (100.0, 100.0, 100.0, 100.0)
QUIET = (101.0, 101.0, 101.0, 101.0)
AFTER = (97.0, 97.0, 97.0, 97.0)
BOUGHT = (100.50, 101.0, 100.0, 101.0)
GAP = (96.00, 97.0, 95.0, 97.0)
NO_GAP = (101.0, 101.0, 95.0, 97.0)
TEN_BARS = [FLAT, FLAT, FLAT, BOUGHT, QUIET, QUIET, QUIET, GAP, AFTER, AFTER]
SIGNAL = {2: 80.0}


def played(bars: list[tuple[float, float, float, float]]) -> BacktestResult:
    symbols, feed = merge({"BTC/USDT": symbol_feed(bars, scores=SIGNAL)})
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
    (trade,) = played(TEN_BARS).trades
    assert trade.quantity == pytest.approx(50.0)
    assert trade.entry_price == pytest.approx(100.61)
    assert trade.exit_price == pytest.approx(95.90)
    assert trade.fees_quote == pytest.approx(9.8255, abs=1e-9)
    assert trade.pnl_quote == pytest.approx(-245.3255, abs=1e-9)
    assert trade.slippage_quote == pytest.approx(10.5, abs=1e-9)
    assert trade.funding_quote == 0.0
    assert trade.exit_reason == "stop_hit"
    assert trade.route == "ask"
    assert (trade.score, trade.regime) == (80.0, "range-calm")


def test_when_it_happened() -> None:
    (trade,) = played(TEN_BARS).trades
    assert trade.decided_ms == START_MS + 3 * HOUR_MS  # the close of the third bar
    assert trade.opened_ms == START_MS + 3 * HOUR_MS  # which is the open of the fourth
    assert trade.closed_ms == START_MS + 8 * HOUR_MS  # inside the eighth: counts as its close
    assert trade.bars_held == 4  # the closes of bars 4 to 7


def test_equity_at_every_close() -> None:
    expected = [10_000.0] * 3 + [10_014.4695] * 4 + [9_754.6745] * 3
    assert played(TEN_BARS).equity_quote.tolist() == pytest.approx(expected, abs=1e-9)


def test_the_sums_of_the_run() -> None:
    result = played(TEN_BARS)
    assert result.final_equity == pytest.approx(9_754.6745, abs=1e-9)
    assert result.open_positions == ()
    assert result.costs == pytest.approx(
        {
            "fees_quote": 9.8255,
            "slippage_quote": 10.5,
            "funding_quote": 0.0,
            "traded_quote": 9_825.5,
        }
    )


def test_what_the_gap_cost() -> None:
    (gap,) = played(TEN_BARS).trades
    (without,) = played([*TEN_BARS[:7], NO_GAP, AFTER, AFTER]).trades
    # 98.00 x 0.9990 = 97.902, down to 97.90: 4,895.00 and a fee of 4.895.
    assert without.pnl_quote == pytest.approx(4_895.0 - 5_030.5 - 5.0305 - 4.895)
    assert without.pnl_quote - gap.pnl_quote == pytest.approx(99.90)
