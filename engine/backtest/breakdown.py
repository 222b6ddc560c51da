"""Where the result came from: per month, and per symbol, regime and reason of the exit.

finished result → closed trades in groups, equity in calendar months (UTC).

A trade belongs whole to the symbol, the regime at its decision, and the reason that closed it. A
month is told by equity, so positions that were carried over count in each month as they moved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import (
    drawdown,
    expectancy_bps,
    payoff,
    profit_factor,
    with_start,
)
from engine.backtest.result import BacktestResult, Trade
from engine.kernel import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The closed trades that share a key; `None` where there is no figure. See `Metrics`.

    Profit is after fees and funding; slippage is in the prices already and told beside it.
    """

    key: str
    trades: int
    win_rate_fraction: float | None
    pnl_quote: float
    profit_factor: float | None
    expectancy_quote: float | None
    expectancy_bps: float | None
    payoff: float | None
    mean_holding_bars: float | None
    fees_quote: float
    slippage_quote: float
    funding_quote: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month, UTC: `month` is "2021-03"; the first and the last may be cut.

    `drawdown_fraction` is the deepest loss from a peak inside the month, `trades` were closed in
    it, `market_fraction` is the return of buy-and-hold in the same bars.
    """

    month: str
    return_fraction: float
    market_fraction: float
    drawdown_fraction: float
    trades: int
    pnl_quote: float


def by(trades: Sequence[Trade], key: Callable[[Trade], str]) -> tuple[Group, ...]:
    """Group the trades, the most profitable group first."""
    parts: dict[str, list[Trade]] = {}
    for trade in trades:
        parts.setdefault(key(trade), []).append(trade)
    groups = [_group(name, part) for name, part in parts.items()]
    return tuple(sorted(groups, key=lambda group: (-group.pnl_quote, group.key)))


def _group(key: str, trades: Sequence[Trade]) -> Group:
    pnl = np.array([trade.pnl_quote for trade in trades])
    paid = np.array([trade.entry_price * trade.quantity for trade in trades])
    count = len(trades)
    return Group(
        key=key,
        trades=count,
        win_rate_fraction=float(np.mean(pnl > 0)) if count else None,
        pnl_quote=float(np.sum(pnl)),
        profit_factor=profit_factor(pnl),
        expectancy_quote=float(np.mean(pnl)) if count else None,
        expectancy_bps=expectancy_bps(pnl, paid),
        payoff=payoff(pnl),
        mean_holding_bars=sum(trade.bars_held for trade in trades) / count if count else None,
        fees_quote=sum(trade.fees_quote for trade in trades),
        slippage_quote=sum(trade.slippage_quote for trade in trades),
        funding_quote=sum(trade.funding_quote for trade in trades),
    )


def by_month(result: BacktestResult, market: Floats) -> tuple[Month, ...]:
    """Cut the run into months; `market` is the equity of buy-and-hold at each close."""
    path, times_ms = with_start(result.start_equity, result.equity_quote, result.close_ms)
    held = np.concatenate(([result.start_equity], market))
    months = _month_of(times_ms[1:])
    firsts = np.flatnonzero(np.append(True, months[1:] != months[:-1]))
    ends = np.append(firsts[1:], len(months))
    closed = _month_of(np.array([trade.closed_ms for trade in result.trades], np.int64))
    pnl = np.array([trade.pnl_quote for trade in result.trades])
    found = []
    for first, end in zip(firsts.tolist(), ends.tolist(), strict=True):
        part, own = path[first : end + 1], closed == months[first]
        found.append(
            Month(
                month=str(months[first]),
                return_fraction=_change(part),
                market_fraction=_change(held[first : end + 1]),
                drawdown_fraction=drawdown(part)[0],
                trades=int(np.sum(own)),
                pnl_quote=float(np.sum(pnl[own])),
            )
        )
    return tuple(found)


def _month_of(close_ms: Ints) -> NDArray[np.datetime64]:
    """Return the month in which each bar lay: one that closes at midnight lay before it."""
    months: NDArray[np.datetime64] = (close_ms - 1).astype("datetime64[ms]").astype("datetime64[M]")
    return months


def _change(part: Floats) -> float:
    return float(part[-1] / part[0] - 1.0) if part[0] > 0 else 0.0
