"""A question about the desk: asked once, answered once, applied in the commit of the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.domain.changes import Change, ChangeKind, ChangeResult, ChangeWish, Verdict
from engine.domain.errors import InvalidValueError
from engine.domain.lifecycles import ApprovalState
from engine.strategy.policy import TradingPolicy
from tests.fakes.changing import SECOND_OWNER, TERMINAL, Changing
from tests.fakes.desk_builder import APPROVER, OWNER, STRANGER, VIEWER, build
from tests.fakes.units import FakeUnits

POSITIONS = "risk.max_open_positions"


@pytest.fixture
def changing(fake_units: FakeUnits) -> Changing:
    return Changing(build(fake_units))


def raised(changing: Changing, value: str = "7") -> Change:
    return changing.asked(ChangeKind.LIMIT, POSITIONS, value)


def test_the_same_request_is_one_change(changing: Changing) -> None:
    wish = ChangeWish(kind=ChangeKind.LIMIT, subject=POSITIONS, value="7")
    first = changing.desk.propose(wish, OWNER.user_id, request_id="chat:1")
    again = changing.desk.propose(wish, OWNER.user_id, request_id="chat:1")
    assert first.change == again.change
    assert len(changing.desk.open()) == 1
    assert changing.bench.actions() == ["change_asked"]


def test_a_request_that_was_applied_is_not_applied_again(changing: Changing) -> None:
    wish = ChangeWish(kind=ChangeKind.LIMIT, subject=POSITIONS, value="3")
    changing.desk.propose(wish, OWNER.user_id, request_id="chat:1")
    changing.approve(changing.asked(ChangeKind.LIMIT, POSITIONS, "5"))
    again = changing.desk.propose(wish, OWNER.user_id, request_id="chat:1")
    assert again.result is ChangeResult.APPLIED
    assert changing.value_of(POSITIONS) == "5"


def _left_alone(changing: Changing, change: Change) -> None:
    del change
    changing.bench.wall.advance(hours=24)
    changing.desk.expire()


def _rejected(changing: Changing, change: Change) -> None:
    changing.reject(change)


def _overtaken(changing: Changing, change: Change) -> None:
    del change
    changing.limit(POSITIONS, "3")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (_left_alone, ChangeResult.EXPIRED),
        (_rejected, ChangeResult.REJECTED),
        (_overtaken, ChangeResult.SUPERSEDED),
    ],
)
def test_a_request_that_comes_again_after_its_end_is_told_the_end(
    changing: Changing, end: Callable[[Changing, Change], None], told: ChangeResult
) -> None:
    wish = ChangeWish(kind=ChangeKind.LIMIT, subject=POSITIONS, value="7")
    first = changing.desk.propose(wish, OWNER.user_id, request_id="chat:1")
    assert first.change is not None
    end(changing, first.change)
    again = changing.desk.propose(wish, OWNER.user_id, request_id="chat:1")
    assert again.result is told
    assert again.change == changing.now_of(first.change)
    assert changing.desk.open() == ()


def test_the_same_wish_of_somebody_else_is_the_same_question(changing: Changing) -> None:
    change = raised(changing)
    again = changing.limit(POSITIONS, "7", APPROVER.user_id)
    assert (again.result, again.reason) == (ChangeResult.ASKED, "asked_already")
    assert again.change == change


def test_another_value_ends_the_question_before_it(changing: Changing) -> None:
    old, new = raised(changing, "7"), raised(changing, "6")
    assert changing.now_of(old).state is ApprovalState.SUPERSEDED
    assert changing.now_of(old).note == "newer_question"
    assert changing.approve(old).result is ChangeResult.ALREADY_DECIDED
    changing.approve(new)
    assert changing.value_of(POSITIONS) == "6"


def test_a_second_press_changes_nothing(changing: Changing) -> None:
    change = raised(changing)
    changing.approve(change)
    changing.limit(POSITIONS, "4")
    assert changing.approve(change).result is ChangeResult.ALREADY_DECIDED
    assert changing.reject(change).result is ChangeResult.ALREADY_DECIDED
    assert changing.value_of(POSITIONS) == "4"


def test_a_no_leaves_everything_as_it_is(changing: Changing) -> None:
    change = raised(changing)
    assert changing.reject(change).result is ChangeResult.REJECTED
    ended = changing.now_of(change)
    assert (ended.state, ended.decided_by) == (ApprovalState.REJECTED, OWNER.user_id)
    assert changing.value_of(POSITIONS) == "5"


def test_what_was_agreed_to_must_still_be_what_comes_of_it(changing: Changing) -> None:
    """5 → 7 was asked; meanwhile it was lowered to 3: 3 → 7 is another question."""
    change = raised(changing)
    changing.limit(POSITIONS, "3")
    assert changing.now_of(change).state is ApprovalState.SUPERSEDED
    assert changing.now_of(change).note == "no_longer_so"  # nobody was asked anything newer
    assert changing.approve(change).result is ChangeResult.ALREADY_DECIDED
    assert changing.value_of(POSITIONS) == "3"


def test_a_change_behind_the_desks_back_is_noticed_at_the_press(changing: Changing) -> None:
    change = raised(changing)
    changing.limit("max_entries_per_day", "9")
    with changing.bench.units() as unit:
        (row,) = unit.overrides.all()
        unit.overrides.put(replace(row, key=POSITIONS, value="2"))
        unit.commit()
    outcome = changing.approve(change)
    assert outcome.result is ChangeResult.SUPERSEDED
    assert changing.now_of(change).note == "no_longer_so"
    assert changing.value_of(POSITIONS) == "2"


def test_nobody_answers_after_a_day(changing: Changing) -> None:
    change = raised(changing)
    changing.bench.wall.advance(hours=24)
    assert changing.approve(change).result is ChangeResult.EXPIRED
    assert changing.now_of(change).state is ApprovalState.EXPIRED
    assert changing.value_of(POSITIONS) == "5"


def test_questions_end_by_themselves(changing: Changing) -> None:
    change = raised(changing)
    assert changing.desk.expire() == 0
    changing.bench.wall.advance(hours=24)
    assert changing.desk.expire() == 1
    assert changing.desk.expire() == 0
    assert changing.now_of(change).state is ApprovalState.EXPIRED
    assert changing.now_of(change).decided_by is None


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("by", [APPROVER.user_id, VIEWER.user_id, STRANGER])
def test_only_owners_answer(changing: Changing, by: int, verdict: Verdict) -> None:
    change = raised(changing)
    outcome = changing.desk.press(change.token, verdict, by)
    assert outcome.result is ChangeResult.NOT_ALLOWED
    assert changing.now_of(change) == change


def test_an_unknown_token_is_told_so(changing: Changing) -> None:
    assert changing.desk.press("no-such-token", Verdict.APPROVE, OWNER.user_id).result is (
        ChangeResult.UNKNOWN_TOKEN
    )


def test_too_many_questions_are_refused_but_the_desk_may_still_be_calmed(
    changing: Changing,
) -> None:
    for number in range(20):
        changing.asked(ChangeKind.PERSON, str(1000 + number), "viewer")
    assert changing.limit(POSITIONS, "7").reason == "too_many_changes"
    assert changing.limit(POSITIONS, "3").result is ChangeResult.APPLIED


def test_every_step_is_told_in_one_message_and_written_down(changing: Changing) -> None:
    change = raised(changing)
    changing.approve(change)
    rows = changing.bench.outbox("change")
    assert {row.subject for row in rows} == {f"change:{change.id}"}
    assert [row.payload for row in rows] == [{"change_id": change.id}] * 2
    assert [row.delivery.value for row in rows] == ["new", "edit"]
    about = [line.event for line in changing.bench.audit() if line.event.subject == change.id]
    assert [event.action for event in about] == ["change_asked", "change_approved"]
    assert {event.detail["digest"] for event in about} == {change.digest}


def test_a_change_whose_digest_is_not_its_own_cannot_be_made(changing: Changing) -> None:
    with pytest.raises(InvalidValueError, match="digest of a change"):
        replace(raised(changing), after={"key": POSITIONS, "value": "500"})


def quorate(fake_units: FakeUnits) -> Changing:
    policies = TradingPolicy(approval=ApprovalPolicy(quorum_above_quote=None))
    changing = Changing(build(fake_units, policies=policies))
    changing.know(SECOND_OWNER)
    changing.limit("quorum_above_quote", "1000")
    return changing


def test_where_orders_need_two_so_does_what_steers_the_desk(fake_units: FakeUnits) -> None:
    changing = quorate(fake_units)
    change = raised(changing)
    assert change.needed == 2
    assert changing.approve(change, TERMINAL).result is ChangeResult.COUNTED
    assert changing.approve(change, TERMINAL).result is ChangeResult.COUNTED
    assert changing.value_of(POSITIONS) == "5"
    counted = changing.now_of(change)
    assert counted.approvers == (0,)
    assert counted.is_open


def test_one_owner_alone_is_a_quorum_of_one(fake_units: FakeUnits) -> None:
    changing = Changing(build(fake_units))
    changing.limit("quorum_above_quote", "1000")
    assert raised(changing).needed == 1


def test_the_answer_of_somebody_who_is_no_owner_any_more_does_not_count(
    fake_units: FakeUnits,
) -> None:
    changing = quorate(fake_units)
    change = changing.asked(ChangeKind.PERSON, "99", "owner")
    assert change.needed == 2
    with changing.bench.units() as unit:
        unit.changes.replace(change, change.counted(SECOND_OWNER.user_id))
        unit.desk.drop_person(SECOND_OWNER.user_id)
        unit.commit()
    assert changing.approve(change).result is ChangeResult.COUNTED
    assert 99 not in changing.people()


def test_a_question_is_open_until_its_last_moment(changing: Changing) -> None:
    change = raised(changing)
    assert change.expires_at - change.created_at == timedelta(days=1)
    changing.bench.wall.move_to(change.expires_at - timedelta(microseconds=1))
    assert changing.approve(change).result is ChangeResult.APPLIED
