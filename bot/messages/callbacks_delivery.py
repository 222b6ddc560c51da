"""The buttons of quiet and delivery: each says what it sets, never "the next one".

A button that said "the next loudness" would turn twice when pressed twice. ``1:ql:fill:silent``
sets, ``1:qh:2200-0700`` are quiet hours, ``1:mu:120`` mutes for minutes, ``1:mu:120:BTC/USDT`` one
market, ``1:jr:snapshot`` asks for a job's run, ``1:rs`` sends dead letters again, ``1:go:trades``
shows a screen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.delivery import Loudness, MessageType, QuietHours

SCREENS = ("status", "trades", "approvals", "positions", "quiet", "mute", "jobs", "digest")
LONGEST_MUTE_MINUTES = 30 * 24 * 60
_HOURS = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])-([01][0-9]|2[0-3])([0-5][0-9])")
_MINUTES = re.compile(r"0|[1-9][0-9]{0,4}")
_MARKET = re.compile(r"[A-Z0-9$._-]{1,20}/[A-Z0-9$._-]{1,20}")
_JOB = re.compile(r"[a-z_]{1,24}")


def is_market(name: str) -> bool:
    """Whether a market's name fits into a button."""
    return _MARKET.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class SetLoudness(AreaCallback):
    """How loud a type is in this chat."""

    kind: MessageType
    loudness: Loudness


@dataclass(frozen=True, slots=True)
class SetQuiet(AreaCallback):
    """Quiet hours of this chat; ``None`` for none."""

    hours: QuietHours | None


@dataclass(frozen=True, slots=True)
class SetMute(AreaCallback):
    """Mute for so many minutes from the press on, everything or one market; 0 ends it."""

    minutes: int
    market: str = ""


@dataclass(frozen=True, slots=True)
class RunJob(AreaCallback):
    """Ask for a run of a harmless job."""

    name: str


@dataclass(frozen=True, slots=True)
class ResendDead(AreaCallback):
    """Send dead letters again."""


@dataclass(frozen=True, slots=True)
class ShowScreen(AreaCallback):
    """Show a screen, as its command would."""

    name: str


def _read_loudness(parts: Sequence[str]) -> SetLoudness | None:
    match parts:
        case [kind, loudness] if kind in set(MessageType) and loudness in set(Loudness):
            return SetLoudness(MessageType(kind), Loudness(loudness))
    return None


def _write_hours(pressed: SetQuiet) -> Sequence[str]:
    hours = pressed.hours
    return (f"{hours.start:%H%M}-{hours.end:%H%M}",) if hours else ("off",)


def _read_hours(parts: Sequence[str]) -> SetQuiet | None:
    if list(parts) == ["off"]:
        return SetQuiet(None)
    found = _HOURS.fullmatch(parts[0]) if len(parts) == 1 else None
    if found is None:
        return None
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    return SetQuiet(QuietHours(start=start, end=end)) if start != end else None


def _read_mute(parts: Sequence[str]) -> SetMute | None:
    minutes, *rest = parts or [""]
    if not _MINUTES.fullmatch(minutes) or int(minutes) > LONGEST_MUTE_MINUTES:
        return None
    match rest:
        case []:
            return SetMute(int(minutes))
        case [market] if _MARKET.fullmatch(market):
            return SetMute(int(minutes), market)
    return None


def _read_job(parts: Sequence[str]) -> RunJob | None:
    match parts:
        case [name] if _JOB.fullmatch(name):
            return RunJob(name)
    return None


def _read_resend(parts: Sequence[str]) -> ResendDead | None:
    return ResendDead() if not parts else None


def _read_screen(parts: Sequence[str]) -> ShowScreen | None:
    match parts:
        case [name] if name in SCREENS:
            return ShowScreen(name)
    return None


KINDS: tuple[Kind[Any], ...] = (
    Kind(
        code="ql",
        made_of=SetLoudness,
        write=lambda pressed: (pressed.kind, pressed.loudness),
        read=_read_loudness,
    ),
    Kind(code="qh", made_of=SetQuiet, write=_write_hours, read=_read_hours),
    Kind(
        code="mu",
        made_of=SetMute,
        write=lambda pressed: (
            str(pressed.minutes),
            *((pressed.market,) if pressed.market else ()),
        ),
        read=_read_mute,
    ),
    Kind(code="jr", made_of=RunJob, write=lambda pressed: (pressed.name,), read=_read_job),
    Kind(code="rs", made_of=ResendDead, write=lambda _: (), read=_read_resend),
    Kind(code="go", made_of=ShowScreen, write=lambda pressed: (pressed.name,), read=_read_screen),
)
