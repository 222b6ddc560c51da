"""What the file says about delivery is what the desk does."""

from datetime import time
from pathlib import Path

import pytest

from config import load
from engine.domain.delivery import DeliveryPolicy, Loudness, MessageType, QuietHours
from engine.domain.errors import ConfigurationError
from main.delivering import delivery_policy


def policy(folder: Path, toml: str, environ: dict[str, str] | None = None) -> DeliveryPolicy:
    file = folder / "cryptotrader.toml"
    file.write_text(toml, encoding="utf-8")
    return delivery_policy(load(file, environ or {}).settings)


def test_without_a_word_the_defaults_of_both_agree(tmp_path: Path) -> None:
    found, plain = policy(tmp_path, ""), DeliveryPolicy()
    assert {kind: found.default(kind) for kind in MessageType} == {
        kind: plain.default(kind) for kind in MessageType
    }
    assert (found.quiet, found.digest_at, found.digest_enabled) == (None, time(7), True)


def test_every_setting_arrives(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        """
        [app]
        timezone = "Europe/Berlin"
        [alerts]
        fills = "digest"
        heartbeat = "off"
        questions = "silent"
        quiet_from = "22:30"
        quiet_to = "07:00"
        nearest_misses = 5
        [digest]
        enabled = false
        at = "06:15"
        """,
        {"CRYPTOTRADER_ALERTS__OPPORTUNITIES": "silent"},
    )
    assert found.default(MessageType.FILL) is Loudness.DIGEST
    assert found.default(MessageType.HEARTBEAT) is Loudness.OFF
    assert found.default(MessageType.QUESTION) is Loudness.SILENT
    assert found.default(MessageType.OPPORTUNITY) is Loudness.SILENT
    assert found.quiet == QuietHours(start=time(22, 30), end=time(7))
    assert (found.zone_name, found.nearest_misses) == ("Europe/Berlin", 5)
    assert (found.digest_enabled, found.digest_at) == (False, time(6, 15))


@pytest.mark.parametrize(
    "line",
    [
        'failures = "off"',
        'questions = "digest"',
        'fills = "quiet"',
        'quiet_from = "22:00"',
        'quiet_from = "22:00"\nquiet_to = "22:00"',
    ],
)
def test_what_cannot_hold_is_refused_where_it_is_written(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"alerts\."):
        policy(tmp_path, f"[alerts]\n{line}\n")
