"""``cryptotrader kill``: the switch that stops every order that would add risk.

It must work when nothing else does: the switch itself is one row in the database. Cancelling what
rests at the venue comes after it, and says so if the venue does not answer.
"""

from dataclasses import replace
from typing import Annotated

import typer

from config import Settings
from engine.clock import SystemClock
from engine.domain.desk import AuditEvent, Controls
from engine.domain.errors import SafetyRefusedError, ServiceError
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, say
from main.store import open_store

app = new_app(
    "The switch that stops every order that would add risk. Stops and closes stay in force.",
    example="cryptotrader kill on",
)

_ACTOR = "terminal"


@app.command(epilog="Example: cryptotrader kill on")
def on(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Block every increasing order, and cancel those that rest."""
    settings = load_settings(config).settings
    controls = _switch(settings, killed=True)
    try:
        cancelled = _cancel_entries(settings)
    except ServiceError as err:
        raise ServiceError(
            f"the kill switch is ON, but what rests at the venue was not cancelled: {err}"
        ) from err
    if json:
        print_json({"killed": controls.killed, "cancelled": cancelled})
    else:
        say(f"kill switch ON; {cancelled} resting entries cancelled; stops stay in force")


@app.command(epilog="Example: cryptotrader kill off --yes")
def off(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Lift the block, after a question."""
    settings = load_settings(config).settings
    if not yes and not typer.confirm("Let the desk open positions again?", err=True):
        raise SafetyRefusedError("the kill switch stays as it is")
    controls = _switch(settings, killed=False)
    if json:
        print_json({"killed": controls.killed})
    else:
        say("kill switch off; the desk may open positions")


@app.command(epilog="Example: cryptotrader kill rearm --yes")
def rearm(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let the desk open positions again after its drawdown limit; the peak is counted anew."""
    settings = load_settings(config).settings
    if not yes and not typer.confirm("Re-arm the desk after its drawdown limit?", err=True):
        raise SafetyRefusedError("the desk stays as it is")
    from main.compose import open_desk

    with open_desk(settings) as desk:
        was_latched = desk.assembled.desk.controls.rearm(_ACTOR)
    if json:
        print_json({"rearmed": was_latched})
    else:
        say("re-armed; the peak is today's equity" if was_latched else "nothing to re-arm")


@app.command(epilog="Example: cryptotrader kill status --json")
def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Whether the block is on, since when, and by whom."""
    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        controls = unit.desk.controls()
    if json:
        print_json(controls)
        return
    since = (
        f", {controls.changed_at:%Y-%m-%d %H:%M} UTC by {controls.changed_by}"
        if (controls.changed_at)
        else ""
    )
    say(
        f"kill switch {'ON' if controls.killed else 'off'}{since}"
        f"{'; paused' if controls.paused else ''}"
    )


def _switch(settings: Settings, *, killed: bool) -> Controls:
    now = SystemClock().now()
    with open_store(settings) as units, units() as unit:
        changed = replace(unit.desk.controls(), killed=killed, changed_at=now, changed_by=_ACTOR)
        unit.desk.put_controls(changed)
        action = "killed" if killed else "kill_ended"
        unit.audit.append(AuditEvent(at=now, actor=_ACTOR, action=action, subject="desk"))
        unit.commit()
    return changed


def _cancel_entries(settings: Settings) -> int:
    with open_store(settings) as units, units(read_only=True) as unit:
        if not unit.orders.unfinished():
            return 0
    from main.compose import open_desk

    with open_desk(settings) as desk:
        return len(desk.assembled.context.gateway.cancel_entries())
