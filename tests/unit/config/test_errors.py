"""What a person reads when a setting is wrong: place, key, value and remedy, never a secret."""

from pathlib import Path

import pytest

from config import load
from engine.domain.errors import ConfigurationError

SECRET = "hunter2-hunter2"
VENUE = "[venues.bitfinex]\nsymbols = ['BTC/USDT']\n"


def refusal(folder: Path, toml: str = "", environ: dict[str, str] | None = None) -> str:
    file = folder / "cryptotrader.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(file, environ or {})
    assert caught.value.exit_code == 2
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (
            "[risk]\nmax_open_position = 3",
            (
                "cryptotrader.toml: unknown key risk.max_open_position = 3, did you mean "
                '"max_open_positions"?; correct or remove it (docs/configuration.md lists all keys)'
            ),
        ),
        (
            "mode = 'paper'",
            (
                'cryptotrader.toml: unknown key mode = "paper", did you mean "trading.mode"?; '
                "correct or remove it (docs/configuration.md lists all keys)"
            ),
        ),
        (
            "[riks]\nrisk_fraction = 0.1",
            (
                'cryptotrader.toml: unknown section riks, did you mean "risk"?; '
                "correct or remove it (docs/configuration.md lists all keys)"
            ),
        ),
        (
            "[risk]\nmax_open_positions = 0",
            "cryptotrader.toml: risk.max_open_positions = 0: must be >= 1; correct it (default 5)",
        ),
        (
            "[risk]\nmax_open_positions = 'many'",
            (
                'cryptotrader.toml: risk.max_open_positions = "many": must be a whole number; '
                "correct it (default 5)"
            ),
        ),
        (
            "[approval]\nask_above_quote = 'much'",
            (
                'cryptotrader.toml: approval.ask_above_quote = "much": must be a number; '
                "correct it (default 100)"
            ),
        ),
        (
            "[trading]\nmode = 'papr'",
            (
                'cryptotrader.toml: trading.mode = "papr": must be one of alert, paper, live; '
                "correct it (default paper)"
            ),
        ),
        (
            "[app]\ntimezone = 'Mars/Base'",
            (
                'cryptotrader.toml: app.timezone = "Mars/Base": must be an IANA zone such as '
                "Europe/Berlin; correct it (default UTC)"
            ),
        ),
        (
            "[digest]\nat = '25:00'",
            (
                'cryptotrader.toml: digest.at = "25:00": must be a time of day, for example 07:00; '
                "correct it (default 07:00)"
            ),
        ),
        (
            "[health]\nenabled = 'perhaps'",
            (
                'cryptotrader.toml: health.enabled = "perhaps": must be true or false; '
                "correct it (default true)"
            ),
        ),
        (
            "risk = 3",
            "cryptotrader.toml: risk is a section, not a value; write [risk]",
        ),
        (
            "[risk]\nrisk_fraction = 0.1\n[trading\nmode = 'paper'",
            (
                "cryptotrader.toml: line 3, column 9: expected ']' at the end of a table "
                "declaration; mend this line (TOML)"
            ),
        ),
        (
            "[venues.bitfinex]\nsymbols = ['BTCUSDT']",
            (
                "cryptotrader.toml: venues.bitfinex.symbols = ['BTCUSDT']: must be BASE/QUOTE "
                "each, for example BTC/USDT; correct it"
            ),
        ),
        (
            "[venues.bitfinex]\nsymbols = 'BTC/USDT'",
            (
                'cryptotrader.toml: venues.bitfinex.symbols = "BTC/USDT": must be a list, '
                'for example ["a", "b"]; correct it'
            ),
        ),
        (
            "[trading]\nvenue = 'kraken'",
            (
                "no venue 'kraken' is configured; there are sim; "
                "add a section [venues.kraken] to cryptotrader.toml"
            ),
        ),
    ],
)
def test_a_wrong_file_is_named_with_key_value_and_remedy(
    tmp_path: Path, toml: str, message: str
) -> None:
    assert refusal(tmp_path, toml) == message


def test_a_venue_without_anything_to_watch_says_what_to_write(tmp_path: Path) -> None:
    said = refusal(tmp_path, "[venues.bitfinex]")
    assert said.startswith("cryptotrader.toml: venues.bitfinex.symbols: must be at least one")


def test_several_wrong_values_are_counted_and_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, "[risk]\nsizing = 'x'\n[fills]\nseed = -1\n[health]\nport = 'p'")
    first, second = said.split("\n")
    assert first.startswith("cryptotrader.toml: risk.sizing")
    assert second == "2 more wrong: fills.seed, health.port"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "CRYPTOTRADER_RISKS__MAX_OPEN_POSITIONS",
            "3",
            (
                "environment: CRYPTOTRADER_RISKS__MAX_OPEN_POSITIONS sets nothing, did you mean "
                '"CRYPTOTRADER_RISK__MAX_OPEN_POSITIONS"?; correct or unset it '
                "(names: CRYPTOTRADER_<SECTION>__<KEY>)"
            ),
        ),
        (
            "CRYPTOTRADER_RISK__MAX_OPEN_POSITIONS",
            "three",
            (
                "environment: CRYPTOTRADER_RISK__MAX_OPEN_POSITIONS: risk.max_open_positions = "
                '"three": must be a whole number; correct it (default 5)'
            ),
        ),
        (
            "CRYPTOTRADER_TELEGRAM__OWNERS",
            "[1, 2",
            (
                "environment: CRYPTOTRADER_TELEGRAM__OWNERS: cannot be read as JSON (Expecting ',' "
                'delimiter); write for example ["a", "b"]'
            ),
        ),
    ],
)
def test_a_wrong_variable_is_named_with_value_and_remedy(
    tmp_path: Path, name: str, value: str, message: str
) -> None:
    assert refusal(tmp_path, environ={name: value}) == message


def test_a_misspelt_venue_variable_is_suggested_under_the_same_venue(tmp_path: Path) -> None:
    said = refusal(tmp_path, environ={"CRYPTOTRADER_VENUES__KUCOIN__API_SECRT": SECRET})
    assert 'did you mean "CRYPTOTRADER_VENUES__KUCOIN__API_SECRET"?' in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "toml",
    [
        f"{VENUE}api_secrt = '{SECRET}'",
        f"{VENUE}api_secret = ['{SECRET}']",
        f"{VENUE}api_key = {{ value = '{SECRET}' }}",
        f"[telegram]\ntokn = '{SECRET}'",
        f"[telegram]\ntoken = ['{SECRET}']",
        f"[llm.openai]\nkey = '{SECRET}'",
        f"[database]\nuri = 'postgresql+psycopg://me:{SECRET}@db/desk'",
        f"[telegram]\ntoken = '{SECRET}'\npoll_timeout_s = 900",
        f"token = 'x'\n[telegram]\ntoken = '{SECRET}'",
    ],
)
def test_no_message_repeats_a_secret(tmp_path: Path, toml: str) -> None:
    assert SECRET not in refusal(tmp_path, toml)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml: cannot be read .*--config"):
        load(tmp_path / "absent.toml", {})


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cryptotrader.toml"
    file.write_bytes(b"\xff\xfe\x00[")
    with pytest.raises(ConfigurationError, match=r"cryptotrader\.toml: is not UTF-8 text"):
        load(file, {})
