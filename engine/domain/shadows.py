"""The shadow book: proposals that were not traded, followed as if they had been.

question ended in a no → ``ShadowTrade`` waiting → entry, bars, exit on closed bars → a result that
nobody earned. No order, no venue, no money: it answers one question, what saying no was worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import fsum, sqrt
from statistics import NormalDist, fmean, stdev

from engine.domain.ids import ApprovalId, DecisionId
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Symbol
from engine.domain.orders import OrderIntent
from engine.domain.portfolio import Position
from engine.domain.values import require, require_utc

FEW = 20
"""Below so many results a total says next to nothing, and is told with that remark."""


class Veto(StrEnum):
    """Who said no: a person, nobody in time, or the desk when it looked again."""

    REJECTED = "rejected"
    EXPIRED = "expired"
    REFUSED = "refused"


VETOES = {
    ApprovalState.REJECTED: Veto.REJECTED,
    ApprovalState.EXPIRED: Veto.EXPIRED,
    ApprovalState.REFUSED: Veto.REFUSED,
}
"""The ends of a question that are followed."""


class ShadowState(StrEnum):
    """``VOID``: it would not have become a trade either, for the reason in ``exit_reason``."""

    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"
    VOID = "void"


_UNFINISHED = (ShadowState.WAITING, ShadowState.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTrade:
    """One proposal that was not traded; ``id`` is its question's.

    ``vetoed_at`` is a person's time, everything else the market's. It may fill from ``due_at`` on;
    bars up to ``followed_until`` have been seen. ``position`` is what would be held, ``leaving``
    the reason of an exit that was decided and is not finished. Amounts are of what would have been
    closed so far, after fees.
    """

    id: ApprovalId
    intent: OrderIntent
    veto: Veto
    vetoed_at: datetime
    due_at: datetime
    decided_by: int | None = None
    note: str = ""
    state: ShadowState = ShadowState.WAITING
    followed_until: datetime | None = None
    position: Position | None = None
    leaving: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    pnl_quote: Decimal = Decimal(0)
    fees_quote: Decimal = Decimal(0)
    slippage_quote: Decimal = Decimal(0)
    exit_reason: str = ""

    def __post_init__(self) -> None:
        """Times are UTC; what is open has a position, and nothing else has."""
        require_utc("vetoed_at", self.vetoed_at)
        require_utc("due_at", self.due_at)
        is_held = self.position is not None
        require(is_held == (self.state is ShadowState.OPEN), "position", "held while open", is_held)

    @property
    def symbol(self) -> Symbol:
        """The market it was about."""
        return self.intent.symbol

    @property
    def venue(self) -> str:
        """The venue it was meant for."""
        return self.intent.venue

    @property
    def is_unfinished(self) -> bool:
        """Whether bars still count for it."""
        return self.state in _UNFINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowResult:
    """What stands in the table about one veto, without its order and its position."""

    id: ApprovalId
    decision_id: DecisionId | None
    symbol: Symbol
    veto: Veto
    decided_by: int | None
    note: str
    vetoed_at: datetime
    state: ShadowState
    opened_at: datetime | None
    closed_at: datetime | None
    pnl_quote: Decimal
    fees_quote: Decimal
    exit_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoTotal:
    """What a group of vetoes was worth; ``saved_quote`` is the loss that was not made.

    ``margin_quote`` is half of the 95 % interval of ``saved_quote`` (Student's t over the results,
    taken as independent), ``None`` below two results. ``name`` is a veto, a reason or a person.
    """

    name: str
    n: int
    won: int
    saved_quote: Decimal
    margin_quote: Decimal | None
    rejected_winners_quote: Decimal
    avoided_losers_quote: Decimal

    @property
    def is_few(self) -> bool:
        """Whether there are too few results to judge by."""
        return self.n < FEW

    @property
    def may_be_chance(self) -> bool:
        """Whether the interval holds zero, or there is none."""
        return self.margin_quote is None or abs(self.saved_quote) <= self.margin_quote


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoView:
    """The veto ledger: totals of what has ended, what is still open, and the newest lines.

    ``by_veto`` splits ``total``; ``by_why`` and ``by_person`` split the rejections, by reason and
    under people's numbers. ``open_pnl_quote`` is at the last closes. ``void`` counts vetoes that
    would not have become trades. ``results`` are the ended ones, oldest first.
    """

    quote: str
    total: VetoTotal
    by_veto: tuple[VetoTotal, ...]
    by_why: tuple[VetoTotal, ...]
    by_person: tuple[VetoTotal, ...]
    waiting: int
    open: int
    open_pnl_quote: Decimal
    void: int
    results: tuple[ShadowResult, ...]
    newest: tuple[ShadowResult, ...]


def total_of(name: str, pnl_quote: Sequence[Decimal]) -> VetoTotal:
    """Add up the results that were not made; a trade that would have lost saved its loss."""
    total = sum(pnl_quote, Decimal(0))
    lost = sum((pnl for pnl in pnl_quote if pnl < 0), Decimal(0))
    return VetoTotal(
        name=name,
        n=len(pnl_quote),
        won=sum(pnl > 0 for pnl in pnl_quote),
        saved_quote=-total,
        margin_quote=margin_of([float(pnl) for pnl in pnl_quote]),
        rejected_winners_quote=total - lost,
        avoided_losers_quote=-lost,
    )


def margin_of(values: Sequence[float]) -> Decimal | None:
    """Half of the 95 % interval of a sum: t · s · √n, to the cent; ``None`` below two values."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one value has no spread
        return None
    middle = fmean(values)
    spread = stdev(values, middle)
    return Decimal(repr(t_quantile(n - 1) * spread * sqrt(n))).quantize(Decimal("0.01"))


_EXACT = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)


def t_quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: tabled to 10 degrees, then expanded in 1 ÷ freedom.

    The expansion is Cornish and Fisher's (Abramowitz and Stegun 26.7.5); it errs below 0.0005.
    """
    require(freedom >= 1, "freedom", ">= 1", freedom)
    if freedom <= len(_EXACT):
        return _EXACT[freedom - 1]
    x: float = NormalDist().inv_cdf(0.975)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
    )
    return x + fsum(term / freedom**power for power, term in enumerate(terms, start=1))
