"""What goes next, what goes together, what waits: the outbox's choices without a network."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.ledger import Audience, OutboxLedger
from bot.loads import Delivered, Load
from engine.desk.delivery.letters import find_chat_again, resend
from engine.domain.alerts import Firing, Hit
from engine.domain.delivery import Loudness, MessageType
from engine.domain.desk import Delivery, MessageState, OutboxMessage, Person, Priority, Role
from engine.domain.ids import MessageId
from engine.ports import Units
from tests.fakes.clock import HandClock
from tests.fakes.samples import T0, message
from tests.fakes.units import FakeUnits

OWNER, VIEWER, GROUP = 11, 12, -13
HOUR = timedelta(hours=1)


class Everywhere:
    """A channel that serves every chat but the terminal's."""

    def serves(self, chat_id: int) -> bool:
        return chat_id != 0


class Desk:
    """A ledger whose loads all arrive; ``told`` is what arrived, in order."""

    def __init__(self, units: Units, *, groups: tuple[int, ...] = ()) -> None:
        self.units = units
        self.clock = HandClock(T0)
        self.told: list[Load] = []
        self._numbers = iter(range(1, 1_000_000))
        self.ledger = OutboxLedger(
            Everywhere(),  # type: ignore[arg-type]  # a ledger asks a channel nothing else
            units=units,
            clock=self.clock,
            audience=Audience(groups=groups),
        )
        with units() as unit:
            for number, role in ((OWNER, Role.OWNER), (VIEWER, Role.VIEWER)):
                unit.desk.put_person(
                    Person(user_id=number, role=role, name=str(number), chat_id=number)
                )
            unit.commit()

    def put(self, *rows: OutboxMessage) -> None:
        with self.units() as unit:
            for row in rows:
                assert unit.outbox.put(row)
            unit.commit()

    def prefer(self, chat_id: int = OWNER, **changes: object) -> None:
        with self.units() as unit:
            own = unit.delivery.preferences(chat_id)
            unit.delivery.put_preferences(replace(own, **changes))  # type: ignore[arg-type]  # its names
            unit.commit()

    def turn(self) -> list[Load]:
        """One message for every chat that has one."""
        loads = list(self.ledger.take())
        for load in loads:
            self.deliver(load)
        return loads

    def deliver(self, load: Load) -> None:
        assert self.ledger.mark_sending(load)
        number = Delivered(message_id=next(self._numbers), has_photo=False)
        self.ledger.finish(load, None, number)
        self.told.append(load)

    def run(self, chat_id: int | None = None) -> list[Load]:
        """Deliver until nothing is ready; returns what one chat, or all, were told."""
        before = len(self.told)
        while self.turn():
            pass
        return [load for load in self.told[before:] if chat_id in (None, load.chat_id)]

    def states(self, chat_id: int = OWNER) -> dict[str, MessageState]:
        with self.units(read_only=True) as unit:
            return {
                row.subject: row.state
                for state in MessageState
                for row in unit.outbox.in_state(state, 9_999, chat_id=chat_id)
            }


@pytest.fixture
def desk(fake_units: FakeUnits) -> Desk:
    return Desk(fake_units)


def row(name: str, kind: str = "fill", **changes: object) -> OutboxMessage:
    """A message to the owner."""
    given = {"subject": name, "chat_id": OWNER, "priority": Priority.FILL, "kind": kind, **changes}
    return message(name, **{"payload": {"of": name}, **given})


def opportunity(number: int) -> OutboxMessage:
    payload = {"decision_id": f"d{number}"}
    return row(f"card:d{number}", "card", priority=Priority.OPPORTUNITY, payload=payload)


def names(loads: list[Load]) -> list[str]:
    return [load.told.subject for load in loads]


def test_a_message_for_everybody_goes_to_everybody_once(fake_units: FakeUnits) -> None:
    desk = Desk(fake_units, groups=(GROUP,))
    desk.put(row("news", chat_id=None))
    assert sorted(load.chat_id for load in desk.run()) == [GROUP, OWNER, VIEWER]
    assert desk.run() == []


def test_the_most_important_goes_first_then_the_oldest(desk: Desk) -> None:
    desk.put(
        row("digest", "digest", priority=Priority.DIGEST, created_at=T0 - HOUR),
        row("fill 2"),
        row("fill 1", created_at=T0 - HOUR),
        row("answer", "status", priority=Priority.ANSWER),
        row("question", "change", priority=Priority.QUESTION),
        row("failure", "notice", priority=Priority.FAILURE),
    )
    assert names(desk.run()) == ["failure", "question", "answer", "fill 1", "fill 2", "digest"]


def test_an_endless_flood_of_important_ones_does_not_starve_the_rest(desk: Desk) -> None:
    desk.put(row("old", "digest", priority=Priority.DIGEST, created_at=T0 - HOUR))
    for number in range(16):
        desk.put(row(f"q{number}", "change", priority=Priority.QUESTION))
        desk.put(row(f"more {number}", "change", priority=Priority.QUESTION))
        desk.turn()
    told = names(desk.told)
    assert told.index("old") == 7
    assert len(told) == 16


def test_ten_opportunities_in_one_minute_are_one_message(desk: Desk) -> None:
    desk.put(*map(opportunity, range(10)))
    (load,) = desk.run()
    assert load.told.kind == "flock"
    assert len(load.rows) == 10
    rows = load.told.payload["rows"]
    assert isinstance(rows, list)
    assert len(rows) == 10


def test_opportunities_soon_after_others_are_collected_and_then_told(desk: Desk) -> None:
    desk.put(opportunity(0))
    assert names(desk.run()) == ["card:d0"]
    desk.clock.advance(seconds=5)
    later = [replace(opportunity(n), created_at=desk.clock.now()) for n in range(1, 6)]
    desk.put(*later)
    assert desk.run() == []
    desk.put(row("fill"))
    assert names(desk.run()) == ["fill"]
    desk.clock.advance(seconds=56)
    (load,) = desk.run()
    assert (load.told.kind, len(load.rows)) == ("flock", 5)


def test_questions_are_never_grouped(desk: Desk) -> None:
    desk.put(*(row(f"q{number}", "change", priority=Priority.QUESTION) for number in range(30)))
    assert [len(load.rows) for load in desk.run()] == [1] * 30


def test_an_ended_question_that_nobody_saw_is_a_report(desk: Desk) -> None:
    payload = {"decision_id": "d77"}
    cards = [
        row(f"card:d{number}", "card", priority=Priority.QUESTION, payload=payload)
        for number in range(12)
    ]
    desk.put(*cards)
    (load,) = desk.run()
    assert (load.told.kind, len(load.rows)) == ("backlog", 12)


def test_failures_are_not_hidden_among_fills(desk: Desk) -> None:
    desk.put(*(row(f"fill {number}") for number in range(30)))
    desk.put(row("failure", "notice", priority=Priority.FAILURE))
    first, rest = desk.run()
    assert first.told.kind == "notice"
    assert (rest.told.kind, len(rest.rows)) == ("backlog", 30)


def test_an_edit_about_something_told_in_a_list_sends_nothing(desk: Desk) -> None:
    desk.put(*map(opportunity, range(10)))
    desk.run()
    edit = replace(opportunity(3), id=MessageId("edit"), delivery=Delivery.EDIT)
    desk.put(edit)
    assert desk.run() == []
    with desk.units(read_only=True) as unit:
        stored = unit.outbox.get(edit.id)
    assert stored is not None
    assert (stored.state, stored.error) == (MessageState.SENT, "told in a list")


def test_silent_is_silent_and_off_is_off(desk: Desk) -> None:
    loudness = {MessageType.FILL: Loudness.SILENT, MessageType.CLOSE: Loudness.OFF}
    desk.prefer(loudness=loudness)
    desk.put(row("fill"), row("close", "closed"), row("answer", "status", priority=Priority.ANSWER))
    assert [(load.told.subject, load.is_silent) for load in desk.run()] == [
        ("answer", False),
        ("fill", True),
    ]
    assert desk.states()["close"] is MessageState.OFF


def test_what_is_held_is_told_by_the_digest_and_ends_with_it(desk: Desk) -> None:
    desk.prefer(loudness={MessageType.FILL: Loudness.DIGEST})
    desk.put(row("fill 1"), row("fill 2"))
    assert desk.run() == []
    assert set(desk.states().values()) == {MessageState.HELD}
    desk.put(
        row("digest:1", "digest", priority=Priority.DIGEST),
        row("held:1", "held", priority=Priority.DIGEST),
    )
    digest, held = desk.run()
    assert digest.told.payload["held"] == 2
    assert held.told.payload["total"] == 2
    assert {one.subject for one in held.rows} == {"held:1", "fill 1", "fill 2"}
    assert set(desk.states().values()) == {MessageState.SENT}


def test_what_finds_no_room_in_a_list_waits_for_the_next(desk: Desk) -> None:
    desk.prefer(loudness={MessageType.FILL: Loudness.DIGEST})
    desk.put(*(row(f"fill {number}") for number in range(3)))
    desk.run()
    desk.put(row("held:1", "held", priority=Priority.DIGEST))
    (load,) = desk.ledger.take()
    now, left = load.parted(frozenset({"fill 0", "fill 1"}))
    assert desk.ledger.mark_sending(now)
    desk.ledger.finish(now, None, Delivered(message_id=1, has_photo=False), left=left)
    states = desk.states()
    assert states["held:1"] is MessageState.PENDING
    assert states["fill 2"] is MessageState.HELD
    (rest,) = desk.run()
    assert {one.subject for one in rest.rows} == {"held:1", "fill 2"}
    assert not rest.is_repeat


def test_a_digest_that_got_no_answer_keeps_what_it_tells(desk: Desk) -> None:
    desk.prefer(loudness={MessageType.FILL: Loudness.DIGEST})
    desk.put(row("fill"))
    desk.run()
    desk.put(row("held:1", "held", priority=Priority.DIGEST))
    (load,) = desk.ledger.take()
    assert desk.ledger.mark_sending(load)
    desk.ledger.postpone(load, 0.0, "no answer", is_ambiguous=True)
    assert desk.states()["fill"] is MessageState.HELD
    (again,) = desk.ledger.take()
    assert again.is_repeat
    assert {one.subject for one in again.rows} == {"held:1", "fill"}


def test_who_switches_the_digest_off_gets_what_was_held_at_once(desk: Desk) -> None:
    desk.prefer(loudness={MessageType.FILL: Loudness.DIGEST})
    desk.put(row("fill"))
    desk.run()
    desk.prefer(loudness={MessageType.FILL: Loudness.DIGEST, MessageType.DIGEST: Loudness.OFF})
    desk.turn()
    (load,) = desk.run()
    assert (load.told.subject, load.is_silent) == ("fill", True)


def test_a_mute_holds_and_its_end_lets_new_ones_through(desk: Desk) -> None:
    desk.prefer(muted_until=T0 + HOUR)
    desk.put(row("fill"), row("alert", "alert_fired"))
    (load,) = desk.run()
    assert (load.told.subject, load.is_silent) == ("fill", True)
    desk.clock.advance(hours=1)
    desk.put(row("alert 2", "alert_fired"))
    (load,) = desk.run()
    assert (load.told.subject, load.is_silent) == ("alert 2", False)
    assert desk.states()["alert"] is MessageState.HELD


def test_a_stop_that_was_hit_is_heard_in_a_mute(desk: Desk) -> None:
    desk.prefer(muted_until=T0 + HOUR)
    stop = {"trade_id": "t1", "symbol": "BTC/USDT", "reason": "stop_hit"}
    target = {"trade_id": "t2", "symbol": "BTC/USDT", "reason": "target_hit"}
    desk.put(row("stop", "closed", payload=stop), row("target", "closed", payload=target))
    told = {load.told.subject: load.is_silent for load in desk.run()}
    assert told == {"stop": False, "target": True}


def test_the_sign_of_life_is_in_the_digest_of_who_gets_one(desk: Desk) -> None:
    desk.prefer(VIEWER, loudness={MessageType.DIGEST: Loudness.OFF})
    desk.put(
        *(
            row(f"{kind}:1", kind, chat_id=None, priority=Priority.DIGEST)
            for kind in ("digest", "held", "heartbeat")
        )
    )
    told = {(load.chat_id, load.told.kind) for load in desk.run()}
    assert told == {(OWNER, "digest"), (OWNER, "held"), (VIEWER, "heartbeat")}


def test_a_chat_that_is_gone_ends_once_and_comes_back_whole(desk: Desk) -> None:
    desk.put(row("a"), row("b"), row("other", chat_id=VIEWER))
    gone = next(load for load in desk.ledger.take() if load.chat_id == OWNER)
    desk.ledger.lose(gone, "bot was blocked by the user")
    assert set(desk.states().values()) == {MessageState.DEAD}
    desk.put(row("c"))
    assert names(desk.run()) == ["other"]
    assert set(desk.states().values()) == {MessageState.DEAD}
    with desk.units() as unit:
        assert find_chat_again(unit, OWNER, desk.clock.now()) == 3
        unit.commit()
        dead_lines = [
            line.event for line in unit.audit.tail(99) if line.event.action == "message_dead"
        ]
    assert [event.detail["count"] for event in dead_lines] == [2]
    assert names(desk.run()) == ["a", "b", "c"]


def test_nothing_goes_into_a_private_chat_whose_reader_is_known_no_longer(
    fake_units: FakeUnits,
) -> None:
    desk = Desk(fake_units, groups=(GROUP,))
    asked = row("asked", "notice", chat_id=VIEWER, payload={"text": "invitation_asked"})
    desk.put(
        row("mine"),
        row("theirs", chat_id=VIEWER),
        row("group", chat_id=GROUP),
        row("gone", "erase", chat_id=VIEWER, delivery=Delivery.DELETE),
        asked,
    )
    with desk.units() as unit:
        unit.desk.drop_person(VIEWER)
        unit.commit()
    assert sorted(names(desk.run())) == ["asked", "gone", "group", "mine"]
    assert desk.states(VIEWER)["theirs"] is MessageState.OFF


def test_sending_again_skips_who_is_known_no_longer(desk: Desk) -> None:
    dead = MessageState.DEAD
    desk.put(row("mine", state=dead), row("theirs", chat_id=VIEWER, state=dead))
    with desk.units() as unit:
        unit.desk.drop_person(VIEWER)
        assert resend(unit, "person:11", desk.clock.now()) == 1
        unit.commit()
    assert desk.states() == {"mine": MessageState.PENDING}
    assert desk.states(VIEWER) == {"theirs": MessageState.OFF}


def test_a_group_that_moves_takes_everything_along(fake_units: FakeUnits) -> None:
    desk = Desk(fake_units, groups=(GROUP,))
    desk.prefer(GROUP, loudness={MessageType.FILL: Loudness.SILENT})
    desk.put(row("first", chat_id=GROUP), row("second", chat_id=GROUP))
    (load,) = desk.ledger.take()
    desk.ledger.move(load, -99)
    desk.put(row("third", chat_id=None))
    told = [(one.told.subject, one.is_silent) for one in desk.run(-99)]
    assert told == [("first", True), ("second", True), ("third", True)]
    assert desk.run(GROUP) == []


def test_a_busy_chat_is_left_alone(desk: Desk) -> None:
    desk.put(row("mine"), row("other", chat_id=VIEWER))
    assert [load.chat_id for load in desk.ledger.take(frozenset({OWNER}))] == [VIEWER]


def test_a_terminal_beside_a_bot_does_not_take_its_messages(fake_units: FakeUnits) -> None:
    desk = Desk(fake_units)
    beside = OutboxLedger(
        Everywhere(),  # type: ignore[arg-type]  # a ledger asks a channel nothing else
        units=fake_units,
        clock=desk.clock,
        audience=Audience(leads=False),
    )
    desk.put(row("news", chat_id=None))
    assert beside.take() == []
    assert sorted(load.chat_id for load in desk.run()) == [OWNER, VIEWER]


def test_preferences_of_another_chat_change_nothing_here(desk: Desk) -> None:
    desk.prefer(VIEWER, loudness=dict.fromkeys(MessageType, Loudness.OFF))
    desk.put(row("news", chat_id=None))
    assert [load.chat_id for load in desk.run()] == [OWNER]


def answer(name: str, text: str = "paused") -> OutboxMessage:
    """An answer to a command: its subject is the command, its words are one sentence."""
    payload = {"text": text, "values": {}}
    return row(f"notice:telegram:{name}", "notice", priority=Priority.ANSWER, payload=payload)


def test_an_answer_is_never_in_a_list(desk: Desk) -> None:
    desk.put(*(row(f"fill{number}") for number in range(12)))
    desk.put(*(answer(f"{number}", f"text{number}") for number in range(12)))
    told = desk.run()
    assert [load.told.kind for load in told] == ["notice"] * 12 + ["backlog"]
    assert names(told)[:12] == [f"notice:telegram:{number}" for number in range(12)]
    assert {one.kind for one in told[-1].rows} == {"fill"}


def test_what_was_asked_twice_is_answered_once(desk: Desk) -> None:
    desk.put(answer("1"), answer("2"), answer("3", "resumed"), answer("4"))
    told = desk.run()
    assert [len(load.rows) for load in told] == [3, 1]
    assert set(desk.states().values()) == {MessageState.SENT}


def test_two_reports_of_the_same_kind_are_two_messages(desk: Desk) -> None:
    payload = {"text": "job_failed", "values": {"name": "gaps"}}
    desk.put(row("n1", "notice", payload=payload), row("n2", "notice", payload=payload))
    assert [len(load.rows) for load in desk.run()] == [1, 1]


def test_an_answer_is_late_after_five_minutes_and_a_report_never_is(desk: Desk) -> None:
    asked, report = answer("1"), row("fill1")
    desk.clock.advance(minutes=4)
    assert not desk.ledger.is_late(asked)
    desk.clock.advance(minutes=1)
    assert desk.ledger.is_late(asked)
    assert not desk.ledger.is_late(report)


def test_an_alert_is_muted_where_all_its_markets_are(desk: Desk) -> None:
    desk.prefer(muted={"BTC/USDT": T0 + HOUR, "ETH/USDT": T0 + HOUR})
    with desk.units() as unit:
        for number, keys in ((1, ("BTC/USDT", "ETH/USDT")), (2, ("BTC/USDT", "SOL/USDT"))):
            hits = tuple(Hit(key=key, at=T0, began_at=T0, value=Decimal(1)) for key in keys)
            firing = Firing(alert_id="al1", number=number, text="x", told_at=T0, hits=hits)
            unit.alerts.add_firing(firing)
        unit.commit()
    for number in (1, 2):
        payload = {"alert_id": "al1", "number": number, "symbol": ""}
        desk.put(row(f"alert:{number}", "alert", payload=payload))
    assert names(desk.run()) == ["alert:2"]
    assert desk.states()["alert:1"] is MessageState.HELD
