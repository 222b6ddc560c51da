"""Every command as scripts rely on it: help with an example, one JSON document, exit codes."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from main.table import COMMANDS, help_text
from tests.scenario.cli import Cli, Session

_STRANGER = "0123456789abcdef"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A folder with nothing in it."""
    return Cli(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def run(empty: Cli) -> Iterator[Session]:
    """Runs commands in that folder, in one process."""
    with empty.session() as session:
        yield session


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_help_has_an_example(name: str, run: Session) -> None:
    answer = run(f"{name} --help")
    assert answer.code == 0
    assert answer.err == ""
    assert re.search(rf"Example: .*cryptotrader {name}\b", answer.out)
    assert "--config" in answer.out


def test_the_first_page_names_every_command(run: Session) -> None:
    for words in ("--help", "-h", "help"):
        assert run(words).ok().out.strip() == help_text().strip()
    listed = help_text()
    assert all(re.search(rf"^  {command.name} ", listed, re.MULTILINE) for command in COMMANDS)


JSON_COMMANDS = (
    "portfolio",
    "trades",
    "export",
    "export fills",
    "approvals",
    "approvals --recent 5",
    "audit tail",
    "audit verify",
    "kill on",
    "kill status",
    "kill off --yes",
    "paper reset --yes",
    "weights list",
    "config show",
    "db upgrade",
    "db check",
    "data status",
    "scan",
)


@pytest.mark.parametrize("command", JSON_COMMANDS)
def test_json_is_one_document_and_nothing_else(command: str, run: Session) -> None:
    run("db upgrade").ok()
    answer = run(f"{command} --json").ok()
    assert isinstance(answer.json, (dict, list))
    assert answer.out.endswith("\n")
    assert run(command).ok().out.strip()


def test_the_kill_switch_is_remembered_and_audited(run: Session) -> None:
    assert run("kill on --json").ok().json == {"killed": True, "cancelled": 0}
    switched = run("kill status --json").ok().json
    assert switched["killed"] is True
    assert switched["changed_at"].endswith("Z")
    assert run("audit tail --limit 1 --json").ok().json[0]["event"]["action"] == "killed"
    run("kill off --yes").ok()
    assert run("kill status --json").ok().json["killed"] is False
    assert run("audit verify --json").ok().json["lines"] >= 2


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("dance", 2, "no command 'dance'"),
        ("protfolio", 2, "did you mean 'portfolio'"),
        ("run --role tenor", 2, "not one of all, engine, bot"),
        ("portfolio --colour", 2, "--colour"),
        ("rehearse --to 2021-01-01", 2, "--from"),
        ("rehearse --from yesterday --to 2021-01-01", 2, "is no time"),
        ("rehearse --from 2021-01-02 --to 2021-01-01", 2, "is not before"),
        ("rehearse --from 2021-01-01 --to 2021-01-02 --approve perhaps", 2, "not one of"),
        ("rehearse --from 2021-01-01 --to 2021-01-02", 1, "cryptotrader data"),
        ("backtest --timeframe 7h", 2, "not one of"),
        ("scan --symbol BITCOIN", 2, "BASE/QUOTE"),
        ("portfolio --config absent.toml", 2, "absent.toml"),
        ("data backfill --venue nowhere --since 2026-01-01", 2, "nowhere"),
        ("data import absent", 2, "absent"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(
    command: str, code: int, said: str, run: Session
) -> None:
    answer = run(command)
    assert answer.code == code, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_a_misspelt_key_is_refused_with_a_suggestion(run: Session, empty: Cli) -> None:
    (empty.folder / "wrong.toml").write_text("[risk]\nmax_symbol_fracton = 0.2\n")
    answer = run("portfolio --config wrong.toml")
    assert answer.code == 2
    assert "wrong.toml" in answer.err
    assert "max_symbol_fraction" in answer.err


def test_secrets_are_never_shown(run: Session, empty: Cli) -> None:
    (empty.folder / "bot.toml").write_text(f'[telegram]\ntoken = "123456:{_STRANGER}"\n')
    for command in ("config show", "config show --json"):
        answer = run(f"{command} --config bot.toml").ok()
        assert _STRANGER not in answer.out + answer.err


def test_live_trading_is_refused_by_a_safety_rule(run: Session, empty: Cli) -> None:
    (empty.folder / "live.toml").write_text('[trading]\nmode = "live"\n')
    for command in ("run", "portfolio"):
        answer = run(f"{command} --config live.toml")
        assert answer.code == 3
        assert "proof" in answer.err


def test_a_database_that_cannot_be_reached_is_a_service(run: Session, empty: Cli) -> None:
    (empty.folder / "far.toml").write_text(
        '[database]\nurl = "postgresql+psycopg://nobody:hunter2@127.0.0.1:1/none"\n'
    )
    for command in ("portfolio --json", "db check", "trades"):
        answer = run(f"{command} --config far.toml")
        assert answer.code == 4, answer.err
        assert answer.out == ""
        assert "hunter2" not in answer.err


@pytest.mark.parametrize("command", ["kill off", "paper reset"])
def test_a_question_that_is_not_answered_with_yes_changes_nothing(
    command: str, run: Session
) -> None:
    for typed in ("n\n", "\n"):
        answer = run(f"{command} --json", typed)
        assert answer.code == 3
        assert not answer.out.strip()
        assert "as it is" in answer.err


def test_a_broken_chain_is_found(tmp_path: Path) -> None:
    with Cli(tmp_path).session() as run:
        run("kill on").ok()
        run("kill off --yes").ok()
        run("audit verify").ok()
        with closing(sqlite3.connect(tmp_path / "var" / "cryptotrader.db")) as connection:
            connection.execute("UPDATE audit SET actor = 'somebody' WHERE number = 1")
            connection.commit()
        broken = run("audit verify --json")
    assert broken.code == 1
    assert broken.out == ""
    assert "1" in broken.err
