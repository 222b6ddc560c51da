"""``/quiet``, ``/mute``, ``/digest``, ``/jobs`` and their buttons.

A chat is what is set, not a person: in a private chat its person sets it, in a group an owner.
"""

import re
from datetime import timedelta

from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.messages.callbacks_delivery import (
    LONGEST_MUTE_MINUTES,
    ResendDead,
    RunJob,
    SetLoudness,
    SetMute,
    SetQuiet,
    ShowScreen,
)
from engine.desk.delivery.views import Chosen
from engine.domain.delivery import QuietHours
from engine.domain.errors import InvalidValueError

_SPAN = re.compile(r"([1-9][0-9]{0,4})(m|min|h|d|w)")
_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 1440, "w": 10_080}
_TIME = re.compile(r"([01]?[0-9]|2[0-3])(?::([0-5][0-9]))?")
_ENDS = frozenset({"off", "none", "aus", "no"})
_HOURS_ARGS = 2


def quiet(ask: Ask) -> Response:
    """The screen of loudness; ``/quiet 22 7`` sets quiet hours, ``/quiet off`` ends them."""
    match [arg.lower() for arg in ask.args]:
        case []:
            return _screen(ask, "quiet")
        case [word] if word in _ENDS:
            return _hours(ask, None)
        case [*times] if len(times) <= _HOURS_ARGS:
            hours = _read_hours("-".join(times))
            return (
                note("quiet_usage", given=" ".join(ask.args)) if not hours else _hours(ask, hours)
            )
        case _:
            return note("quiet_usage", given=" ".join(ask.args))


def mute(ask: Ask) -> Response:
    """``/mute 2h``, ``/mute BTC 1d``, ``/mute off``, ``/mute BTC off``; alone, the screen."""
    if not ask.args:
        return _screen(ask, "mute")
    *names, last = ask.args
    minutes = _read_minutes(last.lower())
    if minutes is None or len(names) > 1:
        return note("mute_usage", given=" ".join(ask.args))
    symbol = ask.symbol(names[0]) if names else None
    if names and symbol is None:
        return note("unknown_symbol", symbol=names[0])
    done = _mute(ask, minutes, str(symbol) if symbol else "")
    return _screen(ask, "mute") if done.done else note(done.reason)


def digest(ask: Ask) -> Response:
    """The digest as of now, and what was held for it."""
    del ask
    return Response(replies=(Reply(kind="digest"), Reply(kind="held")))


def jobs(ask: Ask) -> Response:
    """What recurs, and how it went."""
    del ask
    return tell("jobs")


def set_loudness(ask: Ask, pressed: SetLoudness) -> Response:
    """Another loudness for a type."""
    done = ask.desk.delivery.choose(
        ask.incoming.chat_id, pressed.kind, pressed.loudness, ask.person.user_id
    )
    return _shown(ask, done, "quiet")


def set_quiet(ask: Ask, pressed: SetQuiet) -> Response:
    """Other quiet hours."""
    done = ask.desk.delivery.keep_quiet(ask.incoming.chat_id, pressed.hours, ask.person.user_id)
    return _shown(ask, done, "quiet")


def set_mute(ask: Ask, pressed: SetMute) -> Response:
    """Mute from now on, or end it."""
    return _shown(ask, _mute(ask, pressed.minutes, pressed.market), "mute")


def run_job(ask: Ask, pressed: RunJob) -> Response:
    """Ask for a job's run."""
    done = ask.desk.delivery.run_job(pressed.name, ask.person.user_id)
    answer = ask.said("notices.job_asked" if done.done else f"notices.{done.reason}")
    return Response(
        replies=(Reply(kind="jobs", in_place=True),) if done.done else (),
        answer=answer,
        is_alert=not done.done,
    )


def resend_dead(ask: Ask, pressed: ResendDead) -> Response:
    """Send dead letters again."""
    del pressed
    done = ask.desk.delivery.resend(ask.person.user_id)
    if not done.done:
        return Response(answer=ask.said(f"notices.{done.reason}"), is_alert=True)
    return Response(
        replies=(Reply(kind="status", in_place=True),),
        answer=ask.said("notices.dead_resent", count=done.count),
    )


def show_screen(ask: Ask, pressed: ShowScreen) -> Response:
    """Show a screen: the settings in place, everything else as a message of its own."""
    if pressed.name in ("quiet", "mute"):
        return _screen(ask, pressed.name, in_place=True)
    if pressed.name == "digest":
        return digest(ask)
    return Response(replies=(Reply(kind=pressed.name, in_place=pressed.name == "jobs"),))


def _hours(ask: Ask, hours: QuietHours | None) -> Response:
    done = ask.desk.delivery.keep_quiet(ask.incoming.chat_id, hours, ask.person.user_id)
    return _screen(ask, "quiet") if done.done else note(done.reason)


def _mute(ask: Ask, minutes: int, market: str) -> Chosen:
    until = ask.clock.now() + timedelta(minutes=minutes) if minutes else None
    return ask.desk.delivery.mute(ask.incoming.chat_id, until, ask.person.user_id, market=market)


def _shown(ask: Ask, done: Chosen, screen: str) -> Response:
    if not done.done:
        return Response(answer=ask.said(f"notices.{done.reason}"), is_alert=True)
    return _screen(ask, screen, in_place=True)


def _screen(ask: Ask, kind: str, *, in_place: bool = False) -> Response:
    payload = {"chat_id": ask.incoming.chat_id}
    return Response(replies=(Reply(kind=kind, payload=payload, in_place=in_place),))


def _read_minutes(text: str) -> int | None:
    """Minutes of ``30m``, ``2h``, ``1d``; 0 for "off"; ``None`` for anything else."""
    if text in _ENDS:
        return 0
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    minutes = int(found[1]) * _MINUTES[found[2]]
    return minutes if minutes <= LONGEST_MUTE_MINUTES else None


def _read_hours(text: str) -> QuietHours | None:
    """``22-7``, ``22:30-07:00``."""
    ends = [_TIME.fullmatch(part) for part in text.replace("–", "-").split("-")]
    if len(ends) != _HOURS_ARGS or not all(ends):
        return None
    start, end = (f"{int(one[1]):02}:{one[2] or '00'}" for one in ends if one)
    try:
        return QuietHours.parse(f"{start}-{end}")
    except InvalidValueError:
        return None
