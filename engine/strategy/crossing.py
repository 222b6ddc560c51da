"""The one crossing from the domain to the kernel: Decimal to whole lots and ticks, time to ms.

Flow: market rules → `pack_markets`; what the desk holds and waits for → `pack_book`; bars and their
columns → `put_row`. `crossing_back` is the way out. Nothing here decides.

Choices:
- Symbols are sorted by name, so that equal scores are served in the same order everywhere.
- A quantity crosses as whole lots, rounded down, a price of an order as whole ticks, exactly; an
  amount of money as the nearest float, which holds 1e-8 up to ten million.
- A symbol's key for seeded fills is made from its name, not from its place in the list: adding a
  symbol to the universe changes no other symbol's fills.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from engine.costs.policy import CostPolicy
from engine.domain.desk import Controls
from engine.domain.market import Candle, MarketRules, Symbol
from engine.domain.orders import OrderIntent
from engine.domain.portfolio import Position, RiskState
from engine.domain.reasons import ReasonCode, RuleCode
from engine.domain.values import require, to_ms
from engine.fills.book import Market
from engine.kernel import Records, round_quote
from engine.risk.drawdown import mark_equity
from engine.strategy.book import Book, Row, Slot, Terms, equity_of, new_book, new_markets
from engine.strategy.columns import ScoreColumns
from engine.strategy.packing import StepPolicy

_EPOCH_ORDINAL = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBar:
    """Close and volume (base units) of the last bar known of a symbol."""

    close: float
    volume: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BookView:
    """What the desk holds, waits for and remembers at one moment, by symbol where it differs.

    `pending` are entries that are asked or on their way. `leaving` names the reason of exits that
    were decided and are not finished; those whose order is at the venue are also in `in_flight`.
    `last_bars` lacks symbols without history. `cooldown_until` lacks symbols that do not rest.
    """

    cash_quote: Decimal
    positions: Mapping[Symbol, Position] = field(default_factory=dict)
    pending: Mapping[Symbol, OrderIntent] = field(default_factory=dict)
    leaving: Mapping[Symbol, ReasonCode] = field(default_factory=dict)
    in_flight: frozenset[Symbol] = frozenset()
    last_bars: Mapping[Symbol, LastBar] = field(default_factory=dict)
    cooldown_until: Mapping[Symbol, datetime] = field(default_factory=dict)
    risk: RiskState | None = None
    controls: Controls = field(default_factory=Controls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The measured edge of one bar's score, from calibration.

    The edge and its 95 % interval are basis points before costs. `win_probability` and `payoff`
    (mean win over mean loss, both in units of the initial risk) are after costs, as Kelly wants
    them. `n` independent outcomes stand behind it.
    """

    edge_bps: float
    edge_low_bps: float
    edge_high_bps: float
    win_probability: float
    payoff: float
    n: int


def symbol_key(symbol: Symbol | str) -> int:
    """Return the number by which seeded fills know a symbol."""
    return zlib.crc32(str(symbol).encode())


def market_numbers(rules: MarketRules, costs: CostPolicy) -> Market:
    """Return a market as the fill model reads it; the settings stand in for what is not known."""
    return Market(
        tick_size=float(rules.tick_size),
        lot_size=float(rules.lot_size),
        half_spread_bps=_known(rules.half_spread_bps, costs.half_spread_bps),
        maker_fee_bps=_known(rules.maker_fee_bps, costs.maker_fee_bps),
        taker_fee_bps=_known(rules.taker_fee_bps, costs.taker_fee_bps),
        symbol_key=symbol_key(rules.symbol),
    )


def pack_markets(
    rules: Sequence[MarketRules],
    costs: CostPolicy,
    *,
    standing: Mapping[Symbol, RuleCode] | None = None,
    clusters: Mapping[Symbol, int] | None = None,
) -> Records[Terms]:
    """Return the terms of all markets in the order of `rules`, which must be sorted by symbol.

    `standing` holds a person's rules (a symbol without one is allowed); `clusters` numbers groups
    that move together, below the number of symbols (without it every symbol is its own).
    """
    names = [str(rule.symbol) for rule in rules]
    require(names == sorted(names), "symbols", "sorted by name", names)
    markets = new_markets(len(rules))
    for i, rule in enumerate(rules):
        cluster = (clusters or {}).get(rule.symbol, i)
        require(0 <= cluster < len(rules), "cluster", f"0 to {len(rules) - 1}", cluster)
        _put_terms(markets[i], rule, market_numbers(rule, costs))
        markets[i].cluster = cluster
        markets[i].rule = (standing or {}).get(rule.symbol, RuleCode.ALLOW)
    return markets


def pack_book(view: BookView, rules: Sequence[MarketRules]) -> Book:
    """Return the book as `step` and `recheck` read it, in the order of `rules`."""
    book = new_book(len(rules), round_quote(float(view.cash_quote)))
    for i, rule in enumerate(rules):
        slot, symbol = book.slots[i], rule.symbol
        if symbol in view.positions:
            _put_position(slot, view.positions[symbol], rule)
        if symbol in view.pending:
            _put_pending(slot, view.pending[symbol], rule)
        if symbol in view.last_bars:
            slot.last_close = view.last_bars[symbol].close
            slot.last_volume = view.last_bars[symbol].volume
        if symbol in view.cooldown_until:
            slot.cooldown_until_ms = to_ms(view.cooldown_until[symbol])
        slot.exiting = view.leaving.get(symbol, ReasonCode.NONE)
        slot.exit_in_flight = symbol in view.in_flight
    _put_desk(book, view)
    return book


def mark(book: Book, markets: Records[Terms], policy: StepPolicy, now: datetime) -> RiskState:
    """Mark the book at its last closes, apply both brakes, return what the limits remember now.

    Called once per close, before `step`; the state returned is to be stored.
    """
    mark_equity(book.desk[0], equity_of(markets, book), to_ms(now), policy.risk)
    desk = book.desk[0]
    return RiskState(
        day=datetime.fromordinal(int(desk.day) + _EPOCH_ORDINAL).date(),
        day_start_equity_quote=_quote(desk.day_start_equity_quote),
        peak_equity_quote=_quote(desk.peak_equity_quote),
        entries_today=int(desk.entries_today),
        daily_paused=bool(desk.daily_paused),
        drawdown_latched=bool(desk.drawdown_latched),
    )


def put_row(
    row: Row,
    *,
    bar: Candle,
    scored: ScoreColumns,
    index: int,
    exit_flag: bool = False,
    blocked: bool = False,
    caution: bool = False,
    edge: Edge | None = None,
    book_slippage_bps: float | None = None,
) -> None:
    """Put the bar that has just closed, and its columns at `index`, where `step` reads them."""
    row.present, row.blocked, row.caution, row.exit_flag = True, blocked, caution, exit_flag
    row.open, row.high, row.low, row.close = bar.open, bar.high, bar.low, bar.close
    row.volume = bar.volume
    row.score, row.rank_fraction = scored.score[index], scored.rank[index]
    row.atr, row.regime = scored.atr[index], scored.regime[index]
    row.sigma_day, row.adv_quote = scored.sigma_day[index], scored.adv_quote[index]
    row.book_slippage_bps = math.nan if book_slippage_bps is None else book_slippage_bps
    row.calibrated = edge is not None
    row.edge_bps = row.edge_low_bps = row.win_probability = row.payoff = math.nan
    if edge is not None:
        row.edge_bps, row.edge_low_bps = edge.edge_bps, edge.edge_low_bps
        row.win_probability, row.payoff = edge.win_probability, edge.payoff


def put_absent(row: Row, *, blocked: bool = False) -> None:
    """Say that a symbol's bar has not come, or that the firewall holds it."""
    row.present, row.blocked = False, blocked


def _put_terms(terms: Terms, rule: MarketRules, market: Market) -> None:
    terms.tick_size, terms.lot_size = market.tick_size, market.lot_size
    terms.min_lots = _ceil(rule.min_quantity / rule.lot_size)
    terms.min_notional_quote = float(rule.min_notional_quote)
    terms.maker_fee_bps, terms.taker_fee_bps = market.maker_fee_bps, market.taker_fee_bps
    terms.half_spread_bps = market.half_spread_bps
    terms.symbol_key = market.symbol_key


def _put_position(slot: Slot, position: Position, rule: MarketRules) -> None:
    plan = position.exit_plan
    slot.lots = rule.quantity_lots(position.quantity)
    slot.entry_notional_quote = round_quote(float(position.entry_price * position.quantity))
    slot.entry_fee_quote = float(position.entry_fees_quote)
    slot.entry_slippage_quote = float(position.entry_slippage_quote)
    slot.opened_ms = to_ms(position.opened_at)
    slot.initial_stop_ticks = rule.price_ticks(plan.stop_price)
    slot.stop_ticks = rule.price_ticks(position.stop_price)
    slot.target_ticks = rule.price_ticks(plan.take_profit_price or Decimal(0))
    slot.trail_ticks = _ceil((plan.trail_distance or Decimal(0)) / rule.tick_size)
    slot.bars_held = position.bars_held


def _put_pending(slot: Slot, intent: OrderIntent, rule: MarketRules) -> None:
    plan = intent.exit_plan
    require(plan is not None, "pending entry", "with an exit plan", intent.id)
    assert plan is not None
    slot.pending_lots = rule.quantity_lots(intent.quantity)
    slot.pending_price = float(intent.reference_price)
    slot.pending_stop_ticks = rule.price_ticks(plan.stop_price)
    slot.pending_target_ticks = rule.price_ticks(plan.take_profit_price or Decimal(0))
    slot.pending_trail_ticks = _ceil((plan.trail_distance or Decimal(0)) / rule.tick_size)


def _put_desk(book: Book, view: BookView) -> None:
    desk = book.desk[0]
    desk.killed, desk.paused = view.controls.killed, view.controls.paused
    if view.risk is None:
        return
    desk.day = (view.risk.day - datetime.fromordinal(_EPOCH_ORDINAL).date()) // timedelta(days=1)
    desk.day_start_equity_quote = float(view.risk.day_start_equity_quote)
    desk.peak_equity_quote = float(view.risk.peak_equity_quote)
    desk.entries_today = view.risk.entries_today
    desk.daily_paused = view.risk.daily_paused
    desk.drawdown_latched = view.risk.drawdown_latched


def _known(value: Decimal | None, otherwise: float) -> float:
    return otherwise if value is None else float(value)


def _ceil(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))


def _quote(amount: float) -> Decimal:
    return Decimal(repr(float(round_quote(amount)))).quantize(Decimal("1e-8"))
