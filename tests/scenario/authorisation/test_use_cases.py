"""The desk's own gate: each use case that changes something, asked for past the chat.

The use cases are read from `DeskFront` and the fronts of its areas. One that takes a person (`by`)
and is not in `acts.ACTS` fails; every other one is a query, is asked, and must change nothing.
Whoever may not, changes nothing in the database but an audit line; the smallest role that may, does
change something, so that a refusal is known to be one.
"""

import inspect
import operator
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine.desk.front import DeskFront
from engine.domain.desk import Role
from tests.fakes.buttons import values_of
from tests.fakes.desk_builder import APPROVER, OWNER, VIEWER
from tests.fakes.stores_desk import AUDIT, NOTES
from tests.fakes.units import FakeUnits
from tests.scenario.authorisation.acts import ACTS, FOR_ALL, Act, Scene, set_scene
from tests.scenario.authorisation.people import EVERYBODY, Who, remove_somebody


def use_cases(front: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a protocol
    """Methods of a front and of its areas, by dotted name."""
    for name in sorted(typing.get_protocol_members(front)):
        member = inspect.getattr_static(front, name)
        if not isinstance(member, property):
            yield f"{prefix}{name}", member
            continue
        assert member.fget is not None
        area = typing.get_type_hints(member.fget)["return"]
        if isinstance(area, type) and typing.is_protocol(area):
            yield from use_cases(area, f"{prefix}{name}.")


def parameters(method: Any) -> set[str]:  # noqa: ANN401 - a method of a protocol
    return set(inspect.signature(method).parameters) - {"self"}


_STRANGERS = "strangers"
_SMALLEST = {Role.OWNER: OWNER, Role.APPROVER: APPROVER, Role.VIEWER: VIEWER}
CASES = dict(use_cases(DeskFront))
REFUSALS = [
    pytest.param(name, act, who, id=f"{name}-{who.name}")
    for name, act in ACTS.items()
    for who in EVERYBODY
    if not who.may(act.least)
]


@pytest.fixture
def scene() -> Scene:
    made = set_scene(FakeUnits())
    remove_somebody(made.units)
    return made


def test_every_use_case_that_takes_a_person_has_an_act() -> None:
    asking = {name for name, method in CASES.items() if "by" in parameters(method)}
    assert not asking - ACTS.keys(), f"give {sorted(asking - ACTS.keys())} an act in acts.py"
    assert not ACTS.keys() - asking, f"{sorted(ACTS.keys() - asking)} take nobody any more"
    assert CASES.keys() >= FOR_ALL


@pytest.mark.parametrize("name", sorted(CASES.keys() - ACTS.keys() - FOR_ALL))
def test_a_query_changes_nothing(name: str, scene: Scene) -> None:
    before, lines = content(scene.units), len(scene.bench.audit())
    ask(operator.attrgetter(name)(scene.desk), CASES[name])
    assert content(scene.units) == before
    assert len(scene.bench.audit()) == lines


@pytest.mark.parametrize(("name", "act", "who"), REFUSALS)
def test_who_may_not_changes_nothing_but_the_trail(
    name: str, act: Act, who: Who, scene: Scene
) -> None:
    act.prepare(scene, who.user_id)
    before, lines = content(scene.units), len(scene.bench.audit())
    seen = list(scene.bench.broker.seen)
    act.call(scene, who.user_id)
    assert content(scene.units) == before, f"{who.name} has changed something by {name}"
    assert len(scene.bench.audit()) <= lines + 1
    assert scene.bench.broker.seen == seen


@pytest.mark.parametrize("name", sorted(ACTS))
def test_the_smallest_role_that_may_does_change_something(name: str, scene: Scene) -> None:
    act = ACTS[name]
    by = _SMALLEST[act.least].user_id
    act.prepare(scene, by)
    before = content(scene.units)
    act.call(scene, by)
    assert content(scene.units) != before


def ask(bound: Any, declared: Any) -> object:  # noqa: ANN401 - a method and its declaration
    """Call a method with the first value of every parameter's type."""
    hints = typing.get_type_hints(declared)
    given = {name: next(values_of(hints[name])) for name in parameters(declared)}
    return bound(**given)


def content(units: FakeUnits) -> Mapping[Any, Any]:
    """Every row there is, without the trail and the count of strangers on it."""
    tables = {table: dict(rows) for table, rows in units.content().items() if table is not AUDIT}
    tables.get(NOTES, {}).pop(_STRANGERS, None)
    return {table: rows for table, rows in tables.items() if rows}
