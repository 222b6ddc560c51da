"""What the screens of delivery show: the digest, a chat's preferences, jobs, dead letters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.domain.decisions import CheckRecord
from engine.domain.delivery import Loudness, MessageType, QuietHours
from engine.domain.desk import JobRun
from engine.domain.ids import DecisionId
from engine.domain.market import Symbol
from engine.domain.portfolio import Trade
from engine.domain.views import ApprovalRow, PortfolioView, StatusView


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A market that did not qualify, and by how much; ``gate`` is the check that stopped it."""

    symbol: Symbol
    decision_id: DecisionId
    rank_fraction: Decimal
    threshold_rank_fraction: Decimal
    reason: str
    gate: CheckRecord | None

    @property
    def missing_fraction(self) -> Decimal:
        """How far the score is from its threshold; at or below zero it was something else."""
        return self.threshold_rank_fraction - self.rank_fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """The last day: money, trades, what is open, and what came nearest.

    ``closed`` are the trades that closed since ``since``, ``late`` those that closed before and
    were booked since: their results are in the day's figure. ``is_quiet`` says that nothing
    qualified since ``since``.
    """

    status: StatusView
    portfolio: PortfolioView
    since: datetime
    day_pnl_quote: Decimal
    bought: int
    closed: tuple[Trade, ...]
    late: tuple[Trade, ...]
    questions: tuple[ApprovalRow, ...]
    is_quiet: bool
    misses: tuple[Miss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """How loud a type is here, and what may be chosen."""

    kind: MessageType
    loudness: Loudness
    choices: tuple[Loudness, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietView:
    """A chat's preferences as they hold now. ``muted`` are markets whose mute has not ended."""

    rows: tuple[TypeRow, ...]
    quiet: QuietHours | None
    is_quiet_now: bool
    muted_until: datetime | None
    muted: Mapping[str, datetime]
    next_digest: datetime | None
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A recurring job: how often, how it went, when it is next (about), and whether it may be run.

    ``last`` is at most a minute old for a job that goes well.
    """

    name: str
    every_s: float
    last: JobRun | None
    next_at: datetime | None
    may_run_now: bool
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Messages that nobody accepted: how many, and the newest ones with the reason."""

    count: int
    newest: tuple["DeadLetter", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One of them."""

    id: str
    kind: str
    subject: str
    chat_id: int | None
    created_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What came of a choice; ``reason`` names a sentence when not ``done``."""

    done: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """How many dead letters go out again; ``reason`` as in ``Chosen``."""

    done: bool
    count: int = 0
    reason: str = ""
