"""Where values come from, and which of them win."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from config import Loaded, Settings, load
from config.secrets import secrets_of
from engine.domain.desk import Mode
from engine.domain.errors import ConfigurationError
from engine.domain.market import Timeframe

KEY = "CRYPTOTRADER_RISK__MAX_OPEN_POSITIONS"


def load_in(
    folder: Path, toml: str | None = None, dotenv: str = "", environ: dict[str, str] | None = None
) -> Loaded:
    file = folder / "cryptotrader.toml"
    file.write_text(toml or "", encoding="utf-8")
    if dotenv:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    return load(file, environ or {})


def test_with_nothing_configured_it_is_a_paper_desk_on_a_simulated_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load(None, {})
    settings = loaded.settings
    assert loaded.file is None
    assert loaded.places == {}
    assert settings == Settings()
    assert settings.trading.mode is Mode.PAPER
    assert settings.venue_name == "sim"
    assert settings.venue("sim").kind == "simulated"
    assert settings.database.url == "sqlite:///var/cryptotrader.db"
    assert not settings.telegram.token.get_secret_value()
    assert settings.llm.providers == ()


def test_the_environment_wins_over_dotenv_over_the_file_over_the_default(tmp_path: Path) -> None:
    toml = "[risk]\nmax_open_positions = 2"

    def value(dotenv: str = "", environ: dict[str, str] | None = None) -> int:
        return load_in(tmp_path, toml, dotenv, environ).settings.risk.max_open_positions

    assert Settings().risk.max_open_positions == 5
    assert value() == 2
    assert value(f"{KEY}=3") == 3
    assert value(f"{KEY}=3", {KEY: "4"}) == 4


def test_a_layer_changes_its_keys_and_leaves_the_others(tmp_path: Path) -> None:
    toml = "[risk]\nmax_open_positions = 2\nrisk_fraction = 0.002"
    loaded = load_in(tmp_path, toml, environ={KEY: "4"})
    assert loaded.settings.risk.max_open_positions == 4
    assert loaded.settings.risk.risk_fraction == 0.002
    assert loaded.settings.risk.max_symbol_fraction == 0.10
    assert loaded.places == {
        ("risk", "max_open_positions"): f"environment: {KEY}",
        ("risk", "risk_fraction"): str(tmp_path / "cryptotrader.toml"),
    }


def test_dotenv_may_hold_variables_of_others(tmp_path: Path) -> None:
    loaded = load_in(tmp_path, dotenv=f"export PATH_TO_X=1\n# note\n{KEY}=3\n")
    assert loaded.settings.risk.max_open_positions == 3


def test_dotenv_is_read_beside_the_file_not_in_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / ".env").write_text(f"{KEY}=9", encoding="utf-8")
    monkeypatch.chdir(here)
    assert load_in(there, dotenv=f"{KEY}=3").settings.risk.max_open_positions == 3


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text("[risk]\nmax_open_positions = 2", encoding="utf-8")
    loaded = load(None, {"CRYPTOTRADER_CONFIG": str(file)})
    assert loaded.file == file
    assert loaded.settings.risk.max_open_positions == 2


def test_lists_come_with_commas_or_as_json(tmp_path: Path) -> None:
    for text in ("1, 2", "[1, 2]"):
        loaded = load_in(tmp_path, environ={"CRYPTOTRADER_TELEGRAM__OWNERS": text})
        assert loaded.settings.telegram.owners == (1, 2)


def test_a_whole_venue_comes_from_the_environment(tmp_path: Path) -> None:
    loaded = load_in(
        tmp_path,
        environ={
            "CRYPTOTRADER_VENUES__MY_KUCOIN__EXCHANGE": "kucoin",
            "CRYPTOTRADER_VENUES__MY_KUCOIN__SYMBOLS": "BTC/USDT,ETH/USDT",
            "CRYPTOTRADER_VENUES__MY_KUCOIN__API_SECRET": "0123456",
            "CRYPTOTRADER_VENUES__MY_KUCOIN__OPTIONS": '{"fetchMarkets": {"x": false}}',
            "CRYPTOTRADER_VENUES__MY_KUCOIN__TIMEFRAMES": "4h",
        },
    )
    venue = loaded.settings.venue(loaded.settings.venue_name)
    assert loaded.settings.venue_name == "my_kucoin"
    assert venue.exchange == "kucoin"
    assert venue.symbols == ("BTC/USDT", "ETH/USDT")
    assert venue.api_secret.get_secret_value() == "0123456"
    assert venue.options == {"fetchMarkets": {"x": False}}
    assert venue.timeframes == (Timeframe.H4,)


def test_a_venue_called_sim_is_the_simulation_unless_it_says_otherwise(tmp_path: Path) -> None:
    loaded = load_in(tmp_path, environ={"CRYPTOTRADER_VENUES__SIM__SIMULATION__SPEED": "60"})
    assert loaded.settings.venue("sim").kind == "simulated"
    assert loaded.settings.venue("sim").simulation.speed == 60
    empty_table = load_in(tmp_path, "[venues.sim]").settings
    assert empty_table.venue("sim").kind == "simulated"


def test_the_first_venue_of_the_file_is_traded_on_unless_another_is_named(tmp_path: Path) -> None:
    toml = "[venues.kucoin]\nsymbols=['BTC/USDT']\n[venues.binance]\nsymbols=['BTC/USDT']\n"
    assert load_in(tmp_path, toml).settings.venue_name == "kucoin"
    named = f"{toml}[trading]\nvenue = 'binance'"
    assert load_in(tmp_path, named).settings.venue_name == "binance"


def test_the_database_follows_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    moved = load_in(tmp_path, "[app]\ndata_dir = '/srv/desk'").settings
    assert moved.database.url == "sqlite:////srv/desk/cryptotrader.db"
    named = load_in(
        tmp_path, "[app]\ndata_dir = '/srv/desk'\n[database]\nurl = 'sqlite:///x.db'"
    ).settings
    assert named.database.url == "sqlite:///x.db"


def test_off_is_the_absence_of_an_optional_value(tmp_path: Path) -> None:
    toml = "[exits]\ntime_stop_bars = 'off'\n[venues.kucoin]\nsymbols=['BTC/USDT']\nuniverse='off'"
    settings = load_in(
        tmp_path, toml, environ={"CRYPTOTRADER_EXITS__TRAILING_ATR_MULTIPLE": "off"}
    ).settings
    assert settings.exits is not None
    assert settings.exits.time_stop_bars is None
    assert settings.exits.trailing_atr_multiple is None
    assert settings.venue("kucoin").universe is None


def test_numbers_of_money_stay_exact(tmp_path: Path) -> None:
    settings = load_in(tmp_path, "[approval]\nask_above_quote = 100.10").settings
    assert settings.approval.ask_above_quote == Decimal("100.1")
    by_variable = {"CRYPTOTRADER_TRADING__START_EQUITY_QUOTE": "12345678901234567890.12"}
    settings = load_in(tmp_path, environ=by_variable).settings
    assert settings.trading.start_equity_quote == Decimal("12345678901234567890.12")


def test_times_keep_their_zone(tmp_path: Path) -> None:
    toml = "[venues.sim.simulation]\nstarts_at = 2023-05-01T00:00:00Z"
    simulation = load_in(tmp_path, toml).settings.venue("sim").simulation
    assert simulation.starts_at == datetime(2023, 5, 1, tzinfo=UTC)


def test_an_unknown_venue_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no venue 'kraken' is configured; there are sim"):
        Settings().venue("kraken")


def test_the_tree_is_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.app = settings.app


def test_a_tree_built_by_hand_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK", '{"max_open_positions": 1}')
    monkeypatch.setenv(KEY, "1")
    assert Settings().risk.max_open_positions == 5


def test_the_secrets_of_a_tree_are_all_found(tmp_path: Path) -> None:
    settings = load_in(
        tmp_path,
        "[venues.kucoin]\nsymbols=['BTC/USDT']\napi_key='k1'\napi_password='p1'\n"
        "[telegram]\ntoken='t1'\n[llm.openai]\napi_key='o1'\n"
        "[database]\nurl='postgresql+psycopg://me:d1@db/desk'",
    ).settings
    assert set(secrets_of(settings)) == {"k1", "p1", "t1", "o1", "d1"}


@pytest.mark.parametrize(
    ("written", "groups"),
    [
        ("[-100123]", {-100123: None}),
        ('["-100123:5", -7]', {-100123: 5, -7: None}),
        ("[{id = -100123, topic = 5}]", {-100123: 5}),
    ],
)
def test_a_group_may_name_its_topic(
    tmp_path: Path, written: str, groups: dict[int, int | None]
) -> None:
    file = tmp_path / "cryptotrader.toml"
    file.write_text(f"[telegram]\nchats = {written}\n")
    assert load(file, environ={}).settings.telegram.groups == groups


def test_groups_come_from_the_environment_too(tmp_path: Path) -> None:
    file = tmp_path / "cryptotrader.toml"
    file.write_text("")
    loaded = load(file, environ={"CRYPTOTRADER_TELEGRAM__CHATS": "-100123:5,-7"})
    assert loaded.settings.telegram.groups == {-100123: 5, -7: None}


@pytest.mark.parametrize("written", ['["desk"]', "[-7, -7]", '["-7:0"]', "[{id = -7}]", "[1.5]"])
def test_a_group_that_is_none_is_refused(tmp_path: Path, written: str) -> None:
    file = tmp_path / "cryptotrader.toml"
    file.write_text(f"[telegram]\nchats = {written}\n")
    with pytest.raises(ConfigurationError, match="chats"):
        load(file, environ={})
