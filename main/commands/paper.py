"""``cryptotrader paper``: the paper account."""

from datetime import datetime
from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.domain.desk import AuditEvent
from engine.domain.errors import SafetyRefusedError
from engine.domain.lifecycles import ORDER_TRANSITIONS, ApprovalState, OrderState
from engine.ports import UnitOfWork
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import money, print_json, say
from main.store import open_store

app = new_app("The paper account.", example="cryptotrader paper reset")

_ACTION = "paper_reset"


@app.command(epilog="Example: cryptotrader paper reset --yes")
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Start afresh with the start money. Trades, decisions and the audit trail stay."""
    from db.lock import WriterLock

    settings = load_settings(config).settings
    question = "Forget positions, cash and results of the paper account?"
    if not yes and not typer.confirm(question, err=True):
        raise SafetyRefusedError("the paper account stays as it is")
    venue, now = settings.venue_name, SystemClock().now()
    with (
        open_store(settings) as units,
        WriterLock(settings.database.url).acquire(_ACTION),
        units() as unit,
    ):
        _end_questions_and_orders(unit, venue, now)
        unit.book.reset(venue)
        unit.audit.append(AuditEvent(at=now, actor="terminal", action=_ACTION, subject=venue))
        unit.commit()
    start = settings.trading.start_equity_quote
    if json:
        print_json({"venue": venue, "start_equity_quote": start})
    else:
        say(f"the next start begins with {money(start, settings.trading.quote)}")


def _end_questions_and_orders(unit: UnitOfWork, venue: str, now: datetime) -> None:
    """Nothing may fill into the fresh account: what waits is superseded, refused or cancelled."""
    for question in unit.approvals.pending():
        ended = question.end(ApprovalState.SUPERSEDED, now, note=_ACTION)
        unit.approvals.replace(question, ended)
    for order in unit.orders.unfinished():
        if order.intent.venue != venue:
            continue
        if OrderState.REFUSED in ORDER_TRANSITIONS[order.state]:
            state = OrderState.REFUSED
        else:
            state = OrderState.CANCELLED
        unit.orders.replace(order, order.to(state, now, note=_ACTION))
