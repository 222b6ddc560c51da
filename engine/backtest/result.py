"""A finished backtest as plain values, and as the JSON that the command line promises.

Flow: `State` of the replay → `finish` → `BacktestResult` → `to_json`. Prices and quantities are
what the ledger would hold; `quantity` is in base units, amounts in quote currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from engine.backtest.feed import Feed
from engine.backtest.metrics import Metrics, measure
from engine.backtest.state import State, TradeRow
from engine.domain.desk import Json
from engine.domain.reasons import ReasonCode, RouteCode
from engine.kernel import Floats, Ints, Records
from engine.strategy.book import Slot, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A closed round trip; `pnl_quote` is after all fees, slippage is contained in the prices.

    `decided_ms` is the close at which the entry was decided, `route` how it was let through.
    """

    symbol: str
    side: str
    decided_ms: int
    opened_ms: int
    closed_ms: int
    entry_price: float
    exit_price: float
    quantity: float
    fees_quote: float
    slippage_quote: float
    pnl_quote: float
    exit_reason: str
    route: str
    bars_held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """A position that was open at the last bar; `pnl_quote` counts its entry fee."""

    symbol: str
    opened_ms: int
    entry_price: float
    price: float
    quantity: float
    pnl_quote: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """Everything a run produced; `equity_quote` is at each `close_ms`.

    `decisions` counts what was decided per symbol and close, `outcomes` what became of entries
    afterwards, both by reason label.
    """

    symbols: tuple[str, ...]
    timeframe: str
    strategy_version: str
    start_equity: float
    final_equity: float
    trades: tuple[Trade, ...]
    open_positions: tuple[OpenPosition, ...]
    close_ms: Ints
    equity_quote: Floats
    metrics: Metrics
    costs: Mapping[str, float]
    decisions: Mapping[str, int]
    outcomes: Mapping[str, int]

    def to_json(self) -> dict[str, Json]:
        """Return the document of `backtest --json`."""
        points = zip(self.close_ms.tolist(), self.equity_quote.tolist(), strict=True)
        return {
            "strategy_version": self.strategy_version,
            "timeframe": self.timeframe,
            "symbols": list(self.symbols),
            "start_equity": self.start_equity,
            "final_equity": self.final_equity,
            "metrics": asdict(self.metrics),
            "costs": dict(self.costs),
            "decisions": dict(self.decisions),
            "outcomes": dict(self.outcomes),
            "trades": [_trade_json(trade) for trade in self.trades],
            "open_positions": [asdict(position) for position in self.open_positions],
            "equity": [{"ts_ms": ts, "equity_quote": quote} for ts, quote in points],
        }


def finish(
    state: State,
    feed: Feed,
    *,
    markets: Records[Terms],
    symbols: Sequence[str],
    timeframe: str,
    bar_ms: int,
    start_equity: float,
    strategy_version: str,
) -> BacktestResult:
    """Read a finished replay."""
    tally = state.tally[0]
    rows = np.asarray(state.trades)[: int(tally.trades)]
    close_ms = feed.open_ms + bar_ms
    return BacktestResult(
        symbols=tuple(symbols),
        timeframe=timeframe,
        strategy_version=strategy_version,
        start_equity=start_equity,
        final_equity=float(state.equity_quote[-1]),
        trades=tuple(
            _trade(state.trades[k], symbols, markets, close_ms) for k in range(int(tally.trades))
        ),
        open_positions=_still_open(state, symbols, markets),
        close_ms=close_ms,
        equity_quote=state.equity_quote,
        metrics=measure(
            start_equity=start_equity,
            equity=state.equity_quote,
            exposure=state.exposure_quote,
            close_ms=close_ms,
            pnl=rows["pnl_quote"],
            holding_bars=rows["bars_held"],
            traded_quote=float(tally.traded_quote),
            fees_quote=float(tally.fees_quote),
            slippage_quote=float(tally.slippage_quote),
        ),
        costs={
            "fees_quote": float(tally.fees_quote),
            "slippage_quote": float(tally.slippage_quote),
            "traded_quote": float(tally.traded_quote),
        },
        decisions=_counts(state.decided_count),
        outcomes=_counts(state.later_count),
    )


def _trade(row: TradeRow, symbols: Sequence[str], markets: Records[Terms], close_ms: Ints) -> Trade:
    quantity = float(row.lots * markets[row.symbol].lot_size)
    return Trade(
        symbol=symbols[row.symbol],
        side="long",
        decided_ms=int(close_ms[row.decided_bar]),
        opened_ms=int(row.opened_ms),
        closed_ms=int(row.closed_ms),
        entry_price=float(row.entry_notional_quote / quantity),
        exit_price=float(row.exit_notional_quote / quantity),
        quantity=quantity,
        fees_quote=float(row.fees_quote),
        slippage_quote=float(row.slippage_quote),
        pnl_quote=float(row.pnl_quote),
        exit_reason=ReasonCode(row.reason).label,
        route=RouteCode(row.route).label,
        bars_held=int(row.bars_held),
    )


def _still_open(
    state: State, symbols: Sequence[str], markets: Records[Terms]
) -> tuple[OpenPosition, ...]:
    places = [i for i in range(len(symbols)) if state.book.slots[i].lots > 0]
    return tuple(_open(state.book.slots[i], symbols[i], markets[i]) for i in places)


def _open(slot: Slot, symbol: str, terms: Terms) -> OpenPosition:
    quantity = float(slot.lots * terms.lot_size)
    worth = quantity * slot.last_close
    return OpenPosition(
        symbol=symbol,
        opened_ms=int(slot.opened_ms),
        entry_price=float(slot.entry_notional_quote / quantity),
        price=float(slot.last_close),
        quantity=quantity,
        pnl_quote=float(worth - slot.entry_notional_quote - slot.entry_fee_quote),
    )


def _counts(counts: Ints) -> dict[str, int]:
    return {code.label: int(counts[code]) for code in ReasonCode if counts[code]}


def _trade_json(trade: Trade) -> dict[str, Json]:
    """Return the promised keys; times are ISO 8601 in UTC."""
    row: dict[str, Json] = asdict(trade)
    for name in ("decided", "opened", "closed"):
        row[f"{name}_at"] = str(np.datetime64(int(str(row.pop(f"{name}_ms"))), "ms")) + "Z"
    return row
