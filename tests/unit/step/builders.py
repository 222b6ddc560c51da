"""Small worlds for the decision path: one tick is 0.01, one lot 0.001, the rest can be changed."""

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from engine.backtest.feed import Feed, SymbolFeed, merge
from engine.backtest.replay import replay
from engine.backtest.state import ApprovalModel, State
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.costs.policy import CostPolicy
from engine.fills.book import FillNumbers, Market, pack_fills
from engine.fills.policy import FillPolicy
from engine.kernel import Records
from engine.risk.policy import RiskPolicy
from engine.strategy.book import (
    Book,
    Decided,
    Outcome,
    Row,
    Terms,
    new_book,
    new_decided,
    new_markets,
    new_rows,
)
from engine.strategy.packing import StepPolicy, pack_policy
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from engine.strategy.step import step

HOUR_MS = 3_600_000
START_MS = 1_600_000_000_000 // 86_400_000 * 86_400_000
MARKET = Market(
    tick_size=0.01,
    lot_size=0.001,
    half_spread_bps=10.0,
    maker_fee_bps=5.0,
    taker_fee_bps=10.0,
    symbol_key=1,
)
WIDE = TradingPolicy(
    entry=EntryPolicy(min_rank_fraction=0.5),
    exits=ExitPolicy(
        stop_atr_multiple=2.0, trailing_atr_multiple=None, time_stop_bars=None, exit_score=None
    ),
    risk=RiskPolicy(
        risk_fraction=0.01,
        max_symbol_fraction=1.0,
        max_exposure_fraction=1.0,
        max_cluster_fraction=1.0,
        max_bar_volume_fraction=1.0,
        max_daily_loss_fraction=1.0,
        max_drawdown_fraction=1.0,
    ),
    costs=CostPolicy(min_slippage_bps=0.0),
    automation=AutomationPolicy(
        cooldown_after_exit_bars=0, cooldown_after_loss_bars=0, max_entries_per_day=100
    ),
    approval=ApprovalPolicy(
        ask_above_quote=Decimal(1_000_000), ask_above_equity_fraction=1.0, max_drift_bps=200.0
    ),
)
"""Nothing is in the way: one percent at risk, stop two ATR below, no other exit."""

PLAIN_BOOK = FillPolicy(
    book_levels=1, level_step_bps=0.0, level_volume_fraction=1.0, level_jitter_fraction=0.0
)
"""One level as deep as the last bar's volume."""


def policy(live: bool = False, /, **sections: Any) -> StepPolicy:  # noqa: ANN401 - policy values
    """Pack `WIDE`; `risk={"max_open_positions": 1}` changes a section of it."""
    changed = {name: replace(getattr(WIDE, name), **keys) for name, keys in sections.items()}
    return pack_policy(replace(WIDE, **changed), timeframe_ms=HOUR_MS, venue_is_live=live)


def markets(count: int = 1, /, **changes: float) -> Records[Terms]:
    """Equal markets, each its own cluster; minimum one lot and 5 of quote."""
    terms = new_markets(count)
    for i in range(count):
        one = terms[i]
        one.tick_size, one.lot_size = MARKET.tick_size, MARKET.lot_size
        one.min_lots, one.min_notional_quote = 1, 5.0
        one.maker_fee_bps, one.taker_fee_bps = MARKET.maker_fee_bps, MARKET.taker_fee_bps
        one.half_spread_bps, one.symbol_key, one.cluster = MARKET.half_spread_bps, i + 1, i
        for name, value in changes.items():
            setattr(one, name, value)
    return terms


def rows(count: int = 1, /, **changes: float) -> Records[Row]:
    """Bars at 100 with an ATR of 1 and a score of 80 that is stronger than all others."""
    bars = new_rows(count)
    for i in range(count):
        row = bars[i]
        row.present = True
        row.open = row.high = row.low = row.close = 100.0
        row.volume, row.score, row.rank_fraction, row.atr = 1_000.0, 80.0, 1.0, 1.0
        row.adv_quote, row.sigma_day = 1e9, 0.02
        row.book_slippage_bps = row.edge_bps = row.edge_low_bps = math.nan
        row.win_probability = row.payoff = math.nan
        for name, value in changes.items():
            setattr(row, name, value)
    return bars


def book(count: int = 1, cash: float = 10_000.0) -> Book:
    """A flat book that has seen a bar at 100 with a volume of 1,000."""
    flat = new_book(count, cash)
    for i in range(count):
        flat.slots[i].last_close, flat.slots[i].last_volume = 100.0, 1_000.0
    return flat


def hold(
    of: Book, i: int = 0, *, lots: int = 10_000, price: float = 100.0, stop: float = 98.0
) -> None:
    """Put a position into the book, paid from its cash."""
    slot = of.slots[i]
    slot.lots = lots
    slot.entry_notional_quote = lots * MARKET.lot_size * price
    slot.initial_stop_ticks = slot.stop_ticks = round(stop / MARKET.tick_size)
    of.desk[0].cash_quote -= slot.entry_notional_quote


def pend(
    of: Book, i: int = 0, *, lots: int = 10_000, price: float = 100.0, stop: float = 98.0
) -> None:
    """Put a waiting entry into the book."""
    slot = of.slots[i]
    slot.pending_lots, slot.pending_price = lots, price
    slot.pending_stop_ticks = round(stop / MARKET.tick_size)


def run_step(
    bars: Records[Row] | None = None,
    terms: Records[Terms] | None = None,
    of: Book | None = None,
    with_policy: StepPolicy | None = None,
    now_ms: int = START_MS,
) -> Decided:
    """Decide once; what is not given is one plain symbol."""
    bars = rows() if bars is None else bars
    decided = new_decided(len(bars))
    step(
        bars,
        markets(len(bars)) if terms is None else terms,
        book(len(bars)) if of is None else of,
        with_policy or policy(),
        now_ms,
        decided,
    )
    return decided


def first(decided: Decided) -> Outcome:
    """The outcome of the first symbol."""
    return decided.outcomes[0]


def symbol_feed(
    bars: list[tuple[float, float, float, float]],
    *,
    scores: dict[int, float] | None = None,
    volume: float = 1_000.0,
    atr: float = 1.0,
    skip: frozenset[int] = frozenset(),
) -> SymbolFeed:
    """Bars (open, high, low, close) an hour apart, with a score where `scores` says so."""
    kept = [t for t in range(len(bars)) if t not in skip]
    table = np.array([bars[t] for t in kept])
    score = np.array([(scores or {}).get(t, 0.0) for t in kept])
    count = len(kept)
    return SymbolFeed(
        open_ms=START_MS + HOUR_MS * np.array(kept),
        open=table[:, 0].copy(),
        high=table[:, 1].copy(),
        low=table[:, 2].copy(),
        close=table[:, 3].copy(),
        volume=np.full(count, volume),
        score=score,
        rank=np.abs(score) / 100.0,
        atr=np.full(count, atr),
        regime=np.zeros(count, np.int8),
        sigma_day=np.full(count, 0.02),
        adv_quote=np.full(count, 1e9),
    )


def play(
    feeds: dict[str, SymbolFeed] | Feed,
    terms: Records[Terms] | None = None,
    *,
    with_policy: StepPolicy | None = None,
    fills: FillNumbers | None = None,
    approval: ApprovalModel | None = None,
    cash: float = 10_000.0,
) -> State:
    """Replay with a log; what is not given is plain."""
    feed = feeds if isinstance(feeds, Feed) else merge(feeds)[1]
    count = feed.present.shape[1]
    return replay(
        feed,
        markets(count) if terms is None else terms,
        bar_ms=HOUR_MS,
        policy=with_policy or policy(),
        fills=fills or pack_fills(PLAIN_BOOK),
        cash_quote=cash,
        approval=approval,
        keep_log=True,
    )


def random_feeds(
    symbols: int, bars: int, seed: int, *, missing: float = 0.0
) -> dict[str, SymbolFeed]:
    """Driftless random walks with random scores; `missing` is the share of absent bars."""
    chance = np.random.default_rng(seed)
    return {f"S{i:02}/USDT": _random_feed(chance, bars, missing) for i in range(symbols)}


def _random_feed(chance: np.random.Generator, bars: int, missing: float) -> SymbolFeed:
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.005, bars)))
    open_ = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(open_, close) * (1.0 + np.abs(chance.normal(0.0, 0.002, bars)))
    low = np.minimum(open_, close) * (1.0 - np.abs(chance.normal(0.0, 0.002, bars)))
    score = chance.uniform(-100.0, 100.0, bars)
    kept = chance.random(bars) >= missing
    columns = {
        "open_ms": START_MS + HOUR_MS * np.arange(bars),
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": chance.lognormal(9.0, 0.5, bars),
        "score": score,
        "rank": np.abs(score) / 100.0,
        "atr": close * 0.008,
        "regime": chance.integers(0, 4, bars).astype(np.int8),
        "sigma_day": np.full(bars, 0.025),
        "adv_quote": np.full(bars, 2.4e7),
    }
    return SymbolFeed(**{name: column[kept] for name, column in columns.items()})


def open_pnl(state: State, terms: Records[Terms]) -> float:
    """Profit of what is still held, entry fees counted."""
    return sum(
        slot.lots * terms[i].lot_size * slot.last_close
        - slot.entry_notional_quote
        - slot.entry_fee_quote
        for i, slot in ((i, state.book.slots[i]) for i in range(len(terms)))
    )
