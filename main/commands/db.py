"""``cryptotrader db``: the database's schema and its backups."""

from pathlib import Path
from typing import Annotated

import typer

from config.words import without_password
from db import migrate
from engine.clock import SystemClock
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, say

app = new_app("The database's schema and its backups.", example="cryptotrader db check")


@app.command(epilog="Example: cryptotrader db upgrade")
def upgrade(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Create the database, or bring its schema up to date; nothing is lost."""
    url = load_settings(config).settings.database.url
    before = migrate.current(url)
    after = migrate.upgrade(url)
    if json:
        print_json({"before": before, "schema": after})
    elif before == after:
        say(f"schema {after}: nothing to do")
    else:
        say(f"schema {before or 'none'} -> {after} in {without_password(url)}")


@app.command(epilog="Example: cryptotrader db check --json")
def check(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Whether the schema is this program's; exit 4 with the remedy if not."""
    url = load_settings(config).settings.database.url
    migrate.check(url)
    if json:
        print_json({"ok": True, "schema": migrate.HEAD})
    else:
        say(f"schema {migrate.HEAD} in {without_password(url)}: ok")


@app.command(epilog="Example: cryptotrader db backup backups/before-update.db")
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="File to write; by default a dated one.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write a consistent copy while the desk may be running; nothing is overwritten."""
    settings = load_settings(config).settings
    url = settings.database.url
    suffix = "sql" if url.startswith("postgres") else "db"
    dated = f"cryptotrader-{SystemClock().now():%Y%m%d-%H%M%S}.{suffix}"
    target = file or settings.app.data_dir / "backups" / dated
    migrate.backup(url, target)
    if json:
        print_json({"file": target, "bytes": target.stat().st_size})
    else:
        say(f"wrote {target} ({target.stat().st_size:,} bytes)")
