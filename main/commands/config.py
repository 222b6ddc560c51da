"""``cryptotrader config``: what holds, and the list of everything that may be set."""

from pathlib import Path
from typing import Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, say

app = new_app(
    "What holds, and the list of everything that may be set.",
    example="cryptotrader config show",
)


@app.command(epilog="Example: cryptotrader config show --json")
def show(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Print the effective configuration, secrets masked, with the source of every value."""
    from config.show import effective_json, effective_toml

    loaded = load_settings(config)
    if json:
        print_json(effective_json(loaded))
    else:
        say(effective_toml(loaded).rstrip())


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
