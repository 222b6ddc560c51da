"""The commands, each with the least role that may give it.

The registry at the end is the only list: the menu, the help text, the language files and the role
checks are all compared with it by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.handlers.alerts import alerts, set_alert, watch
from bot.handlers.approvals import approvals, size
from bot.handlers.asked_times import past_words
from bot.handlers.asking import Ask, Handle, Response, may, note, tell
from bot.handlers.changes import asked, limits, mode, rearm, strategy, weights
from bot.handlers.delivery import digest, jobs, mute, quiet
from bot.handlers.explorer import chart, costs, now_only, opportunities, why
from bot.handlers.factors import totp
from bot.handlers.people import invite, people
from bot.handlers.purchases import buy
from bot.handlers.records import audit, export, stop, trades, veto
from bot.handlers.research import backtest, proof
from bot.handlers.settings import settings
from engine.domain.changes import ChangeKind, ChangeWish
from engine.domain.desk import Person, Role
from engine.domain.views import UNCONFIRMED, CommandOutcome


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the least role that may give it."""

    name: str
    role: Role
    handle: Handle


def start(ask: Ask) -> Response:
    """Greet somebody the desk knows; strangers are paired before any handler."""
    del ask
    return tell("welcome")


def help_(ask: Ask) -> Response:
    """List what this role may ask."""
    return tell("help", commands=[command.name for command in commands_of(ask.person)])


def status(ask: Ask) -> Response:
    """How the desk is."""
    return _of_now(ask, "status")


def portfolio(ask: Ask) -> Response:
    """The money, as a picture."""
    return _of_now(ask, "portfolio")


def positions(ask: Ask) -> Response:
    """Open positions."""
    return _of_now(ask, "positions")


def pnl(ask: Ask) -> Response:
    """Profit and loss."""
    return _of_now(ask, "pnl")


def _of_now(ask: Ask, kind: str) -> Response:
    """What is told about now, and never where another time was asked about."""
    past = past_words(" ".join(ask.args).lower(), has_amounts=False)
    return now_only(past) if past else tell(kind)


def close(ask: Ask) -> Response:
    """Close a position at once; leaving is never asked about."""
    if len(ask.args) != 1:
        return note("close_usage")
    symbol = ask.symbol(ask.args[0])
    if symbol is None:
        return note("unknown_symbol", symbol=ask.args[0])
    done = ask.desk.close(symbol, ask.person.user_id, request_id=ask.request_id)
    return _told("close", done, symbol=str(symbol))


def pause(ask: Ask) -> Response:
    """No new entries."""
    return _told("pause", ask.desk.pause(ask.person.user_id))


def resume(ask: Ask) -> Response:
    """Entries again."""
    return _told("resume", ask.desk.resume(ask.person.user_id))


def kill(ask: Ask) -> Response:
    """Stop everything that adds risk; taking it back is a question to the owners."""
    match [arg.lower() for arg in ask.args]:
        case [] | ["on"]:
            return _told("kill", ask.desk.kill(ask.person.user_id))
        case ["off"]:
            return asked(ChangeWish(kind=ChangeKind.KILL_OFF), ask)
        case _:
            return note("kill_usage")


def _told(name: str, outcome: CommandOutcome, **values: str) -> Response:
    if outcome.done:
        return note(f"{name}_done", **values)
    if outcome.reason == UNCONFIRMED:
        return note(f"{name}_unconfirmed", **values)
    return note(f"{name}_refused", reason=outcome.reason or "none", **values)


COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command("start", Role.VIEWER, start),
        Command("help", Role.VIEWER, help_),
        Command("status", Role.VIEWER, status),
        Command("opportunities", Role.VIEWER, opportunities),
        Command("portfolio", Role.VIEWER, portfolio),
        Command("positions", Role.VIEWER, positions),
        Command("trades", Role.VIEWER, trades),
        Command("pnl", Role.VIEWER, pnl),
        Command("stop", Role.APPROVER, stop),
        Command("veto", Role.VIEWER, veto),
        Command("export", Role.APPROVER, export),
        Command("audit", Role.VIEWER, audit),
        Command("approvals", Role.VIEWER, approvals),
        Command("size", Role.APPROVER, size),
        Command("why", Role.VIEWER, why),
        Command("chart", Role.VIEWER, chart),
        Command("costs", Role.VIEWER, costs),
        Command("alert", Role.VIEWER, set_alert),
        Command("alerts", Role.VIEWER, alerts),
        Command("watch", Role.VIEWER, watch),
        Command("backtest", Role.APPROVER, backtest),
        Command("proof", Role.VIEWER, proof),
        Command("digest", Role.VIEWER, digest),
        Command("quiet", Role.VIEWER, quiet),
        Command("mute", Role.VIEWER, mute),
        Command("jobs", Role.VIEWER, jobs),
        Command("buy", Role.OWNER, buy),
        Command("close", Role.APPROVER, close),
        Command("totp", Role.APPROVER, totp),
        Command("pause", Role.APPROVER, pause),
        Command("resume", Role.OWNER, resume),
        Command("kill", Role.APPROVER, kill),
        Command("rearm", Role.APPROVER, rearm),
        Command("mode", Role.VIEWER, mode),
        Command("strategy", Role.VIEWER, strategy),
        Command("weights", Role.VIEWER, weights),
        Command("limits", Role.VIEWER, limits),
        Command("people", Role.OWNER, people),
        Command("invite", Role.OWNER, invite),
        Command("settings", Role.VIEWER, settings),
    )
}


def commands_of(person: Person) -> tuple[Command, ...]:
    """The commands a person may give, in the order of the list."""
    return tuple(command for command in COMMANDS.values() if may(person, command.role))
