"""What the replay loop remembers between bars, and what it writes down.

All of it is made before the loop starts; the loop allocates nothing but the few levels of a book
when an order fills.
"""

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.reasons import ReasonCode
from engine.domain.values import require
from engine.kernel import Floats, Ints, Records, records
from engine.strategy.book import Book, Decided, Row, new_book, new_decided, new_rows

N_REASONS = max(ReasonCode) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalModel:
    """The person in a backtest: how likely a question is approved, and how late.

    A delay counts whole bars after the first open at which the entry could have filled; the
    approval policy's expiry applies to it.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    probability: float = field(
        default=1.0,
        metadata={"doc": "Chance that a question is approved in a backtest."},
    )
    delay_bars: int = field(
        default=0,
        metadata={"doc": "Bars that an approval takes in a backtest; 0 fills at the next open."},
    )
    seed: int = field(
        default=7,
        metadata={"doc": "Seed of the approvals drawn in a backtest."},
    )

    def __post_init__(self) -> None:
        """Refuse chances outside 0 to 1 and answers before the question."""
        require(0.0 <= self.probability <= 1.0, "probability", "0 to 1", self.probability)
        require(self.delay_bars >= 0, "delay_bars", ">= 0", self.delay_bars)
        require(self.seed >= 0, "seed", ">= 0", self.seed)


class ApprovalNumbers(NamedTuple):
    """`ApprovalModel` as the loop reads it."""

    probability: float
    delay_bars: int
    seed: int


class Lane:
    """The way of one symbol's entry from its decision to its fill, and where it came from.

    `due_ms` is the opening time of the bar in which it is to fill; `rounds` counts its questions.
    """

    due_ms: int
    asked_ms: int
    decided_ms: int
    decided_bar: int
    rounds: int
    route: int
    asks: bool


class TradeRow:
    """One closed round trip, or the closed part of one; see `result.Trade` for the units."""

    symbol: int
    decided_bar: int
    opened_ms: int
    closed_ms: int
    lots: int
    entry_notional_quote: float
    exit_notional_quote: float
    fees_quote: float
    slippage_quote: float
    pnl_quote: float
    reason: int
    route: int
    bars_held: int


class Tally:
    """Running sums of a replay; fees and slippage are those of every fill, open positions too."""

    trades: int
    queued: int
    fills: int
    fees_quote: float
    slippage_quote: float
    traded_quote: float


class Log(NamedTuple):
    """Every decision, (T, S) each, or (0, 0) where they are not kept."""

    action: NDArray[np.int8]
    route: NDArray[np.int8]
    reason: NDArray[np.int16]
    lots: Ints


class State(NamedTuple):
    """Everything the loop writes.

    `queue` holds the symbols of waiting entries in the order of their decisions. `equity_quote` and
    `exposure_quote` are (T,) at each close. `decided_count` and `later_count` are (N_REASONS,):
    what `step` said, and what became of entries afterwards.
    """

    book: Book
    decided: Decided
    rows: Records[Row]
    lanes: Records[Lane]
    queue: Ints
    tally: Records[Tally]
    trades: Records[TradeRow]
    equity_quote: Floats
    exposure_quote: Floats
    decided_count: Ints
    later_count: Ints
    log: Log


def new_state(bars: int, symbols: int, cash_quote: float, *, keep_log: bool) -> State:
    """Return the state before the first bar."""
    shape = (bars, symbols) if keep_log else (0, 0)
    return State(
        book=new_book(symbols, cash_quote),
        decided=new_decided(symbols),
        rows=new_rows(symbols),
        lanes=records(Lane, symbols),
        queue=np.zeros(symbols, np.int64),
        tally=records(Tally, 1),
        trades=records(TradeRow, 256 + 4 * symbols),
        equity_quote=np.zeros(bars),
        exposure_quote=np.zeros(bars),
        decided_count=np.zeros(N_REASONS, np.int64),
        later_count=np.zeros(N_REASONS, np.int64),
        log=Log(
            action=np.zeros(shape, np.int8),
            route=np.zeros(shape, np.int8),
            reason=np.zeros(shape, np.int16),
            lots=np.zeros(shape, np.int64),
        ),
    )
