"""``cryptotrader changes``: questions about the desk itself, and their answers at its own terminal.

Whoever sits at the terminal owns the machine: an answer given here needs no second factor, and is
how a desk whose people have none is changed at all.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from config import Settings
from engine.clock import SystemClock
from engine.domain.changes import Change, ChangeOutcome, ChangeResult, Facts, Verdict
from engine.domain.desk import AuditEvent
from engine.domain.errors import SafetyRefusedError, UsageError
from engine.domain.ids import ChangeId
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say, to_json
from main.store import open_store

if TYPE_CHECKING:
    from engine.desk.changes.desk import ChangeDesk

app = new_app(
    "Questions about the desk itself: strategy, weights, limits, mode, people, brakes.",
    example="cryptotrader changes list",
)

_HIDDEN = frozenset({"token"})
_ACTOR = "terminal"
_DONE = (ChangeResult.APPLIED, ChangeResult.NEXT_START, ChangeResult.REJECTED, ChangeResult.COUNTED)
_ID = "ID"
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
IdArgument = Annotated[str, typer.Argument(metavar=_ID, help="The change, as listed.")]


@app.command("list", epilog="Example: cryptotrader changes list --recent 20 --json")
def list_(
    recent: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The last N, answered ones too.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Open questions, oldest first."""
    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        found = unit.changes.pending() if recent is None else unit.changes.recent(recent)
        overrides = unit.overrides.all()
    if json:
        print_json({"changes": [_document(one) for one in found], "overrides": overrides})
        return
    print_table(
        f"{len(found)} changes (times UTC)",
        ("id", "kind", "about", "before", "after", "asked", "state"),
        [
            (
                one.id,
                one.kind,
                one.subject or "desk",
                _short(one.before),
                _short(one.after),
                one.created_at,
                one.state,
            )
            for one in found
        ],
    )
    if overrides:
        columns = ("key", "value", "before", "set")
        rows = [(one.key, one.value, one.before, one.set_at) for one in overrides]
        print_table("Set by people, before the configuration file", columns, rows)


@app.command(epilog="Example: cryptotrader changes approve c0123456789abcdef0123")
def approve(
    number: IdArgument,
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Put a change into force, after a question. Exit code 3 if it cannot be any more."""
    settings = load_settings(config).settings
    change = _find(settings, number)
    if not yes:
        _ask(change)
    _answer(settings, change, Verdict.APPROVE, json=json)


@app.command(epilog="Example: cryptotrader changes reject c0123456789abcdef0123")
def reject(number: IdArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Turn a change down."""
    settings = load_settings(config).settings
    _answer(settings, _find(settings, number), Verdict.REJECT, json=json)


@app.command(epilog="Example: cryptotrader changes unset risk.max_open_positions")
def unset(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key that people set.")],
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let the configuration file hold again for one key. It works without a desk that starts."""
    from engine.desk.steering import mark_changed

    settings = load_settings(config).settings
    with open_store(settings) as units:
        with units(read_only=True) as unit:
            found = {one.key: one for one in unit.overrides.all()}
        if key not in found:
            known = ", ".join(found) or "none"
            raise UsageError(f"{key!r} was not set by people; these were: {known}")
        question = f"Let the file hold again for {key} (now {found[key].value})?"
        if not yes and not typer.confirm(question, err=True):
            raise SafetyRefusedError(f"{key} stays as it is")
        now = SystemClock().now()
        with units() as unit:
            unit.overrides.drop(key)
            mark_changed(unit, f"unset:{key}:{now.isoformat()}")
            detail: dict[str, object] = to_json(found[key])
            unit.audit.append(
                AuditEvent(
                    at=now,
                    actor=_ACTOR,
                    action="override_unset",
                    subject=key,
                    detail=detail,  # type: ignore[arg-type]  # `to_json` gives JSON
                )
            )
            unit.commit()
    if json:
        print_json({"unset": key})
    else:
        say(f"{key}: the configuration file holds again")


def print_asked(change: Change, *, json: bool) -> None:
    """What a command that asks says about its question."""
    if json:
        print_json(_document(change))
        return
    say(f"{change.id}: {change.kind} {change.subject}".rstrip())
    _print_facts(change)
    say("Asked. Answer it in the chat (/approvals), or here:")
    say(f"  cryptotrader changes approve {change.id}")


def _find(settings: Settings, number: str) -> Change:
    with open_store(settings) as units, units(read_only=True) as unit:
        change = unit.changes.get(ChangeId(number))
    if change is None:
        raise UsageError(f"there is no change {number!r}; see: cryptotrader changes list")
    return change


def _ask(change: Change) -> None:
    say(f"{change.kind} {change.subject}".rstrip())
    _print_facts(change)
    if not typer.confirm("Put it into force?", err=True):
        raise SafetyRefusedError("nothing was changed")


def _print_facts(change: Change) -> None:
    keys = dict.fromkeys((*change.before, *change.after))
    rows = [(key, _plain(change.before, key), _plain(change.after, key)) for key in keys]
    print_table("", ("", "before", "after"), rows)
    for name, value in change.evidence.items():
        say(f"  {name}: {value}")


def _plain(facts: Facts, key: str) -> str | None:
    value = facts.get(key)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return None if value is None else str(value)


def _answer(settings: Settings, change: Change, verdict: Verdict, *, json: bool) -> None:
    from main.compose import TERMINAL, open_desk

    with open_desk(settings) as desk:
        changes: ChangeDesk = desk.assembled.desk.changes
        outcome = changes.press_as(change.token, verdict, TERMINAL)
    if outcome.result not in _DONE:
        raise SafetyRefusedError(_why_not(outcome))
    if json:
        ended = outcome.change
        print_json({"result": outcome.result, "change": _document(ended) if ended else None})
        return
    say(
        {
            ChangeResult.APPLIED: "in force; a running desk takes it up within seconds",
            ChangeResult.NEXT_START: "in force; the strategy changes with the next start",
            ChangeResult.REJECTED: "rejected",
            ChangeResult.COUNTED: "counted; more owners must agree",
        }[outcome.result]
    )


def _why_not(outcome: ChangeOutcome) -> str:
    told = f"nothing was changed: {outcome.result.value.replace('_', ' ')}"
    if outcome.change is not None and outcome.change.note:
        told += f" ({outcome.change.note.replace('_', ' ')})"
    return told


def _document(change: Change) -> dict[str, object]:
    return {key: value for key, value in to_json(change).items() if key not in _HIDDEN}


def _short(facts: Facts) -> str:
    """The one value that says most."""
    for key in ("value", "version", "weights", "calibration", "role"):
        if key in facts:
            return str(facts[key])
    return ", ".join(f"{key} {value}" for key, value in facts.items())
