"""``cryptotrader audit``: the append-only trail of what was decided and done, and by whom."""

from typing import Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say
from main.store import open_store

app = new_app(
    "The append-only trail of what was decided and done, and by whom.",
    example="cryptotrader audit tail",
)


@app.command(epilog="Example: cryptotrader audit tail --limit 50")
def tail(
    limit: Annotated[int, typer.Option(min=1, help="How many lines.")] = 20,
    about: Annotated[
        str | None, typer.Option(metavar="ID", help="Only lines about this subject.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Print the newest lines, newest first."""
    with open_store(load_settings(config).settings) as units, units(read_only=True) as unit:
        lines = unit.audit.about(about)[::-1][:limit] if about else unit.audit.tail(limit)
    if json:
        print_json(lines)
        return
    rows = [
        (line.number, line.event.at, line.event.actor, line.event.action, line.event.subject)
        for line in lines
    ]
    print_table("Audit trail (UTC)", (">#", "at", "who", "what", "about"), rows)


@app.command(epilog="Example: cryptotrader audit verify --json")
def verify(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check the whole chain; exit 1 with the first broken line."""
    with open_store(load_settings(config).settings) as units, units(read_only=True) as unit:
        length = unit.audit.verify()
    if json:
        print_json({"ok": True, "lines": length})
    else:
        say(f"the audit trail is whole: {length} lines")
