"""One line for a message, where many stand under each other.

Fills, closes and cards are told from their own facts: their full messages look up the whole
portfolio, which a list of hundreds must not do hundreds of times. Everything else is the first line
of its message.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import structlog

from bot.messages.markup import Html, cut
from bot.messages.names import end_name
from bot.messages.rendered import Renderer, Telling
from bot.messages.words import Words
from engine.domain.approvals import Approval
from engine.domain.desk import Json
from engine.domain.ids import DecisionId
from engine.domain.views import CardView

_log = structlog.get_logger()


def headline(
    renderers: Mapping[str, Renderer], telling: Telling, kind: str, payload: Mapping[str, Json]
) -> Html | None:
    """What a message says in one line; ``None`` if there is nothing to tell any more."""
    one = replace(telling, payload=payload, wants_picture=False)
    try:
        return _line(renderers, one, kind)
    except Exception:  # noqa: BLE001 - one message must not take the others of its list with it
        _log.exception("message_untellable", kind=kind)
        return telling.words("notices.untellable", kind=kind, subject=cut(str(dict(payload)), 80))


def _line(renderers: Mapping[str, Renderer], telling: Telling, kind: str) -> Html | None:
    match kind:
        case "fill":
            return _fill(telling)
        case "closed":
            return _closed(telling)
        case "card":
            return _card(telling)
    renderer = renderers.get(kind)
    rendered = renderer(telling) if renderer else None
    return Html(rendered.text.split("\n", 1)[0]) if rendered else None


def _fill(telling: Telling) -> Html | None:
    found = telling.facts.order(telling.text("order_id"))
    if found is None or not found[1]:
        return None
    (order, fills), words = found, telling.words
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    spent = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
    return words(
        "headlines.fill",
        symbol=order.intent.symbol,
        side=words(f"fill.{order.intent.side}"),
        quantity=words.quantity(quantity),
        base=order.intent.symbol.base,
        price=words.price(spent / quantity),
        time=words.moment(fills[-1].filled_at),
    )


def _closed(telling: Telling) -> Html | None:
    trade, words = telling.facts.trade(telling.text("trade_id")), telling.words
    if trade is None:
        return None
    return words(
        "headlines.closed",
        mark="🟢" if trade.pnl_quote > 0 else "🔴",
        symbol=trade.symbol,
        pnl=words.money(trade.pnl_quote, trade.symbol.quote, signed=True),
        reason=words.named("reasons", trade.exit_reason),
        time=words.moment(trade.closed_at),
    )


def _card(telling: Telling) -> Html | None:
    view = telling.desk.card(DecisionId(telling.text("decision_id")), with_chart=False)
    if view is None:
        return None
    decision, words = view.decision, telling.words
    return words(
        "headlines.card",
        symbol=decision.symbol,
        side=words(_side(view)),
        score=words.number(decision.score.points, 0) if decision.score else "–",
        timeframe=decision.timeframe,
        price=words.price(decision.close_price) if decision.close_price else "–",
        state=_end(words, view.approvals),
        time=words.moment(decision.closed_at),
    )


def _side(view: CardView) -> str:
    score = view.decision.score
    if score is None:
        return "card.side_none"
    return "card.side_short" if score.direction < 0 else "card.side_long"


def _end(words: Words, approvals: tuple[Approval, ...]) -> Html | str:
    """How the question ended, if one was asked."""
    if not approvals:
        return ""
    last = approvals[-1]
    return Html(f" · {words(end_name(words, 'headlines.', last.state, last.note))}")
