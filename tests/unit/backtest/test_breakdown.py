from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.breakdown import by, by_month
from engine.backtest.result import Trade
from tests.unit.backtest.runs import idle_run, random_run

HOUR_MS = 3_600_000
NEW_YEAR_MS = 1_609_459_200_000
"""2021-01-01 00:00 UTC."""


def trade(symbol: str, pnl: float, *, closed_ms: int = NEW_YEAR_MS, reason: str = "stop") -> Trade:
    """A trade bought for 100, with one of every cost."""
    return Trade(
        symbol=symbol,
        side="long",
        decided_ms=closed_ms - 3 * HOUR_MS,
        opened_ms=closed_ms - 2 * HOUR_MS,
        closed_ms=closed_ms,
        entry_price=50.0,
        exit_price=51.0,
        quantity=2.0,
        fees_quote=0.2,
        slippage_quote=0.1,
        funding_quote=0.05,
        pnl_quote=pnl,
        exit_reason=reason,
        route="auto",
        bars_held=2,
        score=80.0,
        regime="trend-calm",
    )


def test_figures_of_a_group_by_hand() -> None:
    first, second = by(
        [trade("A", 3.0), trade("A", -1.0), trade("B", -2.0)], lambda one: one.symbol
    )
    assert (first.key, second.key) == ("A", "B")
    assert (first.trades, first.win_rate_fraction, first.pnl_quote) == (2, 0.5, 2.0)
    assert (first.profit_factor, first.payoff) == (3.0, 3.0)
    assert first.expectancy_bps == pytest.approx(100.0)  # 300 and -100 bps of 100
    assert first.fees_quote == pytest.approx(0.4)
    assert first.funding_quote == pytest.approx(0.1)
    assert (second.profit_factor, second.payoff) == (0.0, None)


def test_no_trades_make_no_groups() -> None:
    assert by([], lambda one: one.symbol) == ()


def test_every_trade_is_in_one_group_of_each_kind() -> None:
    trades = random_run().result.trades
    total = sum(one.pnl_quote for one in trades)
    for key in ("symbol", "regime", "exit_reason"):
        groups = by(trades, lambda one, name=key: getattr(one, name))  # type: ignore[misc]
        assert sum(group.trades for group in groups) == len(trades)
        assert sum(group.pnl_quote for group in groups) == pytest.approx(total)


def test_months_are_utc_and_midnight_belongs_to_the_month_that_ends() -> None:
    # Closes at 23:00 and 24:00 on New Year's Eve, and at 01:00 of the new year.
    result = replace(
        idle_run(3).result,
        start_equity=100.0,
        close_ms=NEW_YEAR_MS + HOUR_MS * np.array([-1, 0, 1]),
        equity_quote=np.array([110.0, 99.0, 108.9]),
        trades=(trade("A", 5.0, closed_ms=NEW_YEAR_MS), trade("A", 7.0, closed_ms=NEW_YEAR_MS + 1)),
    )
    december, january = by_month(result, np.array([100.0, 120.0, 90.0]))
    assert (december.month, january.month) == ("2020-12", "2021-01")
    assert december.return_fraction == pytest.approx(-0.01)
    assert december.market_fraction == pytest.approx(0.2)
    assert december.drawdown_fraction == pytest.approx(0.1)
    assert (december.trades, december.pnl_quote) == (1, 5.0)
    assert january.return_fraction == pytest.approx(0.1)
    assert january.market_fraction == pytest.approx(-0.25)
    assert (january.trades, january.pnl_quote) == (1, 7.0)


def test_the_months_together_are_the_run() -> None:
    run = random_run()
    months = by_month(run.result, run.result.equity_quote)
    growth = np.prod([1.0 + month.return_fraction for month in months])
    assert growth == pytest.approx(run.result.final_equity / run.result.start_equity)
    assert sum(month.trades for month in months) == len(run.result.trades)
    assert all(month.market_fraction == month.return_fraction for month in months)
