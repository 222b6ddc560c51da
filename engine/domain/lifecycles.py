"""Life cycles as transition tables; an illegal step raises."""

from collections.abc import Mapping
from enum import StrEnum

from engine.domain.errors import IllegalTransitionError


class OrderState(StrEnum):
    """Life of an order, from the wish to the end.

    ``SUBMITTING`` is committed before the venue is called; ``UNKNOWN`` means the call's outcome is
    not known and must be looked up by client order id before anything is sent again.
    """

    INTENDED = "intended"
    AWAITING_APPROVAL = "awaiting_approval"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REFUSED = "refused"


class ApprovalState(StrEnum):
    """Life of a question. ``PARTLY`` ends it with a smaller order; ``REFUSED`` by the re-check."""

    PENDING = "pending"
    APPROVED = "approved"
    PARTLY = "partly"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


_O = OrderState
ORDER_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    _O.INTENDED: frozenset({_O.AWAITING_APPROVAL, _O.SUBMITTING, _O.REFUSED}),
    _O.AWAITING_APPROVAL: frozenset({_O.SUBMITTING, _O.REFUSED}),
    _O.SUBMITTING: frozenset({_O.OPEN, _O.FILLED, _O.CANCELLED, _O.REJECTED, _O.UNKNOWN}),
    _O.UNKNOWN: frozenset({_O.SUBMITTING, _O.OPEN, _O.FILLED, _O.CANCELLED, _O.REJECTED}),
    _O.OPEN: frozenset({_O.OPEN, _O.FILLED, _O.CANCELLED, _O.REJECTED, _O.UNKNOWN}),
    _O.FILLED: frozenset(),
    _O.CANCELLED: frozenset(),
    _O.REJECTED: frozenset(),
    _O.REFUSED: frozenset(),
}

_A = ApprovalState
APPROVAL_TRANSITIONS: Mapping[ApprovalState, frozenset[ApprovalState]] = {
    _A.PENDING: frozenset(set(_A) - {_A.PENDING}),
    **{state: frozenset() for state in _A if state is not _A.PENDING},
}


def advance_order(current: OrderState, wanted: OrderState) -> OrderState:
    """The next state, or ``IllegalTransitionError``."""
    if wanted not in ORDER_TRANSITIONS[current]:
        raise IllegalTransitionError("order", current, wanted)
    return wanted


def advance_approval(current: ApprovalState, wanted: ApprovalState) -> ApprovalState:
    """The next state, or ``IllegalTransitionError``."""
    if wanted not in APPROVAL_TRANSITIONS[current]:
        raise IllegalTransitionError("approval", current, wanted)
    return wanted


def is_final(state: OrderState | ApprovalState) -> bool:
    """Whether nothing can follow."""
    if isinstance(state, OrderState):
        return not ORDER_TRANSITIONS[state]
    return not APPROVAL_TRANSITIONS[state]
