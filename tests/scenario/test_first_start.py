"""The first start, in an empty folder with nothing configured, as somebody sees it in a terminal.

``cryptotrader run`` → a simulated market, said so → a card → a press → a fill → stop, kill and
start again, with everything remembered.
"""

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.cli import Answer, Cli, Process, free_port, until

STOPS_WITHIN_S = 10.0


# A cold compile of the decision path takes most of a minute, and other tests run beside this.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def cli(tmp_path: Path, port: int) -> Cli:
    """An empty folder; only the port of the health page is chosen, for there is one machine."""
    return Cli(tmp_path, {"CRYPTOTRADER_HEALTH__PORT": str(port)})


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def held(portfolio: Answer) -> dict[str, Any]:
    """Positions by symbol."""
    holdings = portfolio.ok().json["portfolio"]["holdings"]
    return {one["position"]["symbol"]: one["position"] for one in holdings}


def test_a_first_start_reaches_a_card_and_a_fill_and_remembers_it(cli: Cli, port: int) -> None:
    with cli.start("run") as desk:
        desk.wait_for("[1] ✅ Approve")
        said = "\n".join(desk.lines)
        assert "SIMULATED market" in said
        assert "cryptotrader init" in said
        assert "uncalibrated" in said
        assert_well(port)
        assert_no_second_one(cli, desk)
        desk.say("1")
        symbol = desk.lines[desk.wait_for("bought") - 1].split()[1]
        asked_at = len(desk.lines)
        desk.say("how is my portfolio?")
        desk.wait_for(f"• {symbol}", after=asked_at)
        assert desk.stop(timeout_s=STOPS_WITHIN_S) == 0
        assert "everything is saved" in desk.lines[-1]

    with cli.session() as run:
        assert held(run("portfolio --json"))[symbol]["protection_order_id"]
        trades = run("trades --json").ok().json
        assert run("approvals --json").ok().json == []
        assert run("audit verify --json").ok().json["ok"] is True

    with cli.start("run") as again:
        again.wait_for("The desk runs")
        again.say("/positions")
        again.wait_for(symbol)
        again.say("/trades")
        again.wait_for(trades[0]["symbol"] if trades else "No closed trades")
        assert again.stop(signal.SIGINT, timeout_s=STOPS_WITHIN_S) == 0


def assert_well(port: int) -> None:
    """The three addresses for machines."""
    assert get(port, "/health/live") == (200, json.dumps({"status": "live"}))
    until(lambda: get(port, "/health/ready")[0] == 200)
    metrics = get(port, "/metrics")[1]
    assert "cryptotrader_open_questions 1.0" in metrics
    assert "cryptotrader_equity_quote 10000.0" in metrics


def assert_no_second_one(cli: Cli, desk: Process) -> None:
    """A second engine on the same database says who holds it, and changes nothing."""
    second = cli.run("run")
    assert second.code == 3
    assert f"process {desk.popen.pid}" in second.err
    assert desk.popen.poll() is None


def test_a_desk_without_input_lives_and_a_killed_one_forgets_nothing(cli: Cli, port: int) -> None:
    with cli.start("run") as desk:
        desk.hang_up()
        desk.wait_for("[1] ✅ Approve")
        assert get(port, "/health/live")[0] == 200
        desk.stop(signal.SIGKILL)

    with cli.start("run") as again:
        again.wait_for("[1] ✅ Approve")
        again.wait_for("The desk runs")
        again.say("1")
        symbol = again.lines[again.wait_for("bought") - 1].split()[1]
        again.stop(signal.SIGKILL)

    with cli.session() as run:
        assert list(held(run("portfolio --json"))) == [symbol]
        bought = [one for one in run("audit tail --limit 500 --json").ok().json if is_fill(one)]
        assert len(bought) == 1
        assert run("audit verify --json").ok().json["ok"] is True


def is_fill(line: dict[str, Any]) -> bool:
    """Whether an audit line tells of a filled order."""
    return bool(line["event"]["action"] == "order_filled")
