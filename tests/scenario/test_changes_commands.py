"""Changes at the terminal: proposed, listed, approved, in force for every command from then on."""

from pathlib import Path
from typing import Any

import pytest

from tests.scenario.cli import Cli


@pytest.fixture
def desk(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def only_change(desk: Cli, *words: str) -> dict[str, Any]:
    (change,) = desk.run("changes", "list", *words, "--json").json["changes"]
    found: dict[str, Any] = change
    return found


def test_weights_are_proposed_approved_and_active(desk: Cli) -> None:
    words = ("--weight", "RSI=0.5", "--weight", "macd=0", "--reason", "RSI leads")
    asked = desk.run("weights", "propose", *words, "--json").json
    assert (asked["kind"], asked["state"], asked["reason"]) == ("weights", "pending", "RSI leads")
    assert asked["after"]["weights"] == "score-2"
    assert "token" not in asked
    assert desk.run("weights", "list", "--json").json["active"] == "score-1"

    done = desk.run("changes", "approve", asked["id"], "--yes", "--json").json
    assert done["result"] == "applied"
    listed = desk.run("weights", "list", "--json").json
    assert listed["active"] == "score-2"
    (new,) = (one for one in listed["stored"] if one["version"] == "score-2")
    # RSI .5 beside the others' .13 + .13 + .13 + .07 + .06 + .06 = .58, MACD out.
    assert new["weights"]["RSI"] == pytest.approx(0.5 / 1.08)
    assert new["weights"]["MACD"] == 0
    again = desk.run("changes", "approve", asked["id"], "--yes")
    assert (again.code, "already decided" in again.err) == (3, True)


def test_what_is_no_weight_is_told_with_an_example(desk: Cli) -> None:
    with desk.session() as run:
        for weight in ("RSI", "RSI=much", "RSI=-1", "RSI=nan", "NOPE=1"):
            answer = run(f"weights propose --weight {weight}")
            assert answer.code == 2
            assert f"--weight {weight.partition('=')[0]}" in answer.err.replace("'", "")
        assert run("changes list --json").json["changes"] == []


def test_a_limit_from_the_chat_is_shown_with_its_source_and_can_be_unset(desk: Cli) -> None:
    told = desk.run("chat", said="/limits max_open_positions 3\n").out
    assert "Most positions at once: 5 → 3" in told
    shown = desk.run("config", "show", "--json").json
    assert shown["settings"]["risk"]["max_open_positions"] == 3
    assert shown["sources"]["risk.max_open_positions"].startswith("set in the chat")
    kept = desk.run("changes", "unset", "risk.max_open_positions", said="n\n")
    assert kept.code == 3
    desk.run("changes", "unset", "risk.max_open_positions", "--yes").ok()
    shown = desk.run("config", "show", "--json").json
    assert shown["settings"]["risk"]["max_open_positions"] == 5
    assert shown["sources"]["risk.max_open_positions"] == "default"
    assert desk.run("changes", "unset", "risk.max_open_positions").code == 2


def test_a_strategy_chosen_in_the_chat_is_traded_from_the_next_start(desk: Cli) -> None:
    desk.run("chat", said="/strategy trend-1\n").ok()
    change = only_change(desk)
    assert change["evidence"] == {"proof": "none"}
    done = desk.run("changes", "approve", change["id"], "--yes", "--json").json
    assert done["result"] == "next_start"
    assert "trend-1" in desk.run("chat", said="/status\n").out
    shown = desk.run("config", "show", "--json").json
    assert shown["settings"]["strategy"]["name"] == "trend"


def test_a_no_at_the_terminal_changes_nothing(desk: Cli) -> None:
    desk.run("chat", said="/limits max_open_positions 9\n").ok()
    change = only_change(desk)
    asked = desk.run("changes", "approve", change["id"], said="n\n")
    assert (asked.code, "nothing was changed" in asked.err) == (3, True)
    desk.run("changes", "reject", change["id"]).ok()
    assert only_change(desk, "--recent", "5")["state"] == "rejected"
    assert desk.run("changes", "approve", "c0").code == 2
    shown = desk.run("config", "show", "--json").json
    assert shown["settings"]["risk"]["max_open_positions"] == 5


def test_a_limit_that_fits_the_file_no_more_stops_the_start_with_the_way_out(desk: Cli) -> None:
    desk.run("chat", said="/limits max_risk_fraction 0.6%\n").ok()
    desk.configure("[risk]\nrisk_fraction = 0.009\n")
    answer = desk.run("portfolio")
    assert answer.code == 2
    assert "cryptotrader changes unset" in answer.err
    desk.run("changes", "unset", "risk.max_risk_fraction", "--yes").ok()
    desk.run("portfolio").ok()


def test_the_questions_of_both_kinds_are_counted_and_it_is_said_where_they_are_listed(
    desk: Cli,
) -> None:
    desk.run("weights", "propose", "--weight", "RSI=0.5", "--json").ok()
    told = desk.run("approvals").out
    assert "1 open questions: 0 about orders, 1 about the desk itself" in " ".join(told.split())
    assert "cryptotrader changes list" in told


def test_the_doctor_names_the_mode_that_people_chose(desk: Cli) -> None:
    desk.run("chat", said="/mode alert\n").ok()
    checks = {one["part"]: one for one in desk.run("doctor", "--json").json["checks"]}
    assert "alert mode (set in the chat over paper)" in checks["configuration"]["detail"]
