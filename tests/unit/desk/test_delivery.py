"""What people choose about delivery, who may, the digest's day, jobs, dead letters."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from engine.desk.delivery.desk import DeliveryDesk
from engine.desk.delivery.digest import DailyDigest
from engine.desk.delivery.jobs import KnownJob, announce, take_asked
from engine.domain.delivery import DeliveryPolicy, Loudness, MessageType, QuietHours
from engine.domain.desk import MessageState
from engine.ports import Units
from tests.fakes.desk_builder import (
    APPROVER,
    BTC,
    ETH,
    OWNER,
    STRANGER,
    VIEWER,
    Bench,
    bar,
    build,
)
from tests.fakes.samples import message

NIGHT = QuietHours(start=time(22), end=time(7))
GROUP = -77


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


@pytest.fixture
def delivery(bench: Bench) -> DeliveryDesk:
    return bench.assembled.desk.delivery


def loudness(delivery: DeliveryDesk, chat_id: int, kind: MessageType) -> Loudness:
    return next(row.loudness for row in delivery.quiet(chat_id).rows if row.kind is kind)


def test_a_choice_holds_and_leaves_one_line(bench: Bench, delivery: DeliveryDesk) -> None:
    for _ in range(2):
        done = delivery.choose(VIEWER.chat_id, MessageType.FILL, Loudness.DIGEST, by=VIEWER.user_id)
        assert done.done
    assert loudness(delivery, VIEWER.chat_id, MessageType.FILL) is Loudness.DIGEST
    assert loudness(delivery, OWNER.chat_id, MessageType.FILL) is Loudness.LOUD
    assert bench.actions().count("loudness_fill") == 1


@pytest.mark.parametrize("chat_id", [OWNER.chat_id, GROUP])
def test_only_an_owner_chooses_for_others_and_for_groups(
    chat_id: int, delivery: DeliveryDesk
) -> None:
    for by in (APPROVER.user_id, VIEWER.user_id, STRANGER):
        assert not delivery.choose(chat_id, MessageType.FILL, Loudness.OFF, by=by).done
        assert not delivery.mute(chat_id, None, by).done
        assert not delivery.keep_quiet(chat_id, NIGHT, by).done
    assert delivery.choose(chat_id, MessageType.FILL, Loudness.OFF, by=OWNER.user_id).done


def test_failures_stay_on_for_an_owner_and_in_a_group(delivery: DeliveryDesk) -> None:
    for chat_id in (OWNER.chat_id, GROUP):
        done = delivery.choose(chat_id, MessageType.FAILURE, Loudness.OFF, by=OWNER.user_id)
        assert (done.done, done.reason) == (False, "delivery_never_off")
    assert delivery.choose(VIEWER.chat_id, MessageType.FAILURE, Loudness.OFF, VIEWER.user_id).done


def test_mutes_end_by_themselves_and_by_hand(bench: Bench, delivery: DeliveryDesk) -> None:
    me, chat_id, now = OWNER.user_id, OWNER.chat_id, bench.wall.now()
    delivery.mute(chat_id, now + timedelta(hours=2), me)
    delivery.mute(chat_id, now + timedelta(days=1), me, market=str(BTC))
    assert delivery.quiet(chat_id).muted_until == now + timedelta(hours=2)
    bench.advance(hours=2)
    view = delivery.quiet(chat_id)
    assert view.muted_until is None
    assert set(view.muted) == {"BTC/USDT"}
    delivery.mute(chat_id, None, me, market=str(BTC))
    assert delivery.quiet(chat_id).muted == {}
    delivery.mute(chat_id, now + timedelta(days=9), me, market=str(BTC))
    delivery.mute(chat_id, None, me)
    assert delivery.quiet(chat_id).muted == {}


def test_a_person_is_quiet_in_their_own_zone(bench: Bench, delivery: DeliveryDesk) -> None:
    with bench.units() as unit:
        unit.desk.put_person(replace(OWNER, zone="Asia/Tokyo"))
        unit.commit()
    delivery.keep_quiet(OWNER.chat_id, NIGHT, OWNER.user_id)
    delivery.keep_quiet(VIEWER.chat_id, NIGHT, OWNER.user_id)
    bench.wall.advance(hours=1)  # 13:00 UTC is 22:00 in Tokyo
    assert delivery.quiet(OWNER.chat_id).is_quiet_now
    assert not delivery.quiet(VIEWER.chat_id).is_quiet_now


class TestDailyDigest:
    def daily(self, bench: Bench, **policy: object) -> DailyDigest:
        given = DeliveryPolicy(zone_name="Europe/Berlin", digest_at=time(7), **policy)  # type: ignore[arg-type]  # its names
        return DailyDigest(bench.assembled.context, given)

    def kinds(self, bench: Bench) -> list[str]:
        wanted = {"digest", "held", "heartbeat"}
        return [row.kind for row in bench.outbox() if row.kind in wanted]

    def at(self, bench: Bench, text: str) -> None:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        bench.wall.advance(seconds=(moment - bench.wall.now()).total_seconds())

    def test_the_first_one_comes_at_the_first_hour_after_the_start(self, bench: Bench) -> None:
        # The bench starts at 12:00 UTC on 2 March 2026; 07:00 in Berlin is 06:00 UTC.
        daily = self.daily(bench)
        daily.look()
        assert self.kinds(bench) == []
        self.at(bench, "2026-03-03 05:59")
        daily.look()
        assert self.kinds(bench) == []
        self.at(bench, "2026-03-03 06:00")
        daily.look()
        assert sorted(self.kinds(bench)) == ["digest", "heartbeat", "held"]

    def test_it_comes_once_a_day_whatever_restarts(self, bench: Bench) -> None:
        self.daily(bench).look()
        self.at(bench, "2026-03-03 06:00")
        for _ in range(3):
            self.daily(bench.restart()).look()
            bench.wall.advance(hours=3)
        assert self.kinds(bench).count("digest") == 1

    def test_days_without_a_desk_are_one_digest(self, bench: Bench) -> None:
        self.daily(bench).look()
        self.at(bench, "2026-03-09 20:00")
        self.daily(bench).look()
        self.daily(bench).look()
        assert self.kinds(bench).count("digest") == 1

    def test_the_night_of_the_clock_change_has_one_digest(self, bench: Bench) -> None:
        self.daily(bench).look()
        self.at(bench, "2026-03-28 20:00")
        self.daily(bench).look()
        before = self.kinds(bench).count("digest")
        for _ in range(40):
            bench.wall.advance(minutes=30)
            self.daily(bench).look()
        assert self.kinds(bench).count("digest") == before + 1

    def test_without_a_digest_the_quiet_day_has_its_sign_of_life(self, bench: Bench) -> None:
        daily = self.daily(bench, digest_enabled=False)
        daily.look()
        self.at(bench, "2026-03-03 06:00")
        daily.look()
        assert self.kinds(bench) == ["heartbeat"]

    def test_a_day_with_an_entry_is_not_quiet(self, bench: Bench) -> None:
        daily = self.daily(bench)
        daily.look()
        bench.ask()
        self.at(bench, "2026-03-03 06:00")
        daily.look()
        assert sorted(self.kinds(bench)) == ["digest", "held"]


def test_the_digest_adds_up_the_last_day(bench: Bench, delivery: DeliveryDesk) -> None:
    bench.monitor.snapshot()
    bench.advance(minutes=1)
    bench.approve(bench.ask())
    bench.market.set_price(BTC, "110")
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    bench.ask()
    view = delivery.digest()
    (trade,) = view.closed
    assert view.bought == 1
    assert view.day_pnl_quote == trade.pnl_quote
    assert len(view.questions) == 1
    bench.advance(hours=25)
    assert delivery.digest().closed == ()


def stopped_in_a_late_bar(bench: Bench) -> None:
    """A position whose stop was passed in a bar that came 30 hours afterwards."""
    bench.approve(bench.ask())
    opened_at = bench.clock.now()
    bench.advance(hours=30)
    fallen = bar(opened_at, "100 101 94 96")
    for report in bench.assembled.paper.on_bar(BTC, fallen, previous_volume=1e6):
        bench.gateway.settle(report)


def test_a_trade_that_is_booked_late_is_in_the_list_of_the_day_it_was_booked(
    bench: Bench, delivery: DeliveryDesk
) -> None:
    stopped_in_a_late_bar(bench)
    (trade,) = bench.trades()
    assert trade.closed_at < bench.clock.now() - timedelta(hours=24)
    view = delivery.digest()
    assert (view.closed, view.late) == ((), (trade,))
    bench.advance(hours=25)
    assert delivery.digest().late == ()


def test_a_trade_that_was_booked_in_time_is_not_listed_again(
    bench: Bench, delivery: DeliveryDesk
) -> None:
    bench.approve(bench.ask())
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    bench.advance(hours=25)
    bench.approve(bench.ask(ETH))
    view = delivery.digest()
    assert (view.closed, view.late) == ((), ())


def test_a_harmless_job_may_be_asked_for_by_an_owner(bench: Bench, delivery: DeliveryDesk) -> None:
    with bench.units() as unit:
        announce(
            unit,
            [
                KnownJob(name="closes", every_s=1.0, may_run_now=False),
                KnownJob(name="snapshot", every_s=3600.0, may_run_now=True),
            ],
        )
        unit.commit()
    assert [row.name for row in delivery.jobs()] == ["closes", "snapshot"]
    assert not delivery.run_job("snapshot", APPROVER.user_id).done
    assert not delivery.run_job("closes", OWNER.user_id).done
    assert not delivery.run_job("rm -rf", OWNER.user_id).done
    assert delivery.run_job("snapshot", OWNER.user_id).done
    assert [row.is_asked for row in delivery.jobs()] == [False, True]
    with bench.units() as unit:
        assert take_asked(unit) == ("snapshot",)
        assert take_asked(unit) == ()


def test_dead_letters_are_counted_and_only_an_owner_sends_them_again(
    bench: Bench, delivery: DeliveryDesk
) -> None:
    with bench.units() as unit:
        for number in range(5):
            dead = message(f"m{number}", state=MessageState.DEAD, chat_id=1, error="no luck")
            unit.outbox.put(dead)
        unit.commit()
    found = delivery.dead_letters()
    assert (found.count, len(found.newest), found.newest[0].why) == (5, 3, "no luck")
    assert not delivery.resend(APPROVER.user_id).done
    assert delivery.resend(OWNER.user_id).count == 5
    assert delivery.dead_letters().count == 0
    assert bench.actions().count("messages_resent") == 1
