"""``cryptotrader factor``: second factors, from the desk's own terminal.

Whoever sits at this machine proves by that what others prove by a code: they confirm what a person
without a second factor has pressed in the chat, and take a lost factor away.
"""

from typing import Annotated

import typer

from engine.domain.errors import SafetyRefusedError, UsageError
from engine.domain.factors import Challenge
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say
from main.store import open_store

app = new_app("Second factors, from this terminal.", example="cryptotrader factor list")

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list", epilog="Example: cryptotrader factor list")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Who has one, and what waits for a word at this terminal."""
    from main.compose import open_desk

    with open_desk(load_settings(config).settings) as desk:
        front = desk.assembled.desk
        waiting = front.factors.waiting()
        people = [(one, front.factors.view(one.user_id)) for one in front.people()]
    if json:
        print_json(
            {
                "people": [
                    {"user_id": one.user_id, "name": one.name, "active": view.is_active}
                    for one, view in people
                ],
                "waiting": [_told(one) for one in waiting],
            }
        )
        return
    print_table(
        f"{len(people)} people",
        (">person", "name", "role", "second factor", ">recovery codes"),
        [
            (
                one.user_id,
                one.name,
                one.role,
                "on" if view.is_active else "off",
                view.recovery_left if view.is_active else None,
            )
            for one, view in people
        ],
    )
    print_table(
        f"{len(waiting)} wishes wait for `cryptotrader factor confirm ID` (times UTC)",
        ("id", ">person", "what", "until"),
        [(one.id, one.user_id, _what(one), one.expires_at) for one in waiting],
    )


@app.command(epilog="Example: cryptotrader factor confirm q0123456789abcdef0123")
def confirm(
    wish: Annotated[str, typer.Argument(metavar="ID", help="The wish, as the chat named it.")],
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Carry out what a person without a second factor has pressed in the chat."""
    from main.compose import open_desk

    with open_desk(load_settings(config).settings) as desk:
        front = desk.assembled.desk
        waiting = front.factors.waiting()
        found = next((one for one in waiting if one.id == wish), None)
        if found is None:
            known = ", ".join(one.id for one in waiting) or "nothing waits"
            raise UsageError(f"no wish {wish!r} waits here; there is: {known}")
        names = {one.user_id: one.name for one in front.people()}
        who = names.get(found.user_id, str(found.user_id))
        question = f"{_what(found)}, as {who} has pressed it?"
        if not yes and not typer.confirm(question, err=True):
            raise SafetyRefusedError("nothing was done")
        outcome = front.factors.confirm(wish)
    if json:
        print_json({"done": outcome.done, "outcome": outcome.text, "values": outcome.values})
    else:
        reason = outcome.values.get("reason")
        told = f": {reason}" if reason not in (None, "none") else ""
        say(f"{outcome.text.rpartition('.')[2].replace('_', ' ')}{told}")


@app.command(epilog="Example: cryptotrader factor reset 123456789")
def reset(
    person: Annotated[int, typer.Argument(metavar="PERSON", help="Numeric id of the person.")],
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take a lost second factor away; everybody is told of it."""
    from main.compose import open_desk

    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        if unit.factors.get(person) is None:
            raise UsageError(f"person {person} has no second factor; see cryptotrader factor list")
    if not yes and not typer.confirm(f"Take the factor of person {person} away?", err=True):
        raise SafetyRefusedError("the second factor stays as it is")
    with open_desk(settings) as desk:
        done = desk.assembled.desk.factors.reset(person)
    if json:
        print_json({"reset": done})
    else:
        say("the second factor is off" if done else "there was none")


def _what(challenge: Challenge) -> str:
    """What a wish is about, as its area's facts name it."""
    hidden = ("token", "press", "fraction", "amount", "request_id", "chat_id")
    facts = [str(v) for k, v in challenge.facts.items() if k not in hidden and v is not None]
    return f"{challenge.area} {challenge.action}: {' '.join(facts)}"


def _told(challenge: Challenge) -> dict[str, object]:
    return {
        "id": challenge.id,
        "user_id": challenge.user_id,
        "what": _what(challenge),
        "expires_at": challenge.expires_at,
    }
