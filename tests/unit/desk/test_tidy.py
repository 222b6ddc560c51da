"""Old messages go, in batches; what still has something to say stays."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.desk.delivery.tidy import Tidier
from engine.desk.tell import card_subject
from engine.domain.changes import ChangeKind, ChangeWish
from engine.domain.desk import MessageState, SentMessage
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import BTC, OWNER, Bench, build
from tests.fakes.samples import message, update
from tests.fakes.units import FakeUnits

DAYS = 90


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def tidier(bench: Bench, **changes: object) -> Tidier:
    given: dict[str, object] = {"keep": timedelta(days=DAYS), "rest": lambda: None, **changes}
    return Tidier(bench.assembled.context, **given)  # type: ignore[arg-type]  # its names


def bind(bench: Bench, *subjects: str) -> None:
    with bench.units() as unit:
        for number, subject in enumerate(subjects):
            unit.outbox.remember_sent(
                SentMessage(
                    chat_id=OWNER.chat_id,
                    subject=subject,
                    chat_message_id=number + 1,
                    has_photo=True,
                    sent_at=bench.wall.now(),
                )
            )
        unit.commit()


def bound(bench: Bench, *subjects: str) -> set[str]:
    with bench.units(read_only=True) as unit:
        return {one for one in subjects if unit.outbox.sent(OWNER.chat_id, one)}


def test_what_is_old_and_over_goes_and_leaves_one_line(bench: Bench) -> None:
    now = bench.wall.now()
    with bench.units() as unit:
        for number in range(12):
            row = message(f"m{number}", state=MessageState.SENT, created_at=now)
            unit.outbox.put(row)
        unit.outbox.put(message("waits", created_at=now))
        unit.outbox.put(message("dead", state=MessageState.DEAD, created_at=now))
        unit.inbox.put([update(1), update(2)])
        unit.inbox.done("telegram", 1, now)
        unit.desk.put_note("close:telegram:1", "o1")
        unit.desk.put_note("close:telegram:2", "o2")
        unit.commit()
    bench.wall.advance(days=DAYS)
    assert tidier(bench).look() == "0 messages, 0 updates, 0 places gone"
    assert "messages_pruned" not in bench.actions()
    bench.wall.advance(seconds=1)
    assert tidier(bench).look() == "12 messages, 1 updates, 0 places gone"
    assert bench.actions().count("messages_pruned") == 1
    with bench.units(read_only=True) as unit:
        notes = [unit.desk.note(f"close:telegram:{number}") for number in (1, 2)]
        for name in ("waits", "dead"):
            assert unit.outbox.get(message(name).id) is not None
    assert notes == [None, "o2"]


def test_others_have_their_turn_between_two_batches(bench: Bench) -> None:
    with bench.units() as unit:
        for number in range(25):
            row = message(f"m{number}", state=MessageState.OFF, created_at=bench.wall.now())
            unit.outbox.put(row)
        unit.commit()
    bench.wall.advance(days=DAYS + 1)
    rests: list[int] = []
    done = tidier(bench, batch=10, rest=lambda: rests.append(1)).look()
    assert done == "25 messages, 0 updates, 0 places gone"
    assert len(rests) == 2


def test_a_card_of_an_open_position_keeps_its_place(bench: Bench) -> None:
    asked = bench.ask()
    bench.approve(asked)
    decision_id = asked.decision_id
    assert decision_id is not None
    card = card_subject(decision_id)
    bind(bench, card, f"listed:{card}", "card:another", "at:7")
    bench.wall.advance(days=DAYS + 1)
    tidier(bench).look()
    assert bound(bench, card, f"listed:{card}", "card:another", "at:7") == {card, f"listed:{card}"}


def test_open_questions_keep_their_places() -> None:
    limits = ApprovalPolicy(quorum_above_quote=Decimal(400), expires_after_s=10**8)
    bench = build(FakeUnits(), policies=TradingPolicy(approval=limits))
    bench.assembled.desk.buy(BTC, "500", OWNER.user_id, request_id="r1", chat_id=OWNER.chat_id)
    (question,) = bench.pending()
    wish = ChangeWish(kind=ChangeKind.LIMIT, subject="automation.max_entries_per_day", value="99")
    asked = bench.assembled.desk.changes.propose(wish, OWNER.user_id, request_id="r2")
    assert asked.change is not None
    kept = {
        f"purchase:{question.order_id}",
        f"buy:{question.order_id}",
        f"reminder:{question.id}",
        f"change:{asked.change.id}",
        f"reminder:{asked.change.id}",
    }
    bind(bench, *kept, "purchase:another", "change:another")
    bench.wall.advance(days=DAYS + 1)
    tidier(bench).look()
    assert bound(bench, *kept, "purchase:another", "change:another") == kept


def test_a_message_that_waits_keeps_the_place_it_will_edit(bench: Bench) -> None:
    bind(bench, "notice:old")
    with bench.units() as unit:
        unit.outbox.put(message("edit", subject="notice:old", created_at=bench.wall.now()))
        unit.commit()
    bench.wall.advance(days=DAYS + 1)
    tidier(bench).look()
    assert bound(bench, "notice:old") == {"notice:old"}


def test_zero_days_keep_everything(bench: Bench) -> None:
    with bench.units() as unit:
        unit.outbox.put(message(state=MessageState.SENT, created_at=bench.wall.now()))
        unit.commit()
    bench.wall.advance(days=10_000)
    assert tidier(bench, keep=None).look() == "everything is kept"
