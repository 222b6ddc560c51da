"""Walks one synthetic candle through the desk and looks at what every hop leaves behind.

The hops are those of ``docs``: schedule → scan → market → strategy and one commit → outbox → press
from the inbox → approval desk → gateway and one commit → outbox. What Telegram itself does at hops
5, 6 and 9 is played by hand here: a row is taken from the outbox, a press put into the inbox.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest

from engine.desk.due import due_closes
from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.desk import Delivery, InboxUpdate, MessageState, OutboxMessage, SentMessage
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.reasons import ActionCode, RouteCode
from engine.domain.values import to_ms
from engine.domain.views import Press, PressResult
from engine.market.collect import CandleCollector, Freshness
from engine.market.policy import MarketPolicy
from engine.ports import Units
from tests.fakes.desk_builder import BTC, H1, OWNER, START, VENUE, Bench, build, rising
from tests.fakes.watched_units import WatchedUnits


class Left(NamedTuple):
    """How many records of a kind a commit found in the database."""

    decisions: int
    questions: int
    approved: int
    submitting: int
    filled: int
    fills: int
    ledger_coins: Decimal
    messages: int
    audit: int


class Notes:
    """What was in the database after each commit."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self.commits: list[Left] = []

    def look(self) -> None:
        with self._units(read_only=True) as unit:
            approvals = unit.approvals.recent(100)
            orders = [found for a in approvals if (found := unit.orders.get(a.order_id))]
            self.commits.append(
                Left(
                    decisions=len(unit.decisions.between(START, START + timedelta(days=1))),
                    questions=len(approvals),
                    approved=sum(a.state is ApprovalState.APPROVED for a in approvals),
                    submitting=sum(o.state is OrderState.SUBMITTING for o in orders),
                    filled=sum(o.state is OrderState.FILLED for o in orders),
                    fills=len(unit.orders.recent_fills(100)),
                    ledger_coins=unit.book.balances(VENUE).get("BTC", Decimal(0)),
                    messages=unit.outbox.counts()[MessageState.PENDING],
                    audit=len(unit.audit.tail(1_000)),
                )
            )


class OneVenue:
    """See ``CandleSource``: all bars that have begun, the forming one among them."""

    def __init__(self, series: CandleSeries) -> None:
        self._series = series

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        assert (symbol, timeframe) == (BTC, H1)
        first = to_ms(since) if since else 0
        rows: list[object] = [
            list(row) for row in zip(*self._series.columns(), strict=True) if row[0] >= first
        ]
        forming = [to_ms(START), 106.0, 999.0, 106.0, 999.0, 1.0]
        return [*rows[-limit:], forming]


@pytest.fixture
def bench(units: Units) -> Bench:
    """A desk whose bars up to the last one are stored; the venue has the last one too."""
    series = rising()
    older = CandleSeries.of([series.candle(place) for place in range(len(series) - 1)])
    bench = build(units, bars=older, symbols=(BTC,))
    bench.market.set_price(BTC, "106")
    return bench


def first(commits: Sequence[Left], test: Callable[[Left], bool]) -> tuple[Left, Left]:
    """The first commit for which something holds, and the one before it."""
    place = next(place for place, left in enumerate(commits) if test(left))
    return commits[place - 1], commits[place]


def test_a_candle_walks_from_the_close_to_the_edited_card(bench: Bench) -> None:
    watched = Notes(bench.units)
    units = WatchedUnits(bench.units, after=watched.look)
    collector = CandleCollector(
        units=units,
        source=OneVenue(rising()),
        venue=VENUE,
        clock=bench.clock,
        policy=MarketPolicy(),
    )
    desk = bench.restart(units=units, collect=collector.collect)
    watched.look()
    closed_at = hop_1_the_schedule_finds_exactly_this_close_due()
    decision = hops_2_and_3_the_scan_brings_in_the_closed_bar_only(desk, closed_at)
    question = hop_4_one_commit_holds_decision_question_message_and_audit(desk, decision, watched)
    hop_5_the_outbox_hands_the_card_out(desk, decision)
    update = hop_6_the_press_lies_in_the_durable_inbox(desk, question)
    result = hop_7_one_commit_holds_the_answer_and_the_order(desk, update, watched)
    assert result is PressResult.FILLED
    hop_8_one_commit_holds_order_fill_ledger_messages_and_audit(desk, watched)
    hop_9_the_outbox_edits_the_card_that_was_sent(desk, decision)
    desk.audit()


def hop_1_the_schedule_finds_exactly_this_close_due() -> datetime:
    (closed_at,) = due_closes(START - timedelta(minutes=1), START, H1)
    assert closed_at == START
    return closed_at


def hops_2_and_3_the_scan_brings_in_the_closed_bar_only(
    desk: Bench, closed_at: datetime
) -> Decision:
    """The forming bar and its 999 stay outside."""
    report = desk.assembled.cycle.run(closed_at)
    assert [(one.freshness, one.stored) for one in report.collected] == [(Freshness.FRESH, 1)]
    with desk.units(read_only=True) as unit:
        window = unit.candles.window(VENUE, BTC, H1, until=START + timedelta(days=1), limit=1_000)
    assert len(window) == 300
    assert window.candle(-1).closed_at(H1) == START
    assert max(window.high) < 999
    (decision,) = report.scan.decisions
    return decision


def hop_4_one_commit_holds_decision_question_message_and_audit(
    desk: Bench, decision: Decision, watched: Notes
) -> Approval:
    assert (decision.action, decision.route) == (ActionCode.ENTER, RouteCode.ASK)
    assert decision.score is not None
    points = sum((part.points for part in decision.score.contributions), Decimal(0))
    assert points == decision.score.signed
    before, after = first(watched.commits, lambda left: left.decisions == 1)
    assert (before.decisions, before.questions, before.messages) == (0, 0, 0)
    assert (after.questions, after.messages) == (1, 1)
    assert after.audit == before.audit + 2  # asked, scanned
    (question,) = desk.pending()
    assert question.decision_id == decision.id
    return question


def hop_5_the_outbox_hands_the_card_out(desk: Bench, decision: Decision) -> None:
    (card,) = desk.outbox()
    assert (card.kind, card.subject) == ("card", f"card:{decision.id}")
    assert card.delivery is Delivery.NEW
    deliver(desk, card, chat_message_id=77)
    assert desk.outbox() == ()


def hop_6_the_press_lies_in_the_durable_inbox(desk: Bench, question: Approval) -> InboxUpdate:
    press_arrives(desk, question)
    with desk.units(read_only=True) as unit:
        (update,) = unit.inbox.pending("telegram", 10)
    assert update.payload == {"token": question.token, "press": "approve", "from": OWNER.user_id}
    return update


def hop_7_one_commit_holds_the_answer_and_the_order(
    desk: Bench, update: InboxUpdate, watched: Notes
) -> PressResult:
    outcome = desk.assembled.desk.press(
        str(update.payload["token"]),
        Press(str(update.payload["press"])),
        OWNER.user_id,
        request_id=str(update.update_id),
    )
    with desk.units() as unit:
        unit.inbox.done("telegram", update.update_id, desk.wall.now())
        unit.commit()
    before, after = first(watched.commits, lambda left: left.approved == 1)
    assert (before.approved, before.submitting, before.fills) == (0, 0, 0)
    assert (after.approved, after.submitting, after.fills) == (1, 1, 0)
    return outcome.result


def hop_8_one_commit_holds_order_fill_ledger_messages_and_audit(
    desk: Bench, watched: Notes
) -> None:
    before, after = first(watched.commits, lambda left: left.fills > 0)
    assert (before.filled, before.ledger_coins) == (0, Decimal(0))
    assert (after.filled, after.fills) == (1, 1)
    position = desk.position()
    assert position is not None
    assert after.ledger_coins == position.quantity
    assert after.messages == before.messages + 2  # the card's edit, and the fill
    assert after.audit == before.audit + 1
    desk.assert_protected()
    desk.assert_books_agree()


def hop_9_the_outbox_edits_the_card_that_was_sent(desk: Bench, decision: Decision) -> None:
    waiting = desk.outbox()
    assert {message.kind for message in waiting} == {"card", "fill"}
    edits = [message for message in waiting if message.kind == "card"]
    assert {message.delivery for message in edits} == {Delivery.EDIT}
    with desk.units(read_only=True) as unit:
        sent = unit.outbox.sent(OWNER.chat_id, edits[0].subject)
    assert sent is not None
    assert sent.chat_message_id == 77
    shown, position = desk.assembled.desk.card(decision.id), desk.position()
    assert shown is not None
    assert position is not None
    assert shown.order is not None
    assert shown.order.state is OrderState.FILLED
    assert [fill.quantity for fill in shown.fills] == [position.quantity]


def deliver(desk: Bench, message: OutboxMessage, *, chat_message_id: int) -> None:
    """What the sender of the outbox commits after a chat has taken a message."""
    with desk.units() as unit:
        unit.outbox.update(replace(message, state=MessageState.SENT, attempts=1))
        unit.outbox.remember_sent(
            SentMessage(
                chat_id=OWNER.chat_id,
                subject=message.subject,
                chat_message_id=chat_message_id,
                has_photo=True,
                sent_at=desk.wall.now(),
            )
        )
        unit.commit()


def press_arrives(desk: Bench, question: Approval) -> None:
    """What the poller commits before it asks for the next updates."""
    update = InboxUpdate(
        source="telegram",
        update_id=1,
        payload={"token": question.token, "press": "approve", "from": OWNER.user_id},
        received_at=desk.wall.now(),
    )
    with desk.units() as unit:
        assert unit.inbox.put([update, update]) == 1
        unit.commit()


def test_running_the_same_close_again_leaves_nothing_new(bench: Bench) -> None:
    with bench.units() as unit:
        unit.candles.add(VENUE, BTC, H1, rising())
        unit.commit()
    once = bench.assembled.cycle.run(START)
    before = (bench.audit(), bench.outbox(), bench.pending(), bench.unfinished())
    again = bench.assembled.cycle.run(START)
    assert (once.scan.is_new, again.scan.is_new) == (True, False)
    assert [d.id for d in again.scan.decisions] == [d.id for d in once.scan.decisions]
    assert (bench.audit(), bench.outbox(), bench.pending(), bench.unfinished()) == before
