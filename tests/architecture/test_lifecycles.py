"""The transition tables, written down a second time: a change of one must be meant twice."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.errors import IllegalTransitionError
from engine.domain.lifecycles import (
    ApprovalState,
    OrderState,
    advance_approval,
    advance_order,
    is_final,
)
from tests.fakes import samples

ORDER = {
    "intended": "awaiting_approval submitting refused",
    "awaiting_approval": "submitting refused",
    "submitting": "open filled cancelled rejected unknown",
    "unknown": "submitting open filled cancelled rejected",
    "open": "open filled cancelled rejected unknown",
    "filled": "",
    "cancelled": "",
    "rejected": "",
    "refused": "",
}
APPROVAL = {
    "pending": "approved partly rejected expired superseded refused",
    "approved": "",
    "partly": "",
    "rejected": "",
    "expired": "",
    "superseded": "",
    "refused": "",
}

ORDER_STEPS = [(a, b) for a in OrderState for b in OrderState]
APPROVAL_STEPS = [(a, b) for a in ApprovalState for b in ApprovalState]


def test_the_tables_here_name_every_state() -> None:
    assert set(ORDER) == set(OrderState)
    assert set(APPROVAL) == set(ApprovalState)


@pytest.mark.parametrize(("current", "wanted"), ORDER_STEPS)
def test_an_order_takes_the_steps_of_its_table_and_no_other(
    current: OrderState, wanted: OrderState
) -> None:
    order = samples.order(state=current)
    if wanted in ORDER[current].split():
        assert advance_order(current, wanted) is wanted
        assert order.to(wanted, samples.T0).state is wanted
        return
    with pytest.raises(IllegalTransitionError, match=f"{current} to {wanted}"):
        advance_order(current, wanted)
    with pytest.raises(IllegalTransitionError):
        order.to(wanted, samples.T0)


@pytest.mark.parametrize(("current", "wanted"), APPROVAL_STEPS)
def test_a_question_takes_the_steps_of_its_table_and_no_other(
    current: ApprovalState, wanted: ApprovalState
) -> None:
    question = samples.approval(state=current)
    if wanted in APPROVAL[current].split():
        assert advance_approval(current, wanted) is wanted
        assert question.end(wanted, samples.T0, by=7).state is wanted
        return
    with pytest.raises(IllegalTransitionError, match=f"{current} to {wanted}"):
        advance_approval(current, wanted)
    with pytest.raises(IllegalTransitionError):
        question.end(wanted, samples.T0)


@pytest.mark.parametrize("state", [*OrderState, *ApprovalState])
def test_a_final_state_is_one_without_a_way_out(state: OrderState | ApprovalState) -> None:
    table = ORDER if isinstance(state, OrderState) else APPROVAL
    assert is_final(state) == (table[state] == "")


@pytest.mark.parametrize("state", list(OrderState))
def test_every_order_can_still_come_to_an_end(state: OrderState) -> None:
    reached, edge = {state}, {state}
    while edge:
        edge = {OrderState(b) for a in edge for b in ORDER[a].split()} - reached
        reached |= edge
    assert any(is_final(one) for one in reached)


def test_money_is_only_ever_sent_through_submitting() -> None:
    at_the_venue = {OrderState.OPEN, OrderState.FILLED, OrderState.CANCELLED, OrderState.UNKNOWN}
    before = {OrderState.INTENDED, OrderState.AWAITING_APPROVAL}
    for state in before:
        assert not at_the_venue & set(ORDER[state].split())


def walk[S](
    start: S, wishes: list[S], step: Callable[[S, S], S], table: Mapping[str, str]
) -> list[S]:
    """Follow wishes from ``start``; what the table does not allow must raise and change nothing."""
    path = [start]
    for wish in wishes:
        allowed = str(wish) in table[str(path[-1])].split()
        try:
            path.append(step(path[-1], wish))
        except IllegalTransitionError:
            assert not allowed
        else:
            assert allowed
    return path


@given(st.lists(st.sampled_from(list(OrderState)), max_size=30))
def test_no_walk_leaves_an_end_or_comes_back_to_an_intent(wishes: list[OrderState]) -> None:
    path = walk(OrderState.INTENDED, wishes, advance_order, ORDER)
    ends = [place for place, state in enumerate(path) if is_final(state)]
    assert ends in ([], [len(path) - 1])
    assert OrderState.INTENDED not in path[1:]
    sent = {OrderState.OPEN, OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED}
    if sent & set(path):
        assert OrderState.SUBMITTING in path


@given(st.lists(st.sampled_from(list(ApprovalState)), max_size=30))
def test_a_question_is_answered_once(wishes: list[ApprovalState]) -> None:
    path = walk(ApprovalState.PENDING, wishes, advance_approval, APPROVAL)
    assert len(path) <= 2
