"""``cryptotrader approvals``: questions that wait for a person.

Both kinds are counted, as ``/status`` and ``/approvals`` in the chat count them; those about orders
are listed here, those about the desk itself by ``cryptotrader changes list``.
"""

from typing import Annotated

import typer

from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import money, print_json, print_table, say, to_json
from main.store import open_store

app = new_app("Open questions, oldest first.")

_HIDDEN = frozenset({"token"})


@app.command(epilog="Example: cryptotrader approvals --recent 20")
def approvals(
    recent: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The last N, answered ones too.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Open questions about orders, oldest first; they are answered in the chat.

    Those about the desk itself are counted, and listed by: cryptotrader changes list.
    """
    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        found = unit.approvals.pending() if recent is None else unit.approvals.recent(recent)
        rows = [(question, unit.orders.get(question.order_id)) for question in found]
        changes = unit.changes.pending()
    if json:
        print_json(
            [
                {
                    "approval": {k: v for k, v in to_json(one).items() if k not in _HIDDEN},
                    "order": to_json(order),
                }
                for one, order in rows
            ]
        )
        return
    print_table(
        _title(len(rows), len(changes), is_open=recent is None),
        ("asked", "expires", "order", ">quantity", ">worth", "state"),
        [
            (
                one.created_at,
                one.expires_at,
                f"{order.intent.side} {order.intent.symbol}" if order else None,
                order.intent.quantity if order else None,
                money(order.intent.quantity * one.reference_price, settings.trading.quote)
                if order
                else None,
                one.state,
            )
            for one, order in rows
        ],
    )
    if changes:
        say("Changes to the desk itself are listed by: cryptotrader changes list")


def _title(orders: int, changes: int, *, is_open: bool) -> str:
    if not is_open:
        return f"{orders} questions about orders (times UTC)"
    return (
        f"{orders + changes} open questions: {orders} about orders, "
        f"{changes} about the desk itself (times UTC)"
    )
