"""For any messages and preferences: each message is told, in a digest, or off by choice.

The sender's choices are played without a network, through quiet hours, mutes, changes of mind and
digests, until everything has had its turn.
"""

from collections import Counter
from dataclasses import replace
from datetime import time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.loads import Load
from engine.domain.delivery import (
    ChatPreferences,
    Loudness,
    MessageType,
    QuietHours,
    choices,
)
from engine.domain.desk import MessageState, OutboxMessage, Priority, Role
from tests.fakes.samples import T0, message
from tests.fakes.units import FakeUnits
from tests.unit.bot.test_ledger import GROUP, OWNER, VIEWER, Desk

CHATS = {OWNER: Role.OWNER, VIEWER: Role.VIEWER, GROUP: None}
KINDS = {
    MessageType.FAILURE: ("notice", Priority.FAILURE),
    MessageType.QUESTION: ("change", Priority.QUESTION),
    MessageType.REMINDER: ("reminder", Priority.QUESTION),
    MessageType.FILL: ("fill", Priority.FILL),
    MessageType.CLOSE: ("closed", Priority.FILL),
    MessageType.OPPORTUNITY: ("card", Priority.OPPORTUNITY),
    MessageType.ALERT: ("alert_fired", Priority.FILL),
    MessageType.RESEARCH: ("research", Priority.DIGEST),
    MessageType.HEARTBEAT: ("backfill", Priority.DIGEST),
}


@st.composite
def preferences(draw: st.DrawFn) -> ChatPreferences:
    chat_id = draw(st.sampled_from(sorted(CHATS)))
    wished = draw(
        st.dictionaries(st.sampled_from(MessageType), st.sampled_from(Loudness), max_size=6)
    )
    hours = draw(st.none() | st.just(QuietHours(start=time(22), end=time(7))))
    muted_until = draw(st.none() | st.integers(0, 40).map(lambda h: T0 + timedelta(hours=h)))
    return ChatPreferences(
        chat_id=chat_id,
        loudness=wished,
        quiet_chosen=hours is not None,
        quiet=hours,
        muted_until=muted_until,
        muted=draw(st.sampled_from(({}, {"BTC/USDT": T0 + timedelta(hours=20)}))),
    )


@st.composite
def messages(draw: st.DrawFn) -> tuple[MessageType, dict[str, str], int | None]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    payload = draw(st.sampled_from(({}, {"symbol": "BTC/USDT"}, {"reason": "stop_hit"})))
    return kind, payload, draw(st.sampled_from((None, None, *sorted(CHATS))))


STEPS = st.lists(
    st.one_of(
        messages(),
        messages(),
        messages(),
        preferences(),
        st.integers(1, 30),
        st.just("digest"),
        st.just("turn"),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_nothing_is_lost_whatever_is_chosen(steps: list[object]) -> None:
    desk = Desk(FakeUnits(), groups=(GROUP,))
    kinds: dict[str, MessageType] = {}
    may_be_off: set[tuple[int, MessageType]] = set()
    for number, step in enumerate(steps):
        match step:
            case (MessageType() as kind, dict() as payload, int() | None as chat_id):
                subject = f"{kind}:{number}"
                kinds[subject] = kind
                desk.put(_row(subject, kind, payload, chat_id, desk))
            case ChatPreferences():
                desk.turn()
                _prefer(desk, step)
            case int():
                desk.clock.advance(minutes=step * 20)
            case "digest":
                _digest(desk, number)
            case _:
                desk.turn()
        may_be_off |= _off(desk)
    desk.clock.advance(days=3)
    desk.run()
    _digest(desk, -1)
    desk.run()

    told = _told(desk.told)
    assert all(count == 1 for count in told.values()), told
    with desk.units(read_only=True) as unit:
        rows = [row for state in MessageState for row in unit.outbox.in_state(state, 9_999)]
    for row in rows:
        if row.chat_id is None or row.subject not in kinds:
            continue
        if row.state is MessageState.OFF:
            assert (row.chat_id, kinds[row.subject]) in may_be_off
            assert (row.chat_id, row.subject) not in told
        else:
            assert row.state is MessageState.SENT, row
            assert told[row.chat_id, row.subject] == 1, row
    fanned_out = {row.subject for row in rows if row.chat_id is None}
    for subject in fanned_out & kinds.keys():
        assert {row.chat_id for row in rows if row.subject == subject} == {None, *CHATS}


def _row(
    subject: str, kind: MessageType, payload: dict[str, str], chat_id: int | None, desk: Desk
) -> OutboxMessage:
    name, priority = KINDS[kind]
    return message(
        subject,
        kind=name,
        subject=subject,
        priority=priority,
        chat_id=chat_id,
        created_at=desk.clock.now(),
        payload={"of": subject, **payload},
    )


def _prefer(desk: Desk, own: ChatPreferences) -> None:
    with desk.units() as unit:
        unit.delivery.put_preferences(own)
        unit.commit()


def _off(desk: Desk) -> set[tuple[int, MessageType]]:
    """What has been switched off somewhere, by somebody who may."""
    with desk.units(read_only=True) as unit:
        return {
            (own.chat_id, kind)
            for own in unit.delivery.all_preferences()
            for kind, loudness in own.loudness.items()
            if loudness is Loudness.OFF and loudness in choices(kind, CHATS[own.chat_id])
        }


def _digest(desk: Desk, number: int) -> None:
    at = desk.clock.now()
    for kind in ("digest", "held"):
        row = message(
            f"{kind}{number}",
            kind=kind,
            subject=f"{kind}:{number}",
            priority=Priority.DIGEST,
            chat_id=None,
            created_at=at,
        )
        desk.put(replace(row, payload={}))


def _told(loads: list[Load]) -> Counter[tuple[int, str]]:
    """How often each subject was told in each chat, on its own or in a line."""
    return Counter((load.chat_id, row.subject) for load in loads for row in load.rows)
