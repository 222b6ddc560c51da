"""The effective tree as it is printed, and the list of all settings."""

import json
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from bot.policy import TelegramOptions
from config import Loaded, Settings, load
from config.keys import Key, env_name, tree
from config.reference import reference
from config.services import LlmSettings, OpenAiSettings, TelegramSettings
from config.show import effective_json, effective_toml
from llm.policy import LlmPolicy, ProviderOptions

SECRET = "hunter2-hunter2"
DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"
SAMPLES: dict[str, object] = {"api_key": SECRET, "api_secret": SECRET, "api_password": SECRET}


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    file = tmp_path / "cryptotrader.toml"
    file.write_text(
        "[venues.kucoin]\nsymbols = ['BTC/USDT']\n"
        + "".join(f"{name} = '{value}'\n" for name, value in SAMPLES.items())
        + f"options = {{ apiKey = '{SECRET}', depth = {{ secret = '{SECRET}', n = 5 }} }}\n"
        f"[telegram]\ntoken = '{SECRET}'\n[llm.openai]\napi_key = '{SECRET}'\n"
        f"[rankings]\napi_key = '{SECRET}'\n"
        f"[database]\nurl = 'postgresql+psycopg://me:{SECRET}@db/desk?password={SECRET}'\n",
        encoding="utf-8",
    )
    return load(file, {"CRYPTOTRADER_RISK__MAX_OPEN_POSITIONS": "3"})


def test_no_secret_is_shown(loaded: Loaded) -> None:
    shown = effective_toml(loaded) + json.dumps(effective_json(loaded)) + repr(loaded)
    assert SECRET not in shown
    assert '"********"' in effective_toml(loaded)


def test_every_value_says_where_it_comes_from(loaded: Loaded) -> None:
    lines = effective_toml(loaded).splitlines()
    place = {line.split(" = ")[0]: line.split("  # ")[-1] for line in lines if " = " in line}
    assert place["max_open_positions"] == "environment: CRYPTOTRADER_RISK__MAX_OPEN_POSITIONS"
    assert place["symbols"] == str(loaded.file)
    assert place["max_drawdown_fraction"] == "default"
    sources = effective_json(loaded)["sources"]
    assert sources["venues.kucoin.symbols"] == str(loaded.file)


def test_what_is_shown_can_be_read_back(tmp_path: Path) -> None:
    before = load(_file(tmp_path, "[exits]\ntime_stop_bars = 'off'"), {})
    shown = effective_toml(before)
    assert tomllib.loads(shown)["exits"]["time_stop_bars"] == "off"
    after = load(_file(tmp_path, shown), {})
    assert after.settings == before.settings


def test_the_generated_documentation_is_up_to_date() -> None:
    written = DOCS.read_text(encoding="utf-8")
    assert written == reference(), "run: cryptotrader config docs"


def test_every_setting_has_a_sentence_a_default_and_its_row() -> None:
    text = reference()
    for path, key in tree().walk():
        assert key.doc.endswith("."), f"{'.'.join(path)} has no sentence"
        assert f"| `{key.name}` |" in text
        assert f"`{env_name(path)}`" in text


def test_every_number_has_its_unit_in_its_name() -> None:
    units = ("_s", "_bps", "_fraction", "_quote", "_usd", "_bars", "_multiple", "_days", "_mtok")
    # Counts of things named by the key itself, seeds, factors without a unit.
    plain = {"at", "port", "top", "seed", "speed", "quorum", "book_levels", "max_open_positions",
             "max_entries_per_day", "nearest_misses", "max_output_tokens", "breaker_failures",
             "impact_coefficient", "kelly_multiplier", "exit_score", "min_score",
             "prices_per_look", "rearm_points", "most_per_person", "connections"}  # fmt: skip
    numbers = [key for _, key in tree().walk() if _is_number(key)]
    assert len(numbers) > 50
    assert [key.name for key in numbers if not key.name.endswith(units)] == [
        key.name for key in numbers if key.name in plain
    ]


def test_the_plain_sections_mirror_the_options_they_are_handed_to() -> None:
    assert _defaults(LlmPolicy) == _defaults(LlmSettings)
    assert _names(ProviderOptions) == _names(OpenAiSettings)
    for provider in ("openai", "anthropic", "ollama"):
        mine = getattr(Settings().llm, provider)
        theirs = LlmPolicy().options_of(provider)
        for name in _names(ProviderOptions):
            assert getattr(mine, name) == getattr(theirs, name), f"{provider}.{name}"
    derived_by_main = {"base_file_url", "rates", "topics"}
    assert _names(TelegramOptions) - derived_by_main == _names(TelegramSettings)


def _file(folder: Path, text: str) -> Path:
    file = folder / "cryptotrader.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _is_number(key: Key) -> bool:
    return getattr(key.annotation, "__name__", "") in ("int", "float", "Decimal")


def _names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def _defaults(kind: type) -> dict[str, object]:
    nested = {"openai", "anthropic", "ollama"}
    return {
        field.name: field.default if field.default is not MISSING else "made"
        for field in fields(kind)
        if field.name not in nested
    }
