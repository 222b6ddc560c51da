"""Logs go to stderr, in two shapes, without secrets."""

import json
import subprocess
import sys

import pytest

from main.logs import MASK, Redactor

SECRET = "a-secret-nobody-may-see"
TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
WRITE = f"""
import logging, sys, warnings
import structlog
from main.logs import configure_logs
configure_logs("info", sys.argv[1], [{SECRET!r}])
log = structlog.get_logger()
log.debug("too_quiet")
log.info("happened", symbol="BTC/USDT", detail="with {SECRET} inside", api_key="whatever")
logging.getLogger("vendor").warning("POST https://api/bot%s/getMe", "{TOKEN}")
try:
    raise ValueError("{SECRET}")
except ValueError:
    log.exception("failed")
"""


def run(style: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WRITE, style], capture_output=True, text=True, check=True
    )


def test_json_logs_are_one_object_a_line_on_stderr() -> None:
    done = run("json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.stdout == ""
    assert [event["level"] for event in events] == ["info", "warning", "error"]
    assert events[0]["event"] == "happened"
    assert events[0]["symbol"] == "BTC/USDT"
    assert events[0]["detail"] == f"with {MASK} inside"
    assert events[0]["api_key"] == MASK
    assert "ValueError" in events[2]["exception"]


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_log_holds_a_secret(style: str) -> None:
    said = run(style).stderr
    assert "too_quiet" not in said
    assert SECRET not in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"/bot{TOKEN}/getMe", f"/bot{MASK}/getMe"),
        (f"token {TOKEN}.", f"token {MASK}."),
        ("key sk-proj-0123456789abcdef!", f"key {MASK}!"),
        ("postgresql://me:pw@host/db", f"postgresql://{MASK}@host/db"),
        ("at 12:30:59 UTC", "at 12:30:59 UTC"),
    ],
)
def test_texts_that_look_like_secrets_are_masked(text: str, clean: str) -> None:
    assert Redactor().text(text) == clean


def test_secrets_are_masked_deep_inside_fields() -> None:
    event = {"event": "x", "rows": [{"password": "p", "note": f"({SECRET})"}], "n": 3, "none": None}
    assert Redactor([SECRET])(None, "info", event) == {
        "event": "x",
        "rows": [{"password": MASK, "note": f"({MASK})"}],
        "n": 3,
        "none": None,
    }


def test_short_values_are_no_secrets_worth_masking() -> None:
    assert Redactor(["1", ""]).text("1 of 1") == "1 of 1"
