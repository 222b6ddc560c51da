"""A model's words reach a card by edit, and only those that its facts bear out."""

import json
from pathlib import Path

import pytest

from tests.scenario.cli import Cli, free_port
from tests.servers.llm import OpenAiServer, Say

KEY = "sk-test"
GROUNDED = "A round trip costs {{cost}}."
INVENTED = "This trade wins 73 percent of the time."

pytestmark = pytest.mark.timeout(300)


def test_grounded_words_are_edited_into_the_card_and_invented_ones_never_shown(
    tmp_path: Path,
) -> None:
    answer = json.dumps({"sentences": [GROUNDED, INVENTED]})
    with OpenAiServer(Say(answer), key=KEY) as model:
        cli = Cli(tmp_path, {"CRYPTOTRADER_HEALTH__PORT": str(free_port())})
        cli.configure(
            f'[llm]\nproviders = ["openai"]\n[llm.openai]\nmodel = "gpt-5.4-nano"\n'
            f'base_url = "{model.base_url}"\napi_key = "{KEY}"\n'
        )
        with cli.start("run") as desk:
            card = desk.wait_for("❓ Approve?")
            desk.wait_for("A round trip costs ", after=card)
            first, told = desk.lines[:card], desk.told()
    assert not any("A round trip costs" in line for line in first), "words before the card"
    assert "73 percent" not in told
    assert KEY not in told
