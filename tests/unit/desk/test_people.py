"""Who the desk knows: paired by a code that works once, never adopted, never by name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.desk import people
from engine.desk.context import DeskContext
from engine.domain.desk import MessageState, Person, Role
from tests.fakes.desk_builder import APPROVER, OWNER, STRANGER, VIEWER, Bench, build
from tests.fakes.samples import message
from tests.fakes.units import FakeUnits

NEWCOMER = Person(user_id=99, role=Role.VIEWER, name="Nina", chat_id=99)


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


@pytest.fixture
def context(bench: Bench) -> DeskContext:
    return bench.assembled.context


def test_the_code_from_the_terminal_makes_an_owner(bench: Bench, context: DeskContext) -> None:
    code = people.new_pairing_code(context)
    adopted = people.pair(context, f" {code}\n", NEWCOMER)
    assert adopted is not None
    assert (adopted.role, adopted.paired_at) == (Role.OWNER, bench.wall.now())
    assert people.find(context, 99) == adopted
    assert bench.actions() == ["paired"]


def test_the_code_works_once(context: DeskContext) -> None:
    code = people.new_pairing_code(context)
    people.pair(context, code, NEWCOMER)
    assert people.pair(context, code, replace(NEWCOMER, user_id=100)) is None
    assert people.find(context, 100) is None


@pytest.mark.parametrize("code", ["", "wrong", "token-00000", "TOKEN-0000"])
def test_a_wrong_code_adopts_nobody(bench: Bench, context: DeskContext, code: str) -> None:
    people.new_pairing_code(context)
    assert people.pair(context, code, NEWCOMER) is None
    assert people.find(context, 99) is None
    assert bench.actions() == ["pairing_refused"]


def test_without_a_code_nobody_is_adopted(context: DeskContext) -> None:
    assert people.pair(context, "", NEWCOMER) is None


def test_the_first_stranger_does_not_own_the_desk(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    bench.assembled.desk.stranger(STRANGER, "/start")
    assert bench.assembled.desk.person(STRANGER) is None


def test_the_code_itself_is_not_stored(bench: Bench, context: DeskContext) -> None:
    code = people.new_pairing_code(context)
    with bench.units(read_only=True) as unit:
        assert unit.desk.note("pairing_code") not in (None, code)


def test_a_new_code_ends_the_old_one(context: DeskContext) -> None:
    old, new = people.new_pairing_code(context), people.new_pairing_code(context)
    context.tokens.token()
    if old != new:
        assert people.pair(context, old, NEWCOMER) is None
    assert people.pair(context, new, NEWCOMER) is not None


def test_the_configuration_decides_roles_and_keeps_the_rest(context: DeskContext) -> None:
    german = replace(APPROVER, language="de")
    people.admit(context, (german,))
    people.admit(context, (replace(APPROVER, role=Role.VIEWER, name="other", language="en"),))
    found = people.find(context, APPROVER.user_id)
    assert found == replace(APPROVER, role=Role.VIEWER)


def test_who_leaves_the_configuration_is_told_nothing_more(
    bench: Bench, context: DeskContext
) -> None:
    people.admit(context, (OWNER, VIEWER))
    with bench.units() as unit:
        unit.outbox.put(message(chat_id=VIEWER.chat_id, state=MessageState.DEAD))
        unit.commit()
    people.admit(context, (OWNER,))
    with bench.units(read_only=True) as unit:
        (row,) = unit.outbox.in_state(MessageState.OFF, 9)
    assert row.chat_id == VIEWER.chat_id


def test_strangers_leave_lines_but_a_flood_of_them_does_not_fill_the_disk(bench: Bench) -> None:
    for number in range(50):
        bench.assembled.desk.stranger(1_000 + number, "x" * 500)
    lines = bench.audit()
    assert len(lines) == 20
    assert all(len(line.event.subject) == 64 for line in lines)
    bench.wall.advance(minutes=1)
    bench.assembled.desk.stranger(7, "hello")
    assert len(bench.audit()) == 21


@pytest.mark.parametrize("person", [OWNER, APPROVER])
def test_owners_and_approvers_may_act(context: DeskContext, person: Person) -> None:
    assert people.acting(context, person.user_id, "close") == person


@pytest.mark.parametrize(
    ("user_id", "actor", "action"),
    [
        (VIEWER.user_id, "person:4", "not_allowed"),
        (STRANGER, f"stranger:{STRANGER}", "stranger_ignored"),
    ],
)
def test_everybody_else_leaves_one_line(
    bench: Bench, context: DeskContext, user_id: int, actor: str, action: str
) -> None:
    assert people.acting(context, user_id, "close") is None
    (line,) = bench.audit()
    assert (line.event.actor, line.event.action, line.event.subject) == (actor, action, "close")


def test_a_negative_id_of_a_group_is_nobody(context: DeskContext) -> None:
    assert people.find(context, -OWNER.user_id) is None
    assert context.wall.now() - context.started_at == timedelta(0)
