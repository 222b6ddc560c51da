"""The records of the decision path: what `step` reads and what it writes, one per symbol.

Symbols are in one fixed, sorted order; element `i` of every array speaks of the same symbol. All
records are plain numbers (see `engine.kernel`); `crossing` fills them from the domain and reads
them back. Quantities are whole lots, prices of orders whole ticks, times epoch milliseconds.
"""

from typing import NamedTuple

import numpy as np

from engine.domain.reasons import CheckCode, ClampCode
from engine.kernel import Floats, Ints, Records, lean, records
from engine.strategy.packing import StepPolicy

N_CHECKS = len(CheckCode)
N_CLAMPS = len(ClampCode)


class Row:
    """One symbol's bar that has just closed, with what the indicators made of it.

    `present` is false where the bar has not come; `blocked` where the firewall holds the symbol.
    `score` is -100 to 100; `regime` is below 0 (or the score NaN) while warming up. `edge_*`,
    `win_probability` and `payoff` count only where `calibrated`. `volume` is in base units,
    `sigma_day` a fraction, `book_slippage_bps` one way at the size of interest, NaN where no book
    is known.
    """

    present: bool
    blocked: bool
    caution: bool
    exit_flag: bool
    calibrated: bool
    open: float
    high: float
    low: float
    close: float
    volume: float
    score: float
    rank_fraction: float
    atr: float
    regime: int
    edge_bps: float
    edge_low_bps: float
    win_probability: float
    payoff: float
    adv_quote: float
    sigma_day: float
    book_slippage_bps: float


class Terms:
    """A market's steps, minimums and costs, and a person's standing rule for it.

    `cluster` groups symbols that move together: a number from 0 below the number of symbols.
    """

    tick_size: float
    lot_size: float
    min_lots: int
    min_notional_quote: float
    maker_fee_bps: float
    taker_fee_bps: float
    half_spread_bps: float
    cluster: int
    rule: int
    symbol_key: int


class Slot:
    """One symbol's place in the book: a position, an open question or order, a rest, a last price.

    `lots` is 0 when flat. `exiting` is the reason of an exit that was decided and is not finished.
    `pending_lots` is above 0 while an entry is asked or on its way; the other `pending_*` are its
    plan. `last_close` is 0 until a bar has been seen.
    """

    lots: int
    entry_notional_quote: float
    entry_fee_quote: float
    entry_slippage_quote: float
    opened_ms: int
    initial_stop_ticks: int
    stop_ticks: int
    target_ticks: int
    trail_ticks: int
    bars_held: int
    exiting: int
    exit_in_flight: bool
    pending_lots: int
    pending_price: float
    pending_stop_ticks: int
    pending_target_ticks: int
    pending_trail_ticks: int
    cooldown_until_ms: int
    last_close: float
    last_volume: float


class Desk:
    """The account and what the limits remember; see `engine.risk.drawdown`."""

    cash_quote: float
    equity_quote: float
    day: int
    day_start_equity_quote: float
    entries_today: int
    daily_paused: bool
    peak_equity_quote: float
    drawdown_latched: bool
    killed: bool
    paused: bool


class Outcome:
    """What was decided for one symbol.

    `proposed` says that an entry was considered, so that its checks and clamps can be read. For
    `AMEND_STOP` only `stop_ticks` counts. Costs are round-trip basis points; 0 target or trail is
    none; NaN edge is not measured.
    """

    action: int
    route: int
    reason: int
    proposed: bool
    lots: int
    price: float
    stop_ticks: int
    target_ticks: int
    trail_ticks: int
    notional_quote: float
    risk_quote: float
    fee_bps: float
    spread_bps: float
    slippage_bps: float
    funding_bps: float
    transfer_bps: float
    cost_bps: float
    net_edge_bps: float
    net_edge_low_bps: float


class Budget:
    """What is left to share among the entries of one close."""

    equity_quote: float
    exposure_quote: float
    free_cash_quote: float
    positions: int
    entries_today: int


class Book(NamedTuple):
    """All slots, and the desk as an array of one."""

    slots: Records[Slot]
    desk: Records[Desk]


class Decided(NamedTuple):
    """Where `step` writes: outcomes, the checks and clamps of proposals, and the sharing of limits.

    `order` lists the symbols that were proposed, best first. `check_*` are (S, N_CHECKS),
    `clamp_*` (S, N_CLAMPS) in lots; `cluster_quote` is (S,), `budget` an array of one.
    """

    outcomes: Records[Outcome]
    check_value: Floats
    check_limit: Floats
    check_verdict: Ints
    clamp_before: Ints
    clamp_after: Ints
    order: Ints
    cluster_quote: Floats
    budget: Records[Budget]


def new_rows(symbols: int) -> Records[Row]:
    """Return rows of bars that have not come."""
    return records(Row, symbols)


def new_markets(symbols: int) -> Records[Terms]:
    """Return market terms to be filled in."""
    return records(Terms, symbols)


def new_book(symbols: int, cash_quote: float) -> Book:
    """Return a flat book; its day begins at the first close."""
    book = Book(records(Slot, symbols), records(Desk, 1))
    desk = book.desk[0]
    desk.cash_quote = desk.equity_quote = cash_quote
    desk.day_start_equity_quote = desk.peak_equity_quote = cash_quote
    desk.day = -1
    return book


def new_decided(symbols: int) -> Decided:
    """Return an empty place for `step` to write to."""
    return Decided(
        outcomes=records(Outcome, symbols),
        check_value=np.zeros((symbols, N_CHECKS)),
        check_limit=np.zeros((symbols, N_CHECKS)),
        check_verdict=np.zeros((symbols, N_CHECKS), np.int64),
        clamp_before=np.zeros((symbols, N_CLAMPS), np.int64),
        clamp_after=np.zeros((symbols, N_CLAMPS), np.int64),
        order=np.zeros(symbols, np.int64),
        cluster_quote=np.zeros(symbols),
        budget=records(Budget, 1),
    )


@lean
def lot_quote(terms: Terms, price: float) -> float:
    """Return the notional of one lot."""
    return price * terms.lot_size


@lean
def lot_cash(terms: Terms, price: float) -> float:
    """Return the cash one lot takes at the ask with the taker's fee."""
    return (
        lot_quote(terms, price)
        * (1.0 + terms.half_spread_bps / 1e4)
        * (1.0 + terms.taker_fee_bps / 1e4)
    )


@lean
def with_headroom(price: float, policy: StepPolicy) -> float:
    """Return the dearest price at which a decided entry still stands.

    Limits are measured there, so that an approved size does not shrink at every uptick.
    """
    return price * (1.0 + policy.routing.max_drift_bps / 1e4)


@lean
def equity_of(markets: Records[Terms], book: Book) -> float:
    """Return cash and all positions at their last closes, in quote currency."""
    equity = book.desk[0].cash_quote
    for i in range(len(markets)):
        if book.slots[i].lots > 0:
            equity += book.slots[i].lots * lot_quote(markets[i], book.slots[i].last_close)
    return equity


@lean
def open_budget(
    markets: Records[Terms], book: Book, policy: StepPolicy, decided: Decided, skip: int
) -> None:
    """Add up what positions, questions and orders use; `skip` is a symbol whose own entry is not.

    Pass -1 to count every pending entry.
    """
    budget = decided.budget[0]
    budget.equity_quote = budget.free_cash_quote = book.desk[0].cash_quote
    budget.exposure_quote = 0.0
    budget.positions = 0
    budget.entries_today = book.desk[0].entries_today
    for i in range(len(markets)):
        decided.cluster_quote[i] = 0.0
    for i in range(len(markets)):
        slot = book.slots[i]
        if slot.lots > 0:
            value = slot.lots * lot_quote(markets[i], slot.last_close)
            budget.equity_quote += value
            budget.exposure_quote += value
            budget.positions += 1
            decided.cluster_quote[markets[i].cluster] += value
        if slot.pending_lots > 0 and i != skip:
            price = with_headroom(slot.pending_price, policy)
            take_from_budget(markets[i], slot.pending_lots, price, decided)


@lean
def take_from_budget(terms: Terms, lots: int, price: float, decided: Decided) -> None:
    """Reserve an entry of `lots` at `price` from what is left to share."""
    budget = decided.budget[0]
    budget.exposure_quote += lots * lot_quote(terms, price)
    budget.free_cash_quote -= lots * lot_cash(terms, price)
    budget.positions += 1
    budget.entries_today += 1
    decided.cluster_quote[terms.cluster] += lots * lot_quote(terms, price)
