"""What the stores promise about forgetting: only what has ended, oldest part only, in batches."""

from datetime import timedelta

import pytest

from engine.domain.desk import AuditMark, MessageState, SentMessage
from engine.domain.errors import DataError
from engine.ports import Units
from tests.fakes.samples import HOSTILE, MINUTE, T0, audit_event, message, update

_OLD = T0 - timedelta(days=100)


def bound(subject: str, number: int = 1, **changes: object) -> SentMessage:
    given: dict[str, object] = {"chat_id": -1, "has_photo": True, "sent_at": _OLD, **changes}
    return SentMessage(subject=subject, chat_message_id=number, **given)  # type: ignore[arg-type]  # its names


class TestOutboxPrune:
    def test_only_what_was_delivered_or_not_wanted_goes(self, units: Units) -> None:
        with units() as unit:
            for state in MessageState:
                unit.outbox.put(message(f"old-{state}", state=state, created_at=_OLD))
                unit.outbox.put(message(f"new-{state}", state=state, created_at=T0))
            assert unit.outbox.prune(T0, 99) == 2
            unit.commit()
        with units(read_only=True) as unit:
            left = [row.id for state in MessageState for row in unit.outbox.in_state(state, 99)]
        ended = {MessageState.SENT, MessageState.OFF}
        kept = [f"old-{state}" for state in MessageState if state not in ended]
        assert sorted(left) == sorted([*kept, *(f"new-{state}" for state in MessageState)])

    def test_it_goes_in_batches_until_nothing_is_left(self, units: Units) -> None:
        with units() as unit:
            for number in range(5):
                unit.outbox.put(message(f"m{number}", state=MessageState.SENT))
            found = [unit.outbox.prune(T0 + MINUTE, 2) for _ in range(4)]
        assert found == [2, 2, 1, 0]

    def test_the_moment_itself_stays(self, units: Units) -> None:
        with units() as unit:
            unit.outbox.put(message(state=MessageState.SENT))
            assert unit.outbox.prune(T0, 9) == 0


class TestBindings:
    def test_an_old_binding_goes_unless_it_is_kept_or_waited_for(self, units: Units) -> None:
        with units() as unit:
            unit.outbox.remember_sent(bound("gone"))
            unit.outbox.remember_sent(bound("gone", chat_id=2**40))
            unit.outbox.remember_sent(bound("young", sent_at=T0))
            unit.outbox.remember_sent(bound(HOSTILE))
            for name in ("pending", "held", "dead", "ambiguous", "sent"):
                unit.outbox.remember_sent(bound(name))
                row = message(f"m-{name}", subject=name, state=MessageState(name), chat_id=-1)
                unit.outbox.put(row)
            assert unit.outbox.prune_sent(T0, 9, kept={HOSTILE, "nothing"}) == 3
            unit.commit()
        with units(read_only=True) as unit:
            left = {one.subject for one in unit.outbox.newest_sent(-1, 99)}
            assert unit.outbox.newest_sent(2**40, 9) == []
        assert left == {"young", HOSTILE, "pending", "held", "dead", "ambiguous"}

    def test_it_goes_in_batches_and_nothing_need_be_kept(self, units: Units) -> None:
        with units() as unit:
            for number in range(3):
                unit.outbox.remember_sent(bound(f"s{number}"))
            assert [unit.outbox.prune_sent(T0, 2, kept=()) for _ in range(3)] == [2, 1, 0]


class TestInboxPrune:
    def test_only_what_was_handled_goes_and_never_the_newest(self, units: Units) -> None:
        with units() as unit:
            unit.inbox.put([update(number) for number in (1, 2, 3, 4)])
            unit.inbox.put([update(7, "console")])
            for number in (1, 3, 4):
                unit.inbox.done("telegram", number, _OLD)
            unit.inbox.done("console", 7, _OLD)
            assert sorted(unit.inbox.prune(T0, 9)) == [("telegram", 1), ("telegram", 3)]
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.inbox.pending("telegram", 9) == [update(2)]
            assert unit.inbox.last_id("telegram") == 4
            assert unit.inbox.last_id("console") == 7

    def test_it_goes_in_batches(self, units: Units) -> None:
        with units() as unit:
            unit.inbox.put([update(number) for number in range(1, 7)])
            for number in range(1, 7):
                unit.inbox.done("telegram", number, _OLD)
            assert [len(unit.inbox.prune(T0, 2)) for _ in range(4)] == [2, 2, 1, 0]

    def test_what_was_handled_a_moment_ago_is_still_known(self, units: Units) -> None:
        with units() as unit:
            unit.inbox.put([update(1), update(2)])
            unit.inbox.done("telegram", 1, T0)
            assert unit.inbox.prune(T0, 9) == []
            assert unit.inbox.put([update(1)]) == 0


class TestNotes:
    def test_notes_are_forgotten_by_name(self, units: Units) -> None:
        with units() as unit:
            for key in ("a", "b", HOSTILE):
                unit.desk.put_note(key, 1)
            unit.desk.drop_notes(["a", HOSTILE, "never there"])
            unit.desk.drop_notes([])
            unit.commit()
        with units(read_only=True) as unit:
            assert [unit.desk.note(key) for key in ("a", "b", HOSTILE)] == [None, 1, None]


class TestAuditFromAMark:
    def test_it_is_read_on_from_where_it_was_whole(self, units: Units) -> None:
        with units() as unit:
            lines = [unit.audit.append(audit_event(subject=f"o{n}")) for n in range(7)]
            unit.commit()
        marks = [AuditMark(number=line.number, hash=line.hash) for line in lines]
        with units(read_only=True) as unit:
            assert unit.audit.verify_from(AuditMark(), 3) == marks[2]
            assert unit.audit.verify_from(marks[2], 3) == marks[5]
            assert unit.audit.verify_from(marks[5], 3) == marks[6]
            assert unit.audit.verify_from(marks[6], 3) == marks[6]
            assert unit.audit.verify_from(marks[1]) == marks[6]

    def test_an_empty_trail_goes_on_from_its_beginning(self, units: Units) -> None:
        with units(read_only=True) as unit:
            assert unit.audit.verify_from(AuditMark()) == AuditMark()
            assert unit.audit.verify_from(AuditMark(), 5) == AuditMark()

    def test_a_mark_that_is_not_in_the_trail_is_a_break(self, units: Units) -> None:
        with units() as unit:
            line = unit.audit.append(audit_event())
            unit.commit()
        for mark in (AuditMark(number=1, hash="x"), AuditMark(number=2, hash=line.hash)):
            with units(read_only=True) as unit, pytest.raises(DataError, match="found whole"):
                unit.audit.verify_from(mark)

    def test_single_lines_are_checked_against_the_one_before(self, units: Units) -> None:
        with units() as unit:
            for _ in range(4):
                unit.audit.append(audit_event())
            unit.commit()
        with units(read_only=True) as unit:
            unit.audit.verify_lines([])
            unit.audit.verify_lines([1, 4, 4, 2])
            with pytest.raises(DataError, match="missing"):
                unit.audit.verify_lines([2, 5])
