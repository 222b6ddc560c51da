"""The program itself, as its owner starts it, from a card on the phone to a fill and back.

Every test starts `cryptotrader run` on a database of each kind and does only what a person can do:
read, write and press. What came of it is read from the database.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.domain.lifecycles import ApprovalState, OrderState
from tests.scenario.telegram_process import APPROVE, SOON_S, START_S, Home, Running, Sections
from tests.servers.telegram import (
    EDITS,
    SENDS,
    Message,
    TelegramServer,
    User,
    server_error,
    too_many,
)
from tests.servers.telegram.entities import utf16_length

pytestmark = pytest.mark.timeout(240)

type MakeHome = Callable[..., Home]
_WORKING = "Working on it …"
"""What a press is told on a slow machine; the card says the rest."""
_BUTTONS = ("✅ Approve", "½ Half", "✖ Reject", "↕ Size", "⏰ Later", "Why", "Chart")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture
def make_home(server: TelegramServer, ann: User, tmp_path: Path) -> MakeHome:
    def make(database_url: str, **settings: object) -> Home:
        sections: Sections = settings  # type: ignore[assignment]  # one mapping per section
        return Home(
            folder=tmp_path,
            database_url=database_url,
            server=server,
            owners=(ann,),
            settings=sections,
        )

    return make


def until_told(home: Home, desk: Running) -> None:
    """Wait until everything that is queued has been delivered."""
    desk.until(lambda: home.books().waiting == 0)


def test_a_card_is_approved_twice_and_filled_once_and_the_portfolio_shows_it(
    make_home: MakeHome, database_url: str, server: TelegramServer, ann: User
) -> None:
    home = make_home(database_url)
    with home.run() as desk:
        card = desk.question(ann)
        assert card.kind == "photo"
        assert len(server.calls(*SENDS, chat=ann.chat)) <= 3
        assert utf16_length(card.text) <= 1024
        assert card.labels == _BUTTONS
        assert "simulated market · uncalibrated" in card.text

        presses = [ann.presses(card, APPROVE) for _ in range(2)]
        answers = [press.wait_answer(SOON_S).text for press in presses]
        filled = desk.shown(card, "💰 Filled")
        symbol = card.text.split()[0]
        told = desk.message(ann, f"{symbol} bought")
        ann.sends(ann.chat, "how is my portfolio?")
        portfolio = desk.message(ann, "Cash")
        desk.stop()

    assert answers[0] in ("Approved and filled.", _WORKING)
    assert answers[1] in ("This was decided already.", _WORKING)
    assert filled.message_id == card.message_id
    assert "✅ Approved by" in filled.text
    assert card.text.split("\n❓")[0] in filled.text
    assert filled.buttons == ()
    assert filled.photo is not None
    assert all(part in told.text for part in ("fee", "Stop", "Equity", "simulated market"))
    assert portfolio.photo is not None
    assert symbol in portfolio.text

    books = home.books()
    (approved,) = [a for a in books.approvals if a.state is ApprovalState.APPROVED]
    assert approved.decided_by == ann.id
    assert [order.state for order in books.entries(approved)] == [OrderState.FILLED]
    assert len(books.fills) == 1
    assert [str(position.symbol) for position in books.positions] == [symbol]
    assert books.count("press_approve") == 2
    books.assert_agree()
    assert server.calls(outcome="refused") == []


def test_strangers_get_no_answer_and_the_printed_code_pairs_one_person_once(
    make_home: MakeHome, database_url: str, server: TelegramServer, ann: User
) -> None:
    eve, mallory, zoe = (server.user(name) for name in ("Eve", "Mallory", "Zoe"))
    group = server.group("Desk", ann, mallory)
    home = make_home(database_url, telegram={"chats": [group.id]})
    with home.run() as desk:
        code = desk.until(lambda: desk.pairing_code, START_S)
        for text in ("/start", "/start wrong-code", "/portfolio", "hello"):
            eve.sends(eve.chat, text)
        card = desk.question(ann)
        shown = desk.until(lambda: [m for m in group.messages() if m.photo])[0]
        forged = mallory.forges(shown, card.button(APPROVE).data or "")
        zoe.sends(zoe.chat, f"/start {code}")
        welcome = desk.message(zoe, "Welcome, Zoe")
        eve.sends(eve.chat, f"/start {code}")
        desk.until(lambda: not server.pending_updates)
        desk.until(lambda: home.books().count("pairing_refused") == 2)
        ann.sends(ann.chat, "/status")
        desk.message(ann, "Running")
        desk.stop()

    assert "owner" in welcome.text
    assert forged.answer is None
    assert server.messages(eve.chat) == []
    assert server.messages(mallory.chat) == []
    books = home.books()
    ignored = [event.actor for event in books.actions if event.action == "stranger_ignored"]
    assert sorted(ignored) == sorted([f"stranger:{eve.id}", f"stranger:{mallory.id}"])
    assert books.count("paired") == 1
    assert books.fills == ()


def test_a_press_after_the_expiry_is_answered_politely_and_changes_nothing(
    make_home: MakeHome, database_url: str, server: TelegramServer, ann: User
) -> None:
    # Long enough for a slow machine to deliver the card before its time is over.
    home = make_home(
        database_url, approval={"expires_after_s": 8}, markets={"symbols": ["LINK/USDT"]}
    )
    with home.run() as desk:
        card = desk.question(ann)
        expired = desk.shown(card, "Expired at")
        press = ann.forges(expired, card.button(APPROVE).data or "")
        answer = press.wait_answer(SOON_S)
        ann.sends(ann.chat, "/pause")
        desk.message(ann, "Paused")
        desk.stop()

    assert answer.text in ("Too late: the question has expired.", _WORKING)
    assert expired.buttons == ()
    assert "Entry" in expired.text
    books = home.books()
    assert books.approvals[0].state is ApprovalState.EXPIRED
    assert books.entries(books.approvals[0])[0].state is OrderState.REFUSED
    assert books.fills == ()
    assert books.positions == ()


def test_a_press_after_the_price_moved_asks_again_and_never_fills_silently(
    make_home: MakeHome, database_url: str, server: TelegramServer, ann: User
) -> None:
    # No move at all is allowed. At ten times its usual speed the market is some minutes past the
    # close when the question holds it; this market's first question is not at the very start.
    home = make_home(
        database_url,
        approval={"max_drift_bps": 0.0},
        simulation={"speed": 6000.0},
        markets={"symbols": ["XRP/USDT"]},
    )
    with home.run() as desk:
        old = desk.question(ann)
        answer = ann.presses(old, APPROVE).wait_answer(SOON_S)
        before = desk.shown(old, "Superseded")
        assert home.books().fills == ()
        fresh = desk.question(ann, text="Asked again")
        stale = ann.forges(old, old.button(APPROVE).data or "").wait_answer(SOON_S)
        assert home.books().fills == ()
        ann.presses(fresh, APPROVE)
        desk.shown(fresh, "💰 Filled")
        desk.stop()

    assert answer.text in ("The numbers have changed: I ask again with the new ones.", _WORKING)
    assert "the price has moved too far" in before.text
    assert before.buttons == ()
    assert fresh.message_id != old.message_id
    assert _entry(fresh) != _entry(old)
    assert stale.text in ("This was decided already.", _WORKING)
    books = home.books()
    first, second = books.approvals[:2]
    assert (first.state, second.state) == (ApprovalState.SUPERSEDED, ApprovalState.APPROVED)
    assert [order.state for order in books.entries(first)] == [
        OrderState.REFUSED,
        OrderState.FILLED,
    ]
    assert len(books.fills) == 1
    books.assert_agree()


def _entry(card: Message) -> str:
    return next(line for line in card.text.splitlines() if line.startswith("Entry"))


def test_bursts_of_refusals_and_failures_lose_no_message(
    make_home: MakeHome, sqlite_url: str, server: TelegramServer, ann: User
) -> None:
    home = make_home(sqlite_url, markets={"symbols": ["LINK/USDT"]})
    server.fail("sendPhoto", too_many(1), times=2)
    server.fail("sendPhoto", server_error(502, html=True))
    server.fail("sendMessage", server_error(500))
    server.fail("getUpdates", server_error(502, html=True))
    server.fail("answerCallbackQuery", too_many(1))
    with home.run() as desk:
        card = desk.question(ann)
        server.fail(EDITS, server_error(500))
        server.fail(EDITS, too_many(1))
        ann.presses(card, APPROVE)
        desk.shown(card, "💰 Filled")
        desk.message(ann, "bought")
        desk.message(ann, "The desk runs")
        until_told(home, desk)
        desk.stop()

    books = home.books()
    assert len(books.fills) == 1
    assert [state for state, count in books.outbox.items() if count] == ["sent"]
    calls = [c for c in server.calls("sendPhoto", chat=ann.chat) if c.status == 429]
    assert len(calls) == 2


def test_engine_and_bot_as_two_processes_ask_press_and_fill(
    make_home: MakeHome, database_url: str, server: TelegramServer, ann: User
) -> None:
    # This market's first question comes some closes after the start: what is pressed in one process
    # must be priced at the time of the other one's market.
    home = make_home(database_url, simulation={"speed": 6000.0}, markets={"symbols": ["XRP/USDT"]})
    with home.run("engine") as engine, home.run("bot") as bot:
        card = bot.question(ann)
        answer = ann.presses(card, APPROVE).wait_answer(SOON_S)
        filled = bot.shown(card, "💰 Filled")
        bot.message(ann, "bought")
        bot.stop()
        engine.stop()

    assert answer.text in ("Approved and filled.", _WORKING)
    assert filled.buttons == ()
    books = home.books()
    (order,) = books.entries(books.approvals[0])
    (fill,) = books.fills_of(books.approvals[0])
    assert fill.filled_at >= order.intent.created_at
    books.assert_agree()
