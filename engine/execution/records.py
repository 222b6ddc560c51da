"""What the gateway leaves behind beside the book: audit lines and messages, in the same commit.

The lines carry seals of what was written with them, so that a row changed later can be named.
"""

from datetime import datetime
from decimal import Decimal

from engine.domain.desk import AuditEvent, Delivery, Json, OutboxMessage, Priority
from engine.domain.ids import IntentId, message_id
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import Trade
from engine.domain.purchases import Purchase, command_subject, purchase_note, question_subject
from engine.domain.seals import seal
from engine.ports import UnitOfWork


def note_order(
    unit: UnitOfWork, order: Order, at: datetime, *, actor: str = "gateway", **detail: Json
) -> None:
    """One audit line about where an order stands, with the seal of what was wanted."""
    unit.audit.append(
        AuditEvent(
            at=at,
            actor=actor,
            action=f"order_{order.state}",
            subject=order.id,
            detail={**detail, "seal": seal(order.intent)},
        )
    )


def record_settled(
    unit: UnitOfWork,
    order: Order,
    fills: tuple[Fill, ...],
    trades: tuple[Trade, ...],
    now: datetime,
    *,
    equity_quote: Decimal | None,
) -> None:
    """Audit a venue's report and tell people of every fill and every close.

    What is told carries the equity after the fills, so that everybody reads the same whenever it
    arrives; ``None`` without fills.
    """
    note_order(
        unit,
        order,
        now,
        actor="venue",
        note=order.note,
        fills=[fill.id for fill in fills],
        fill_seals=[seal(fill) for fill in fills],
        trade_seals={trade.id: seal(trade) for trade in trades},
    )
    tell_card(unit, order, now)
    equity: dict[str, Json] = {} if equity_quote is None else {"equity_quote": str(equity_quote)}
    for trade in trades:
        about: dict[str, Json] = {
            "trade_id": trade.id,
            "symbol": str(trade.symbol),
            "reason": trade.exit_reason,
            **equity,
        }
        _tell(unit, "closed", f"trade:{trade.id}", about, "", now)
    if fills and not order.intent.is_reducing:
        cause = order.filled_quantity.normalize()
        _tell(unit, "fill", f"order:{order.id}", {"order_id": order.id, **equity}, cause, now)


def tell_card(unit: UnitOfWork, order: Order, now: datetime) -> None:
    """Refresh the card of an entry; a purchase by hand has messages of its own."""
    decision = order.intent.decision_id
    if order.intent.is_reducing:
        return
    if decision is None:
        cause = f"{order.id}-{order.state}-{order.filled_quantity.normalize()}"
        tell_purchase(unit, order.id, cause=cause, at=now)
        return
    subject = f"card:{decision}"
    unit.outbox.put(
        OutboxMessage(
            id=message_id("card", subject, (order.id, order.state, order.filled_quantity)),
            kind="card",
            subject=subject,
            payload={"decision_id": decision},
            created_at=now,
            priority=Priority.FILL,
            delivery=Delivery.EDIT,
        )
    )


def tell_purchase(
    unit: UnitOfWork,
    order_id: IntentId,
    *,
    cause: str,
    at: datetime,
    priority: Priority = Priority.FILL,
    delivery: Delivery = Delivery.EDIT,
) -> None:
    """Show or refresh what speaks of a purchase: its question to all, its answer where it began."""
    purchase = Purchase.of_note(unit.desk.note(purchase_note(order_id)))
    if purchase is None:
        return
    if purchase.question is not None:
        subject = question_subject(purchase.question)
        unit.outbox.put(
            OutboxMessage(
                id=message_id("purchase", subject, cause),
                kind="purchase",
                subject=subject,
                payload={"order_id": purchase.question},
                created_at=at,
                priority=priority,
                delivery=delivery,
            )
        )
    if purchase.chat_id is not None:
        subject = command_subject(purchase.root)
        unit.outbox.put(
            OutboxMessage(
                id=message_id("buy", subject, cause),
                kind="buy",
                subject=subject,
                payload={"order_id": purchase.root},
                created_at=at,
                priority=Priority.ANSWER,
                delivery=Delivery.EDIT,
                chat_id=purchase.chat_id,
            )
        )


def _tell(
    unit: UnitOfWork,
    kind: str,
    subject: str,
    payload: dict[str, Json],
    cause: object,
    now: datetime,
) -> None:
    unit.outbox.put(
        OutboxMessage(
            id=message_id(kind, subject, cause),
            kind=kind,
            subject=subject,
            payload=payload,
            created_at=now,
            priority=Priority.FILL,
        )
    )
