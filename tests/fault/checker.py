"""Finds what was lost or done twice, from the database and the server's log alone.

`findings` reads both after everything has come to rest and returns a sentence for each thing that
is wrong; an empty list is what every fault test ends with.

1. Messages: every row of the outbox was sent and is on a screen (itself or in a summary), or is
   dead with a reason on the trail. Nothing waits.
2. Presses: every press the service handed out is stored and ended. It was answered, or it stands on
   the trail as done; a question ends once, whatever was pressed how often.
3. Repeats: nothing is on a screen twice unless the later copy says that it may be a repeat, and
   there are at most as many copies as there were sends of which nobody knew whether they arrived.
4. Orders: a decision leads to one entry at most, filled at most once over its size; the trail's
   chain is whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from bot.messages.callbacks import Answer, AskWhy, ShowDecisionChart, decode
from db.session import open_engine
from db.tables.base import Base
from db.tables.desk import AuditRow, InboxRow, OutboxRow, SentMessageRow
from db.tables.trading import ApprovalRow, FillRow, OrderRow
from db.unit_of_work import SqlUnits
from engine.domain.desk import MessageState
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.orders import Purpose
from tests.servers.telegram import SENDS, Call, Message, TelegramServer
from tests.servers.telegram.model import QueuedUpdate

REPEAT = "perhaps a repeat"
_NEVER_SENT = frozenset({OrderState.AWAITING_APPROVAL, OrderState.REFUSED})
_SHORT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a check may look at: all rows, all calls, all updates, all screens."""

    rows: Mapping[type[Base], Sequence[Any]]
    calls: Sequence[Call]
    updates: Sequence[QueuedUpdate]
    messages: Sequence[Message]
    kills: int

    def of[R: Base](self, table: type[R]) -> Sequence[R]:
        """The rows of a table."""
        return self.rows[table]

    def audit(self, subject: str) -> list[str]:
        """What the trail says was done to a subject."""
        return [line.action for line in self.of(AuditRow) if line.subject == subject]


def findings(url: str, server: TelegramServer, *, kills: int = 0) -> list[str]:
    """What is wrong. ``kills`` is how often a process of the desk was killed.

    A kill between the service's answer and the commit about it leaves one doubtful send per chat.
    """
    with closing(SqlUnits(url)) as units, units(read_only=True) as unit:
        unit.audit.verify()
    engine = open_engine(url)
    try:
        seen = _read(engine, server, kills)
    finally:
        engine.dispose()
    return [*_lost(seen), *_unanswered(seen), *_repeated(seen), *_ordered_twice(seen)]


def _read(engine: Engine, server: TelegramServer, kills: int) -> Evidence:
    tables = (ApprovalRow, AuditRow, FillRow, InboxRow, OrderRow, OutboxRow, SentMessageRow)
    with engine.connect() as connection:
        rows = {table: connection.execute(select(table.__table__)).all() for table in tables}
    return Evidence(
        rows=rows,  # type: ignore[arg-type]  # rows have the columns of their class
        calls=server.log,
        updates=server.updates,
        messages=server.messages(deleted=True),
        kills=kills,
    )


# Messages


def _lost(seen: Evidence) -> Iterator[str]:
    rows = seen.of(OutboxRow)
    copied = Counter((row.kind, row.subject) for row in rows if row.chat_id is not None)
    for row in rows:
        name = f"message {row.id} ({row.kind}, {row.subject[:60]}) to {row.chat_id}"
        if row.state in (MessageState.PENDING, MessageState.AMBIGUOUS):
            yield f"{name} still waits: {row.error or 'not tried'}"
        elif row.state is MessageState.DEAD:
            told = (*seen.audit(row.id), *seen.audit(f"chat:{row.chat_id}"))
            if not row.error or "message_dead" not in told:
                yield f"{name} died without a reason on the trail"
        elif row.chat_id is None:
            if not copied[row.kind, row.subject]:
                yield f"{name} was for everybody and reached nobody"
        elif not row.error and not _is_shown(seen, row):
            yield f"{name} counts as sent and is on no screen"


def _is_shown(seen: Evidence, row: Any) -> bool:  # noqa: ANN401 - a row of the outbox
    """Whether a message in the chat speaks of its subject, or a summary names what it says."""
    subjects = (row.subject, f"listed:{row.subject}")
    known = {
        (sent.chat_id, sent.chat_message_id)
        for sent in seen.of(SentMessageRow)
        if sent.chat_id == row.chat_id and sent.subject in subjects
    }
    here = [message for message in seen.messages if message.chat_id == row.chat_id]
    if any((message.chat_id, message.message_id) in known for message in here):
        return True
    facts = list(_facts(seen, row.payload))
    return bool(facts) and any(
        all(fact in version.text for fact in facts)
        for message in here
        for version in message.versions
    )


def _facts(seen: Evidence, payload: Mapping[str, Any]) -> Iterator[str]:
    """What a summary repeats of a message: the words of its sentence, the market of its order."""
    values = payload.get("values", payload)
    for key, value in values.items():
        is_word = "values" in payload or key in ("name", "symbol")
        if is_word and key != "reason" and isinstance(value, str) and value:
            yield value[:_SHORT]
    for order in seen.of(OrderRow):
        if order.id == values.get("order_id"):
            yield str(order.symbol)


# Presses


def _unanswered(seen: Evidence) -> Iterator[str]:
    stored = {row.update_id: row for row in seen.of(InboxRow)}
    approvals = {row.token: row for row in seen.of(ApprovalRow)}
    answered = {
        call.params.get("callback_query_id")
        for call in seen.calls
        if call.method.lower() == "answercallbackquery" and call.effect
    }
    for update in seen.updates:
        row = stored.get(update.update_id)
        if row is None or row.done_at is None:
            where = "waits in the inbox" if row else "is nowhere in the inbox"
            yield f"update {update.update_id} ({update.kind}) {where}"
            continue
        press = update.payload.get("callback_query")
        if not isinstance(press, dict) or press.get("id") in answered:
            continue
        meant = decode(str(press.get("data")))
        approval = approvals.get(meant.token) if isinstance(meant, Answer) else None
        if approval is None or not _is_on_trail(seen, approval, press):
            yield f"press {update.update_id} ({press.get('data')}) was neither answered nor done"
    for approval in approvals.values():
        yield from _ended_twice(seen, approval)


def _is_on_trail(seen: Evidence, approval: Any, press: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a row
    who = f"person:{press['from']['id']}"
    return any(
        line.subject == approval.id and line.actor == who and line.action.startswith("press_")
        for line in seen.of(AuditRow)
    )


def _ended_twice(seen: Evidence, approval: Any) -> Iterator[str]:  # noqa: ANN401 - a row
    ends = [
        line
        for line in seen.audit(approval.id)
        if line in {f"approval_{state}" for state in ApprovalState}
    ]
    wanted = [] if approval.state is ApprovalState.PENDING else [f"approval_{approval.state}"]
    if ends != wanted:
        yield f"question {approval.id} is {approval.state}, the trail says {ends}"


# Repeats


def _repeated(seen: Evidence) -> Iterator[str]:
    known: dict[tuple[int, str], int] = {}
    extra: Counter[int] = Counter()
    for message in sorted(seen.messages, key=lambda m: (m.chat_id, m.message_id)):
        first = message.versions[0].text
        key = (message.chat_id, _identity(message))
        earlier = known.setdefault(key, message.message_id)
        if earlier != message.message_id:
            extra[message.chat_id] += 1
            if REPEAT not in first:
                place = f"{message.chat_id}:{message.message_id}"
                yield f"{place} repeats {earlier} and does not say so: {first[:_SHORT]!r}"
    for chat_id, count in extra.items():
        doubtful = sum(_is_doubtful(call, chat_id) for call in seen.calls)
        if count > doubtful + seen.kills:
            yield f"{count} repeats in {chat_id} after {doubtful} doubtful sends"


def _identity(message: Message) -> str:
    """What a message is about: its decision if its buttons name one, else its very words."""
    version = message.versions[0]
    meant = [decode(button.data or "") for button in version.buttons]
    asks = any(isinstance(one, Answer) for one in meant)
    for one in meant:
        if isinstance(one, AskWhy | ShowDecisionChart) and (asks or message.kind == "photo"):
            return f"{one.decision_id} {asks} {_round(version.text)}"
    return "\n".join(line for line in version.text.splitlines() if REPEAT not in line)


def _round(text: str) -> str:
    """Later asks the same again on purpose, and says so in the card."""
    return "\n".join(line for line in text.splitlines() if "again" in line.lower())


def _is_doubtful(call: Call, chat_id: int) -> bool:
    """A send of which the desk could not know whether it arrived."""
    is_send = call.method.lower() in {name.lower() for name in SENDS}
    return is_send and call.chat_id == str(chat_id) and call.outcome not in ("ok", "refused")


# Orders


def _ordered_twice(seen: Evidence) -> Iterator[str]:
    entries = [order for order in seen.of(OrderRow) if order.purpose is Purpose.ENTRY]
    sent = Counter(
        order.decision_id
        for order in entries
        if order.decision_id is not None and order.state not in _NEVER_SENT
    )
    for decision_id, count in sent.items():
        if count > 1:
            yield f"decision {decision_id} led to {count} orders at the venue"
    for order in seen.of(OrderRow):
        filled = sum((f.quantity for f in _fills_of(seen.of(FillRow), order.id)), start=0)
        if filled > order.quantity:
            yield f"order {order.id} over {order.quantity} was filled {filled}"
    asked = {row.order_id: row for row in seen.of(ApprovalRow)}
    for order in entries:
        approval = asked.get(order.id)
        is_no = approval is not None and approval.state is ApprovalState.REJECTED
        if is_no and order.state is not OrderState.REFUSED:
            yield f"order {order.id} is {order.state} though its question was rejected"


def _fills_of(fills: Iterable[Any], order_id: str) -> Iterator[Any]:
    return (fill for fill in fills if fill.order_id == order_id)
