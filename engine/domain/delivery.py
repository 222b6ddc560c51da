"""How loud a message may be: what people have chosen for their chat, and what follows from it.

type of message + what the chat has chosen + quiet hours + mutes → loud, silent, in the digest, off.
Everything here is a pure function of its arguments; the hours of quiet are those of the clock on
the owner's wall, so that a change of summer time moves nothing.

Choices:
- Nothing is ever dropped by being quiet. Quiet hours take the sound away; a mute takes the sound
  away, or holds what can wait for the digest. Only a person who chooses "off" is not told.
- Failures and questions cannot be switched off for an owner, and a question is never put into a
  digest, where it would be read after its end.
- Where no digest comes, nothing is held for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.domain.desk import Role
from engine.domain.values import require, require_utc


class MessageType(StrEnum):
    """What a person chooses a loudness for."""

    FAILURE = "failure"
    QUESTION = "question"
    REMINDER = "reminder"
    FILL = "fill"
    CLOSE = "close"
    OPPORTUNITY = "opportunity"
    ALERT = "alert"
    RESEARCH = "research"
    HEARTBEAT = "heartbeat"
    DIGEST = "digest"


class Loudness(StrEnum):
    """``DIGEST`` is held until the next digest and told there."""

    LOUD = "loud"
    SILENT = "silent"
    DIGEST = "digest"
    OFF = "off"


_NEVER_OFF = frozenset({MessageType.FAILURE, MessageType.QUESTION})
_NEVER_LATER = frozenset({MessageType.QUESTION, MessageType.REMINDER, MessageType.DIGEST})
_CAN_WAIT = frozenset(
    {
        MessageType.OPPORTUNITY,
        MessageType.ALERT,
        MessageType.RESEARCH,
        MessageType.HEARTBEAT,
    }
)


def choices(kind: MessageType, role: Role | None) -> tuple[Loudness, ...]:
    """What somebody of this role may choose; ``None`` is a group, for which an owner chooses."""
    found = list(Loudness)
    if kind in _NEVER_LATER:
        found.remove(Loudness.DIGEST)
    if kind in _NEVER_OFF and role in (Role.OWNER, None):
        found = [Loudness.LOUD, Loudness.SILENT]
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From one time of day until another, across midnight where the end comes first."""

    start: time
    end: time

    def __post_init__(self) -> None:
        """A day of quiet has no end, and is a mute."""
        require(self.start != self.end, "quiet hours", "from one time to another", str(self))

    def cover(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether the clock on the wall of this zone stands within them; the end is outside."""
        local = moment.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def __str__(self) -> str:
        """``22:00-07:00``."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    @classmethod
    def parse(cls, text: str) -> "QuietHours":
        """Read ``22:00-07:00``; ``InvalidValueError`` for anything else."""
        start, _, end = text.partition("-")
        try:
            return cls(start=time.fromisoformat(start), end=time.fromisoformat(end))
        except ValueError:
            pass
        require(False, "quiet hours", "HH:MM-HH:MM, for example 22:00-07:00", text)  # noqa: FBT003 - the guard's sentence
        raise AssertionError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPreferences:
    """What one chat has chosen; what is absent is as the configuration says.

    ``quiet`` counts only where ``quiet_chosen``: ``None`` is then "no quiet hours". ``muted`` holds
    markets by name, with the end of each mute.
    """

    chat_id: int
    loudness: Mapping[MessageType, Loudness] = field(default_factory=dict)
    quiet_chosen: bool = False
    quiet: QuietHours | None = None
    muted_until: datetime | None = None
    muted: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Times are UTC."""
        for moment in (self.muted_until, *self.muted.values()):
            if moment is not None:
                require_utc("muted until", moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatState:
    """What became of a chat: it cannot be written to since ``gone_at``, or has a new number."""

    chat_id: int
    gone_at: datetime | None = None
    gone_why: str = ""
    moved_to: int | None = None

    def __post_init__(self) -> None:
        """Time is UTC, and nobody moves to where they are."""
        if self.gone_at is not None:
            require_utc("gone_at", self.gone_at)
        require(self.moved_to != self.chat_id, "moved_to", "another chat", self.moved_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """What the configuration says: loudness of every type, quiet hours, the digest, the zone."""

    loudness: Mapping[MessageType, Loudness] = field(default_factory=dict)
    quiet: QuietHours | None = None
    zone_name: str = "UTC"
    digest_enabled: bool = True
    digest_at: time = time(7, 0)
    nearest_misses: int = 3

    def __post_init__(self) -> None:
        """Nothing is set that an owner could not choose."""
        for kind, loudness in self.loudness.items():
            allowed = choices(kind, None)
            require(loudness in allowed, f"{kind} messages", f"one of {[*allowed]}", loudness)

    @property
    def zone(self) -> ZoneInfo:
        """The owner's zone."""
        return ZoneInfo(self.zone_name)

    def default(self, kind: MessageType) -> Loudness:
        """How loud a type is where nobody has chosen."""
        return self.loudness.get(kind, _DEFAULTS[kind])


_DEFAULTS = {
    **dict.fromkeys(MessageType, Loudness.LOUD),
    MessageType.RESEARCH: Loudness.SILENT,
    MessageType.HEARTBEAT: Loudness.SILENT,
    MessageType.DIGEST: Loudness.SILENT,
}


def chosen(
    policy: DeliveryPolicy, own: ChatPreferences, kind: MessageType, role: Role | None
) -> Loudness:
    """What holds for a type in a chat; a choice that the role does not allow gives way."""
    allowed = choices(kind, role)
    for wish in (own.loudness.get(kind), policy.default(kind)):
        if wish in allowed:
            return wish
    return Loudness.LOUD


def quiet_hours(policy: DeliveryPolicy, own: ChatPreferences) -> QuietHours | None:
    """The quiet hours of a chat."""
    return own.quiet if own.quiet_chosen else policy.quiet


def digest_comes(policy: DeliveryPolicy, own: ChatPreferences, role: Role | None) -> bool:
    """Whether this chat gets a digest, so that something may be held for it."""
    wanted = chosen(policy, own, MessageType.DIGEST, role)
    return policy.digest_enabled and wanted is not Loudness.OFF


def is_muted(own: ChatPreferences, markets: frozenset[str], now: datetime) -> bool:
    """Whether the chat has muted everything, or each of these markets, for now.

    What is about no market is muted with everything only, and what is about several is heard while
    one of them is.
    """
    until = own.muted_until
    if until is not None and now < until:
        return True
    return bool(markets) and all(
        market in own.muted and now < own.muted[market] for market in markets
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a message is about, as far as its loudness depends on it.

    ``is_urgent`` passes quiet hours and mutes: a stop was hit, something failed, a question ends.
    """

    kind: MessageType
    markets: frozenset[str] = frozenset()
    is_urgent: bool = False


def manner(
    policy: DeliveryPolicy,
    own: ChatPreferences,
    role: Role | None,
    matter: Matter,
    now: datetime,
) -> Loudness:
    """How a message is to be told in a chat at this moment."""
    wanted = chosen(policy, own, matter.kind, role)
    comes = digest_comes(policy, own, role)
    if wanted is Loudness.DIGEST and not comes:
        wanted = Loudness.SILENT
    if wanted in (Loudness.OFF, Loudness.DIGEST) or matter.is_urgent:
        return wanted
    if is_muted(own, matter.markets, now):
        return Loudness.DIGEST if comes and matter.kind in _CAN_WAIT else Loudness.SILENT
    hours = quiet_hours(policy, own)
    if hours is not None and hours.cover(now, policy.zone):
        return Loudness.SILENT
    return wanted


def due_day(policy: DeliveryPolicy, now: datetime) -> date:
    """The newest day, in the owner's zone, whose hour of the digest has come.

    An hour that a change of summer time leaves out counts from the moment it would have been; one
    that comes twice counts the first time.
    """
    today = now.astimezone(policy.zone).date()
    due = datetime.combine(today, policy.digest_at, policy.zone).astimezone(UTC)
    return today if now >= due else today - timedelta(days=1)


def next_digest(policy: DeliveryPolicy, now: datetime) -> datetime:
    """When the next digest is due, in UTC."""
    day = due_day(policy, now) + timedelta(days=1)
    return datetime.combine(day, policy.digest_at, policy.zone).astimezone(UTC)
