"""``cryptotrader config``: what holds, and the list of everything that may be set."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import structlog
import typer

from config import Loaded
from engine.domain.errors import DatabaseError
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, say

_log = structlog.get_logger()

app = new_app(
    "What holds, and the list of everything that may be set.",
    example="cryptotrader config show",
)


@app.command(epilog="Example: cryptotrader config show --json")
def show(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Print the effective configuration, secrets masked, with the source of every value."""
    from config.show import effective_json, effective_toml

    loaded = with_overrides(load_settings(config))
    if json:
        print_json(effective_json(loaded))
    else:
        say(effective_toml(loaded).rstrip())


def with_overrides(loaded: Loaded) -> Loaded:
    """What holds with what people changed in the chat; without a database, what is written."""
    from db.migrate import HEAD, current
    from main.store import open_store
    from main.strategies import in_force

    settings = loaded.settings
    try:
        if current(settings.database.url) != HEAD:
            return loaded
        with open_store(settings) as units:
            with units(read_only=True) as unit:
                overrides = unit.overrides.all()
            held = in_force(settings, units)
    except DatabaseError as err:
        _log.warning("overrides_not_read", detail=str(err))
        return loaded
    places = {
        tuple(one.key.split(".")): f"set in the chat {one.set_at:%Y-%m-%d}, change {one.change_id}"
        for one in overrides
    }
    return replace(loaded, settings=held, places={**loaded.places, **places})


@app.command(epilog="Example: cryptotrader config docs --output docs/configuration.md")
def docs(
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="File to write, - for stdout.")
    ] = Path("docs/configuration.md"),
    config: ConfigOption = None,  # noqa: ARG001 - every command takes it; the list needs no file
) -> None:
    """Write the list of all settings: key, type, default, sentence, environment variable."""
    from config.reference import reference

    if str(output) == "-":
        say(reference().rstrip())
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(reference(), encoding="utf-8")
    say(f"wrote {output}")
