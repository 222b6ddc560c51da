"""Old messages go: what was delivered, what was handled, which message spoke of what.

a job looks every hour → batches of rows older than the days that are kept → each batch is one
commit with its line in the audit trail, and then others have their turn.

Choices:
- Only what has ended goes. A message that waits, is held or died stays until it is delivered or
  sent again, however old it is; so do the audit trail, decisions, orders, fills and trades.
- What still speaks of an open question or position (a card, a purchase, a change, a reminder) keeps
  its place in the chat, so that its end is told in it.
- Ids of messages and updates are what keeps anything from being told or done twice. They may go
  because nothing comes again after so long: the chat service hands an update out for a day, and
  whatever the desk tells once is about a moment, a question or an order that is over by then.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.desk.changes.book import change_subject
from engine.desk.context import DeskContext
from engine.desk.delivery.sorting import LISTED
from engine.desk.tell import card_subject, reminder_subject
from engine.domain.desk import AuditEvent
from engine.domain.orders import Order
from engine.domain.purchases import Purchase, command_subject, purchase_note, question_subject
from engine.ports import UnitOfWork

_BATCH = 500
_MOST_BATCHES = 200
_REST_S = 0.05


def _rest() -> None:
    time.sleep(_REST_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """How many rows went."""

    messages: int = 0
    updates: int = 0
    bindings: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.messages + self.updates + self.bindings

    def __add__(self, other: "Tidied") -> "Tidied":
        """Both together."""
        return Tidied(
            messages=self.messages + other.messages,
            updates=self.updates + other.updates,
            bindings=self.bindings + other.bindings,
        )


class Tidier:
    """Deletes what has ended longer ago than ``keep``; ``None`` keeps everything.

    ``rest`` is waited between two batches, so that a writer who waits for the database gets it.
    """

    def __init__(
        self,
        context: DeskContext,
        keep: timedelta | None,
        *,
        rest: Callable[[], None] = _rest,
        batch: int = _BATCH,
    ) -> None:
        self._context = context
        self._keep = keep
        self._rest = rest
        self._batch = batch

    def look(self) -> str:
        """Delete what is old enough; returns a word for the status."""
        if self._keep is None:
            return "everything is kept"
        before, done = self._context.wall.now() - self._keep, Tidied()
        for _ in range(_MOST_BATCHES):
            batch = self._one_batch(before)
            done += batch
            if max(batch.messages, batch.updates, batch.bindings) < self._batch:
                break
            self._rest()
        return f"{done.messages} messages, {done.updates} updates, {done.bindings} places gone"

    def _one_batch(self, before: datetime) -> Tidied:
        with self._context.units() as unit:
            updates = unit.inbox.prune(before, self._batch)
            # A close remembers under its update which position it meant.
            unit.desk.drop_notes(f"close:{source}:{number}" for source, number in updates)
            kept = _spoken_of(unit, self._context.venue)
            done = Tidied(
                messages=unit.outbox.prune(before, self._batch),
                updates=len(updates),
                bindings=unit.outbox.prune_sent(before, self._batch, kept=kept),
            )
            if done.total:
                unit.audit.append(self._line(before, done))
                unit.commit()
        return done

    def _line(self, before: datetime, done: Tidied) -> AuditEvent:
        return AuditEvent(
            at=self._context.wall.now(),
            actor="schedule",
            action="messages_pruned",
            subject="outbox",
            detail={
                "before": before.isoformat(),
                "messages": done.messages,
                "updates": done.updates,
                "bindings": done.bindings,
            },
        )


def _spoken_of(unit: UnitOfWork, venue: str) -> frozenset[str]:
    """Subjects whose message may still have something to say."""
    asked, changes = unit.approvals.pending(), unit.changes.pending()
    held = [position.entry_order_id for position in unit.book.positions(venue)]
    orders = [unit.orders.get(number) for number in (*(one.order_id for one in asked), *held)]
    decided = {order.intent.decision_id for order in orders if order is not None}
    cards = [card_subject(one) for one in decided if one is not None]
    return frozenset(
        (
            *(name for card in cards for name in (card, LISTED + card)),
            *(name for order in orders if order is not None for name in _of_purchase(unit, order)),
            *(change_subject(change.id) for change in changes),
            *(reminder_subject(question.id) for question in asked),
            *(reminder_subject(change.id) for change in changes),
        )
    )


def _of_purchase(unit: UnitOfWork, order: Order) -> Iterator[str]:
    """The command of a purchase that an order belongs to, and the question about it."""
    purchase = Purchase.of_note(unit.desk.note(purchase_note(order.id)))
    if purchase is not None:
        yield command_subject(purchase.root)
        if purchase.question is not None:
            yield question_subject(purchase.question)
