"""``cryptotrader init``: a few questions, then ``cryptotrader.toml`` and ``.env``.

What is secret goes to ``.env`` (mode 600), everything else to the TOML file; secrets are typed
unseen and never printed. Without a terminal the answers come from flags, and the secrets from the
environment variables that the desk itself reads. Both files are written whole or not at all, and
what was written is read back before the command says that it is done.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import tomli_w
import typer

from config import load
from config.keys import env_name
from config.loading import DEFAULT_FILE
from config.settings import SIMULATED_VENUE
from engine.domain.errors import ConfigurationError, DataError, SafetyRefusedError, UsageError
from engine.domain.market import Timeframe
from main.command_line import ConfigOption, new_app, parse_symbols
from main.output import say

app = new_app("Ask what is needed and write the files.")

_PROVIDERS = ("openai", "anthropic", "ollama")
_NONE = "none"
_SYMBOLS = "BTC/USDT,ETH/USDT"
_ENV_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=")
_TELEGRAM_TOKEN = ("telegram", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What is to be written."""

    venue: str
    symbols: tuple[str, ...] = ()
    owners: tuple[int, ...] = ()
    provider: str = _NONE
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def toml(self) -> str:
        """The configuration file."""
        document: dict[str, object] = {"trading": {"mode": "paper"}}
        if self.venue == SIMULATED_VENUE:
            document["venues"] = {self.venue: {"kind": "simulated"}}
        else:
            venue = {"symbols": list(self.symbols), "timeframes": [Timeframe.H1, Timeframe.H4]}
            document["venues"] = {self.venue: venue}
        if self.owners:
            document["telegram"] = {"owners": list(self.owners)}
        if self.provider != _NONE:
            document["llm"] = {"providers": [self.provider]}
        return (
            "# Written by `cryptotrader init`; every key is listed in docs/configuration.md.\n"
            "# Secrets stand in .env beside this file.\n\n" + tomli_w.dumps(document)
        )


@app.command(
    epilog="Example: cryptotrader init --venue bitfinex --symbols BTC/USDT,ETH/USDT --no-input"
)
def init(
    venue: Annotated[
        str | None, typer.Option(metavar="V", help="ccxt's id, or sim for the simulation.")
    ] = None,
    symbols: Annotated[
        str | None, typer.Option(metavar="A,B", help="Markets to watch, as BASE/QUOTE.")
    ] = None,
    owners: Annotated[
        str | None, typer.Option(metavar="IDS", help="Numeric Telegram ids, as 1,2.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="P", help="openai, anthropic, ollama or none.")
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Ask nothing; secrets from the environment.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite without asking.")] = False,
    config: ConfigOption = None,
) -> None:
    """Ask for venue, Telegram token and model; write cryptotrader.toml and .env (mode 600)."""
    file = config or DEFAULT_FILE
    _may_overwrite(file, force=force, may_ask=not no_input)
    given = _Given(venue=venue, symbols=symbols, owners=owners, provider=provider)
    answers = _from_flags(given) if no_input else _from_questions(given)
    _check(answers)
    env = file.parent / ".env"
    _write_private(env, _merged(env, answers.secrets))
    _write_private(file, answers.toml())
    loaded = load(file)
    say(f"wrote {file} and {env} (readable by you only)")
    if not loaded.settings.telegram.token.get_secret_value():
        say("no Telegram token: the desk talks in the terminal")
    say("next: cryptotrader doctor, then cryptotrader run")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """The flags as they came."""

    venue: str | None
    symbols: str | None
    owners: str | None
    provider: str | None


def _from_flags(given: _Given) -> _Answers:
    provider = _known_provider(given.provider or _NONE)
    wanted = [env_name(_TELEGRAM_TOKEN), *([_key_name(provider)] if _has_key(provider) else [])]
    venue = given.venue or SIMULATED_VENUE
    return _Answers(
        venue=venue,
        symbols=_symbols(given.symbols or _SYMBOLS),
        owners=_ids(given.owners or ""),
        provider=provider,
        secrets={name: os.environ[name] for name in wanted if os.environ.get(name)},
    )


def _from_questions(given: _Given) -> _Answers:
    """Ask for what the flags do not say; an empty secret is none."""
    secrets: dict[str, str] = {}
    venue = given.venue or _ask(
        "Venue (sim, bitfinex, binance, kucoin, any other id of ccxt)", SIMULATED_VENUE
    )
    symbols = given.symbols or (
        _SYMBOLS if venue == SIMULATED_VENUE else _ask("Markets to watch", _SYMBOLS)
    )
    token = _ask_unseen("Telegram bot token, from @BotFather (empty: talk in the terminal)")
    owners = given.owners or ""
    if token:
        secrets[env_name(_TELEGRAM_TOKEN)] = token
        owners = owners or _ask("Your numeric Telegram id (empty: pair by code)", "")
    provider = _known_provider(
        given.provider or _ask("Language model (openai, anthropic, ollama, none)", _NONE)
    )
    if _has_key(provider) and (key := _ask_unseen(f"Key for {provider}")):
        secrets[_key_name(provider)] = key
    return _Answers(
        venue=venue,
        symbols=_symbols(symbols),
        owners=_ids(owners),
        provider=provider,
        secrets=secrets,
    )


def _ask(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default, err=True)).strip()


def _ask_unseen(question: str) -> str:
    answer = typer.prompt(question, default="", hide_input=True, show_default=False, err=True)
    return str(answer).strip()


def _known_provider(name: str) -> str:
    if name not in (*_PROVIDERS, _NONE):
        raise UsageError(f"provider {name!r} is not one of {', '.join((*_PROVIDERS, _NONE))}")
    return name


def _has_key(provider: str) -> bool:
    return provider in ("openai", "anthropic")


def _key_name(provider: str) -> str:
    return env_name(("llm", provider, "api_key"))


def _symbols(text: str) -> tuple[str, ...]:
    parts = [part for part in text.split(",") if part.strip()]
    return tuple(str(symbol) for symbol in parse_symbols(parts))


def _ids(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as err:
        raise UsageError("--owners takes numeric Telegram ids, for example 12345,67890") from err


def _may_overwrite(file: Path, *, force: bool, may_ask: bool) -> None:
    if not file.exists() or force:
        return
    if not may_ask:
        raise SafetyRefusedError(f"{file} exists; add --force to overwrite it")
    if not typer.confirm(f"{file} exists. Overwrite it?", err=True):
        raise SafetyRefusedError(f"{file} stays as it is")


def _check(answers: _Answers) -> None:
    """Refuse answers that the desk would refuse, before anything is overwritten."""
    with TemporaryDirectory() as folder:
        trial = Path(folder) / DEFAULT_FILE
        trial.write_text(answers.toml(), encoding="utf-8")
        try:
            load(trial, {})
        except ConfigurationError as err:
            raise UsageError(str(err).removeprefix(f"{trial}: ")) from err


def _merged(file: Path, secrets: Mapping[str, str]) -> str:
    """The ``.env`` with these values; lines about other names stay as they are."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if not _sets_one_of(line, secrets)]
    added = [f"{name}={_quoted(value)}" for name, value in secrets.items()]
    return "".join(f"{line}\n" for line in (*kept, *added))


def _sets_one_of(line: str, names: Mapping[str, str]) -> bool:
    found = _ENV_LINE.match(line)
    return found is not None and found["name"] in names


def _quoted(value: str) -> str:
    """In single quotes nothing but the quote and the backslash has a meaning."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, from the first byte on, and put it in place."""
    part = file.with_name(file.name + ".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        part.replace(file)
    except OSError as err:
        raise DataError(f"{file} cannot be written: {err.strerror}") from err
