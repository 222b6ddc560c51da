"""Alerts at Telegram: set by command and by tap, told when crossed, changed by buttons."""

import asyncio
from collections.abc import Iterator

import pytest

from engine.domain.alerts import AlertState
from engine.ports import Units
from tests.fakes.desk_builder import BTC, Bench
from tests.servers.telegram import CallbackAnswer, Message, TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Units:
    made: Units = request.getfixturevalue(f"{request.param}_units")
    return made


async def press(user: User, message: Message, label: str) -> CallbackAnswer:
    pressed = user.presses(message, label)
    return await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)


async def shows(server: TelegramServer, message: Message, text: str) -> Message:
    await server.until(lambda: text in server.current(message).text, timeout_s=PATIENCE_S)
    return server.current(message)


async def price(talk: Talk, value: str) -> None:
    """The market moves, and the desk hears of it and looks."""
    assembled = talk.bench.assembled
    await talk.on_desk(assembled.alert_watcher.look)
    talk.bench.advance(minutes=20)
    talk.wall.advance(minutes=20)
    talk.bench.market.set_price(BTC, value)
    await talk.on_desk(assembled.prices.poll)
    await talk.on_desk(assembled.alert_watcher.look)


def only_alert(bench: Bench, user: User) -> AlertState:
    with bench.units(read_only=True) as unit:
        (alert,) = unit.alerts.of(user.id) or unit.alerts.active()
    return alert.state


async def test_an_alert_is_set_told_once_per_crossing_and_switched_off(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/alert btc above 105")
        made = await card_of(server, ann, "BTC/USDT > 105")
        assert "now 100.00, 4.76 % to go" in made.text
        assert made.labels == ("⏸ Pause", "−1 %", "+1 %", "✖ Delete", "Chart")

        for value in ("106", "105.5", "106", "104", "107"):
            await price(talk, value)
        told = await card_of(server, ann, "107.00 > 105.00")
        assert "told 2×" in told.text
        assert told.labels == ("Chart", "🔕 Off")

        answer = await press(ann, told, "🔕 Off")
        assert answer.text == "Off: BTC/USDT > 105"
        off = await shows(server, told, "\noff")
        assert "107.00 > 105.00" in off.text
        await price(talk, "100")
        await price(talk, "108")
        assert off.labels == ("Chart", "↻ Again")
        answer = await press(ann, off, "↻ Again")
        assert answer.text == "On: BTC/USDT > 105"
        await price(talk, "100")
        await price(talk, "109")
        await card_of(server, ann, "109.00 > 105.00")
    told_values = [m.text.split()[2] for m in server.messages(ann.chat) if "told" in m.text]
    assert told_values == ["106.00", "107.00", "109.00"]
    assert server.calls(outcome="refused") == []


async def test_a_chart_offers_lines_and_a_tap_sets_one(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/chart BTC 1h")
        chart = await card_of(server, ann, "BTC/USDT")
        await press(ann, chart, "🔔 Alert")
        offered = await card_of(server, ann, "at which line?")
        assert "> 102.00 · 2 % higher" in offered.labels
        assert "< 99.00 · lowest of 20 bars" in offered.labels
        answers = [await press(ann, offered, "> 102.00 · 2 % higher") for _ in range(2)]
        made = await card_of(server, ann, "BTC/USDT > 102")
        band = await press(ann, offered, "> 100.00 · close above the upper band")
        await card_of(server, ann, "close(BTC/USDT,1h) > bb_upper")
    assert [a.text for a in answers] == [
        "Alert set: BTC/USDT > 102",
        "You have this alert already: BTC/USDT > 102",
    ]
    assert band.text == "Alert set: close(BTC/USDT,1h) > bb_upper"
    assert made.text.count("BTC/USDT > 102") == 1


async def test_the_list_is_changed_in_place(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)):
        for text in ("btc > 110", "rsi(any) < 30 once", "drawdown > 5%"):
            ann.sends(ann.chat, f"/alert {text}")
        await card_of(server, ann, "drawdown > 5%")
        ann.sends(ann.chat, "/alerts")
        shown = await card_of(server, ann, "Alerts: 3")
        assert "1. BTC/USDT > 110" in shown.text
        assert "2. rsi(any,1h) < 30 once" in shown.text
        await press(ann, shown, "1 +1 %")
        moved = await shows(server, shown, "1. BTC/USDT > 111.1")
        stale = ann.forges(shown, shown.button("1 +1 %").data or "")
        again = await asyncio.to_thread(stale.wait_answer, PATIENCE_S)
        assert "changed meanwhile" in again.text
        await press(ann, moved, "3 ⏸")
        paused = await shows(server, shown, "paused")
        await press(ann, paused, "1 ✖")
        left = await shows(server, shown, "Alerts: 2")
    assert "BTC/USDT > 111.1" not in left.text
    assert "2 ▶" in left.labels


async def test_wrong_input_gets_one_line_with_an_example(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    wrong = {
        "/alert doge > 5": "I do not know the market “doge”. Example: /alert BTC/USDT > 70000",
        "/alert drawdown > 5": "5 what? This is a share. Example: /alert drawdown > 5%",
        "/alert <b>": "What is to be “<”? Example: /alert BTC/USDT > 70000",
        "/alert rsi(btc,15m) < 30": "The desk keeps no bars of 15m.",
        "/watch doge": "I do not know the market doge",
        "/watch btc maybe": "I cannot place “maybe”. Example: /watch BTC/USDT",
        "/alert": "Or tap a market:",
        "/alerts": "No alerts. Example: /alert BTC/USDT > 70000",
    }
    async with talking(bench, wall, telegram(server)):
        for said, answer in wrong.items():
            ann.sends(ann.chat, said)
            await card_of(server, ann, answer)
    assert server.calls(outcome="refused") == []


async def test_watched_markets_have_their_charts_and_come_first(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/watch")
        empty = await card_of(server, ann, "You watch no market")
        await press(ann, empty, "+ ETH")
        await shows(server, empty, "Watched: 1")
        ann.sends(ann.chat, "/alert")
        offered = await card_of(server, ann, "Or tap a market")
        assert offered.labels == ("ETH", "BTC")
        ann.sends(ann.chat, "/chart")
        chart = await card_of(server, ann, "ETH/USDT 1h")
        assert chart.photo is not None
        ann.sends(ann.chat, "/watch eth off")
        await card_of(server, ann, "You watch no market")


async def test_in_a_group_an_alert_stays_its_persons(
    server: TelegramServer, ann: User, database: Units
) -> None:
    ben, vic = server.user("Ben"), server.user("Vic")
    group = server.group("Desk", ann, ben, vic)
    bench, wall = bench_for(database, ann, ben, vic)
    async with talking(bench, wall, telegram(server)) as talk:
        vic.sends(group, "/alert btc > 105")
        made = await server.until(lambda: server.messages(group), timeout_s=PATIENCE_S)
        refused = await press(ben, made[0], "✖ Delete")
        assert refused.text == "This is somebody else's alert."
        await price(talk, "106")
        await server.until(
            lambda: any("106.00 > 105.00" in m.text for m in server.messages(group)),
            timeout_s=PATIENCE_S,
        )
        assert (await press(ann, made[0], "✖ Delete")).text == "Off: BTC/USDT > 105"
    assert server.messages(vic.chat) == []


@pytest.mark.parametrize(("language", "told"), [("de", "1× gemeldet"), ("es", "avisada 1×")])
async def test_an_alert_speaks_its_readers_language(
    server: TelegramServer, ann: User, sqlite_units: Units, language: str, told: str
) -> None:
    bench, wall = bench_for(sqlite_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/alert btc > 105 once")
        await card_of(server, ann, "BTC/USDT > 105")
        await price(talk, "106")
        await card_of(server, ann, told)
    assert server.calls(outcome="refused") == []
