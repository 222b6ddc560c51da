"""The installed ``cryptotrader`` script in an empty folder: exit codes, files, JSON, stdout."""

import csv
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.servers.exchanges.venues import steady_rows

SCRIPT = Path(sys.executable).with_name("cryptotrader")
HOUR_MS = 3_600_000
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"

type Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the script in an empty folder, with nothing of the desk in the environment."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CRYPTOTRADER_")}

    def once(
        *words: str, code: int = 0, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [SCRIPT, *words],
            cwd=tmp_path,
            env={**clean, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return once


def test_wrong_usage_is_2_and_shows_the_way(run: Run) -> None:
    unknown = run("portfolo", code=2)
    assert unknown.stderr.splitlines() == [
        "cryptotrader: no command 'portfolo', did you mean 'portfolio'?",
        "Example: cryptotrader --help",
    ]
    assert "cryptotrader audit --help" in run("audit", "tial", code=2).stderr
    assert "cryptotrader trades --help" in run("trades", "--limit", "many", code=2).stderr
    assert "write --from 2021-01-01" in run("backtest", "--from", "soon", code=2).stderr


def test_a_group_alone_shows_its_commands(run: Run) -> None:
    assert "Example: cryptotrader db check" in run("db").stdout


def test_wrong_configuration_is_2_in_two_lines_for_every_kind_of_command(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "cryptotrader.toml").write_text("[risk]\nmax_open_position = 3")
    for words in (("trades",), ("audit", "verify", "--json")):
        done = run(*words, code=2)
        assert done.stdout == ""
        assert done.stderr.startswith(
            "cryptotrader: cryptotrader.toml: unknown key risk.max_open_position = 3"
        )
        assert len(done.stderr.splitlines()) <= 2
    assert run("doctor", "--json", code=2).stdout.startswith("{")


def test_a_database_that_is_missing_or_away_is_4(run: Run) -> None:
    assert "run `cryptotrader db upgrade`" in run("db", "check", code=4).stderr
    away = {"CRYPTOTRADER_DATABASE__URL": "postgresql+psycopg://me:pw-pw@127.0.0.1:1/desk"}
    done = run("trades", code=4, **away)
    assert "pw-pw" not in done.stderr


def test_the_database_is_made_checked_and_backed_up(run: Run, tmp_path: Path) -> None:
    assert json.loads(run("db", "upgrade", "--json").stdout)["before"] is None
    assert json.loads(run("db", "upgrade", "--json").stdout)["before"] is not None
    assert "ok" in run("db", "check").stdout
    written = json.loads(run("db", "backup", "safe/copy.db", "--json").stdout)
    assert (tmp_path / "safe" / "copy.db").stat().st_size == written["bytes"]
    assert "choose another name" in run("db", "backup", "safe/copy.db", code=4).stderr


def test_the_kill_switch_is_remembered_and_audited(run: Run) -> None:
    assert json.loads(run("kill", "on", "--json").stdout) == {"killed": True, "cancelled": 0}
    assert json.loads(run("kill", "status", "--json").stdout)["killed"] is True
    assert "stays as it is" in run("kill", "off", code=3, stdin="n\n").stderr
    assert json.loads(run("kill", "off", "--yes", "--json").stdout) == {"killed": False}
    lines = json.loads(run("audit", "tail", "--json").stdout)
    assert [line["event"]["action"] for line in lines] == ["kill_ended", "killed"]
    assert json.loads(run("audit", "verify", "--json").stdout) == {"ok": True, "lines": 2}


def test_init_writes_private_files_that_load_and_shows_no_secret(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=1\nCRYPTOTRADER_TELEGRAM__TOKEN=old\n")
    words = ("init", "--no-input", "--venue", "kucoin", "--owners", "7", "--provider", "ollama")
    done = run(*words, CRYPTOTRADER_TELEGRAM__TOKEN=TOKEN)
    assert TOKEN not in done.stdout + done.stderr
    for name in ("cryptotrader.toml", ".env"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert (tmp_path / ".env").read_text() == (f"OTHER=1\nCRYPTOTRADER_TELEGRAM__TOKEN='{TOKEN}'\n")
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["settings"]["telegram"]["owners"] == [7]
    assert shown["settings"]["telegram"]["token"] == "********"
    assert shown["sources"]["telegram.token"] == ".env: CRYPTOTRADER_TELEGRAM__TOKEN"
    assert "kucoin" in shown["settings"]["venues"]


def test_init_overwrites_nothing_without_being_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "cryptotrader.toml"
    file.write_text("# mine\n")
    assert "--force" in run("init", "--no-input", code=3).stderr
    run("init", code=3, stdin="n\n")
    assert run("init", "--no-input", "--force", "--venue", "No Name", code=2).stdout == ""
    assert file.read_text() == "# mine\n"
    run("init", "--no-input", "--force")
    assert "[venues.sim]" in file.read_text()


def test_paper_reset_starts_afresh_only_when_told(run: Run) -> None:
    assert "stays as it is" in run("paper", "reset", code=3, stdin="n\n").stderr
    told = json.loads(run("paper", "reset", "--yes", "--json").stdout)
    assert told == {"venue": "sim", "start_equity_quote": "10000"}
    view = json.loads(run("portfolio", "--json").stdout)
    assert view["portfolio"]["equity_quote"] == "10000"


@pytest.mark.parametrize("row", ["", "1700000000000,nonsense,1,1,1,1\n"])
def test_a_file_without_one_good_candle_fails(run: Run, tmp_path: Path, row: str) -> None:
    header = "ts_ms,open,high,low,close,volume\n"
    (tmp_path / "BTC_USDT-1h.csv").write_text(header + row)
    told = run("data", "import", "BTC_USDT-1h.csv", code=1)
    assert "not one good candle" in told.stderr + told.stdout


def test_candles_travel_from_file_to_store_to_backtest_to_file(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in" / "BTC_USDT-1h.csv"
    source.parent.mkdir()
    rows = steady_rows("1h", first_ms=1_700_000_000_000 // HOUR_MS * HOUR_MS, count=900)
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("ts_ms", "open", "high", "low", "close", "volume"))
        writer.writerows(rows)
        writer.writerow((rows[-1][0] + HOUR_MS, "nonsense", 1, 1, 1, 1))
    first = json.loads(run("data", "import", "in", "--json").stdout)
    assert first["venue"] == "files"
    assert (first["files"][0]["new"], first["files"][0]["bad_rows"]) == (900, 1)
    again = json.loads(run("data", "import", "in", "--json").stdout)
    assert (again["files"][0]["new"], again["files"][0]["unchanged"]) == (0, 900)
    status = json.loads(run("data", "status", "--json").stdout)
    assert status["streams"][0]["bars"] == 900
    assert status["quarantined"][0]["symbol"] == "BTC/USDT"
    assert json.loads(run("data", "gaps", "--json").stdout) == []
    result = json.loads(run("backtest", "--timeframe", "1h", "--json", "--report", "report").stdout)
    assert {"start_equity", "final_equity", "metrics", "trades", "equity", "costs"} <= set(result)
    assert len(result["equity"]) == 900
    assert (tmp_path / "report" / "equity.csv").exists()
    run("data", "export", "--to-dir", "out", "--format", "csv")
    assert (tmp_path / "out" / "BTC_USDT-1h.csv").exists()


class _Answers(BaseHTTPRequestHandler):
    """A bot that has the token's name, and an Ollama with one model."""

    def do_GET(self) -> None:
        if self.path == f"/bot{TOKEN}/getMe":
            self._answer(200, {"ok": True, "result": {"username": "desk_bot"}})
        elif self.path == "/api/tags":
            self._answer(200, {"models": [{"name": "llama3.2:latest"}]})
        else:
            self._answer(401, {"ok": False})

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Tests read the answers, not a log."""


@pytest.fixture
def services() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_doctor_names_each_part_and_its_remedy(run: Run, services: str) -> None:
    well = {
        "CRYPTOTRADER_TELEGRAM__BASE_URL": services,
        "CRYPTOTRADER_TELEGRAM__TOKEN": TOKEN,
        "CRYPTOTRADER_LLM__PROVIDERS": "ollama",
        "CRYPTOTRADER_LLM__OLLAMA__BASE_URL": services,
    }
    report = json.loads(run("doctor", "--json", **well).stdout)
    assert report["ok"] is True
    assert {check["part"]: check["health"] for check in report["checks"]} == {
        "configuration": "ok",
        "database": "ok",
        "venue sim": "ok",
        "telegram": "ok",
        "model ollama": "ok",
    }
    refused = run("doctor", "--json", code=1, **{**well, "CRYPTOTRADER_TELEGRAM__TOKEN": "1:x"})
    telegram = json.loads(refused.stdout)["checks"][3]
    assert telegram["health"] == "failed"
    assert "BotFather" in telegram["remedy"]
    away = {**well, "CRYPTOTRADER_TELEGRAM__BASE_URL": "http://127.0.0.1:1"}
    unreachable = run("doctor", "--json", code=4, **away)
    assert json.loads(unreachable.stdout)["checks"][3]["health"] == "unreachable"
    assert TOKEN not in unreachable.stdout + unreachable.stderr


def test_scan_can_be_narrowed_to_a_symbol_and_another_timeframe(run: Run) -> None:
    words = ("scan", "--symbol", "eth-usdt", "--timeframe", "4h", "--json")
    found = json.loads(run(*words).stdout)
    assert found["simulated"] is True
    assert found["timeframe"] == "4h"
    assert [one["symbol"] for one in found["opportunities"]] == ["ETH/USDT"]


def test_a_venue_that_is_away_is_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cryptotrader.toml").write_text(
        "[venues.binance]\nsymbols = ['BTC/USDT']\nbase_url = 'http://127.0.0.1:1'\n"
        "deadline_s = 1.0\n"
    )
    done = run("scan", code=4)
    assert done.stderr.splitlines()[-1].startswith("cryptotrader: binance: ")


def test_chat_answers_what_is_piped_into_it_and_ends(run: Run) -> None:
    said = run("chat", stdin="/status\n").stdout
    assert "simulated market" in said


def test_output_into_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{SCRIPT} config show | head -1; {SCRIPT} --help | head -1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 2
