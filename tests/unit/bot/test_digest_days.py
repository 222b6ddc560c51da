"""Days on which the clock changes, nights of quiet, kills: all that was held is told, once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count, pairwise

import pytest

from bot.ledger import Audience, OutboxLedger
from bot.loads import Delivered, Load
from engine.desk.delivery.digest import DailyDigest
from engine.domain.delivery import DeliveryPolicy, Loudness, MessageType, QuietHours
from engine.domain.desk import OutboxMessage, Priority
from engine.ports import Units
from tests.fakes.desk_builder import OWNER, Bench, build
from tests.fakes.samples import message
from tests.unit.bot.test_ledger import Everywhere

BERLIN = "Europe/Berlin"
NIGHT = QuietHours(start=time(22), end=time(7))
STEP = timedelta(minutes=30)


@dataclass(slots=True)
class Walk:
    """A desk that is told something every half hour. ``told`` are the messages in their order.

    ``dies`` is asked before and after each message goes out whether the process is killed there.
    """

    bench: Bench
    policy: DeliveryPolicy
    told: list[tuple[datetime, Load]] = field(default_factory=list)
    queued: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    deaths: int = 0

    def start(self, text: str) -> None:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.bench.wall.advance(seconds=(moment - self.bench.wall.now()).total_seconds())
        self.digest().look()

    def digest(self) -> DailyDigest:
        return DailyDigest(self.bench.assembled.context, self.policy)

    def ledger(self) -> OutboxLedger:
        return OutboxLedger(
            Everywhere(),  # type: ignore[arg-type]  # a ledger asks a channel nothing else
            units=self.bench.units,
            clock=self.bench.wall,
            audience=Audience(),
            policy=self.policy,
        )

    def walk(self, steps: int, *, dies: bool = False) -> None:
        for number in range(steps):
            self.bench.wall.advance(seconds=STEP.total_seconds())
            self.hear()
            if dies and number % 3 == 0:
                self.bench = self.bench.restart()
            self.digest().look()
            self.deliver(dies=dies)

    def hear(self) -> None:
        name = f"a{len(self.queued)}"
        self.queued.append(name)
        with self.bench.units() as unit:
            unit.outbox.put(self.alert(name))
            unit.commit()

    def alert(self, name: str) -> OutboxMessage:
        return message(
            name,
            kind="alert",
            subject=name,
            payload={"of": name},
            priority=Priority.FILL,
            chat_id=OWNER.chat_id,
            created_at=self.bench.wall.now(),
        )

    def deliver(self, *, dies: bool) -> None:
        ledger = self.ledger()
        for turn in count():
            loads = [load for load in ledger.take() if load.chat_id == OWNER.chat_id]
            if not loads:
                return
            assert turn < 100
            for load in loads:
                self.send(ledger, load, dies=dies)

    def send(self, ledger: OutboxLedger, load: Load, *, dies: bool) -> None:
        assert ledger.mark_sending(load)
        number = next(self.numbers)
        if dies and number % 4 == 1:
            self.deaths += 1
            return  # killed before it went out; the next ledger finds it marked
        self.told.append((self.bench.wall.now(), load))
        if dies and number % 4 == 3:
            self.deaths += 1
            return  # killed after it went out, and nobody has noted it
        ledger.finish(load, None, Delivered(message_id=number, has_photo=False))

    def alerts_told(self) -> Counter[str]:
        rows = (row for _, load in self.told for row in load.rows)
        return Counter(row.subject for row in rows if row.kind == "alert")

    def days_told(self) -> list[object]:
        digests = (load for _, load in self.told if load.told.kind == "digest")
        return [load.told.payload["day"] for load in digests]


def walk_of(units: Units, **changes: object) -> Walk:
    given: dict[str, object] = {"zone_name": BERLIN, "quiet": NIGHT, **changes}
    policy = DeliveryPolicy(**given)  # type: ignore[arg-type]  # its names
    walk = Walk(bench=build(units), policy=policy)
    prefer(walk, loudness={MessageType.ALERT: Loudness.DIGEST})
    return walk


def prefer(walk: Walk, **changes: object) -> None:
    with walk.bench.units() as unit:
        own = unit.delivery.preferences(OWNER.chat_id)
        unit.delivery.put_preferences(replace(own, **changes))  # type: ignore[arg-type]  # its names
        unit.commit()


@pytest.mark.parametrize("digest_at", [time(7), time(2, 30), time(23, 59), time(0)], ids=str)
@pytest.mark.parametrize("start", ["2026-03-27 12:00", "2026-10-23 12:00"])
def test_around_a_clock_change_each_day_has_its_digest_and_all_is_told_once(
    start: str, digest_at: time, fake_units: Units
) -> None:
    walk = walk_of(fake_units, digest_at=digest_at)
    walk.start(start)
    walk.walk(4 * 48 + 1)
    days = walk.days_told()
    assert len(days) == len(set(days)) == 4
    held_until = [name for name in walk.queued if name not in walk.alerts_told()]
    assert set(walk.alerts_told().values()) == {1}
    assert len(held_until) < 49
    assert held_until == walk.queued[len(walk.queued) - len(held_until) :]


@pytest.mark.parametrize("start", ["2026-03-27 12:00", "2026-10-23 12:00"])
def test_whatever_dies_when_nothing_held_is_lost_and_repeats_are_marked(
    start: str, fake_units: Units
) -> None:
    walk = walk_of(fake_units, digest_at=time(2, 30))
    walk.start(start)
    walk.walk(4 * 48 + 1, dies=True)
    prefer(walk, loudness={MessageType.DIGEST: Loudness.OFF})
    walk.deliver(dies=False)  # lets what is held go, and the next look tells it
    walk.deliver(dies=False)
    assert set(walk.queued) == set(walk.alerts_told())
    assert walk.deaths > 0
    seen: set[str] = set()
    for _, load in walk.told:
        names = {row.subject for row in load.rows if row.kind == "alert"}
        assert load.is_repeat or not names & seen
        seen |= names
    assert set(walk.days_told()) == {f"{start[:8]}{int(start[8:10]) + day}" for day in range(1, 5)}


def test_a_change_of_zone_loses_nothing_and_tells_no_day_twice(fake_units: Units) -> None:
    walk = walk_of(fake_units, digest_at=time(7))
    walk.start("2026-05-01 12:00")
    for zone in (BERLIN, "Pacific/Auckland", "Pacific/Honolulu", "America/New_York", BERLIN):
        walk.policy = replace(walk.policy, zone_name=zone)
        walk.walk(3 * 48)
    days = walk.days_told()
    assert len(days) == len(set(days))
    assert set(walk.alerts_told().values()) == {1}
    moments = [at for at, load in walk.told if load.told.kind == "digest"]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    # Going west across the date line repeats a day that has had its digest.
    assert max(gaps) <= timedelta(hours=48)
    assert len(walk.queued) - len(walk.alerts_told()) < 2 * 48


def test_quiet_over_midnight_takes_the_sound_of_what_comes_then_and_of_nothing_else(
    fake_units: Units,
) -> None:
    walk = walk_of(fake_units, digest_enabled=False)
    prefer(walk, loudness={MessageType.ALERT: Loudness.LOUD})
    walk.start("2026-03-28 12:00")
    walk.walk(48)
    told = [(at, load) for at, load in walk.told if load.told.kind == "alert"]
    assert len(told) == 48
    for at, load in told:
        hour = at.astimezone(walk.policy.zone).hour
        assert load.is_silent is (hour >= 22 or hour < 7)
