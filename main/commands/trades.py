"""``cryptotrader trades``: closed round trips."""

from typing import Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app, parse_moment
from main.output import money, print_json, print_table
from main.store import open_store

app = new_app("Closed trades, newest first.")


@app.command(epilog="Example: cryptotrader trades --limit 5 --json")
def trades(
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Closed from this time on (UTC).")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Closed before this time (UTC).")
    ] = None,
    venue: Annotated[str | None, typer.Option(metavar="V", help="Of this venue.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Closed trades, newest first, with their result after all fees."""
    since = parse_moment(start, "--from") if start else None
    until = parse_moment(end, "--to") if end else None
    settings = load_settings(config).settings
    where = venue or settings.venue_name
    with open_store(settings) as units, units(read_only=True) as unit:
        found = unit.records.trades(where, since, until, limit=limit)
        totals = unit.records.totals(where)
    if json:
        print_json(found)
        return
    quote = settings.trading.quote
    rows = [
        (
            trade.closed_at,
            trade.symbol,
            trade.quantity,
            trade.entry_price,
            trade.exit_price,
            money(trade.fees_quote, quote),
            money(trade.pnl_quote, quote, sign=True),
            trade.exit_reason,
            trade.id,
        )
        for trade in found
    ]
    print_table(
        f"{len(found)} of {totals.closed} closed trades, all of them "
        f"{money(totals.pnl_quote, quote, sign=True)} (times UTC)",
        (
            "closed",
            "symbol",
            ">quantity",
            ">bought at",
            ">sold at",
            ">fees",
            ">result",
            "reason",
            "id",
        ),
        rows,
    )
