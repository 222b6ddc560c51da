"""A question to the owners about the desk itself: what is in force, what would be, and the answer.

wish → plan (before, after) → ``Change`` with a digest over both → answered once → applied in the
same commit

- The life cycle is that of questions about orders (``ApprovalState``); ``PARTLY`` does not occur.
- ``before`` and ``after`` are facts without words. Whoever answers agrees to exactly these two:
  where one of them is no longer what would come of the wish, the question is superseded.
- What only makes the desk more careful is applied at once; it is a ``Change`` all the same, so that
  there is one record of who changed what, when, from what, to what.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from engine.domain.desk import Json, Person, Role
from engine.domain.ids import ChangeId, digest
from engine.domain.lifecycles import ApprovalState, advance_approval
from engine.domain.values import require, require_utc

type Facts = Mapping[str, Json]
"""Plain facts, equal to themselves after storage: texts, numbers, and tables of them."""


class ChangeKind(StrEnum):
    """What is changed."""

    STRATEGY = "strategy"
    WEIGHTS = "weights"
    CALIBRATION = "calibration"
    LIMIT = "limit"
    MODE = "mode"
    PERSON = "person"
    KILL_OFF = "kill_off"
    REARM = "rearm"


class Verdict(StrEnum):
    """What a button of a change says."""

    APPROVE = "approve"
    REJECT = "reject"


class ChangeResult(StrEnum):
    """What a wish or a press came to; every one has a sentence in the language files."""

    ASKED = "asked"
    APPLIED = "applied"
    NEXT_START = "next_start"
    COUNTED = "counted"
    REJECTED = "rejected"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    ALREADY_DECIDED = "already_decided"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - an outcome, not a secret
    NOT_ALLOWED = "not_allowed"
    CODE_WANTED = "code_wanted"
    TERMINAL_WANTED = "terminal_wanted"
    CODE_WRONG = "code_wrong"
    CODE_USED = "code_used"
    CODE_LOCKED = "code_locked"
    CODE_LATE = "code_late"


NOBODY = "none"
"""The role of somebody the desk does not know: wished for, it takes a person out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWish:
    """What somebody wants changed: ``subject`` names the thing, ``value`` what it shall be.

    A limit by its key and new value, a person by user id and role, a strategy by its version. Where
    there is only one thing of a kind, ``subject`` is empty. ``name`` and ``language`` are of a
    person who is to be let in.
    """

    kind: ChangeKind
    subject: str = ""
    value: str = ""
    reason: str = ""
    name: str = ""
    language: str = ""


def change_digest(kind: ChangeKind, subject: str, before: Facts, after: Facts) -> str:
    """Fingerprint of everything a person agrees to."""
    tables = (json.dumps(dict(facts), sort_keys=True, default=dict) for facts in (before, after))
    return digest(kind.value, subject, *tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One question about the desk itself. ``token`` is random and in the buttons.

    ``value`` is the wish as it was written, from which ``after`` is made again at the press.
    ``evidence`` is shown beside the question and not agreed to. ``asked_by`` and ``decided_by`` are
    user ids; ``None`` is the desk or the clock. ``needs_code`` asks for a second factor.
    """

    id: ChangeId
    kind: ChangeKind
    subject: str
    value: str
    before: Facts
    after: Facts
    digest: str
    token: str
    asked_by: int | None
    created_at: datetime
    expires_at: datetime
    reason: str = ""
    evidence: Facts = field(default_factory=dict)
    needed: int = 1
    needs_code: bool = False
    state: ApprovalState = ApprovalState.PENDING
    approvers: tuple[int, ...] = ()
    decided_at: datetime | None = None
    decided_by: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """The digest is that of its facts; times are UTC and in order; somebody must agree."""
        require_utc("created_at", self.created_at)
        require_utc("expires_at", self.expires_at)
        require(
            self.expires_at > self.created_at, "expires_at", "after created_at", self.expires_at
        )
        require(self.needed >= 1, "needed", ">= 1", self.needed)
        own = change_digest(self.kind, self.subject, self.before, self.after)
        require(self.digest == own, "digest of a change", own, self.digest)

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state is ApprovalState.PENDING

    @property
    def wish(self) -> ChangeWish:
        """What it came from."""
        return ChangeWish(
            kind=self.kind,
            subject=self.subject,
            value=self.value,
            reason=self.reason,
            name=str(self.evidence.get("name") or ""),
            language=str(self.evidence.get("language") or ""),
        )

    def is_expired(self, now: datetime) -> bool:
        """Whether it is too late to answer; the moment of expiry itself is too late."""
        return now >= self.expires_at

    def counted(self, user_id: int) -> "Change":
        """This question with one more person who agrees; twice is once."""
        return replace(self, approvers=tuple(dict.fromkeys((*self.approvers, user_id))))

    def end(
        self, state: ApprovalState, at: datetime, *, by: int | None = None, note: str = ""
    ) -> "Change":
        """This question, ended; ``IllegalTransitionError`` if it had ended before."""
        return replace(
            self,
            state=advance_approval(self.state, state),
            decided_at=at,
            decided_by=by,
            note=note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A setting that people changed: it goes before the configuration file.

    ``value`` and ``before`` are written as in the file; ``before`` is what was in force then.
    """

    key: str
    value: str
    before: str
    set_at: datetime
    set_by: int | None
    change_id: ChangeId

    def __post_init__(self) -> None:
        """A dotted key, and a UTC time."""
        require("." in self.key, "key of an override", "section.name", self.key)
        require_utc("set_at", self.set_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """Answer to a wish or a press. ``reason`` names a refusal, ``values`` belong to its sentence.

    ``person`` is somebody whose role has changed by it, so that their menu can follow.
    """

    result: ChangeResult
    change: Change | None = None
    reason: str = ""
    values: Facts = field(default_factory=dict)
    person: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change as it is shown; ``names`` are of the people in it."""

    change: Change
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """One limit in force, as it is written. ``override`` is ``None`` where the file holds."""

    key: str
    value: str
    file_value: str
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A strategy version that may be traded: its parameters by name, its proof in one word.

    ``proof`` is ``passed``, ``failed`` or ``none``; ``weights`` are shares that sum to 1.
    """

    version: str
    name: str
    timeframe: str
    weights: Mapping[str, float]
    note: str
    proof: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """Somebody the desk knows; ``from_file`` is named in the configuration and stays as it is."""

    person: Person
    from_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A one-time code that lets somebody ask to be let in, and until when."""

    code: str
    role: Role
    expires_at: datetime
