"""How loud a message is: quiet hours by the clock on the wall, mutes, the digest, choices."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.domain.delivery import (
    ChatPreferences,
    DeliveryPolicy,
    Loudness,
    Matter,
    MessageType,
    QuietHours,
    choices,
    due_day,
    manner,
    next_digest,
)
from engine.domain.desk import Role
from engine.domain.errors import InvalidValueError

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
NIGHT = QuietHours(start=time(22), end=time(7))
NOBODY = ChatPreferences(chat_id=1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "is_quiet"),
    [
        # Berlin in winter is UTC+1: 22:00 there is 21:00 UTC, 07:00 is 06:00.
        (BERLIN, "2026-01-10 20:59:59", False),
        (BERLIN, "2026-01-10 21:00", True),
        (BERLIN, "2026-01-10 23:30", True),
        (BERLIN, "2026-01-11 05:59:59", True),
        (BERLIN, "2026-01-11 06:00", False),
        # In summer it is UTC+2.
        (BERLIN, "2026-07-10 19:59", False),
        (BERLIN, "2026-07-10 20:00", True),
        (BERLIN, "2026-07-11 04:59", True),
        (BERLIN, "2026-07-11 05:00", False),
        # The night of 29 March 2026: 02:00 becomes 03:00. It begins at UTC+1 and ends at UTC+2.
        (BERLIN, "2026-03-28 20:59", False),
        (BERLIN, "2026-03-28 21:00", True),
        (BERLIN, "2026-03-29 00:59", True),
        (BERLIN, "2026-03-29 01:00", True),
        (BERLIN, "2026-03-29 04:59", True),
        (BERLIN, "2026-03-29 05:00", False),
        # The night of 25 October 2026: 03:00 becomes 02:00.
        (BERLIN, "2026-10-24 20:00", True),
        (BERLIN, "2026-10-25 05:59", True),
        (BERLIN, "2026-10-25 06:00", False),
        # New York goes to UTC-4 on 8 March 2026 and back to UTC-5 on 1 November 2026.
        (NEW_YORK, "2026-03-08 02:59", False),
        (NEW_YORK, "2026-03-08 03:00", True),
        (NEW_YORK, "2026-03-08 10:59", True),
        (NEW_YORK, "2026-03-08 11:00", False),
        (NEW_YORK, "2026-11-01 02:00", True),
        (NEW_YORK, "2026-11-01 11:59", True),
        (NEW_YORK, "2026-11-01 12:00", False),
    ],
)
def test_quiet_hours_across_midnight_follow_the_clock_on_the_wall(
    zone: str, moment: str, is_quiet: bool
) -> None:
    assert NIGHT.cover(at(moment), ZoneInfo(zone)) is is_quiet


def test_quiet_hours_of_one_day_end_on_it() -> None:
    siesta = QuietHours(start=time(13), end=time(15))
    utc = ZoneInfo("UTC")
    hours = [hour for hour in range(24) if siesta.cover(at(f"2026-01-10 {hour:02}:00"), utc)]
    assert hours == [13, 14]


def test_quiet_hours_inside_the_hour_that_comes_twice_are_quiet_twice() -> None:
    short = QuietHours(start=time(2, 15), end=time(2, 45))
    quiet = [
        minute
        for minute in range(0, 180, 15)
        if short.cover(at("2026-10-25 00:00") + timedelta(minutes=minute), ZoneInfo(BERLIN))
    ]
    # 02:15 and 02:30 in summer time are 00:15 and 00:30 UTC, in winter time 01:15 and 01:30.
    assert quiet == [15, 30, 75, 90]


def test_quiet_hours_are_written_and_read() -> None:
    assert str(NIGHT) == "22:00-07:00"
    assert QuietHours.parse("22:00-07:00") == NIGHT
    for text in ("", "22:00", "22:00-22:00", "x-y", "25:00-07:00"):
        with pytest.raises(InvalidValueError):
            QuietHours.parse(text)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # 07:00 in Berlin: 06:00 UTC in winter, 05:00 UTC in summer.
        ("2026-01-10 05:59:59", date(2026, 1, 9)),
        ("2026-01-10 06:00", date(2026, 1, 10)),
        ("2026-03-28 06:00", date(2026, 3, 28)),
        ("2026-03-29 04:59", date(2026, 3, 28)),
        ("2026-03-29 05:00", date(2026, 3, 29)),
        ("2026-10-25 05:59", date(2026, 10, 24)),
        ("2026-10-25 06:00", date(2026, 10, 25)),
        ("2026-01-10 23:30", date(2026, 1, 10)),
    ],
)
def test_the_digest_is_due_at_its_hour_on_the_wall(moment: str, day: date) -> None:
    policy = DeliveryPolicy(zone_name=BERLIN, digest_at=time(7))
    assert due_day(policy, at(moment)) == day


def test_a_digest_in_the_hour_that_is_left_out_comes_once() -> None:
    # New York, 8 March 2026: 02:00 becomes 03:00, so 02:30 never comes. It counts from 07:30 UTC.
    policy = DeliveryPolicy(zone_name=NEW_YORK, digest_at=time(2, 30))
    assert due_day(policy, at("2026-03-08 07:29")) == date(2026, 3, 7)
    assert due_day(policy, at("2026-03-08 07:30")) == date(2026, 3, 8)
    assert due_day(policy, at("2026-03-09 06:29")) == date(2026, 3, 8)
    assert due_day(policy, at("2026-03-09 06:30")) == date(2026, 3, 9)


def test_a_digest_in_the_hour_that_comes_twice_comes_the_first_time() -> None:
    # New York, 1 November 2026: 01:30 comes at 05:30 UTC and again at 06:30 UTC.
    policy = DeliveryPolicy(zone_name=NEW_YORK, digest_at=time(1, 30))
    moments = [at("2026-10-31 12:00") + timedelta(minutes=minute) for minute in range(0, 1500, 10)]
    days = [due_day(policy, moment) for moment in moments]
    assert days.index(date(2026, 11, 1)) == moments.index(at("2026-11-01 05:30"))
    assert days == sorted(days)


def test_the_next_digest_is_the_first_that_is_not_due_yet() -> None:
    policy = DeliveryPolicy(zone_name=BERLIN, digest_at=time(7))
    assert next_digest(policy, at("2026-03-28 06:00")) == at("2026-03-29 05:00")
    assert next_digest(policy, at("2026-03-29 04:59")) == at("2026-03-29 05:00")


def told(
    kind: MessageType,
    own: ChatPreferences = NOBODY,
    *,
    policy: DeliveryPolicy | None = None,
    role: Role | None = Role.OWNER,
    markets: tuple[str, ...] = (),
    is_urgent: bool = False,
    now: datetime = NOON,
) -> Loudness:
    matter = Matter(kind=kind, markets=frozenset(markets), is_urgent=is_urgent)
    return manner(policy or DeliveryPolicy(), own, role, matter, now)


def test_without_a_choice_what_concerns_money_is_loud() -> None:
    loud = {kind for kind in MessageType if told(kind) is Loudness.LOUD}
    assert loud == set(MessageType) - {
        MessageType.RESEARCH,
        MessageType.HEARTBEAT,
        MessageType.DIGEST,
    }


def test_quiet_hours_take_the_sound_away_and_nothing_else() -> None:
    own = ChatPreferences(
        chat_id=1,
        quiet_chosen=True,
        quiet=NIGHT,
        loudness={MessageType.ALERT: Loudness.DIGEST, MessageType.RESEARCH: Loudness.OFF},
    )
    night = at("2026-06-01 23:00")
    assert told(MessageType.FILL, own, now=night) is Loudness.SILENT
    assert told(MessageType.QUESTION, own, now=night) is Loudness.SILENT
    assert told(MessageType.ALERT, own, now=night) is Loudness.DIGEST
    assert told(MessageType.RESEARCH, own, now=night) is Loudness.OFF
    assert told(MessageType.FILL, own, now=NOON) is Loudness.LOUD


def test_what_is_urgent_passes_quiet_hours_and_mutes() -> None:
    own = ChatPreferences(chat_id=1, quiet_chosen=True, quiet=NIGHT, muted_until=NOON + 12 * HOUR)
    night = at("2026-06-01 23:00")
    for kind in (MessageType.FAILURE, MessageType.REMINDER, MessageType.CLOSE):
        assert told(kind, own, is_urgent=True, now=night) is Loudness.LOUD
    assert told(MessageType.CLOSE, own, now=night) is Loudness.SILENT


def test_a_mute_holds_what_can_wait_and_silences_the_rest() -> None:
    own = ChatPreferences(chat_id=1, muted_until=NOON + HOUR)
    found = {kind: told(kind, own) for kind in MessageType}
    waits = {kind for kind, loudness in found.items() if loudness is Loudness.DIGEST}
    assert waits == {
        MessageType.OPPORTUNITY,
        MessageType.ALERT,
        MessageType.RESEARCH,
        MessageType.HEARTBEAT,
    }
    assert set(found.values()) == {Loudness.DIGEST, Loudness.SILENT}
    assert told(MessageType.FILL, own, now=NOON + HOUR) is Loudness.LOUD


def test_a_mute_of_one_market_is_about_that_market() -> None:
    own = ChatPreferences(chat_id=1, muted={"BTC/USDT": NOON + HOUR})
    assert told(MessageType.OPPORTUNITY, own, markets=("BTC/USDT",)) is Loudness.DIGEST
    assert told(MessageType.OPPORTUNITY, own, markets=("ETH/USDT",)) is Loudness.LOUD
    assert told(MessageType.FILL, own, markets=("BTC/USDT",)) is Loudness.SILENT
    assert told(MessageType.FILL, own) is Loudness.LOUD


def test_what_is_about_several_markets_is_muted_when_all_of_them_are() -> None:
    both = ("BTC/USDT", "ETH/USDT")
    one = ChatPreferences(chat_id=1, muted={"BTC/USDT": NOON + HOUR})
    each = ChatPreferences(chat_id=1, muted={"BTC/USDT": NOON + HOUR, "ETH/USDT": NOON + HOUR})
    over = ChatPreferences(chat_id=1, muted={"BTC/USDT": NOON + HOUR, "ETH/USDT": NOON})
    assert told(MessageType.ALERT, one, markets=both) is Loudness.LOUD
    assert told(MessageType.ALERT, each, markets=both) is Loudness.DIGEST
    assert told(MessageType.ALERT, over, markets=both) is Loudness.LOUD


def test_where_no_digest_comes_nothing_is_held_for_it() -> None:
    own = ChatPreferences(
        chat_id=1,
        muted_until=NOON + HOUR,
        loudness={MessageType.DIGEST: Loudness.OFF, MessageType.FILL: Loudness.DIGEST},
    )
    assert told(MessageType.FILL, own) is Loudness.SILENT
    assert told(MessageType.ALERT, own) is Loudness.SILENT
    off = DeliveryPolicy(digest_enabled=False)
    held = ChatPreferences(chat_id=1, loudness={MessageType.FILL: Loudness.DIGEST})
    assert told(MessageType.FILL, held, policy=off) is Loudness.SILENT


def test_an_owner_cannot_lose_failures_and_questions() -> None:
    own = ChatPreferences(
        chat_id=1,
        loudness={MessageType.FAILURE: Loudness.OFF, MessageType.QUESTION: Loudness.DIGEST},
    )
    assert told(MessageType.FAILURE, own) is Loudness.LOUD
    assert told(MessageType.QUESTION, own) is Loudness.LOUD
    assert told(MessageType.FAILURE, own, role=None) is Loudness.LOUD
    assert told(MessageType.FAILURE, own, role=Role.VIEWER) is Loudness.OFF
    assert Loudness.DIGEST not in choices(MessageType.QUESTION, Role.VIEWER)
    assert Loudness.OFF in choices(MessageType.QUESTION, Role.APPROVER)


def test_a_configuration_cannot_switch_failures_off() -> None:
    with pytest.raises(InvalidValueError, match="failure"):
        DeliveryPolicy(loudness={MessageType.FAILURE: Loudness.OFF})
