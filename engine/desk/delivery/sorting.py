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

LISTED = "listed:"
"""Before a subject: the message is a list in which the subject was told."""

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
    """What a message is about; its markets are looked up only where one may be muted."""
    urgent = kind in (MessageType.FAILURE, MessageType.REMINDER) or (
        kind is MessageType.CLOSE and _text(row.payload, "reason") in _STOPS
    )
    markets = markets_of(unit, row) if with_market else frozenset[str]()
    return Matter(kind=kind, markets=markets, is_urgent=urgent)


def markets_of(unit: UnitOfWork, row: OutboxMessage) -> frozenset[str]:
    """The markets a message is about; only an alert is ever about several."""
    market = _market_of(unit, row)
    return frozenset({market}) if market else _markets_of_alert(unit, row)


def _market_of(unit: UnitOfWork, row: OutboxMessage) -> str:
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
    return str(order.intent.symbol) if order else ""


def _markets_of_alert(unit: UnitOfWork, row: OutboxMessage) -> frozenset[str]:
    """The markets where an alert has come true this time; else all that it watches."""
    alert_id, number = _text(row.payload, "alert_id"), row.payload.get("number")
    if not alert_id:
        return frozenset()
    firing = unit.alerts.firing(alert_id, number) if isinstance(number, int) else None
    if firing is not None:
        return frozenset(hit.key for hit in firing.hits if hit.key)
    alert = unit.alerts.get(alert_id)
    return frozenset(arm.key for arm in alert.arms if arm.key) if alert is not None else frozenset()


def _text(payload: Mapping[str, Json], key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""
