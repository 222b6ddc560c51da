"""``cryptotrader doctor``: everything the desk relies on, one line each, with the remedy."""

from collections.abc import Iterator

import typer

from config import Loaded
from engine.domain.errors import ConfigurationError, CryptotraderError
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.commands.config import with_overrides
from main.output import print_json, print_table
from main.probes import Finding, Health, database, model, telegram, venue

app = new_app("Check everything the desk relies on.")

_FAILED_EXIT = 1
_USAGE_EXIT = 2
_UNREACHABLE_EXIT = 4


@app.command(epilog="Example: cryptotrader doctor --json")
def doctor(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Configuration, database, venues and their clocks, Telegram, models: ok or what to do.

    Exit 1 if something failed here, 4 if only a service could not be reached.
    """
    try:
        loaded = load_settings(config)
    except ConfigurationError as err:
        broken = Finding(
            part="configuration",
            health=Health.FAILED,
            detail=str(err),
            remedy="correct it; docs/configuration.md lists all keys",
        )
        _report([broken], as_json=json)
        raise typer.Exit(_USAGE_EXIT) from None
    findings = list(_examine(loaded))
    _report(findings, as_json=json)
    raise typer.Exit(_exit_code(findings))


def _examine(loaded: Loaded) -> Iterator[Finding]:
    settings = loaded.settings
    yield Finding(
        part="configuration",
        health=Health.OK,
        detail=f"{loaded.file or 'embedded defaults'}, {_mode(loaded)}",
    )
    yield database(settings)
    for name, one in settings.venues.items():
        yield venue(name, one)
    yield telegram(settings.telegram)
    if not settings.llm.providers:
        yield Finding(part="model", health=Health.OFF, detail="none: the template explains")
    for provider in settings.llm.providers:
        yield model(provider, getattr(settings.llm, provider))


def _mode(loaded: Loaded) -> str:
    """The mode in force, which people may have set in the chat over that of the file."""
    written = loaded.settings.trading.mode
    try:
        held = with_overrides(loaded).settings.trading.mode
    except CryptotraderError:  # what is wrong is told by the part that it belongs to
        held = written
    return f"{held} mode" if held == written else f"{held} mode (set in the chat over {written})"


def _report(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        ok = all(one.health in (Health.OK, Health.OFF) for one in findings)
        print_json({"ok": ok, "checks": findings})
        return
    rows = [(one.part, one.health, one.detail, one.remedy) for one in findings]
    print_table("Doctor", ("part", "is", "detail", "remedy"), rows)


def _exit_code(findings: list[Finding]) -> int:
    seen = {one.health for one in findings}
    if Health.FAILED in seen:
        return _FAILED_EXIT
    return _UNREACHABLE_EXIT if Health.UNREACHABLE in seen else 0
