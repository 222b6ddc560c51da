"""What an order of the paper venue meets, and what it takes of it.

a real book, or one synthesised around a price → ``Moment`` → ``take`` (walk the levels) or ``rest``
(one level, at its price) → fills. Pure; memory and money are the broker's.

Choices:
- Prices and sizes come from ``engine.fills``, the functions the backtest uses, in whole ticks and
  lots; money is Decimal from there on.
- A limit order that can trade when it is sent takes from the book like a market order, up to its
  price, and pays the taker's fee. One that rested is filled whole, as a maker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from engine.domain.ids import fill_id
from engine.domain.market import BookLevel, MarketRules, OrderBook, Timeframe
from engine.domain.orders import Fill, OrderIntent, OrderReport, OrderSide
from engine.domain.reasons import ReasonCode
from engine.domain.values import to_ms
from engine.execution.booking import round_quote
from engine.fills.book import BUY, SELL, FillNumbers, Market, adverse_ticks, synthesise, walk
from engine.fills.triggers import limit_price, protection
from engine.kernel import Ints

_BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperMarket:
    """One market of the paper venue: the venue's rules and what the fill model needs of them."""

    rules: MarketRules
    numbers: Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What an order meets: the reference price, the levels on offer (best first), and when."""

    reference: Decimal
    level_ticks: Ints
    level_lots: Ints
    at: datetime


def warm_up(market: PaperMarket, numbers: FillNumbers) -> None:
    """Call every compiled fill once for nothing."""
    ticks, lots = synthesise(BUY, 100.0, 1000.0, 0, market.numbers, numbers)
    walk(ticks, lots, 1, 100.0, market.numbers, np.zeros_like(lots))
    adverse_ticks(SELL, 100.0, market.numbers.tick_size)
    protection(1, 0, 100.0, 100.0, 100.0, market.numbers.tick_size)
    limit_price(BUY, 1, 100.0, 100.0, 100.0, market.numbers.tick_size)


def side_of(intent: OrderIntent) -> int:
    """The fill model's word for the order's side."""
    return BUY if intent.side is OrderSide.BUY else SELL


def levels_for(intent: OrderIntent, book: OrderBook | None) -> tuple[BookLevel, ...]:
    """The side of a real book that the order takes from; empty where there is none."""
    if book is None:
        return ()
    return book.asks if intent.side is OrderSide.BUY else book.bids


def from_levels(
    levels: Sequence[BookLevel], market: PaperMarket, reference: Decimal, at: datetime
) -> Moment:
    """A real book's levels."""
    rules = market.rules
    return Moment(
        reference=reference,
        level_ticks=np.array([rules.price_ticks(level.price) for level in levels], np.int64),
        level_lots=np.array([rules.quantity_lots(level.quantity) for level in levels], np.int64),
        at=at,
    )


def synthesised(
    intent: OrderIntent,
    market: PaperMarket,
    numbers: FillNumbers,
    *,
    reference: float,
    volume: float,
    at: datetime,
    timeframe: Timeframe,
) -> Moment:
    """A book made up around ``reference`` (the middle) in the bar that holds ``at``.

    ``volume`` is that of the last bar that had closed then, in base units.
    """
    opened_ms = to_ms(timeframe.floor(at))
    ticks, lots = synthesise(side_of(intent), reference, volume, opened_ms, market.numbers, numbers)
    return Moment(reference=Decimal(repr(reference)), level_ticks=ticks, level_lots=lots, at=at)


def take(
    intent: OrderIntent,
    report: OrderReport,
    market: PaperMarket,
    moment: Moment,
    *,
    trigger: ReasonCode | None = None,
) -> tuple[Fill, ...]:
    """Walk the book for what is still wanted, never beyond a limit order's price."""
    lots = moment.level_lots
    if intent.limit_price is not None and trigger is None:
        edge = market.rules.price_ticks(intent.limit_price)
        lots = np.where(side_of(intent) * (moment.level_ticks - edge) <= 0, lots, 0)
    taken = np.zeros_like(lots)
    walk(
        moment.level_ticks,
        lots,
        wanted_lots(intent, report, market),
        float(moment.reference),
        market.numbers,
        taken,
    )
    levels = [
        (int(ticks), int(count))
        for ticks, count in zip(moment.level_ticks, taken, strict=True)
        if count
    ]
    return _fills(intent, report, market, levels, moment, trigger=trigger)


def rest(
    intent: OrderIntent,
    report: OrderReport,
    market: PaperMarket,
    price: float,
    at: datetime,
    *,
    trigger: ReasonCode | None = None,
) -> tuple[Fill, ...]:
    """Fill the rest of a resting limit whole, as a maker, at ``price``."""
    ticks = adverse_ticks(side_of(intent), price, market.numbers.tick_size)
    lots = wanted_lots(intent, report, market)
    moment = Moment(
        reference=Decimal(repr(price)),
        level_ticks=np.array([ticks], np.int64),
        level_lots=np.array([lots], np.int64),
        at=at,
    )
    levels = [(ticks, lots)] if lots else []
    return _fills(intent, report, market, levels, moment, trigger=trigger, is_maker=True)


def wanted_lots(intent: OrderIntent, report: OrderReport, market: PaperMarket) -> int:
    """Whole lots of the order that have not been filled yet."""
    filled = sum((fill.quantity for fill in report.fills), Decimal(0))
    return market.rules.quantity_lots(intent.quantity - filled)


def _fills(
    intent: OrderIntent,
    report: OrderReport,
    market: PaperMarket,
    levels: Sequence[tuple[int, int]],
    moment: Moment,
    *,
    trigger: ReasonCode | None,
    is_maker: bool = False,
) -> tuple[Fill, ...]:
    numbers = market.numbers
    fee_bps = Decimal(repr(numbers.maker_fee_bps if is_maker else numbers.taker_fee_bps))
    fills = []
    for sequence, (ticks, lots) in enumerate(levels, start=len(report.fills)):
        quantity, price = market.rules.quantity(lots), market.rules.price(ticks)
        notional = round_quote(quantity * price)
        fills.append(
            Fill(
                id=fill_id(intent.id, sequence),
                order_id=intent.id,
                symbol=intent.symbol,
                side=intent.side,
                quantity=quantity,
                price=price,
                fee_quote=round_quote(notional * fee_bps / _BPS),
                slippage_quote=round_quote(
                    side_of(intent) * (notional - moment.reference * quantity)
                ),
                liquidity="maker" if is_maker else "taker",
                filled_at=moment.at,
                trigger=trigger.label if trigger else None,
            )
        )
    return tuple(fills)
