"""kill -9 of the real program at its worst moments, and that a restart finds everything.

What is killed is `cryptotrader run` itself, with the configuration, the database, the market and
the chat of a desk in use.
"""

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.domain.desk import MessageState
from engine.domain.lifecycles import ApprovalState, OrderState
from tests.scenario.telegram_process import APPROVE, SOON_S, START_S, Books, Home, Running
from tests.servers.telegram import Message, TelegramServer, User, hang

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

_REPEAT = "perhaps a repeat"
_DELAYS_S = (0.0, 0.03, 0.12)
"""From the moment at which the service has handed the press out, to the kill."""


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


def test_killed_between_press_and_fill_every_press_is_exactly_one_order(
    server: TelegramServer, ann: User, database_url: str, tmp_path: Path
) -> None:
    # The first close of these eight markets brings a question for every kill, and the market waits
    # until all are answered; the drift allowed leaves no reason to ask afresh.
    home = Home(
        folder=tmp_path,
        database_url=database_url,
        server=server,
        owners=(ann,),
        settings={
            "strategy": {"min_rank_fraction": 0.0},
            "markets": {"symbols": []},
            "approval": {"max_drift_bps": 1000.0},
        },
    )
    cards: list[Message] = []
    for delay_s in _DELAYS_S:
        with home.run() as desk:
            _await_poll(desk)
            card = desk.question(ann, but=[_symbol(card) for card in cards])
            cards.append(card)
            press = ann.presses(card, APPROVE)
            desk.until(partial(_is_handed_out, server, press.update_id))
            time.sleep(delay_s)
            desk.kill()
    with home.run() as desk:
        for symbol in map(_symbol, cards):
            # A card whose delivery was cut off is told twice: the later copy speaks of its end.
            desk.until(partial(_is_told_as_filled, ann, symbol))
            desk.message(ann, f"{symbol} bought")
        desk.until(lambda: not server.pending_updates and not home.books().waiting)
        # The kill may also have come before the first copy lost its buttons: they do nothing.
        pressed = {_symbol(card) for card in cards}
        strays = [m for m in ann.chat.messages() if APPROVE in m.labels and _symbol(m) in pressed]
        for stray in strays:
            ann.presses(stray, APPROVE).wait_answer(SOON_S)
            desk.until(partial(_is_bare, server, stray))
        desk.stop()

    books = home.books()
    approved = [a for a in books.approvals if a.state is ApprovalState.APPROVED]
    assert len(approved) == len(cards)
    for approval in approved:
        (order,) = books.entries(approval)
        (fill,) = books.fills_of(approval)
        assert order.state is OrderState.FILLED
        assert fill.quantity == order.intent.quantity
    assert sorted(_held(books)) == sorted(_symbol(card) for card in cards)
    copies = Counter(_symbol(message) for message in ann.chat.messages() if message.photo)
    marked = Counter(
        _symbol(message) for message in ann.chat.messages() if _REPEAT in message.versions[0].text
    )
    assert all(copies[symbol] <= 1 + marked[symbol] for symbol in copies)
    assert books.count("approval_approved") == len(cards)
    books.assert_agree()


def _await_poll(desk: Running) -> None:
    """Wait until this process, not the one before it, listens to the chat."""
    polls = len(desk.server.calls("getUpdates"))
    desk.until(lambda: len(desk.server.calls("getUpdates")) > polls, START_S)


def _is_handed_out(server: TelegramServer, update_id: int | None) -> bool:
    return any(u.delivered for u in server.updates if u.update_id == update_id)


def _is_told_as_filled(user: User, symbol: str) -> bool:
    told = (m.text for m in user.chat.messages() if _symbol(m) == symbol)
    return any("💰 Filled" in text for text in told)


def _is_bare(server: TelegramServer, message: Message) -> bool:
    return not server.current(message).buttons


def _symbol(card: Message) -> str:
    return card.text.split()[0]


def _held(books: Books) -> list[str]:
    return [str(position.symbol) for position in books.positions]


def test_killed_between_commit_and_send_the_card_is_sent_after_the_restart(
    server: TelegramServer, ann: User, database_url: str, tmp_path: Path
) -> None:
    home = Home(
        folder=tmp_path,
        database_url=database_url,
        server=server,
        owners=(ann,),
        settings={"markets": {"symbols": ["LINK/USDT"]}},
    )
    with server.outage(), home.run() as desk:
        desk.until(lambda: home.books().approvals, START_S)
        assert home.books().waiting > 0
        desk.kill()
    assert server.messages() == []

    # Its first card reaches the chat, but the process dies before it hears of it.
    server.fail("sendPhoto", hang(60.0, effect=True))
    with home.run() as desk:
        first = desk.question(ann)
        desk.kill()
    assert _REPEAT not in first.text

    with home.run() as desk:
        again = desk.question(ann, text=_REPEAT)
        ann.presses(first, APPROVE)
        desk.shown(again, "💰 Filled")
        desk.message(ann, "bought")
        desk.until(lambda: not server.current(first).buttons)
        desk.until(lambda: home.books().waiting == 0)
        desk.stop()

    cards = [m for m in server.messages(ann.chat) if m.photo]
    assert [card.message_id for card in cards] == [first.message_id, again.message_id]
    books = home.books()
    assert books.outbox[MessageState.DEAD] == 0
    assert len(books.fills) == 1
    books.assert_agree()


def test_a_stop_while_the_first_history_is_filled_is_heeded_at_once(
    server: TelegramServer, ann: User, sqlite_url: str, tmp_path: Path
) -> None:
    # Nine years of hours for eight markets take far longer than a stop may.
    home = Home(
        folder=tmp_path,
        database_url=sqlite_url,
        server=server,
        owners=(ann,),
        settings={
            "market": {"backfill_bars": 80_000},
            "simulation": {"history_days": 3_400},
            "markets": {"symbols": []},
        },
    )
    with home.run() as desk:
        desk.until(lambda: server.calls("getUpdates"), START_S)
        desk.stop()
    assert "stopped; everything is saved" in desk.output
    assert not any("The desk runs" in message.text for message in server.messages())
