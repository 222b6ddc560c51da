"""A finished backtest as plain values, and as the JSON that the command line promises.

Flow: `State` of the replay → `finish` → `BacktestResult` → `to_json`. Prices and quantities are
what the ledger would hold; `quantity` is in base units, amounts in quote currency.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.drawdowns import Drawdown
from engine.backtest.feed import Feed
from engine.backtest.metrics import Closed, Metrics, Spent, measure
from engine.backtest.state import Lane, State
from engine.domain.desk import Json
from engine.domain.reasons import ReasonCode, RouteCode
from engine.kernel import Floats, Ints, Records
from engine.strategy.book import Slot, Terms
from engine.strategy.columns_market import REGIMES

_AS_RECORDED = (
    "opened_ms",
    "closed_ms",
    "fees_quote",
    "slippage_quote",
    "funding_quote",
    "pnl_quote",
    "bars_held",
    "score",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A closed round trip; `pnl_quote` is after fees and funding, slippage is in the prices.

    `decided_ms` is the close at which the entry was decided, `score` (signed points) and `regime`
    what was known then, `route` how it was let through. `funding_quote` is positive when paid.
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
    funding_quote: float
    pnl_quote: float
    exit_reason: str
    route: str
    bars_held: int
    score: float
    regime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """A position that was open at the last bar; `pnl_quote` counts its entry fee and funding."""

    symbol: str
    opened_ms: int
    entry_price: float
    price: float
    quantity: float
    pnl_quote: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """Everything a run produced; equity and exposure (what positions are worth) at each `close_ms`.

    `rearms` is how often the modelled person let entries go on after the drawdown stop. `decisions`
    counts what was decided per symbol and close, `outcomes` what became of entries afterwards, both
    by reason label.
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
    exposure_quote: Floats
    metrics: Metrics
    costs: Mapping[str, float]
    rearms: int
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
            "metrics": metrics_json(self.metrics),
            "costs": dict(self.costs),
            "rearms": self.rearms,
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
        trades=tuple(_trades(rows, symbols, markets, close_ms)),
        open_positions=_still_open(state, symbols, markets),
        close_ms=close_ms,
        equity_quote=state.equity_quote,
        exposure_quote=state.exposure_quote,
        metrics=measure(
            start_equity=start_equity,
            equity=state.equity_quote,
            exposure=state.exposure_quote,
            close_ms=close_ms,
            closed=Closed(
                pnl_quote=rows["pnl_quote"],
                entry_quote=rows["entry_notional_quote"],
                bars_held=rows["bars_held"],
                held_ms=rows["closed_ms"] - rows["opened_ms"],
            ),
            spent=Spent(
                traded_quote=float(tally.traded_quote),
                fees_quote=float(tally.fees_quote),
                slippage_quote=float(tally.slippage_quote),
                funding_quote=float(tally.funding_quote),
            ),
        ),
        costs={
            "fees_quote": float(tally.fees_quote),
            "slippage_quote": float(tally.slippage_quote),
            "funding_quote": float(tally.funding_quote),
            "traded_quote": float(tally.traded_quote),
        },
        rearms=int(tally.rearms),
        decisions=_counts(state.decided_count),
        outcomes=_counts(state.later_count),
    )


def _trades(
    rows: NDArray[np.void], symbols: Sequence[str], markets: Records[Terms], close_ms: Ints
) -> Iterator[Trade]:
    """Yield the trades; columns are read whole, as one attribute of a record costs microseconds."""
    quantity = rows["lots"] * np.asarray(markets)["lot_size"][rows["symbol"]]
    columns = {
        "symbol": [symbols[i] for i in rows["symbol"].tolist()],
        "decided_ms": close_ms[rows["decided_bar"]].tolist(),
        "entry_price": (rows["entry_notional_quote"] / quantity).tolist(),
        "exit_price": (rows["exit_notional_quote"] / quantity).tolist(),
        "quantity": quantity.tolist(),
        "exit_reason": [ReasonCode(code).label for code in rows["reason"].tolist()],
        "route": [RouteCode(code).label for code in rows["route"].tolist()],
        "regime": [REGIMES[number] for number in rows["regime"].tolist()],
        **{name: rows[name].tolist() for name in _AS_RECORDED},
    }
    for values in zip(*columns.values(), strict=True):
        yield Trade(side="long", **dict(zip(columns, values, strict=True)))


def _still_open(
    state: State, symbols: Sequence[str], markets: Records[Terms]
) -> tuple[OpenPosition, ...]:
    places = [i for i in range(len(symbols)) if state.book.slots[i].lots > 0]
    return tuple(_open(state.book.slots[i], state.lanes[i], symbols[i], markets[i]) for i in places)


def _open(slot: Slot, lane: Lane, symbol: str, terms: Terms) -> OpenPosition:
    quantity = float(slot.lots * terms.lot_size)
    worth = quantity * slot.last_close
    return OpenPosition(
        symbol=symbol,
        opened_ms=int(slot.opened_ms),
        entry_price=float(slot.entry_notional_quote / quantity),
        price=float(slot.last_close),
        quantity=quantity,
        pnl_quote=float(
            worth - slot.entry_notional_quote - slot.entry_fee_quote - lane.funding_quote
        ),
    )


def _counts(counts: Ints) -> dict[str, int]:
    return {code.label: int(counts[code]) for code in ReasonCode if counts[code]}


def _trade_json(trade: Trade) -> dict[str, Json]:
    """Return the promised keys; times are ISO 8601 in UTC."""
    return _with_times(asdict(trade))


def metrics_json(metrics: Metrics) -> dict[str, Json]:
    """Return every figure; the two drawdowns are objects, or null where there was none."""
    document: dict[str, Json] = asdict(metrics)
    for name in ("deepest", "longest"):
        found: Drawdown | None = getattr(metrics, name)
        document[name] = None if found is None else _with_times(asdict(found))
    return document


def _with_times(row: dict[str, Json]) -> dict[str, Json]:
    """Exchange `…_ms` for `…_at`, ISO 8601 in UTC; what has not happened is null."""
    for name in [name for name in row if name.endswith("_ms")]:
        moment = row.pop(name)
        row[name.removesuffix("_ms") + "_at"] = (
            None if moment is None else str(np.datetime64(int(str(moment)), "ms")) + "Z"
        )
    return row
