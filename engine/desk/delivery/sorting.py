"""Which type a message is of, which market it is about, and whether it may break the quiet.

outbox row → ``type_of`` → ``matter_of`` looks up what the row does not say itself. An answer to
what a person has just asked has no type: nobody switches off what they ask for.
"""

from collections.abc import Mapping

from engine.domain.delivery import Matter, MessageType
from engine.domain.desk import Delivery, Json, OutboxMessage, Priority
from engine.domain.ids import DecisionId, IntentId
from engine.domain.reasons import ReasonCode
from engine.ports import UnitOfWork

_BY_KIND: Mapping[str, MessageType] = {
    "alert": MessageType.ALERT,
    "alert_fired": MessageType.ALERT,
    "backfill": MessageType.HEARTBEAT,
    "closed": MessageType.CLOSE,
    "digest": MessageType.DIGEST,
    "fill": MessageType.FILL,
    "heartbeat": MessageType.HEARTBEAT,
    "held": MessageType.DIGEST,
    "reminder": MessageType.REMINDER,
    "research": MessageType.RESEARCH,
}
_BY_PRIORITY: Mapping[Priority, MessageType] = {
    Priority.FAILURE: MessageType.FAILURE,
    Priority.QUESTION: MessageType.QUESTION,
    Priority.FILL: MessageType.FILL,
    Priority.OPPORTUNITY: MessageType.OPPORTUNITY,
    Priority.DIGEST: MessageType.HEARTBEAT,
}
_SIGNS_OF_LIFE = frozenset({"desk_started", "recovered"})
_STOPS = frozenset({ReasonCode.STOP_HIT.label, ReasonCode.TRAILING_STOP_HIT.label})


def type_of(row: OutboxMessage) -> MessageType | None:
    """The type a person chooses a loudness for; ``None`` for an answer."""
    if row.kind == "notice" and row.payload.get("text") in _SIGNS_OF_LIFE:
        return MessageType.HEARTBEAT
    is_progress = row.kind == "research" and row.delivery is Delivery.EDIT
    if row.priority is Priority.ANSWER and not is_progress:
        return None
    if row.kind == "card" and row.priority is not Priority.QUESTION:
        return MessageType.OPPORTUNITY
    return _BY_KIND.get(row.kind) or _BY_PRIORITY.get(row.priority)


def matter_of(
    unit: UnitOfWork, row: OutboxMessage, kind: MessageType, *, with_market: bool
) -> Matter:
    """What a message is about; its market is looked up only where one may be muted."""
    urgent = kind in (MessageType.FAILURE, MessageType.REMINDER) or (
        kind is MessageType.CLOSE and _text(row.payload, "reason") in _STOPS
    )
    return Matter(kind=kind, market=market_of(unit, row) if with_market else "", is_urgent=urgent)


def market_of(unit: UnitOfWork, row: OutboxMessage) -> str:
    """The market a message is about, "" if it is about none."""
    values = row.payload.get("values")
    named = _text(row.payload, "symbol") or (
        _text(values, "symbol") if isinstance(values, dict) else ""
    )
    if named:
        return named
    decision_id, order_id = _text(row.payload, "decision_id"), _text(row.payload, "order_id")
    if decision_id:
        decision = unit.decisions.get(DecisionId(decision_id))
        return str(decision.symbol) if decision else ""
    order = unit.orders.get(IntentId(order_id)) if order_id else None
    return str(order.intent.symbol) if order else _market_of_alert(unit, row)


def _market_of_alert(unit: UnitOfWork, row: OutboxMessage) -> str:
    """The one market that an alert watches; none where it watches several, or the book."""
    alert_id = _text(row.payload, "alert_id")
    alert = unit.alerts.get(alert_id) if alert_id else None
    return alert.arms[0].key if alert is not None and len(alert.arms) == 1 else ""


def _text(payload: Mapping[str, Json], key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""
