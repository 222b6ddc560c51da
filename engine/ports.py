"""What the engine needs from the world, as small protocols; adapters live outside the core.

Every port's docstring is its contract: order, empties, errors, idempotence. The contract suites in
``tests/contract`` hold every adapter, fake or real, against it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Protocol, Self

from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.desk import (
    AuditEvent,
    AuditLine,
    Controls,
    InboxUpdate,
    JobRun,
    Json,
    MessageState,
    OutboxMessage,
    Person,
    QuarantinedCandle,
    ScoreRow,
    SentMessage,
    WeightSet,
)
from engine.domain.ids import ApprovalId, DecisionId, IntentId, MessageId
from engine.domain.lifecycles import OrderState
from engine.domain.market import CandleSeries, MarketRules, OrderBook, Quote, Symbol, Timeframe
from engine.domain.orders import Fill, Order, OrderIntent, OrderReport
from engine.domain.portfolio import EquityPoint, LedgerEntry, Position, RiskState, Trade


class Clock(Protocol):
    """Reads the time."""

    def now(self) -> datetime:
        """The present moment, aware UTC; never goes back."""
        ...


class TokenSource(Protocol):
    """Makes secrets that cannot be guessed (approval tokens, pairing codes)."""

    def token(self) -> str:
        """At least 72 bits as 12 or more URL-safe characters."""
        ...


class CandleSource(Protocol):
    """A venue's raw candle rows. Nothing in them is trusted: the firewall reads them next."""

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        """Rows as the venue gave them, ``[ms, open, high, low, close, volume]`` where it is sane.

        Order is not promised, the forming bar may be among them, and the list may be empty. Raises
        ``VenueUnavailableError`` (try later), ``VenueAnswerError``, ``UnknownSymbolError``,
        ``UnsupportedTimeframeError``.
        """
        ...


class MarketData(Protocol):
    """Prices of now."""

    def quote(self, symbol: Symbol) -> Quote | None:
        """Best prices, or ``None`` when there is no fresh price. Raises ``VenueError``."""
        ...

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        """Resting orders, or ``None`` when the venue shows none. Raises ``VenueError``."""
        ...

    def rules(self, symbol: Symbol) -> MarketRules:
        """Steps, minimums and fees. Raises ``UnknownSymbolError``."""
        ...


class Broker(Protocol):
    """Where orders go. Exactly one component calls it: the order gateway."""

    def submit(self, intent: OrderIntent) -> OrderReport:
        """Send an order; its id is the client order id. Never raises for a refusal by the venue.

        Sending the same intent again returns the first one's report and does nothing. Raises
        ``VenueUnavailableError`` when it is not known whether the order arrived.
        """
        ...

    def cancel(self, order_id: IntentId) -> OrderReport:
        """Cancel what is left of an order; a finished or unknown order is reported as it is."""
        ...

    def amend_stop(self, order_id: IntentId, stop_price: Decimal) -> OrderReport:
        """Move the stop of a resting protection."""
        ...

    def lookup(self, order_id: IntentId) -> OrderReport | None:
        """What became of an order, or ``None`` if the venue never saw it."""
        ...

    def balances(self) -> Mapping[str, Decimal]:
        """Total balance by currency; currencies without one are absent."""
        ...


class Narrator(Protocol):
    """Puts a finished decision into words; never decides, and falls back to a template."""

    async def explain(self, decision: Decision, *, language: str) -> "Narration":
        """Two or three sentences in ``language`` (``en``, ``de``, ``es``)."""
        ...


class Narration(Protocol):
    """Words about a decision, and where they come from."""

    @property
    def text(self) -> str:
        """Plain text, already grounded; not yet escaped for any chat."""
        ...

    @property
    def is_from_model(self) -> bool:
        """Whether a language model wrote it (else the template)."""
        ...


class CandleStore(Protocol):
    """Clean candles, one row per venue, symbol, timeframe and open time."""

    def add(self, venue: str, symbol: Symbol, timeframe: Timeframe, candles: CandleSeries) -> int:
        """Insert; a row that is there already is replaced. Returns how many were new."""
        ...

    def window(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, *, until: datetime, limit: int
    ) -> CandleSeries:
        """The last ``limit`` bars that have closed at or before ``until``, oldest first."""
        ...

    def between(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> CandleSeries:
        """Bars that open in ``[start, end)``, oldest first."""
        ...

    def venues(self) -> Sequence[str]:
        """Names of the venues that have candles, sorted."""
        ...

    def coverage(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, int, datetime, datetime]]:
        """Symbol, timeframe, count, first and last open time of everything stored."""
        ...

    def mark_empty(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Iterable[datetime]
    ) -> None:
        """Remember that the venue was asked and has no such bars."""
        ...

    def empty_marks(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[datetime]:
        """Remembered empty bars that open in ``[start, end)``."""
        ...


class QuarantineStore(Protocol):
    """Rows the firewall refused."""

    def add(self, rows: Iterable[QuarantinedCandle]) -> None:
        """Keep them; the same row seen again is not kept twice."""
        ...

    def recent(self, limit: int) -> Sequence[QuarantinedCandle]:
        """Newest first."""
        ...


class ScoreStore(Protocol):
    """Signal history: every bar's sides, strengths and score."""

    def add(self, rows: Iterable[ScoreRow]) -> None:
        """Insert; a bar that is there already stays as it is."""
        ...

    def latest(self, venue: str, timeframe: Timeframe) -> Sequence[ScoreRow]:
        """The newest row of every symbol, strongest first."""
        ...

    def history(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, limit: int
    ) -> Sequence[ScoreRow]:
        """The last ``limit`` rows of a symbol, oldest first."""
        ...


class WeightStore(Protocol):
    """Versions of the score's weights."""

    def add(self, weights: WeightSet) -> None:
        """Insert a new version; ``ConflictError`` if the version exists with other weights."""
        ...

    def activate(self, version: str) -> None:
        """Make it the one active version."""
        ...

    def all(self) -> Sequence[WeightSet]:
        """Every version, oldest first."""
        ...


class DecisionStore(Protocol):
    """Decisions, refusals included."""

    def add(self, decision: Decision) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, decision_id: DecisionId) -> Decision | None:
        """One decision."""
        ...

    def latest(self, symbol: Symbol, limit: int = 1) -> Sequence[Decision]:
        """The newest decisions on a symbol, newest first."""
        ...

    def between(self, start: datetime, end: datetime) -> Sequence[Decision]:
        """Decisions whose bar closed in ``[start, end)``, oldest first, then by symbol."""
        ...

    def counts(self, start: datetime, end: datetime) -> Mapping[tuple[str, str, str], int]:
        """How many per (action, route, reason label) with a close in ``[start, end)``."""
        ...


class ApprovalStore(Protocol):
    """Questions to people."""

    def add(self, approval: Approval) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, approval_id: ApprovalId) -> Approval | None:
        """One question."""
        ...

    def by_token(self, token: str) -> Approval | None:
        """The question a button belongs to."""
        ...

    def pending(self) -> Sequence[Approval]:
        """Open questions, oldest first."""
        ...

    def replace(self, before: Approval, after: Approval) -> None:
        """Compare-and-set on state, hash and expiry; ``ConflictError`` if another was quicker."""
        ...

    def recent(self, limit: int) -> Sequence[Approval]:
        """Newest first."""
        ...

    def of_order(self, order_id: IntentId) -> Sequence[Approval]:
        """All questions about one order, oldest first."""
        ...


class OrderStore(Protocol):
    """Orders and their fills."""

    def add(self, order: Order) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, order_id: IntentId) -> Order | None:
        """One order."""
        ...

    def replace(self, before: Order, after: Order) -> None:
        """Compare-and-set on the state; ``ConflictError`` if another was quicker."""
        ...

    def unfinished(self) -> Sequence[Order]:
        """Orders in no final state, oldest first."""
        ...

    def add_fill(self, fill: Fill) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def fills(self, order_id: IntentId) -> Sequence[Fill]:
        """Fills of one order, oldest first."""
        ...

    def recent_fills(self, limit: int) -> Sequence[Fill]:
        """Newest first."""
        ...


class BookStore(Protocol):
    """The desk's own book: ledger, positions, trades, equity and what the limits remember."""

    def post(self, entries: Iterable[LedgerEntry]) -> None:
        """Append to the ledger."""
        ...

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Exact sum per currency; zero balances are absent."""
        ...

    def positions(self, venue: str) -> Sequence[Position]:
        """Open positions by symbol."""
        ...

    def put_position(self, position: Position) -> None:
        """Insert or replace the position of its symbol."""
        ...

    def drop_position(self, venue: str, symbol: Symbol) -> None:
        """Remove a closed position; absent is fine."""
        ...

    def add_trade(self, trade: Trade) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def trades(self, venue: str, limit: int | None = None) -> Sequence[Trade]:
        """Closed trades, newest first."""
        ...

    def snapshot(self, point: EquityPoint) -> None:
        """Remember equity; a second one for the same moment replaces the first."""
        ...

    def equity(self, venue: str, since: datetime | None = None) -> Sequence[EquityPoint]:
        """Snapshots, oldest first."""
        ...

    def risk(self, venue: str) -> RiskState | None:
        """What the limits remember, or ``None`` before the first close."""
        ...

    def put_risk(self, venue: str, state: RiskState) -> None:
        """Replace it."""
        ...

    def reset(self, venue: str) -> None:
        """Forget ledger, positions, equity, risk state and the paper venue (``paper reset``).

        Trades, orders, decisions and the audit trail stay.
        """
        ...


class PaperStore(Protocol):
    """The paper venue's own memory, apart from the desk's book as a real venue's would be."""

    def put(self, report: OrderReport, intent: OrderIntent) -> None:
        """Insert or replace an order of the paper venue."""
        ...

    def get(self, order_id: IntentId) -> tuple[OrderIntent, OrderReport] | None:
        """One order."""
        ...

    def open(self) -> Sequence[tuple[OrderIntent, OrderReport]]:
        """Orders still resting, oldest first."""
        ...

    def balances(self, venue: str) -> Mapping[str, Decimal]:
        """Balance by currency of the account that stands for ``venue``."""
        ...

    def set_balance(self, venue: str, currency: str, amount: Decimal) -> None:
        """Replace one balance."""
        ...


class DeskStore(Protocol):
    """Controls, people and jobs."""

    def controls(self) -> Controls:
        """The switches; all off before anybody touched them."""
        ...

    def put_controls(self, controls: Controls) -> None:
        """Replace them."""
        ...

    def people(self) -> Sequence[Person]:
        """Everybody the desk knows, owners first."""
        ...

    def put_person(self, person: Person) -> None:
        """Insert or replace by user id."""
        ...

    def job_runs(self) -> Sequence[JobRun]:
        """Last run of every job, by name."""
        ...

    def put_job_run(self, run: JobRun) -> None:
        """Replace the job's last run."""
        ...

    def note(self, key: str) -> Json:
        """A small remembered value (pairing code hash, last heartbeat …), ``None`` if absent."""
        ...

    def put_note(self, key: str, value: Json) -> None:
        """Replace it."""
        ...


class AuditStore(Protocol):
    """The append-only, hash-chained trail."""

    def append(self, event: AuditEvent) -> AuditLine:
        """Number it, chain it, store it."""
        ...

    def tail(self, limit: int) -> Sequence[AuditLine]:
        """Newest first."""
        ...

    def about(self, subject: str) -> Sequence[AuditLine]:
        """Everything about one subject, oldest first."""
        ...

    def verify(self) -> int:
        """Check the whole chain: its length, or ``DataError`` naming the first break."""
        ...


class Outbox(Protocol):
    """Messages waiting to be told."""

    def put(self, message: OutboxMessage) -> bool:
        """Queue; ``False`` and no change if the id is there already."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[OutboxMessage]:
        """Pending or ambiguous and not before ``now``: by priority, then age."""
        ...

    def update(self, message: OutboxMessage) -> None:
        """Replace a row (state, attempts, not_before, error)."""
        ...

    def counts(self) -> Mapping[MessageState, int]:
        """How many in each state."""
        ...

    def dead(self, limit: int) -> Sequence[OutboxMessage]:
        """Dead letters, newest first."""
        ...

    def get(self, message_id: MessageId) -> OutboxMessage | None:
        """One message."""
        ...

    def remember_sent(self, sent: SentMessage) -> None:
        """Bind a subject to a chat message (insert or replace)."""
        ...

    def sent(self, chat_id: int, subject: str) -> SentMessage | None:
        """Which chat message speaks of a subject."""
        ...


class Inbox(Protocol):
    """Updates received and not yet lost."""

    def put(self, updates: Iterable[InboxUpdate]) -> int:
        """Store, skipping known (source, update id) pairs. Returns how many were new."""
        ...

    def pending(self, source: str, limit: int) -> Sequence[InboxUpdate]:
        """Not yet done, by update id."""
        ...

    def done(self, source: str, update_id: int, at: datetime, error: str = "") -> None:
        """Mark as processed."""
        ...

    def retry(self, source: str, update_id: int) -> int:
        """Count an attempt that did not finish; returns the attempts so far."""
        ...

    def last_id(self, source: str) -> int | None:
        """The highest update id ever stored."""
        ...


class UnitOfWork(Protocol):
    """One transaction: enter, use the stores, ``commit()``; leaving without it rolls back.

    Synchronous and bound to the thread that entered it.
    """

    @property
    def candles(self) -> CandleStore: ...
    @property
    def quarantine(self) -> QuarantineStore: ...
    @property
    def scores(self) -> ScoreStore: ...
    @property
    def weights(self) -> WeightStore: ...
    @property
    def decisions(self) -> DecisionStore: ...
    @property
    def approvals(self) -> ApprovalStore: ...
    @property
    def orders(self) -> OrderStore: ...
    @property
    def book(self) -> BookStore: ...
    @property
    def paper(self) -> PaperStore: ...
    @property
    def desk(self) -> DeskStore: ...
    @property
    def audit(self) -> AuditStore: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def inbox(self) -> Inbox: ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None:
        """Make everything done so far in this unit durable, at once or not at all."""
        ...


class Units(Protocol):
    """Makes units of work."""

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        """A new unit; ``read_only`` promises not to write and takes no write lock."""
        ...


__all__ = [
    "ApprovalStore",
    "AuditStore",
    "BookStore",
    "Broker",
    "CandleSource",
    "CandleStore",
    "Clock",
    "DecisionStore",
    "DeskStore",
    "Inbox",
    "MarketData",
    "Narration",
    "Narrator",
    "OrderState",
    "OrderStore",
    "Outbox",
    "PaperStore",
    "QuarantineStore",
    "ScoreStore",
    "TokenSource",
    "UnitOfWork",
    "Units",
    "WeightStore",
]
