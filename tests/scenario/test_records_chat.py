"""The money in the chat: curves, stops, trades, vetoes, documents, evidence; and the same in JSON.

A real client library, a strict loopback server, and the terminal; numbers are compared with the
command line's own document.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.messages.markup import plain
from bot.messages.registry import RENDERERS
from bot.messages.rendered import StoredFacts, Telling
from bot.messages.words import Words
from bot.policy import LANGUAGES, ChatOptions
from engine.domain.market import Symbol
from engine.domain.records import CurrencyChoice
from engine.domain.views import Press
from engine.ports import Units
from main.commands.portfolio import document
from main.output import to_json
from tests.fakes.desk_builder import BTC, ETH, OWNER, Bench, build
from tests.scenario.test_telegram_desk import press, until
from tests.scenario.test_veto_ledger import next_bars, reject
from tests.servers.telegram import TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram

D = Decimal
EUR = Symbol("EUR", "USDT")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


async def bought(talk: Talk, symbol: Symbol = BTC) -> None:
    """A position, as if a card had been approved."""
    question = await talk.on_desk(talk.bench.ask, symbol)
    await talk.on_desk(talk.bench.approve, question)


async def test_a_stop_is_moved_by_a_button_and_answered(
    server: TelegramServer, ann: User, fake_units: Units
) -> None:
    bench, wall = bench_for(fake_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await bought(talk)
        bench.market.set_price(BTC, "103")
        ann.sends(ann.chat, "/positions")
        shown = await card_of(server, ann, "Open positions: 1")
        assert shown.labels == ("Close BTC", "Move stop BTC", "Chart BTC")
        await press(ann, shown, "Move stop BTC")
        await until(server, lambda: "move the stop" in server.current(shown).text)
        choices = server.current(shown)
        assert choices.labels == (
            "break-even 100.51",
            "half the distance 99.00",
            "one ATR below 101.00",
            "‹ Back",
        )
        half = choices.button("half the distance 99.00").data or ""
        answer = await press(ann, choices, "half the distance 99.00")
        assert answer.text == "✅ Stop of BTC/USDT moved to 99.00."
        await until(server, lambda: "stop 99.00" in server.current(shown).text)
        # The old button says the same: it is there already. A price that has fallen refuses.
        again = ann.forges(shown, half)
        await until(server, lambda: again.answer is not None)
        assert again.answer is not None
        assert again.answer.text == "The stop of BTC/USDT stands at 99.00 already."
    position = bench.position()
    assert position is not None
    assert position.stop_price == 99
    bench.assert_protected()
    assert bench.actions().count("stop_moved") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/stop", "Example: /stop BTC 64000"),
        ("/stop BTC abc", "is not a price. Example: /stop BTC 64000"),
        ("/stop DOGE 5", "I do not know the market DOGE"),
        ("/stop ETH 5", "There is no open position in ETH/USDT."),
        ("/stop BTC 94", "only moves closer to the price. BTC/USDT stays at 95.00"),
        ("/stop BTC 100,5", "at or above the price (100.00)"),
        ("/stop BTC 99,5", "Stop of BTC/USDT moved to 99.50"),
        ("/export cats", "I cannot place “cats”"),
        ("/export trades 2026-02 2026-01", "I cannot place"),
        ("/export trades 1999", "There are no trades in this period."),
        ("/audit", "Which trade? Example: /audit t0123456789abcdef0123"),
        ("/audit t00000000000000000000", "I know no trade"),
        ("/veto", "Nothing was rejected or expired yet"),
        ("/trades", "No closed trades yet."),
    ],
)
async def test_wrong_input_gets_one_line_with_an_example(
    text: str, says: str, server: TelegramServer, ann: User, fake_units: Units
) -> None:
    bench, wall = bench_for(fake_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await bought(talk)
        ann.sends(ann.chat, text)
        told = await card_of(server, ann, says)
        assert told.text.count("\n") == 0


async def test_trades_lead_to_one_to_its_evidence_and_to_documents(
    server: TelegramServer, ann: User, fake_units: Units
) -> None:
    bench, wall = bench_for(fake_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await bought(talk)
        bench.market.set_price(BTC, "110")
        await talk.on_desk(bench.assembled.desk.close, BTC, ann.id, request_id="1")
        ann.sends(ann.chat, "/trades")
        listed = await card_of(server, ann, "Closed trades: 1")
        assert listed.labels == ("1 BTC", "CSV")

        await press(ann, listed, "1 BTC")
        one = await card_of(server, ann, "Risked")
        assert one.photo is not None
        assert one.labels == ("Why", "Evidence", "Trades")
        (trade,) = bench.trades()
        assert "In 5 BTC at 100.05" in one.text
        assert f"Trade {trade.id}" in one.text

        await press(ann, one, "Evidence")
        proof = await card_of(server, ann, "Audit chain intact")
        assert "0 changed" in proof.text
        await press(ann, proof, "All of it (JSON)")
        sent = await server.until(
            lambda: next((m for m in server.messages(ann.chat) if m.document), None),
            timeout_s=PATIENCE_S,
        )
        assert sent.document is not None
        assert sent.document.name == f"evidence-{trade.id}.json"
        whole = json.loads(sent.document.data)
        assert whole["steps"][-1]["id"] == trade.id

        await press(ann, listed, "CSV")
        taken = await server.until(
            lambda: next(
                (
                    m
                    for m in server.messages(ann.chat)
                    if m.document and m.document.name.endswith(".csv")
                ),
                None,
            ),
            timeout_s=PATIENCE_S,
        )
    assert taken.document is not None
    (row,) = csv.DictReader(io.StringIO(taken.document.data.decode(), newline=""))
    assert (row["id"], D(row["pnl_quote"])) == (trade.id, trade.pnl_quote)
    assert "trades: 1 row" in taken.text


async def test_the_curve_is_swapped_in_the_same_message(
    server: TelegramServer, ann: User, fake_units: Units
) -> None:
    bench, wall = bench_for(fake_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.on_desk(bench.monitor.snapshot)
        bench.clock.advance(hours=30)
        await talk.on_desk(bench.monitor.snapshot)
        bench.clock.advance(hours=1)
        ann.sends(ann.chat, "/portfolio")
        shown = await card_of(server, ann, "Equity 10,000.00 USDT")
        assert shown.labels[:4] == ("1D", "1W", "1M", "· All ·")
        first = shown.photo
        await press(ann, shown, "1D")
        await until(server, lambda: server.current(shown).photo != first)
        assert server.current(shown).labels[:4] == ("· 1D ·", "1W", "1M", "All")


async def test_a_viewer_may_look_and_move_nothing(
    server: TelegramServer, ann: User, fake_units: Units
) -> None:
    bob, vic = server.user("Bob"), server.user("Vic")
    bench, wall = bench_for(fake_units, ann, bob, vic)
    async with talking(bench, wall, telegram(server)) as talk:
        await bought(talk)
        vic.sends(vic.chat, "/positions")
        shown = await card_of(server, vic, "Open positions: 1")
        assert shown.labels == ("Chart BTC",)
        vic.sends(vic.chat, "/stop BTC 99")
        await card_of(server, vic, "Your role does not allow /stop")
        vic.sends(vic.chat, "/export")
        await card_of(server, vic, "Your role does not allow /export")
    position = bench.position()
    assert position is not None
    assert position.stop_price == 95


# The same numbers


def eventful(units: Units) -> Bench:
    """Two positions, a closed trade, snapshots, a rate."""
    bench = build(units)
    bench.monitor.snapshot()
    bench.approve(bench.ask(BTC, target="110"))
    bench.approve(bench.ask(ETH, quantity="3.337"))
    bench.market.set_price(ETH, "97.31")
    bench.assembled.desk.close(ETH, OWNER.user_id, request_id="1")
    bench.advance(hours=1)
    bench.monitor.snapshot()
    bench.market.set_price(ETH, "99.99")
    bench.approve(bench.ask(ETH, quantity="1.111"))
    bench.market.set_price(BTC, "101.37")
    bench.market.set_price(EUR, "1.0803", half_spread="0.0001")
    return bench.restart(own_currency=CurrencyChoice(currency="EUR", pair=EUR))


def told(bench: Bench, kind: str, language: str) -> str:
    desk = bench.assembled.desk
    telling = Telling(
        desk=desk,
        facts=StoredFacts(desk, bench.units),
        words=Words.of(language, "UTC"),
        options=ChatOptions(language=language),
        reader=replace(OWNER, language=language),
        wants_picture=False,
    )
    rendered = RENDERERS[kind](telling)
    assert rendered is not None
    return plain(rendered.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chat_and_the_json_tell_the_same_to_the_cent(language: str, units: Units) -> None:
    bench = eventful(units)
    words = Words.of(language, "UTC")
    made = json.loads(json.dumps(to_json(document(bench.assembled.desk.portfolio()))))
    portfolio, pnl, positions = (
        told(bench, k, language) for k in ("portfolio", "pnl", "positions")
    )

    def money(amount: str, currency: str = "USDT", *, signed: bool = False) -> str:
        return words.money(D(amount), currency, signed=signed)

    for name in ("equity_quote", "at_risk_quote", "fees_quote", "slippage_quote"):
        assert money(made[name]) in portfolio, name
    assert money(made["portfolio"]["cash_quote"]) in portfolio
    assert money(made["own"]["equity"], "EUR") in portfolio
    for amount in made["pnl_quote"].values():
        assert money(amount, signed=True) in portfolio
        assert money(amount, signed=True) in pnl
    assert money(made["realised_quote"], signed=True) in pnl
    for name in ("drawdown_fraction", "worst_drawdown_fraction"):
        assert words.percent(D(made[name]), digits=2) in portfolio
    assert len(made["positions"]) == 2
    for one in made["positions"]:
        for name in ("value_quote", "at_risk_quote"):
            assert money(one[name]) in positions
        assert money(one["pnl_quote"], signed=True) in positions
        for name in ("entry_price", "price", "stop_price"):
            assert words.price(D(one[name])) in positions
        assert words.percent(D(one["pnl_fraction"]), digits=2, signed=True) in positions
        assert f"{words.number(D(one['stop_r']), 2)} R" in positions


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_veto_ledger_is_told_with_its_numbers(language: str, fake_units: Units) -> None:
    bench = build(fake_units)
    reject(bench)
    next_bars(bench, "100 101 99 100", "100 100 94 96")
    later = bench.question(
        bench.propose(replace(bench.decide(ETH), closed_at=bench.clock.now())).id
    )
    bench.press(later, Press.REJECT, OWNER)
    bench.assembled.shadows.look()
    text, view = told(bench, "veto", language), bench.assembled.desk.records.veto()
    words = Words.of(language, "UTC")
    assert words.money(abs(view.total.saved_quote), "USDT") in text
    assert plain(words("veto.few", n=1)) in text
    assert plain(words("reject_reasons.price")) in text
    assert "Arun" in text
    assert view.waiting == 1
