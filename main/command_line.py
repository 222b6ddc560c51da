"""What every command shares: its Typer application, its options, the settings it starts with."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from config import Loaded, Settings, load
from config.secrets import secrets_of
from engine.domain.errors import InvalidValueError, UsageError
from engine.domain.market import Symbol, Timeframe
from main.logs import configure_logs

FILES_VENUE = "files"

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration file [./cryptotrader.toml]."),
]
SymbolsOption = Annotated[
    list[str] | None,
    typer.Option("--symbol", metavar="S", help="Only this market; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def new_app(summary: str, *, example: str = "") -> typer.Typer:
    """A command's application; with an ``example`` it is a group of commands, even of one."""
    app = typer.Typer(
        help=summary, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    if example:
        app.callback(help=summary, epilog=f"Example: {example}")(_nothing)
    return app


def load_settings(file: Path | None) -> Loaded:
    """The configuration, with the logs set as it says."""
    loaded = load(file)
    app = loaded.settings.app
    configure_logs(app.log_level, app.log_format, secrets_of(loaded.settings))
    return loaded


def stored_venue(settings: Settings, given: str | None) -> str:
    """The name under which candle files are kept: the one given, else the real venue traded on.

    Else ``files``: never a simulation, whose candles would mix with them.
    """
    if given is not None:
        return given
    name = settings.venue_name
    return FILES_VENUE if settings.venue(name).kind == "simulated" else name


def simulated_venues(settings: Settings) -> tuple[str, ...]:
    """Venues whose candles are made up: no rehearsal or backtest picks them by itself."""
    return tuple(name for name, venue in settings.venues.items() if venue.kind == "simulated")


def parse_symbols(texts: Iterable[str]) -> tuple[Symbol, ...]:
    """Symbols, each once; ``UsageError`` with an example for a misspelt one."""
    try:
        return tuple(dict.fromkeys(Symbol.parse(text) for text in texts))
    except InvalidValueError as err:
        raise UsageError(f"--symbol: {err}") from err


def parse_moment(text: str, option: str) -> datetime:
    """A date or an ISO time as UTC; ``UsageError`` with an example otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise UsageError(
            f"{option} {text!r} is no time; write {option} 2021-01-01 or 2021-01-01T06:00"
        ) from err
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_timeframe(text: str) -> Timeframe:
    """A timeframe; ``UsageError`` with the known ones otherwise."""
    try:
        return Timeframe(text)
    except ValueError as err:
        known = ", ".join(Timeframe)
        raise UsageError(f"timeframe {text!r} is not one of {known}") from err


def _nothing() -> None:
    """Only there so that Typer keeps the command's name."""
