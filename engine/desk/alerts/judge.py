"""When an alert tells: once per crossing, pure.

looks at values, oldest first → ``step`` by ``step`` from arm to arm → the hits, and where the alert
stands now.

- Armed, a value beyond the line fires. Then it is silent until a value has gone back by the band:
  one that flickers around the line tells once.
- A look may be a bar, whose extremes show what no polled price has seen. They count if all of the
  bar came after the arm's last change; in the bar in which an alert was set, fired or was armed
  again, nobody knows whether the extreme came before or after, and only the close counts. So a
  crossing that a polled price has told is not told again by its bar.
- A bar that both went back and lies beyond the line at its close has crossed for certain, and
  fires; one that went back and closes short of it only arms.
- Within the cooldown nothing fires and nothing is disarmed: what is still beyond the line when it
  ends is told then.
- No look, no change: missing data neither fires nor disarms.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from engine.domain.alert_measures import Relation, Source
from engine.domain.alerts import Alert, Arm, Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a value: a moment (``began_at`` = ``at``), or a bar from open to close.

    ``value`` is the last, ``high`` and ``low`` the extremes; ``band`` is how far a value must go
    back behind ``line``. ``is_bar`` looks are counted once, by their close.
    """

    at: datetime
    value: Decimal
    line: Decimal
    band: Decimal
    began_at: datetime
    high: Decimal
    low: Decimal
    is_bar: bool = False

    @classmethod
    def moment(
        cls, at: datetime, value: Decimal, line: Decimal, band: Decimal, *, is_bar: bool = False
    ) -> "Look":
        """A look at one value."""
        return cls(
            at=at,
            value=value,
            line=line,
            band=band,
            began_at=at,
            high=value,
            low=value,
            is_bar=is_bar,
        )

    def excess(self, relation: Relation) -> Decimal:
        """How far the last value is beyond the line; negative on the other side."""
        return relation.sign * (self.value - self.line)

    def is_back(self, relation: Relation) -> bool:
        """Whether the last value has gone back by the band."""
        return self.excess(relation) <= -self.band


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to see about one market: looks, oldest first, up to the bar closed at ``to``.

    ``to`` may be later than the last look: bars without a value are seen, too.
    """

    looks: Sequence[Look] = ()
    to: datetime | None = None

    @property
    def newest(self) -> Look | None:
        """The last look."""
        return self.looks[-1] if self.looks else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An alert after all looks, and what came true."""

    alert: Alert
    hits: tuple[Hit, ...] = ()


def judge(alert: Alert, seen: Mapping[str, Seen], *, now: datetime, pause: timedelta) -> Verdict:
    """Let an alert see; ``now`` is a person's time, for the cooldown of ``pause``."""
    relation = alert.condition.relation
    assert relation is not None  # events are counted, not compared
    arms: dict[str, Arm] = {}
    hits: list[Hit] = []
    for key, one in sorted(seen.items()):
        arm = alert.arm(key)
        for look in _unseen(arm, one.looks):
            is_silent = arm.told_at is not None and now - arm.told_at < pause
            arm, hit = step(arm, look, relation, is_silent=is_silent)
            if hit is not None:
                arm = replace(arm, told_at=now)
                hits.append(hit)
        arms[key] = _moved(arm, one.to)
    return Verdict(alert=alert.with_arms(arms), hits=tuple(hits))


def _unseen(arm: Arm, looks: Iterable[Look]) -> list[Look]:
    return [look for look in looks if not look.is_bar or arm.seen is None or look.at > arm.seen]


def _moved(arm: Arm, to: datetime | None) -> Arm:
    if to is None or (arm.seen is not None and to <= arm.seen):
        return arm
    return replace(arm, seen=to)


def step(
    arm: Arm, look: Look, relation: Relation, *, is_silent: bool = False
) -> tuple[Arm, Hit | None]:
    """One look; ``is_silent`` while the cooldown lasts."""
    if look.at < arm.since:
        return arm, None
    is_whole = look.began_at >= arm.since
    if arm.armed:
        return _armed(arm, look, relation, is_whole=is_whole, is_silent=is_silent)
    return _waiting(arm, look, relation, is_whole=is_whole, is_silent=is_silent)


def _armed(
    arm: Arm, look: Look, relation: Relation, *, is_whole: bool, is_silent: bool
) -> tuple[Arm, Hit | None]:
    shown = _farthest(look, relation) if is_whole else look.value
    if relation.sign * (shown - look.line) <= 0 or is_silent:
        return arm, None
    after = replace(arm, armed=look.is_back(relation), since=look.at)
    return after, _hit(arm.key, look, shown)


def _waiting(
    arm: Arm, look: Look, relation: Relation, *, is_whole: bool, is_silent: bool
) -> tuple[Arm, Hit | None]:
    nearest = (look.low if relation is Relation.ABOVE else look.high) if is_whole else look.value
    if relation.sign * (nearest - look.line) > -look.band:
        return arm, None
    armed = replace(arm, armed=True, since=look.at)
    if look.excess(relation) <= 0 or is_silent:
        return armed, None
    return replace(armed, armed=False), _hit(arm.key, look, look.value)


def _farthest(look: Look, relation: Relation) -> Decimal:
    return look.high if relation is Relation.ABOVE else look.low


def _hit(key: str, look: Look, shown: Decimal) -> Hit:
    began_at = look.at if shown == look.value else look.began_at
    return Hit(key=key, at=look.at, began_at=began_at, value=shown, line=look.line)


def fresh(alert: Alert, seen: Mapping[str, Seen], now: datetime) -> Alert:
    """The alert as if it began now: what is beyond its line already is told when it comes again.

    ``now`` is the market's time. What is not known now is armed: the first value may fire.
    """
    relation = alert.condition.relation
    if relation is None:
        return replace(alert, since=now, arms=())
    arms: dict[str, Arm] = {}
    for key, one in seen.items():
        newest = one.newest
        armed = newest is None or newest.excess(relation) <= 0
        # A bar that closed before now but is stored later is news to whoever watches bars.
        is_barred = newest is not None and alert.condition.source is not Source.PRICES
        since = newest.at if newest is not None and is_barred else now
        arms[key] = Arm(key=key, armed=armed, since=since, seen=one.to)
    return replace(alert, since=now, arms=()).with_arms(arms)
