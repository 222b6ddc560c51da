"""A venue that is away, or hangs, as the person at the terminal meets it.

A real process of the desk, an unmodified ccxt, and a loopback Binance that refuses connections,
answers nonsense or not at all. What must go on without it goes on; what it is needed for waits.
"""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenario.cli import Process, free_port
from tests.scenario.venue_desk import desk, stocked
from tests.servers.exchanges import BinanceServer, ExchangeServer, Fault, Hang, Html, ServerError

pytestmark = pytest.mark.timeout(300)

QUIET = "[health]\nenabled = false\n[schedule]\nmonitor_every_s = 1.0"
HANGS_S = 60.0


@pytest.fixture
def server() -> Iterator[ExchangeServer]:
    with stocked(BinanceServer()) as opened:
        yield opened


def ask(process: Process, text: str, answer: str) -> str:
    """Type a line; the answer to it, from the line that holds these words on."""
    before = len(process.lines)
    process.say(text)
    end = process.wait_for(answer, after=before)
    return "\n".join(process.lines[end - 1 :])


def buy(process: Process, symbol: str) -> None:
    """Ask for a purchase and press its button."""
    offered = ask(process, f"/buy {symbol} 250", "] Buy")
    button = re.search(r"\[(\d+)\] Buy", offered)
    assert button is not None
    process.say(button[1])


@pytest.fixture(scope="module")
def holding_bitcoin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a desk has left behind that bought once and was stopped."""
    folder = tmp_path_factory.mktemp("before")
    with stocked(BinanceServer()) as server, desk(folder, server, more=QUIET).start("run") as run:
        run.wait_for("The desk runs")
        buy(run, "BTC/USDT")
        run.wait_for("BTC/USDT bought")
        assert run.stop() == 0
    return folder


@pytest.fixture
def folder(holding_bitcoin: Path, tmp_path: Path) -> Path:
    """A folder of its own with that past."""
    shutil.copytree(holding_bitcoin / "var", tmp_path / "var")
    return tmp_path


@pytest.mark.parametrize("fault", [None, Html(), ServerError()], ids=["refused", "html", "503"])
def test_a_desk_starts_without_its_venue_and_goes_on_when_it_is_back(
    folder: Path, fault: Fault | None
) -> None:
    server = stocked(BinanceServer())
    server.port = free_port()
    with ExitStack() as stack:
        if fault is not None:
            stack.enter_context(server)
            server.fail(".*", fault, times=100_000)
        server.base_url = f"http://127.0.0.1:{server.port}"
        process = stack.enter_context(desk(folder, server, more=QUIET).start("run"))
        process.wait_for("I cannot reach binance")
        held = ask(process, "/positions", "BTC/USDT")
        process.wait_for("At risk if every stop is hit")
        assert "BTC/USDT" in held
        ask(process, "/buy ETH/USDT 250", "the venue has not answered since the start")
        ask(process, "/status", "connection to the venue failed")
        ask(process, "/pause", "Paused")
        ask(process, "/resume", "allowed again")

        if fault is None:
            stack.enter_context(server)
        server.heal()
        back = process.wait_for("binance answers again")
        runs = process.wait_for("The desk runs", after=back)
        buy(process, "ETH/USDT")
        process.wait_for("ETH/USDT bought", after=runs)
        status = ask(process, "/status", "2 positions")
        assert "connection to the venue" not in status
        assert process.stop() == 0


def test_the_very_first_start_does_not_need_the_venue_either(
    tmp_path: Path, server: ExchangeServer
) -> None:
    server.fail(".*", ServerError(), times=100_000)
    with desk(tmp_path, server, more=QUIET).start("run") as process:
        process.wait_for("I cannot reach binance")
        ask(process, "/kill", "Kill switch on")
        server.heal()
        process.wait_for("The desk runs")
        assert process.stop() == 0


def test_a_misspelt_market_still_ends_the_start(tmp_path: Path, server: ExchangeServer) -> None:
    cli = desk(tmp_path, server, more=QUIET)
    toml = tmp_path / "cryptotrader.toml"
    toml.write_text(toml.read_text().replace("ETH/USDT", "EHT/USDT"))
    answer = cli.run("run")
    assert answer.code == 4
    assert "binance: does not trade EHT/USDT" in answer.err


def test_people_are_answered_while_the_venue_hangs(folder: Path, server: ExchangeServer) -> None:
    """The desk looks at prices of what it holds every second, and each of these looks hangs."""
    patient = f"timeout_s = {2 * HANGS_S}\ndeadline_s = {2 * HANGS_S}"
    with desk(folder, server, more=QUIET, venue=patient).start("run") as process:
        process.wait_for("The desk runs")
        server.forget_requests()
        server.fail(".*", Hang(seconds=HANGS_S), times=100_000)
        while not server.requests():
            time.sleep(0.05)
        ends_at = server.requests()[0].at_s + HANGS_S
        ask(process, "/status", "1 position")
        ask(process, "/portfolio", "BTC/USDT")
        ask(process, "/buy ETH/USDT 250", "no fresh price")
        ask(process, "/kill", "Kill switch on")
        assert time.monotonic() < ends_at
        assert process.stop() == 0


def test_commands_know_what_is_held_while_the_venue_is_away(
    folder: Path, server: ExchangeServer
) -> None:
    cli = desk(folder, server, more=QUIET)
    server.fail(".*", ServerError(), times=100_000)
    with cli.session() as run:
        (held,) = run("portfolio --json").ok().json["portfolio"]["holdings"]
        assert held["position"]["symbol"] == "BTC/USDT"
        assert run("kill on --json").ok().json["killed"] is True
        assert run("scan --json").code == 4
