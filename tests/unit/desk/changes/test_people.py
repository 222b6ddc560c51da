"""Who may do what: let in by an owner's answer, never by a code or a number alone."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.desk import people
from engine.desk.delivery.letters import lose_chat
from engine.domain.changes import ChangeKind, ChangeResult, Verdict
from engine.domain.desk import Delivery, MessageState, Person, Role
from engine.domain.ids import MessageId
from engine.domain.lifecycles import ApprovalState
from engine.strategy.policy import TradingPolicy
from tests.fakes.changing import SECOND_OWNER, Changing
from tests.fakes.desk_builder import APPROVER, OWNER, SECOND, STRANGER, VIEWER, build
from tests.fakes.samples import message
from tests.fakes.units import FakeUnits

NINA = Person(user_id=99, role=Role.OWNER, name="Nina <b>", chat_id=99, language="es")


@pytest.fixture
def changing(fake_units: FakeUnits) -> Changing:
    return Changing(build(fake_units))


def person(changing: Changing, user_id: object, role: str, by: int = OWNER.user_id) -> ChangeResult:
    return changing.wish(ChangeKind.PERSON, str(user_id), role, by).result


def test_a_number_is_let_in_by_an_owners_answer(changing: Changing) -> None:
    change = changing.asked(ChangeKind.PERSON, "99", "viewer")
    assert 99 not in changing.people()
    outcome = changing.desk.press(change.token, Verdict.APPROVE, OWNER.user_id)
    assert outcome.result is ChangeResult.APPLIED
    assert outcome.person is not None
    assert (outcome.person.role, outcome.person.chat_id) == (Role.VIEWER, 99)
    assert changing.people()[99] is Role.VIEWER


def test_an_invitation_asks_and_lets_nobody_in(changing: Changing) -> None:
    made = changing.desk.invite(Role.APPROVER, OWNER.user_id)
    assert made is not None
    assert changing.desk.join(f" {made.code} ", NINA)
    assert 99 not in changing.people()
    ((view,),) = (changing.desk.open(),)
    assert (view.change.subject, view.change.asked_by) == ("99", OWNER.user_id)
    assert view.change.evidence["name"] == "Nina <b>"
    changing.approve(view.change)
    (row,) = [one for one in changing.desk.people() if one.person.user_id == 99]
    assert (row.person.role, row.person.name, row.person.language) == (
        Role.APPROVER,
        "Nina <b>",
        "es",
    )
    assert [one.chat_id for one in changing.bench.outbox("welcome")] == [99]


def test_an_invitation_works_once_and_for_a_day(changing: Changing) -> None:
    first = changing.desk.invite(Role.VIEWER, OWNER.user_id)
    late = changing.desk.invite(Role.VIEWER, OWNER.user_id)
    assert first is not None
    assert late is not None
    assert changing.desk.join(first.code, NINA)
    assert not changing.desk.join(first.code, NINA)
    changing.bench.wall.advance(hours=24)
    assert not changing.desk.join(late.code, NINA)


def test_the_code_itself_is_not_kept_by_the_desk(changing: Changing) -> None:
    made = changing.desk.invite(Role.VIEWER, OWNER.user_id)
    assert made is not None
    with changing.bench.units(read_only=True) as unit:
        assert made.code not in str(unit.desk.note("invitations"))
    assert made.code not in str([line.event for line in changing.bench.audit()])


@pytest.mark.parametrize("code", ["", "wrong", "token"])
def test_a_wrong_code_asks_nobody(changing: Changing, code: str) -> None:
    changing.desk.invite(Role.VIEWER, OWNER.user_id)
    assert not changing.desk.join(code, NINA)
    assert changing.desk.open() == ()


@pytest.mark.parametrize("by", [APPROVER.user_id, VIEWER.user_id, STRANGER])
def test_only_owners_invite_and_change_people(changing: Changing, by: int) -> None:
    assert changing.desk.invite(Role.VIEWER, by) is None
    assert person(changing, 99, "viewer", by) is ChangeResult.NOT_ALLOWED
    assert person(changing, VIEWER.user_id, "none", by) is ChangeResult.NOT_ALLOWED


def test_open_invitations_are_few(changing: Changing) -> None:
    for _ in range(20):
        assert changing.desk.invite(Role.VIEWER, OWNER.user_id)
    assert changing.desk.invite(Role.VIEWER, OWNER.user_id) is None
    changing.bench.wall.advance(hours=24)
    assert changing.desk.invite(Role.VIEWER, OWNER.user_id)


def test_taking_rights_away_is_at_once(changing: Changing) -> None:
    assert person(changing, APPROVER.user_id, "viewer") is ChangeResult.APPLIED
    assert changing.people()[APPROVER.user_id] is Role.VIEWER
    assert person(changing, APPROVER.user_id, "none") is ChangeResult.APPLIED
    assert APPROVER.user_id not in changing.people()
    assert changing.bench.actions() == ["change_approved"] * 2


def test_raising_somebody_is_asked(changing: Changing) -> None:
    assert person(changing, VIEWER.user_id, "approver") is ChangeResult.ASKED
    assert changing.people()[VIEWER.user_id] is Role.VIEWER


def with_quorum(units: FakeUnits, *, quorum: int = 2, above: int | None = 200) -> Changing:
    limit = None if above is None else Decimal(above)
    approval = ApprovalPolicy(quorum=quorum, quorum_above_quote=limit)
    return Changing(build(units, policies=TradingPolicy(approval=approval)))


@pytest.mark.parametrize("user_id", [99, VIEWER.user_id])
def test_one_owner_cannot_make_the_second_half_of_a_quorum(
    fake_units: FakeUnits, user_id: int
) -> None:
    changing = with_quorum(fake_units)
    changing.know(SECOND_OWNER)
    change = changing.asked(ChangeKind.PERSON, str(user_id), "approver")
    assert (change.needs_code, change.needed) == (True, 2)
    refused = changing.desk.press(change.token, Verdict.APPROVE, OWNER.user_id)
    assert refused.result is ChangeResult.TERMINAL_WANTED  # without a second factor of their own
    assert changing.people().get(user_id) is not Role.APPROVER


def test_a_question_from_before_the_quorum_takes_the_quorum_too(fake_units: FakeUnits) -> None:
    changing = with_quorum(fake_units, quorum=1)
    changing.know(SECOND_OWNER)
    change = changing.asked(ChangeKind.PERSON, "99", "approver")
    assert change.needed == 1
    changing.wish(ChangeKind.LIMIT, "approval.quorum", "2")
    changing.approve(change)
    assert 99 not in changing.people()
    (open_now,) = (view.change for view in changing.desk.open() if view.change.id == change.id)
    assert open_now.needed == 2


def test_an_invitation_to_approve_is_bound_like_that_too(fake_units: FakeUnits) -> None:
    changing = with_quorum(fake_units)
    made = changing.desk.invite(Role.APPROVER, OWNER.user_id)
    assert made is not None
    assert changing.desk.join(made.code, NINA)
    ((view,),) = (changing.desk.open(),)
    assert view.change.needs_code


@pytest.mark.parametrize(
    ("role", "quorum", "above"),
    [("viewer", 2, 200), ("approver", 1, 200), ("approver", 2, None)],
)
def test_who_fills_no_quorum_is_let_in_by_one_yes(
    fake_units: FakeUnits, role: str, quorum: int, above: int | None
) -> None:
    changing = with_quorum(fake_units, quorum=quorum, above=above)
    change = changing.asked(ChangeKind.PERSON, "99", role)
    outcome = changing.desk.press(change.token, Verdict.APPROVE, OWNER.user_id)
    assert outcome.result is ChangeResult.APPLIED


def told(changing: Changing, chat_id: int) -> dict[str, MessageState]:
    with changing.bench.units(read_only=True) as unit:
        rows = [row for state in MessageState for row in unit.outbox.in_state(state, 99)]
    return {row.subject: row.state for row in rows if row.chat_id == chat_id}


def wait(changing: Changing, chat_id: int) -> None:
    """A message in every state, and one that takes another away."""
    with changing.bench.units() as unit:
        for state in MessageState:
            row = message(subject=str(state), chat_id=chat_id)
            unit.outbox.put(replace(row, id=MessageId(f"{chat_id}-{state}"), state=state))
        erase = message(subject="erase", chat_id=chat_id, delivery=Delivery.DELETE)
        unit.outbox.put(replace(erase, id=MessageId(f"{chat_id}-erase")))
        unit.commit()


def test_what_waits_for_somebody_ends_when_they_are_taken_out(changing: Changing) -> None:
    for one in (APPROVER, VIEWER):
        wait(changing, one.chat_id)
    before = told(changing, VIEWER.chat_id)
    person(changing, APPROVER.user_id, "none")
    off = MessageState.OFF
    assert told(changing, APPROVER.chat_id) == {
        "pending": off,
        "ambiguous": off,
        "held": off,
        "dead": off,
        "off": off,
        "sent": MessageState.SENT,
        "erase": MessageState.PENDING,  # it says nothing, it takes away
    }
    assert told(changing, VIEWER.chat_id) == before
    (line,) = [x.event for x in changing.bench.audit() if x.event.action == "messages_ended"]
    assert (line.subject, line.detail) == (f"chat:{APPROVER.chat_id}", {"count": 4})


def test_who_loses_some_rights_still_gets_what_waits(changing: Changing) -> None:
    wait(changing, APPROVER.chat_id)
    before = told(changing, APPROVER.chat_id)
    person(changing, APPROVER.user_id, "viewer")
    assert told(changing, APPROVER.chat_id) == before


def test_who_is_let_in_again_is_greeted_and_gets_nothing_of_before(changing: Changing) -> None:
    with changing.bench.units() as unit:
        lose_chat(unit, VIEWER.chat_id, "bot was blocked", changing.bench.wall.now())
        unit.commit()
    wait(changing, VIEWER.chat_id)
    person(changing, VIEWER.user_id, "none")
    changing.approve(changing.asked(ChangeKind.PERSON, str(VIEWER.user_id), "viewer"))
    with changing.bench.units(read_only=True) as unit:
        assert unit.delivery.state(VIEWER.chat_id).gone_at is None
    assert MessageState.DEAD not in told(changing, VIEWER.chat_id).values()


def test_another_owner_is_only_removed_by_an_answer(changing: Changing) -> None:
    changing.know(SECOND_OWNER)
    change = changing.asked(ChangeKind.PERSON, "7", "none")
    assert change.needs_code
    assert changing.people()[7] is Role.OWNER
    changing.approve(change)
    assert 7 not in changing.people()


@pytest.mark.parametrize("role", ["none", "viewer", "approver"])
def test_the_last_owner_stays(changing: Changing, role: str) -> None:
    outcome = changing.wish(ChangeKind.PERSON, str(OWNER.user_id), role)
    assert (outcome.result, outcome.reason) == (ChangeResult.REFUSED, "last_owner")
    assert changing.people()[OWNER.user_id] is Role.OWNER


def test_two_questions_cannot_remove_the_last_two_owners(changing: Changing) -> None:
    """Each was fine when it was asked; the second is looked at again when the first is applied."""
    changing.know(SECOND_OWNER)
    one = changing.asked(ChangeKind.PERSON, str(OWNER.user_id), "none")
    other = changing.asked(ChangeKind.PERSON, "7", "none")
    changing.approve(one)
    assert changing.now_of(other).state is ApprovalState.SUPERSEDED
    changing.approve(other)
    assert changing.people()[7] is Role.OWNER


@pytest.mark.parametrize(
    ("user_id", "role", "reason"),
    [
        ("0", "viewer", "terminal_person"),
        ("-5", "viewer", "bad_person"),
        ("nina", "viewer", "bad_person"),
        ("٣", "viewer", "bad_person"),
        ("1" * 16, "viewer", "bad_person"),
        ("", "viewer", "bad_person"),
        ("99", "king", "unknown_role"),
        ("99", "", "unknown_role"),
        ("99", "none", "no_change"),
        (str(SECOND.user_id), "approver", "no_change"),
    ],
)
def test_what_cannot_be_is_refused(
    changing: Changing, user_id: str, role: str, reason: str
) -> None:
    outcome = changing.wish(ChangeKind.PERSON, user_id, role)
    assert (outcome.result, outcome.reason) == (ChangeResult.REFUSED, reason)


def test_people_of_the_file_are_changed_in_the_file(changing: Changing) -> None:
    people.admit(changing.bench.assembled.context, (OWNER, APPROVER))
    rows = {row.person.user_id: row.from_file for row in changing.desk.people()}
    assert rows == {1: True, 2: True, 3: False, 4: False}
    outcome = changing.wish(ChangeKind.PERSON, str(APPROVER.user_id), "none")
    assert (outcome.result, outcome.reason) == (ChangeResult.REFUSED, "person_from_file")


def test_who_is_taken_out_of_the_file_is_known_no_longer(changing: Changing) -> None:
    context = changing.bench.assembled.context
    people.admit(context, (OWNER, APPROVER))
    people.admit(context, (OWNER,))
    assert set(changing.people()) == {1, 3, 4}
    assert changing.bench.actions() == ["person_removed"]


def test_a_leading_zero_is_the_same_person(changing: Changing) -> None:
    change = changing.asked(ChangeKind.PERSON, "0099", "viewer")
    assert change.subject == "99"


def test_a_person_sets_what_is_their_own(changing: Changing) -> None:
    desk = changing.desk
    assert desk.prefer("language", "de", VIEWER.user_id) is not None
    assert desk.prefer("theme", "light", VIEWER.user_id) is not None
    done = desk.prefer("zone", "Europe/Vienna", VIEWER.user_id)
    assert done is not None
    assert (done.language, done.theme, done.zone) == ("de", "light", "Europe/Vienna")
    assert done.role is Role.VIEWER


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("language", "fr"),
        ("theme", "pink"),
        ("zone", "Mars/Base"),
        ("zone", "../etc/passwd"),
        ("role", "owner"),
    ],
)
def test_what_is_no_preference_changes_nothing(changing: Changing, name: str, value: str) -> None:
    assert changing.desk.prefer(name, value, VIEWER.user_id) is None
    assert changing.desk.prefer("language", "de", STRANGER) is None
    assert changing.people()[VIEWER.user_id] is Role.VIEWER
