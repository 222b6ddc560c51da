"""Market orders: a book of price levels, synthesised where none is known, and the walk through it.

Flow: `synthesise` (or a venue's real levels) → `walk` → an `Execution`. Used unchanged by the paper
venue and the backtest.

Choices:
- A level's price is a whole number of ticks, rounded against the trade; each level is one fill, and
  notional and fee of each are rounded to 1e-8 as the ledger rounds them.
- Depth follows the volume of the last bar that had closed when the order came: the volume of the
  bar in which it fills is not known yet.
- What is wanted beyond the depth is cancelled, not filled at a made-up price.
- The fee, the spread and the slippage are charged once, here; nothing adds them again.
"""

from typing import NamedTuple

import numpy as np

from engine.costs.model import BPS
from engine.fills.chance import uniform
from engine.fills.policy import FillPolicy
from engine.kernel import Ints, ceil_count, compiled, floor_count, lean, round_quote

BUY = 1
SELL = -1


class FillNumbers(NamedTuple):
    """`FillPolicy` as the compiled rooms read it; fields and units as there."""

    seed: int
    book_levels: int
    level_step_bps: float
    level_volume_fraction: float
    level_jitter_fraction: float


class Market(NamedTuple):
    """What a fill needs to know of a market; `symbol_key` is `crossing.symbol_key(symbol)`."""

    tick_size: float
    lot_size: float
    half_spread_bps: float
    maker_fee_bps: float
    taker_fee_bps: float
    symbol_key: int


class Execution(NamedTuple):
    """What an order came to: lots filled, their notional, fee and cost against the reference.

    `slippage_quote` contains the half-spread; it is part of `notional_quote`, not beside it.
    """

    lots: int
    notional_quote: float
    fee_quote: float
    slippage_quote: float


def pack_fills(policy: FillPolicy) -> FillNumbers:
    """Return the policy as plain numbers."""
    return FillNumbers(
        seed=policy.seed,
        book_levels=policy.book_levels,
        level_step_bps=policy.level_step_bps,
        level_volume_fraction=policy.level_volume_fraction,
        level_jitter_fraction=policy.level_jitter_fraction,
    )


@lean
def adverse_ticks(side: int, price: float, tick_size: float) -> int:
    """Return the price in whole ticks, up for a buy, down for a sell, never below one tick."""
    ticks = price / tick_size
    return max(1, ceil_count(ticks) if side == BUY else floor_count(ticks))


@lean
def price_level(
    side: int,
    level: int,
    reference_price: float,
    volume: float,
    moment_ms: int,
    market: Market,
    numbers: FillNumbers,
) -> tuple[int, int]:
    """Return price ticks and lots of one level of the synthesised book; see `synthesise`."""
    depth = max(0.0, volume) * numbers.level_volume_fraction / market.lot_size
    away_bps = market.half_spread_bps + level * numbers.level_step_bps
    ticks = adverse_ticks(side, reference_price * (1.0 + side * away_bps / BPS), market.tick_size)
    if numbers.level_jitter_fraction > 0.0:  # a draw costs more than the rest of a fill
        draw = uniform(numbers.seed, market.symbol_key, moment_ms, 2 * level + (side + 1) // 2)
        depth *= 1.0 + numbers.level_jitter_fraction * (2.0 * draw - 1.0)
    return ticks, floor_count(depth)


@compiled
def synthesise(
    side: int,
    reference_price: float,
    volume: float,
    moment_ms: int,
    market: Market,
    numbers: FillNumbers,
) -> tuple[Ints, Ints]:
    """Return price ticks and lots per level that an order of `side` meets, best price first.

    `reference_price` is the middle, `volume` (base units) that of the last closed bar, `moment_ms`
    the opening time of the bar in which the order fills.
    """
    ticks = np.empty(numbers.book_levels, np.int64)
    lots = np.empty(numbers.book_levels, np.int64)
    for level in range(numbers.book_levels):
        ticks[level], lots[level] = price_level(
            side, level, reference_price, volume, moment_ms, market, numbers
        )
    return ticks, lots


@lean
def executed(
    ticks: int, lots: int, reference_price: float, fee_bps: float, market: Market
) -> Execution:
    """Return the execution of `lots` at one price; slippage counts as positive when it cost."""
    notional = round_quote(ticks * market.tick_size * lots * market.lot_size)
    fee = round_quote(notional * fee_bps / BPS)
    return Execution(lots, notional, fee, abs(notional - reference_price * lots * market.lot_size))


@lean
def walk(
    level_ticks: Ints,
    level_lots: Ints,
    wanted_lots: int,
    reference_price: float,
    market: Market,
    taken_lots: Ints,
) -> Execution:
    """Fill a market order level by level and note in `taken_lots` what each level gave.

    Levels are best first. The sum may stay below `wanted_lots`: the rest is cancelled.
    """
    filled, notional, fee = 0, 0.0, 0.0
    for level in range(len(level_ticks)):
        taken = min(wanted_lots - filled, level_lots[level])
        taken_lots[level] = taken
        part = executed(level_ticks[level], taken, reference_price, market.taker_fee_bps, market)
        filled += taken
        notional += part.notional_quote
        fee += part.fee_quote
    slippage = abs(notional - reference_price * filled * market.lot_size)
    return Execution(filled, round_quote(notional), round_quote(fee), slippage)


@lean
def fill_market(
    side: int,
    wanted_lots: int,
    reference_price: float,
    volume: float,
    moment_ms: int,
    market: Market,
    numbers: FillNumbers,
) -> Execution:
    """Walk the synthesised book as `walk` does, making only the levels that the order reaches."""
    filled, notional, fee = 0, 0.0, 0.0
    for level in range(numbers.book_levels):
        if filled == wanted_lots:
            break
        ticks, depth = price_level(side, level, reference_price, volume, moment_ms, market, numbers)
        taken = min(wanted_lots - filled, depth)
        part = executed(ticks, taken, reference_price, market.taker_fee_bps, market)
        if taken == wanted_lots:  # one level is enough, and its amounts are rounded already
            return part
        filled += taken
        notional += part.notional_quote
        fee += part.fee_quote
    slippage = abs(notional - reference_price * filled * market.lot_size)
    return Execution(filled, round_quote(notional), round_quote(fee), slippage)
