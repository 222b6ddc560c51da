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
from engine.risk.drawdown import DAY_MS
from engine.strategy.book import Book, Decided, Row, new_book, new_decided, new_rows

N_REASONS = max(ReasonCode) + 1
REARM_AFTER_DAYS = 7.0
_LONGEST_DAYS = 1e6
_BARS_PER_TRADE = 32  # room to begin with; untouched rows cost no memory, a restart 0.2 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalModel:
    """The person in a backtest: how likely a question is approved, how late, and when they re-arm.

    A delay counts whole bars after the first open at which the entry could have filled; the
    approval policy's expiry applies to it. The re-arm is `ControlDesk.rearm`: the peak becomes the
    equity of that moment. A rehearsal's person does the same (`Rehearsal`).
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
    rearm_after_days: float | None = field(
        default=REARM_AFTER_DAYS,
        metadata={"doc": "Days from the drawdown stop to a person's re-arm in a backtest."},
    )

    def __post_init__(self) -> None:
        """Refuse chances outside 0 to 1 and answers before the question."""
        require(0.0 <= self.probability <= 1.0, "probability", "0 to 1", self.probability)
        require(self.delay_bars >= 0, "delay_bars", ">= 0", self.delay_bars)
        require(self.seed >= 0, "seed", ">= 0", self.seed)
        days = self.rearm_after_days
        require(days is None or 0.0 <= days <= _LONGEST_DAYS, "rearm_after_days", ">= 0", days)


class ApprovalNumbers(NamedTuple):
    """`ApprovalModel` as the loop reads it; `rearm_after_ms` is below 0 for never."""

    probability: float
    delay_bars: int
    seed: int
    rearm_after_ms: int


def pack_approval(model: ApprovalModel) -> ApprovalNumbers:
    """Return the modelled person as plain numbers."""
    days = model.rearm_after_days
    return ApprovalNumbers(
        probability=model.probability,
        delay_bars=model.delay_bars,
        seed=model.seed,
        rearm_after_ms=-1 if days is None else round(days * DAY_MS),
    )


class Lane:
    """The way of one symbol's entry from its decision to its fill, and what the book does not keep.

    `due_ms` is the opening time of the bar in which it is to fill; `rounds` counts its questions.
    `score` and `regime` are those of the bar that decided it. `funding_quote` is what the position
    that came of it has paid so far, negative if it received.
    """

    due_ms: int
    asked_ms: int
    decided_ms: int
    decided_bar: int
    rounds: int
    route: int
    asks: bool
    score: float
    regime: int
    funding_quote: float


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
    funding_quote: float
    pnl_quote: float
    reason: int
    route: int
    bars_held: int
    score: float
    regime: int


class Tally:
    """Running sums of a replay; fees, slippage and funding count open positions too.

    `queued` and `held` are how many symbols have a waiting entry or a position now; `latched_ms` is
    when the drawdown last stopped entries, `rearms` how often the modelled person let them go on.
    """

    trades: int
    queued: int
    held: int
    fills: int
    fees_quote: float
    slippage_quote: float
    traded_quote: float
    funding_quote: float
    latched_ms: int
    rearms: int


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
        trades=records(TradeRow, max(256, bars // _BARS_PER_TRADE) + 4 * symbols),
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
