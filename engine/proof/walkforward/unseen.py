"""One unseen stretch: a trained version played on it, as days and trades.

What is open at the end of a stretch that others follow is sold; `walkforward` says why.
"""

from dataclasses import dataclass

from engine.backtest.state import TradeRow
from engine.costs.model import BPS
from engine.domain.proof import Calibration
from engine.domain.reasons import ReasonCode
from engine.domain.values import to_ms
from engine.proof.daily import Days, days_of
from engine.proof.ground import Ground, Played
from engine.proof.walkforward.training import Trained
from engine.proof.walkforward.walked import UnseenTrade
from engine.proof.walkforward.windows import Window
from engine.strategy.columns_market import REGIMES

WINDOW_END = "window_end"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unseen:
    """A finished stretch and what it was traded with."""

    trained: Trained
    days: Days
    trades: tuple[UnseenTrade, ...]


def trade_unseen(
    ground: Ground,
    trained: Trained,
    window: Window,
    *,
    equity: float,
    calibration: Calibration | None,
    last: bool,
) -> Unseen:
    """Play the window's test from a flat book with `equity`; sell what is open unless `last`."""
    start_ms, end_ms = to_ms(window.test_from), to_ms(window.test_to)
    played = ground.play(
        trained.strategy,
        start_ms=start_ms,
        end_ms=end_ms,
        cash_quote=equity,
        calibration=calibration,
    )
    trades = _closed(ground, played, window.index)
    if not last:
        trades += _sold(ground, played, window.index)
    days = days_of(ground, played, start_ms=start_ms, end_ms=end_ms)
    return Unseen(trained=trained, days=days, trades=trades)


def _closed(ground: Ground, played: Played, window: int) -> tuple[UnseenTrade, ...]:
    equity = played.equity_quote[played.trades["decided_bar"]].tolist()
    rows = (played.state.trades[k] for k in range(len(equity)))
    return tuple(
        _trade(ground, row, worth, window) for row, worth in zip(rows, equity, strict=True)
    )


def _trade(ground: Ground, row: TradeRow, worth: float, window: int) -> UnseenTrade:
    quantity = float(row.lots * ground.markets[row.symbol].lot_size)
    return UnseenTrade(
        window=window,
        symbol=ground.symbols[row.symbol],
        opened_ms=int(row.opened_ms),
        closed_ms=int(row.closed_ms),
        score=float(row.score),
        regime=REGIMES[row.regime],
        bars_held=int(row.bars_held),
        quantity=quantity,
        entry_price=float(row.entry_notional_quote / quantity),
        exit_price=float(row.exit_notional_quote / quantity),
        fees_quote=float(row.fees_quote),
        slippage_quote=float(row.slippage_quote),
        pnl_quote=float(row.pnl_quote),
        return_fraction=float(row.pnl_quote / worth),
        exit_reason=ReasonCode(row.reason).label,
    )


def _sold(ground: Ground, played: Played, window: int) -> tuple[UnseenTrade, ...]:
    """Sell what is open at the last close, and take the cost off the last equity."""
    held = [s for s in range(len(ground.symbols)) if played.state.book.slots[s].lots > 0]
    sold = tuple(_sale(ground, played, s, window) for s in held)
    entry_fees = sum(float(played.state.book.slots[s].entry_fee_quote) for s in held)
    entry_slippage = sum(float(played.state.book.slots[s].entry_slippage_quote) for s in held)
    fees = sum(trade.fees_quote for trade in sold) - entry_fees
    slippage = sum(trade.slippage_quote for trade in sold) - entry_slippage
    played.equity_quote[-1] -= fees + slippage
    return sold


def _sale(ground: Ground, played: Played, s: int, window: int) -> UnseenTrade:
    slot, lane, terms = played.state.book.slots[s], played.state.lanes[s], ground.markets[s]
    quantity = float(slot.lots * terms.lot_size)
    away_bps = terms.half_spread_bps + ground.policies.costs.min_slippage_bps
    price = float(slot.last_close) * (1.0 - away_bps / BPS)
    fee = quantity * price * terms.taker_fee_bps / BPS
    slippage = quantity * (float(slot.last_close) - price)
    pnl = float(quantity * price - fee - slot.entry_notional_quote - slot.entry_fee_quote)
    return UnseenTrade(
        window=window,
        symbol=ground.symbols[s],
        opened_ms=int(slot.opened_ms),
        closed_ms=int(ground.feed.open_ms[played.last - 1]) + ground.timeframe.ms,
        score=float(lane.score),
        regime=REGIMES[lane.regime],
        bars_held=int(slot.bars_held),
        quantity=quantity,
        entry_price=float(slot.entry_notional_quote / quantity),
        exit_price=price,
        fees_quote=float(slot.entry_fee_quote) + fee,
        slippage_quote=float(slot.entry_slippage_quote) + slippage,
        pnl_quote=pnl,
        return_fraction=pnl / float(played.equity_quote[lane.decided_bar]),
        exit_reason=WINDOW_END,
    )
