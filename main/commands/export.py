"""``cryptotrader export``: tables to take along, as CSV."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app, parse_moment
from main.output import print_json, say
from main.store import open_store

app = new_app("Trades, fills, ledger or decisions as CSV.")


@app.command(epilog="Example: cryptotrader export trades --from 2026-01-01 --out trades.csv")
def export(
    what: Annotated[
        str, typer.Argument(metavar="TABLE", help="trades, fills, ledger or decisions.")
    ] = "trades",
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="From this time on (UTC).")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Before this time (UTC).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here instead of to stdout.")
    ] = None,
    venue: Annotated[str | None, typer.Option(metavar="V", help="Of this venue.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Exact amounts, times in UTC, texts that a spreadsheet would run disarmed.

    With --json one object: the table's columns and its rows as text.
    """
    from engine.desk.records.export import export_of
    from engine.domain.errors import UsageError
    from engine.domain.records import ExportWhat, ExportWish

    if what not in set(ExportWhat):
        raise UsageError(f"no table {what!r}; there are {', '.join(ExportWhat)}: export trades")
    since = parse_moment(start, "--from") if start else None
    until = parse_moment(end, "--to") if end else None
    if since and until and since >= until:
        raise UsageError("--to must be after --from: export trades --from 2026-01-01")
    settings = load_settings(config).settings
    wish = ExportWish(what=ExportWhat(what), start=since, end=until)
    with open_store(settings) as units, units(read_only=True) as unit:
        made = export_of(unit, venue or settings.venue_name, wish)
    if out is not None:
        _write(out, made.content)
        if not json:
            say(f"{made.rows} rows written to {out}")
    if json:
        print_json(_document(what, made.content))
    elif out is None:
        sys.stdout.write(made.content.decode())


def _write(out: Path, content: bytes) -> None:
    from engine.domain.errors import UsageError

    try:
        out.write_bytes(content)
    except OSError as err:
        raise UsageError(f"--out {out} cannot be written ({err.strerror})") from err


def _document(what: str, content: bytes) -> dict[str, object]:
    import csv
    import io

    columns, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return {"table": what, "columns": columns, "rows": rows}
