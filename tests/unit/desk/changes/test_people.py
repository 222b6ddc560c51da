"""Who may do what: let in by an owner's answer, never by a code or a number alone."""

import pytest

from engine.desk import people
from engine.domain.changes import ChangeKind, ChangeResult, Verdict
from engine.domain.desk import Person, Role
from engine.domain.lifecycles import ApprovalState
from tests.fakes.changing import SECOND_OWNER, Changing
from tests.fakes.desk_builder import APPROVER, OWNER, SECOND, STRANGER, VIEWER, build
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
