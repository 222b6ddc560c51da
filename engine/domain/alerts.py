"""An alert: what its owner wants to be told of, where it stands, and that it came true.

``Alert`` (whose, what, how often, until when) with an ``Arm`` per market (where it stands) →
``Firing`` (it came true: a fact that is kept).

Two clocks: ``since``, ``seen`` and ``Hit.at`` are the market's time, because they are compared with
bars; ``created_at``, ``told_at`` and ``expires_on`` are a person's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from engine.domain.alert_measures import Condition
from engine.domain.ids import digest
from engine.domain.values import require, require_utc

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


class AlertState(StrEnum):
    """Life of an alert. ``FIRED`` is the end of one that was to tell once."""

    ACTIVE = "active"
    PAUSED = "paused"
    FIRED = "fired"
    EXPIRED = "expired"
    DELETED = "deleted"

    @property
    def is_open(self) -> bool:
        """Whether it stands in its owner's list."""
        return self in (AlertState.ACTIVE, AlertState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Where an alert stands on one market (``key`` is its symbol, ``""`` for the book).

    Armed: the next value beyond the line fires. Not armed: it fired, or began beyond the line, and
    waits for a value that has gone back by the band. ``since`` is when it became so, ``seen`` the
    close of the newest bar that was counted.
    """

    key: str
    armed: bool
    since: datetime
    seen: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A condition, its owner, and how often it tells.

    ``cooldown_s`` ``None`` is the desk's own. ``edition`` counts what people have changed,
    ``fired`` how often it has come true. ``known`` are the events that were there before, or have
    been told.
    """

    id: str
    user_id: int
    chat_id: int
    condition: Condition
    created_at: datetime
    since: datetime
    once: bool = False
    cooldown_s: int | None = None
    expires_on: date | None = None
    state: AlertState = AlertState.ACTIVE
    edition: int = 0
    fired: int = 0
    arms: tuple[Arm, ...] = ()
    known: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Times are UTC, a cooldown is a while."""
        require_utc("created_at", self.created_at)
        require_utc("since", self.since)
        require(
            self.cooldown_s is None or self.cooldown_s >= 0, "cooldown", ">= 0", self.cooldown_s
        )

    @property
    def text(self) -> str:
        """The alert as it is written, options included."""
        parts = [self.condition.text]
        if self.once:
            parts.append("once")
        if self.cooldown_s is not None:
            parts.append(f"every {pause_text(self.cooldown_s)}")
        if self.expires_on is not None:
            parts.append(f"until {self.expires_on.isoformat()}")
        return " ".join(parts)

    def arm(self, key: str) -> Arm:
        """Where it stands on a market; one never looked at is armed from the beginning."""
        found = next((arm for arm in self.arms if arm.key == key), None)
        return found or Arm(key=key, armed=True, since=self.since)

    def with_arms(self, arms: Mapping[str, Arm]) -> "Alert":
        """The alert with these arms in place of those of the same keys."""
        merged = {arm.key: arm for arm in self.arms} | dict(arms)
        return replace(self, arms=tuple(merged[key] for key in sorted(merged)))

    def is_over(self, now: datetime) -> bool:
        """Whether its last day (UTC) has passed."""
        return self.expires_on is not None and now.date() > self.expires_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A value beyond its line. ``began_at`` is before ``at`` where a bar's extreme showed it.

    For an event ``detail`` is its id, ``value`` its price and there is no line.
    """

    key: str
    at: datetime
    began_at: datetime
    value: Decimal
    line: Decimal | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """An alert came true, for the ``number``-th time; one firing may name several markets."""

    alert_id: str
    number: int
    text: str
    told_at: datetime
    hits: tuple[Hit, ...]


def alert_id(request: object) -> str:
    """Id of the alert that a request asks for; the same request is one alert."""
    return f"n{digest('alert', request)[:20]}"


def pause_text(seconds: int) -> str:
    """``90s``, ``15m``, ``4h``, ``2d``: the largest unit that is whole."""
    for size, letter in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


def cooldown(alert: Alert, usual_s: float) -> timedelta:
    """How long an alert is silent about a market after it has told of it."""
    return timedelta(seconds=usual_s if alert.cooldown_s is None else alert.cooldown_s)
