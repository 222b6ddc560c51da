"""``cryptotrader outbox``: messages that nobody accepted, and sending them again."""

from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.desk.delivery.letters import resend as resend_letters
from engine.domain.desk import MessageState
from engine.domain.errors import InvalidValueError
from engine.domain.ids import MessageId
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say, to_json
from main.store import open_store

app = new_app("Messages: what waits, and what could not be delivered.")

_SHOWN = 50
_FACTS = ("id", "kind", "subject", "chat_id", "created_at", "attempts", "error")


@app.command("list", epilog="Example: cryptotrader outbox list --state held")
def list_(
    state: Annotated[
        MessageState, typer.Option(help="Messages in this state.")
    ] = MessageState.DEAD,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest last.")] = _SHOWN,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Messages that could not be delivered, and why; or those in another state."""
    with open_store(load_settings(config).settings) as units, units(read_only=True) as unit:
        counts = unit.outbox.counts()
        rows = unit.outbox.in_state(state, counts[state])[-limit:] if counts[state] else []
    if json:
        print_json(
            {
                "counts": {str(one): count for one, count in counts.items()},
                "messages": [
                    {name: to_json(getattr(row, name)) for name in _FACTS} for row in rows
                ],
            }
        )
        return
    print_table(
        f"{counts[state]} {state} (times UTC)",
        ("id", "queued", "chat", "kind", "about", "why"),
        [(row.id, row.created_at, row.chat_id, row.kind, row.subject, row.error) for row in rows],
    )


@app.command(epilog="Example: cryptotrader outbox resend")
def resend(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Only these; without, all.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Queue dead letters again; a running desk sends them within a second."""
    wanted = [MessageId(one) for one in ids] if ids else None
    with open_store(load_settings(config).settings) as units, units() as unit:
        dead = {row.id for row in unit.outbox.dead(unit.outbox.counts()[MessageState.DEAD] or 1)}
        for one in wanted or ():
            if one not in dead:
                raise InvalidValueError("message", "the id of a dead letter", one)
        count = resend_letters(unit, "terminal", SystemClock().now(), wanted)
        unit.commit()
    if json:
        print_json({"resent": count})
    else:
        say(f"{count} messages wait to be sent again")
