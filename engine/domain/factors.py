"""A person's second factor, and the wishes that wait for it.

A factor is a shared secret (RFC 6238) and a set of recovery codes. A challenge is one wish of one
person (this question, this verdict) that has no effect before its code has come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from engine.domain.desk import Json
from engine.domain.ids import digest
from engine.domain.secret_text import SecretText
from engine.domain.values import require, require_utc, to_ms

MOST_WRONG = 5
CODE_LIFETIME = timedelta(minutes=2)
SETUP_LIFETIME = timedelta(minutes=15)
RECOVERY_CODES = 8
_FIRST_LOCK = timedelta(minutes=1)
_LONGEST_LOCK = timedelta(days=1)


class FactorState(StrEnum):
    """``PENDING`` until one code was typed back; only an ``ACTIVE`` one proves anything."""

    PENDING = "pending"
    ACTIVE = "active"


class CodeVerdict(StrEnum):
    """What a typed code is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"
    LOCKED = "locked"
    NOT_ENROLLED = "not_enrolled"


class ChallengeKind(StrEnum):
    """By what a wish is confirmed: a code in the chat, or a word at the desk's own terminal."""

    CODE = "code"
    TERMINAL = "terminal"


class ChallengeState(StrEnum):
    """Life of a wish that waits; ``REPLACED`` by a newer one of the same person."""

    OPEN = "open"
    PASSED = "passed"
    EXPIRED = "expired"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """The second factor of one person.

    ``secret`` is base32. ``shown_codes`` are the recovery codes in clear, separated by spaces, and
    only there while the factor is ``PENDING``; afterwards ``recovery`` has their digests. A code of
    ``last_step`` or before it is used up. ``wrong_tries`` counts since the last right one.
    """

    user_id: int
    secret: SecretText
    made_at: datetime
    state: FactorState = FactorState.PENDING
    shown_codes: SecretText | None = None
    recovery: tuple[str, ...] = ()
    last_step: int | None = None
    wrong_tries: int = 0
    locked_until: datetime | None = None

    def __post_init__(self) -> None:
        """A secret is there; clear codes only before the confirmation."""
        require_utc("made_at", self.made_at)
        require(bool(self.secret), "secret", "given", "empty")
        require(self.wrong_tries >= 0, "wrong_tries", ">= 0", self.wrong_tries)
        is_active = self.state is FactorState.ACTIVE
        require(not (is_active and self.shown_codes), "shown_codes", "gone once active", "there")

    @property
    def is_active(self) -> bool:
        """Whether its codes prove anything."""
        return self.state is FactorState.ACTIVE

    def is_locked(self, now: datetime) -> bool:
        """Whether no code is looked at yet, after too many wrong ones."""
        return self.locked_until is not None and now < self.locked_until

    def is_stale(self, now: datetime) -> bool:
        """Whether it was set up and never confirmed."""
        return not self.is_active and now >= self.made_at + SETUP_LIFETIME

    def confirmed(self, step: int) -> "Factor":
        """This factor, in force; its recovery codes are digests from now on."""
        codes = self.shown_codes.reveal().split() if self.shown_codes else []
        return replace(
            self,
            state=FactorState.ACTIVE,
            shown_codes=None,
            recovery=tuple(recovery_digest(self.user_id, code) for code in codes),
            last_step=step,
            wrong_tries=0,
            locked_until=None,
        )

    def right(self, *, step: int | None = None, recovery: str = "") -> "Factor":
        """This factor after a right code, which is used up by it."""
        return replace(
            self,
            last_step=self.last_step if step is None else step,
            recovery=tuple(one for one in self.recovery if one != recovery),
            wrong_tries=0,
            locked_until=None,
        )

    def wrong(self, now: datetime) -> "Factor":
        """This factor after a wrong code: from the fifth on, each try costs twice the wait."""
        tries = self.wrong_tries + 1
        if tries < MOST_WRONG:
            return replace(self, wrong_tries=tries)
        doublings = min(tries - MOST_WRONG, 16)
        wait = min(_LONGEST_LOCK, _FIRST_LOCK * 2**doublings)
        return replace(self, wrong_tries=tries, locked_until=now + wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants that must be proved.

    ``area`` names who carries it out (``approval``, ``change`` …), ``subject`` what it is about and
    ``action`` which verdict; together they bind a code. ``facts`` are ids, and numbers as text: the
    area reads them to carry the wish out, the chat to say what the code is for.
    """

    area: str
    subject: str
    action: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A wish that waits for its code. One per person is open at a time."""

    id: str
    user_id: int
    kind: ChallengeKind
    area: str
    subject: str
    action: str
    facts: Mapping[str, Json]
    opened_at: datetime
    expires_at: datetime
    state: ChallengeState = ChallengeState.OPEN
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        """Times are UTC and in order."""
        require_utc("opened_at", self.opened_at)
        require_utc("expires_at", self.expires_at)
        require(self.expires_at >= self.opened_at, "expires_at", "not before opened_at", self.id)

    @property
    def is_open(self) -> bool:
        """Whether it can still be met."""
        return self.state is ChallengeState.OPEN

    def is_expired(self, now: datetime) -> bool:
        """Whether it is too late; the moment of expiry itself is too late."""
        return now >= self.expires_at

    def is_about(self, wish: Wish) -> bool:
        """Whether it was opened for this wish and no other."""
        mine = (self.area, self.subject, self.action)
        return mine == (wish.area, wish.subject, wish.action)

    def end(self, state: ChallengeState, at: datetime) -> "Challenge":
        """This challenge, ended; ended ones stay as they are."""
        return replace(self, state=state, ended_at=at) if self.is_open else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a person brings to prove a wish: a typed code, or a word at the terminal."""

    challenge: Challenge
    code: SecretText | None = None

    @property
    def is_from_terminal(self) -> bool:
        """Whether it was given at the desk's own terminal."""
        return self.code is None


def challenge_id(user_id: int, wish: Wish, at: datetime) -> str:
    """Id of a person's wish made at a moment."""
    key = digest(user_id, wish.area, wish.subject, wish.action, to_ms(at))
    return f"q{key[:20]}"


def recovery_digest(user_id: int, code: str) -> str:
    """What is kept of a recovery code; 80 random bits need no slow hash."""
    return digest("recovery", user_id, plain_code(code))


DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212-"
"""Also what a phone makes of a typed hyphen. The hyphen is last, for use in a character class."""


def plain_code(code: str) -> str:
    """A code as it is compared: without spaces and dashes of any kind, in small letters."""
    return "".join(char for char in code if not char.isspace() and char not in DASHES).lower()
