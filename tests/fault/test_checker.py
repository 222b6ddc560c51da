"""The checker itself: silent about a desk at rest, and loud about each thing that may go wrong.

One evening at the desk is lived once; every case spoils a copy of its database or of its screens.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from db.unit_of_work import SqlUnits
from engine.domain.errors import DataError
from tests.fault.checker import findings
from tests.fault.test_chat_storms import put_notices, rest
from tests.servers.telegram import TelegramServer
from tests.unit.bot.harness import PATIENCE_S, bench_for, card_of, talking, telegram

pytestmark = pytest.mark.fault

SPOILS = {
    "a message waits": ("UPDATE outbox SET state = 'pending' WHERE id = 'n1'", "still waits"),
    "a message is lost": (
        """DELETE FROM sent_messages WHERE subject = 'notice:1';
        UPDATE outbox SET payload = replace(payload, 'job-1', 'job-7')
        WHERE subject = 'notice:1'""",
        "is on no screen",
    ),
    "a message reached nobody": (
        "DELETE FROM outbox WHERE subject = 'notice:1' AND chat_id IS NOT NULL",
        "reached nobody",
    ),
    "a message died unseen": (
        "UPDATE outbox SET state = 'dead' WHERE subject = 'notice:1' AND chat_id IS NOT NULL",
        "without a reason",
    ),
    "an update is lost": ("DELETE FROM inbox", "is nowhere in the inbox"),
    "an update is forgotten": ("UPDATE inbox SET done_at = NULL", "waits in the inbox"),
    "a question ends without a trace": (
        "UPDATE approvals SET state = 'rejected'",
        "the trail says",
    ),
    "a decision is ordered twice": (
        "UPDATE orders SET purpose = 'entry', decision_id = (SELECT decision_id FROM approvals)",
        "orders at the venue",
    ),
    "an order is filled twice": (
        "UPDATE fills SET quantity = '99'",
        "was filled",
    ),
}


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


async def evening(server: TelegramServer, units: SqlUnits) -> None:
    """A notice is read, a card asked about and approved."""
    ann = server.user("Ann")
    bench, wall = bench_for(units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.on_desk(put_notices, talk, range(1, 2))
        await talk.propose(quantity="1")
        card = await card_of(server, ann, "Approve?")
        for label in ("Why", "✅ Approve"):
            press = ann.presses(card, label)
            await asyncio.to_thread(press.wait_answer, PATIENCE_S)
        await card_of(server, ann, "bought")
        await rest(server, talk)


async def test_the_checker_finds_what_is_spoiled_and_nothing_else(
    server: TelegramServer, sqlite_units: SqlUnits, sqlite_url: str, tmp_path: Path
) -> None:
    await evening(server, sqlite_units)
    assert findings(sqlite_url, server) == []
    missed = []
    for name, (spoil, expected) in SPOILS.items():
        copy = tmp_path / f"{len(name)}-{len(spoil)}.db"
        with (
            closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.executescript(spoil)
            target.commit()
        found = findings(f"sqlite:///{copy}", server)
        if not any(expected in one for one in found):
            missed.append((name, found))
    assert missed == []


async def test_the_checker_finds_an_unmarked_repeat_and_an_unanswered_press(
    server: TelegramServer, sqlite_units: SqlUnits, sqlite_url: str
) -> None:
    await evening(server, sqlite_units)
    message = server.messages()[0]
    with server.world.changed:
        chat = server.world.chats[message.chat_id]
        server.world.add_message(chat, server.bot, message.versions[0])
    assert any("does not say so" in one for one in findings(sqlite_url, server))
    for call in server.world.calls:
        call.effect = call.effect and call.method != "answerCallbackQuery"
    assert any("neither answered nor done" in one for one in findings(sqlite_url, server))


async def test_the_checker_does_not_trust_a_broken_trail(
    server: TelegramServer, sqlite_units: SqlUnits, sqlite_url: str
) -> None:
    await evening(server, sqlite_units)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as stored:
        stored.execute("UPDATE audit SET action = 'x' WHERE action = 'press_approve'")
        stored.commit()
    with pytest.raises(DataError, match="audit"):
        findings(sqlite_url, server)
