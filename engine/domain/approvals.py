"""A question to a person about one order, and the answer."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from engine.domain.ids import ApprovalId, DecisionId, IntentId, digest
from engine.domain.lifecycles import ApprovalState, advance_approval
from engine.domain.orders import OrderIntent
from engine.domain.values import require, require_positive, require_utc

_BY_RULE = "by_rule:"


def order_hash(intent: OrderIntent) -> str:
    """Fingerprint of everything a person approves: market, side, size, price, exit plan."""
    plan = intent.exit_plan
    return digest(
        intent.id,
        intent.venue,
        intent.symbol,
        intent.side,
        intent.kind,
        _plain(intent.quantity),
        _plain(intent.limit_price),
        plan and _plain(plan.stop_price),
        plan and _plain(plan.take_profit_price),
        plan and _plain(plan.trail_distance),
        plan and plan.max_bars,
    )


def _plain(value: Decimal | None) -> Decimal | None:
    """One form per amount: 5E+1, 50 and 50.0 are the same order, before and after storage."""
    return None if value is None else value.normalize()


def expiry_note(rule: str, why_nothing: str = "") -> str:
    """The note of a question that ended by an owner's rule, and why the rule bought nothing."""
    return f"{_BY_RULE}{rule}:{why_nothing}"


def read_expiry_note(note: str) -> tuple[str, str] | None:
    """The rule and why it bought nothing (empty if it did buy); ``None`` for any other note."""
    if not note.startswith(_BY_RULE):
        return None
    rule, _, why = note.removeprefix(_BY_RULE).partition(":")
    return rule, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One question. ``token`` is random and in the buttons; ``round_no`` counts fresh questions.

    ``reference_price`` and ``max_drift_bps`` bound how far the price may have moved at the press.
    ``decided_by`` is the person's numeric chat id, or ``None`` for the clock or the desk.
    ``ask_again_at`` postpones (Later) without moving ``expires_at``.
    """

    id: ApprovalId
    order_id: IntentId
    decision_id: DecisionId | None
    order_hash: str
    token: str
    round_no: int
    reference_price: Decimal
    max_drift_bps: int
    created_at: datetime
    expires_at: datetime
    needed: int = 1
    state: ApprovalState = ApprovalState.PENDING
    decided_at: datetime | None = None
    decided_by: int | None = None
    note: str = ""
    ask_again_at: datetime | None = None
    approvers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Times are UTC and in order; at least one person must agree."""
        require_utc("created_at", self.created_at)
        require_utc("expires_at", self.expires_at)
        require(
            self.expires_at > self.created_at, "expires_at", "after created_at", self.expires_at
        )
        require_positive("reference_price", self.reference_price)
        require(self.needed >= 1, "needed", ">= 1", self.needed)

    def is_expired(self, now: datetime) -> bool:
        """Whether it is too late to answer; the moment of expiry itself is too late."""
        return now >= self.expires_at

    def end(
        self, state: ApprovalState, at: datetime, *, by: int | None = None, note: str = ""
    ) -> "Approval":
        """This question, ended; ``IllegalTransitionError`` if it had ended before."""
        return replace(
            self,
            state=advance_approval(self.state, state),
            decided_at=at,
            decided_by=by,
            note=note,
            ask_again_at=None,
        )
