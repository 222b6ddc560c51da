"""``cryptotrader trades``: closed round trips."""

from decimal import Decimal
from typing import Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import money, print_json, print_table
from main.store import open_store

app = new_app("Closed trades, newest first.")


@app.command(epilog="Example: cryptotrader trades --limit 5 --json")
def trades(
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    venue: Annotated[str | None, typer.Option(metavar="V", help="Of this venue.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Closed trades, newest first, with their result after all fees."""
    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        found = unit.book.trades(venue or settings.venue_name, limit)
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
            money(trade.pnl_quote, quote, sign=True),
            trade.exit_reason,
        )
        for trade in found
    ]
    total = sum((trade.pnl_quote for trade in found), Decimal(0))
    print_table(
        f"{len(found)} closed trades, {money(total, quote, sign=True)} (times UTC)",
        ("closed", "symbol", ">quantity", ">bought at", ">sold at", ">result", "reason"),
        rows,
    )
