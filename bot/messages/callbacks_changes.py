"""The buttons of changes, people and settings: each says what it sets.

``1:ch:a:TOKEN`` approves a change, ``1:cv:strategy:w…`` asks for a version by its fingerprint,
``1:cm:alert`` for a mode, ``1:cp:99:viewer`` for a person's role; ``1:st:zone:Europe/Berlin`` sets
what is one's own, and the others turn pages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.changes import Verdict
from engine.domain.desk import Mode
from engine.domain.ids import digest

LANGUAGES = ("en", "de", "es")
THEMES = ("dark", "light")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{12,40}")
_REF = re.compile(r"w[0-9a-f]{20}")
_PERSON = re.compile(r"[1-9][0-9]{0,14}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{0,40}")
_CURRENCY = re.compile(r"[A-Z0-9]{0,10}")
_VERDICTS = {"a": Verdict.APPROVE, "r": Verdict.REJECT}
_LETTERS = {verdict: letter for letter, verdict in _VERDICTS.items()}
_LISTED = "l"

type Choosable = Literal["strategy", "weights"]
type Preference = Literal["language", "theme", "zone", "currency"]
type LimitPage = Literal["risk", "automation", "approval"]
type SettingsPage = Literal["main", "language", "theme", "zone", "currency"]
type RoleWish = Literal["owner", "approver", "viewer", "none"]

LIMIT_PAGES: tuple[LimitPage, ...] = ("risk", "automation", "approval")
SETTINGS_PAGES: tuple[SettingsPage, ...] = ("main", "language", "theme", "zone", "currency")
ROLES: tuple[RoleWish, ...] = ("owner", "approver", "viewer", "none")


@dataclass(frozen=True, slots=True)
class AnswerChange(AreaCallback):
    """Answer the change of this token; in a list, the list stays a list."""

    token: str
    verdict: Verdict
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class ChooseVersion(AreaCallback):
    """Ask for a strategy version, or for its weights; ``ref`` is a ``version_ref``."""

    kind: Choosable
    ref: str


@dataclass(frozen=True, slots=True)
class ChooseMode(AreaCallback):
    """Ask for a mode."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class ShowLimits(AreaCallback):
    """Show another section of the limits, in the same message."""

    page: LimitPage


@dataclass(frozen=True, slots=True)
class ShowPerson(AreaCallback):
    """Show what can be changed about somebody; 0 goes back to the list."""

    user_id: int


@dataclass(frozen=True, slots=True)
class ChooseRole(AreaCallback):
    """Ask for a person's role; ``none`` takes them out."""

    user_id: int
    role: RoleWish


@dataclass(frozen=True, slots=True)
class ShowSettings(AreaCallback):
    """Show another page of one's settings, in the same message."""

    page: SettingsPage


@dataclass(frozen=True, slots=True)
class SetPreference(AreaCallback):
    """Set one's own language, background or time zone; an empty value is the desk's.

    ``currency`` is what the owner counts in; empty is the quote currency alone.
    """

    name: Preference
    value: str


def version_ref(version: str) -> str:
    """A version in a button: names of files are too long, and hold colons."""
    return f"w{digest(version)[:20]}"


def _read_answer(parts: Sequence[str]) -> AnswerChange | None:
    match parts:
        case [letter, token, *listed] if letter in _VERDICTS and _TOKEN.fullmatch(token):
            if listed in ([], [_LISTED]):
                return AnswerChange(token, _VERDICTS[letter], is_listed=bool(listed))
    return None


def _read_version(parts: Sequence[str]) -> ChooseVersion | None:
    match parts:
        case [("strategy" | "weights") as kind, ref] if _REF.fullmatch(ref):
            return ChooseVersion(kind, ref)
    return None


def _read_mode(parts: Sequence[str]) -> ChooseMode | None:
    match parts:
        case [mode] if mode in set(Mode):
            return ChooseMode(Mode(mode))
    return None


def _read_limits(parts: Sequence[str]) -> ShowLimits | None:
    match parts:
        case [("risk" | "automation" | "approval") as page]:
            return ShowLimits(page)
    return None


def _read_person(parts: Sequence[str]) -> ShowPerson | None:
    match parts:
        case ["0"]:
            return ShowPerson(0)
        case [user_id] if _PERSON.fullmatch(user_id):
            return ShowPerson(int(user_id))
    return None


def _read_role(parts: Sequence[str]) -> ChooseRole | None:
    match parts:
        case [user_id, ("owner" | "approver" | "viewer" | "none") as role] if _PERSON.fullmatch(
            user_id
        ):
            return ChooseRole(int(user_id), role)
    return None


def _read_settings(parts: Sequence[str]) -> ShowSettings | None:
    match parts:
        case [("main" | "language" | "theme" | "zone" | "currency") as page]:
            return ShowSettings(page)
    return None


def _read_preference(parts: Sequence[str]) -> SetPreference | None:
    match parts:
        case ["language", value] if value in LANGUAGES:
            return SetPreference("language", value)
        case ["theme", value] if value in ("", *THEMES):
            return SetPreference("theme", value)
        case ["zone", value] if _ZONE.fullmatch(value):
            return SetPreference("zone", value)
        case ["currency", value] if _CURRENCY.fullmatch(value):
            return SetPreference("currency", value)
    return None


KINDS: tuple[Kind[Any], ...] = (
    Kind(
        code="ch",
        made_of=AnswerChange,
        write=lambda it: (_LETTERS[it.verdict], it.token, *([_LISTED] if it.is_listed else [])),
        read=_read_answer,
    ),
    Kind(
        code="cv",
        made_of=ChooseVersion,
        write=lambda it: (it.kind, it.ref),
        read=_read_version,
    ),
    Kind(code="cm", made_of=ChooseMode, write=lambda it: (it.mode.value,), read=_read_mode),
    Kind(code="cl", made_of=ShowLimits, write=lambda it: (it.page,), read=_read_limits),
    Kind(code="pe", made_of=ShowPerson, write=lambda it: (str(it.user_id),), read=_read_person),
    Kind(
        code="cp",
        made_of=ChooseRole,
        write=lambda it: (str(it.user_id), it.role),
        read=_read_role,
    ),
    Kind(code="se", made_of=ShowSettings, write=lambda it: (it.page,), read=_read_settings),
    Kind(
        code="st",
        made_of=SetPreference,
        write=lambda it: (it.name, it.value),
        read=_read_preference,
    ),
)
