"""What the store of preferences promises, and what the outbox promises about chats."""

from datetime import time, timedelta

from engine.domain.delivery import ChatPreferences, ChatState, Loudness, MessageType, QuietHours
from engine.domain.desk import MessageState, Priority, SentMessage
from engine.ports import Units
from tests.fakes.samples import HOSTILE, MINUTE, T0, message

_GROUP = -(2**40)
FULL = ChatPreferences(
    chat_id=_GROUP,
    loudness={MessageType.FILL: Loudness.DIGEST, MessageType.ALERT: Loudness.OFF},
    quiet_chosen=True,
    quiet=QuietHours(start=time(22, 30), end=time(7)),
    muted_until=T0,
    muted={"BTC/USDT": T0 + MINUTE, HOSTILE: T0 + timedelta(days=400)},
)


class TestPreferences:
    def test_a_chat_that_has_chosen_nothing_has_nothing(self, units: Units) -> None:
        with units(read_only=True) as unit:
            assert unit.delivery.preferences(7) == ChatPreferences(chat_id=7)
            assert unit.delivery.all_preferences() == []

    def test_they_come_back_whole_and_are_replaced(self, units: Units) -> None:
        with units() as unit:
            unit.delivery.put_preferences(ChatPreferences(chat_id=_GROUP))
            unit.delivery.put_preferences(FULL)
            unit.delivery.put_preferences(ChatPreferences(chat_id=5, quiet_chosen=True))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.delivery.preferences(_GROUP) == FULL
            assert [own.chat_id for own in unit.delivery.all_preferences()] == [_GROUP, 5]

    def test_no_quiet_hours_by_choice_is_not_no_choice(self, units: Units) -> None:
        chosen = ChatPreferences(chat_id=5, quiet_chosen=True)
        with units() as unit:
            unit.delivery.put_preferences(chosen)
            assert unit.delivery.preferences(5) == chosen


class TestStates:
    def test_they_come_back_whole_and_are_replaced(self, units: Units) -> None:
        gone = ChatState(chat_id=_GROUP, gone_at=T0, gone_why=HOSTILE, moved_to=-7)
        with units() as unit:
            assert unit.delivery.state(_GROUP) == ChatState(chat_id=_GROUP)
            unit.delivery.put_state(ChatState(chat_id=_GROUP))
            unit.delivery.put_state(gone)
            unit.delivery.put_state(ChatState(chat_id=3))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.delivery.state(_GROUP) == gone
            assert unit.delivery.states() == [gone, ChatState(chat_id=3)]


class TestOutboxByChat:
    def test_no_chat_crowds_out_another(self, units: Units) -> None:
        with units() as unit:
            for number in range(5):
                unit.outbox.put(message(f"a{number}", chat_id=1, priority=Priority.FAILURE))
            unit.outbox.put(message("b", chat_id=2, priority=Priority.DIGEST))
            unit.outbox.put(message("all", chat_id=None))
            unit.outbox.put(message("later", chat_id=3, not_before=T0 + MINUTE))
            unit.outbox.put(message("held", chat_id=3, state=MessageState.HELD))
            found = [row.id for row in unit.outbox.waiting(T0, 2)]
        assert found == ["a0", "a1", "all", "b"]

    def test_rows_of_a_state_come_oldest_first(self, units: Units) -> None:
        held = MessageState.HELD
        with units() as unit:
            unit.outbox.put(message("young", chat_id=1, state=held, created_at=T0 + MINUTE))
            unit.outbox.put(message("old", chat_id=1, state=held))
            unit.outbox.put(message("other", chat_id=2, state=held))
            unit.outbox.put(message("sent", chat_id=1, state=MessageState.SENT))
            assert [row.id for row in unit.outbox.in_state(held, 9, chat_id=1)] == ["old", "young"]
            assert [row.id for row in unit.outbox.in_state(held, 1, chat_id=1)] == ["old"]
            everybody = {row.id for row in unit.outbox.in_state(held, 9)}
            assert everybody == {"old", "young", "other"}
            assert unit.outbox.chats_with(held) == {1: 2, 2: 1}
            assert unit.outbox.chats_with(MessageState.DEAD) == {}

    def test_the_newest_bound_messages_come_by_number(self, units: Units) -> None:
        bound = [
            SentMessage(
                chat_id=chat_id,
                subject=f"s{number}",
                chat_message_id=number,
                has_photo=False,
                sent_at=T0,
            )
            for chat_id, number in ((1, 5), (1, 9), (1, 7), (2, 8))
        ]
        with units() as unit:
            for one in bound:
                unit.outbox.remember_sent(one)
            assert [one.chat_message_id for one in unit.outbox.newest_sent(1, 2)] == [9, 7]
