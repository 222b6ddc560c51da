"""The terminal: the same desk, in lines of text."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from bot.channel import Button, MissingError, Outgoing
from bot.console import ConsoleChannel
from engine.domain.desk import Person, Role
from engine.ports import Units
from tests.fakes.clock import HandClock
from tests.fakes.desk_builder import START, Bench
from tests.unit.bot.harness import PATIENCE_S, TickingClock, bench_for, talking

TERMINAL = Person(user_id=0, role=Role.OWNER, name="terminal", chat_id=0)


class Terminal:
    """What a person types and reads."""

    def __init__(self) -> None:
        self._typed: Queue[str | None] = Queue()
        self._changed = threading.Condition()
        self.shown: list[str] = []

    def types(self, line: str) -> None:
        self._typed.put(line)

    def ends(self) -> None:
        self._typed.put(None)

    def __iter__(self) -> Iterator[str]:
        while (line := self._typed.get()) is not None:
            yield line + "\n"

    def write(self, text: str) -> None:
        with self._changed:
            self.shown.append(text)
            self._changed.notify_all()

    async def reads(self, text: str, timeout_s: float = PATIENCE_S) -> str:
        """Wait until something with this text has been shown, and return it."""

        def find() -> str | None:
            return next((shown for shown in reversed(self.shown) if text in shown), None)

        def wait() -> str:
            with self._changed:
                assert self._changed.wait_for(lambda: find() is not None, timeout_s), self.shown
                found = find()
            assert found is not None
            return found

        return await asyncio.to_thread(wait)

    def number(self, shown: str, label: str) -> str:
        """The number of a button."""
        before = shown.partition(f"] {label}")[0]
        return before.rpartition("[")[2]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.ends()


def console(terminal: Terminal, folder: Path, wall: TickingClock) -> ConsoleChannel:
    return ConsoleChannel(lines=terminal, write=terminal.write, pictures_dir=folder, clock=wall)


def desk(units: Units) -> tuple[Bench, TickingClock]:
    bench, wall = bench_for(units)
    with units() as unit:
        for person in unit.desk.people():
            unit.desk.put_person(replace(person, chat_id=1_000 + person.user_id))
        unit.desk.put_person(TERMINAL)
        unit.commit()
    return bench, wall


async def test_a_card_in_the_terminal_is_approved_by_its_number(
    terminal: Terminal, sqlite_units: Units, tmp_path: Path
) -> None:
    bench, wall = desk(sqlite_units)
    async with talking(bench, wall, console(terminal, tmp_path, wall)) as talk:
        await talk.propose()
        card = await terminal.reads("Approve?")
        assert "simulated market" in card
        picture = Path(card.partition("[picture: ")[2].partition("]")[0])
        assert (await asyncio.to_thread(picture.read_bytes)).startswith(b"\x89PNG")
        assert "<b>" not in card
        terminal.types(terminal.number(card, "✅ Approve"))
        await terminal.reads("→ Approved and filled.")
        await terminal.reads("✅ Approved by the terminal")
        await terminal.reads("bought 5 BTC")
        terminal.types(terminal.number(card, "✅ Approve"))
        gone = await terminal.reads("any more")
        assert "No button has the number" in gone
    assert len(bench.fills()) == 1


async def test_commands_and_questions_are_answered(
    terminal: Terminal, sqlite_units: Units, tmp_path: Path
) -> None:
    bench, wall = desk(sqlite_units)
    async with talking(bench, wall, console(terminal, tmp_path, wall)):
        terminal.types("")
        terminal.types("/status")
        await terminal.reads("🟢 Running")
        terminal.types("how is my portfolio?")
        await terminal.reads("Cash 10,000.00 USDT")


async def test_the_end_of_input_is_not_the_end_of_the_desk(
    terminal: Terminal, sqlite_units: Units, tmp_path: Path
) -> None:
    bench, wall = desk(sqlite_units)
    async with talking(bench, wall, console(terminal, tmp_path, wall)) as talk:
        terminal.ends()
        await talk.propose()
        await terminal.reads("Approve?")


async def test_open_questions_are_asked_again_after_a_restart(
    terminal: Terminal, sqlite_units: Units, tmp_path: Path
) -> None:
    bench, wall = desk(sqlite_units)
    async with talking(bench, wall, console(terminal, tmp_path, wall)) as talk:
        await talk.propose()
        await terminal.reads("Approve?")
    again = Terminal()
    async with talking(bench, wall, console(again, tmp_path, wall)):
        card = await again.reads("Approve?")
        again.types(again.number(card, "✖ Reject"))
        await again.reads("✖ Rejected by the terminal")
    again.ends()
    assert bench.pending() == ()


@pytest.fixture
def channel(terminal: Terminal, tmp_path: Path) -> ConsoleChannel:
    return ConsoleChannel(
        lines=terminal, write=terminal.write, pictures_dir=tmp_path, clock=HandClock(START)
    )


async def test_a_button_keeps_its_number_and_no_number_is_used_twice(
    channel: ConsoleChannel, terminal: Terminal
) -> None:
    one, two = Button(text="One", data="1"), Button(text="Two", data="2")
    first = await channel.send(0, Outgoing(text="a", keyboard=((one, two),)))
    await channel.send(0, Outgoing(text="b", keyboard=((one,),)))
    await channel.edit(0, first, Outgoing(text="c", keyboard=((two,),)), has_photo=False)
    assert [shown.split("\n")[-1] for shown in terminal.shown] == [
        "[1] One   [2] Two",
        "[3] One",
        "[2] Two",
    ]


async def test_a_message_of_an_earlier_run_cannot_be_edited(channel: ConsoleChannel) -> None:
    with pytest.raises(MissingError):
        await channel.edit(0, 12345, Outgoing(text="x"), has_photo=False)


def test_a_strange_stored_line_says_nothing_dangerous(channel: ConsoleChannel) -> None:
    incoming = channel.read(1, {"text": None, "data": 7, "message_id": "x"})
    assert incoming is not None
    assert (incoming.text, incoming.data, incoming.message_id) == ("", None, None)
