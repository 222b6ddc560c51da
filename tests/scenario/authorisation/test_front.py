"""The chat's own gate: every command and every kind of button × everybody × private and group.

Both lists come from the registries. A handler that nobody has given a role, or a kind of button
that cannot be made, fails here before it can be pressed by the wrong person.
"""

import importlib
import inspect
import itertools
import pkgutil
from collections.abc import Iterator

import pytest

import bot.handlers
from bot.channel import Incoming
from bot.handlers.asking import Ask, Response
from bot.handlers.commands import COMMANDS
from bot.handlers.dispatch import Dispatcher
from bot.handlers.presses import PRESSES
from bot.messages.callbacks import CALLBACKS, encode
from bot.policy import ChatOptions
from engine.domain.desk import Role
from tests.fakes.buttons import a_button
from tests.fakes.desk_builder import Bench, build
from tests.fakes.units import FakeUnits
from tests.scenario.authorisation.people import EVERYBODY, Who, remove_somebody
from tests.scenario.screens.arguments import ARGUMENTS

GROUP = -100_4001
SPOKEN = frozenset({"factors.type_code"})
"""Handlers of what is said without a command, which the desk guards alone."""
PLACES = ("private", "group")
MATRIX = tuple(itertools.product(EVERYBODY, PLACES))
who_and_place = pytest.mark.parametrize(
    ("who", "place"), MATRIX, ids=[f"{who.name}-{place}" for who, place in MATRIX]
)


@pytest.fixture
def bench() -> Bench:
    made = build(FakeUnits())
    remove_somebody(made.units)
    return made


@pytest.fixture
def dispatcher(bench: Bench) -> Dispatcher:
    return Dispatcher(
        bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="telegram"
    )


def incoming(who: Who, place: str, *, text: str = "", data: str | None = None) -> Incoming:
    return Incoming(
        update_id=1,
        user_id=who.user_id,
        user_name=who.name,
        chat_id=who.user_id if place == "private" else GROUP,
        is_private=place == "private",
        text=text,
        data=data,
        callback_id="" if data is None else "1",
        message_id=None if data is None else 5,
    )


def is_refused(response: Response) -> bool:
    """Whether it says that this person may not, and nothing else."""
    texts = [reply.payload.get("text") for reply in response.replies]
    return texts == ["not_allowed"] or response == Response(
        answer="You may not decide this.", is_alert=True
    )


@who_and_place
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_obeys_its_role_and_above_and_no_stranger(
    name: str, who: Who, place: str, dispatcher: Dispatcher
) -> None:
    args = next(iter(ARGUMENTS.get(name, ())), "")
    response = dispatcher.respond(incoming(who, place, text=f"/{name} {args}"))
    if who.person is None:
        assert response == Response()
    else:
        assert is_refused(response) is not who.may(COMMANDS[name].role)


@who_and_place
@pytest.mark.parametrize("kind", CALLBACKS, ids=lambda kind: kind.__name__)
def test_a_button_obeys_its_role_and_above_and_no_stranger(
    kind: type, who: Who, place: str, dispatcher: Dispatcher
) -> None:
    response = dispatcher.respond(incoming(who, place, data=encode(a_button(kind))))
    if who.person is None:
        assert response == Response()
    elif not who.may(PRESSES[kind].role):
        assert is_refused(response)


@who_and_place
def test_free_words_and_forged_data_tell_a_stranger_nothing(
    who: Who, place: str, dispatcher: Dispatcher
) -> None:
    if who.person is not None:
        return
    for text in ("", "hello", "/", "/dance", "/start", "/start a b", "BTC", "/help@other"):
        assert dispatcher.respond(incoming(who, place, text=text)) == Response()
    for data in ("", "1:a:x", "garbage", "\x00" * 60):
        assert dispatcher.respond(incoming(who, place, data=data)) == Response()


def test_every_command_and_every_button_declares_a_role() -> None:
    assert set(PRESSES) == set(CALLBACKS)
    roles = [*(one.role for one in COMMANDS.values()), *(one.role for one in PRESSES.values())]
    assert all(isinstance(role, Role) for role in roles)


def test_every_handler_there_is_has_been_given_a_role() -> None:
    registered: set[object] = {one.handle for one in COMMANDS.values()}
    registered |= {one.handle for one in PRESSES.values()}
    loose = [name for name, one in handlers() if one not in registered and name not in SPOKEN]
    assert not loose, f"{loose} answer people, but are in neither COMMANDS nor PRESSES"


def handlers() -> Iterator[tuple[str, object]]:
    """Public functions of the handlers' modules that take an `Ask` and give a `Response`."""
    for found in pkgutil.iter_modules(bot.handlers.__path__):
        module = importlib.import_module(f"{bot.handlers.__name__}.{found.name}")
        for name, one in inspect.getmembers(module, inspect.isfunction):
            if one.__module__ != module.__name__ or name.startswith("_"):
                continue
            hints = inspect.get_annotations(one, eval_str=True)
            first = next(iter(hints.values()), None)
            if first is Ask and hints.get("return") is Response:
                yield f"{found.name}.{name}", one
