"""The card: one decision, its question, its answers, its order and what came of it.

It is told anew from the stored truth at every delivery, so a card can never say "approved" after
the order was refused. It keeps its content for good: an end adds a line and takes buttons away.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.channel import CAPTION_LIMIT, Keyboard
from bot.messages.callbacks import AskWhy, ShowDecisionChart
from bot.messages.markup import Html, cut, escape, one_line, shown_length
from bot.messages.pictures import card_picture, chart_picture
from bot.messages.questions import asked_order, exit_line, question_keyboard, state_lines
from bot.messages.rendered import Picture, Rendered, Telling, button, lines
from bot.messages.signals import spoken
from bot.messages.verdicts import proof_mark
from bot.messages.words import Words
from engine.domain.decisions import Decision
from engine.domain.ids import DecisionId
from engine.domain.reasons import ActionCode, RouteCode
from engine.domain.views import CardView

_REASON_LINES = 3
_NARRATION_AT_LEAST = 60


def render_card(telling: Telling) -> Rendered | None:
    """The card of ``payload["decision_id"]``."""
    number = DecisionId(telling.text("decision_id"))
    view = telling.desk.card(number, with_chart=telling.wants_picture)
    if view is None:
        return None
    picture = card_or_chart(telling, view)
    shown_at = _shown_at(telling)
    if shown_at is not None:
        view = _as_it_was(view, shown_at)
    return Rendered(
        text=caption(telling.words, view, is_farewell=shown_at is not None),
        keyboard=_keyboard(telling, view) if shown_at is None else (),
        picture=picture,
        picture_name=f"card-{view.decision.symbol}-{view.decision.id[:8]}",
    )


def _shown_at(telling: Telling) -> datetime | None:
    """The moment up to which a message without a future tells the card."""
    told = telling.text("shown_at")
    return datetime.fromisoformat(told) if told else telling.shown_at


def _as_it_was(view: CardView, shown_at: datetime) -> CardView:
    """The card without the questions that came after this message of it was sent."""
    approvals = tuple(one for one in view.approvals if one.created_at <= shown_at)
    if not approvals or approvals == view.approvals:
        return view
    known = {approval.order_id for approval in approvals}
    orders = tuple(order for order in view.orders if order.id in known)
    return replace(view, approvals=approvals, orders=orders, fills=(), trade=None)


def card_or_chart(telling: Telling, view: CardView) -> Picture | None:
    """The picture of a card, if one is wanted; without a score, that of its market."""
    if not telling.wants_picture or view.chart is None:
        return None
    return card_picture(telling, view.decision, view.chart) or chart_picture(telling, view.chart)


def caption(words: Words, view: CardView, *, is_farewell: bool = False) -> Html:
    """The caption, shortened to what a photo may carry: words first, then reasons, never facts."""
    facts = lines(*_head(words, view), *_numbers(words, view))
    ends = lines(*_state(words, view, is_farewell=is_farewell))
    reasons = _reasons(words, view.decision)
    for count in range(len(reasons), -1, -1):
        body = lines(facts, *reasons[:count])
        room = CAPTION_LIMIT - shown_length(lines(body, ends)) - 2
        if room >= 0:
            return lines(body, _narration(words, view, room), "", ends)
    return lines(facts, ends)


def _narration(words: Words, view: CardView, room: int) -> Html:
    is_theirs = view.narration_language in ("", words.language)
    if not view.narration or not is_theirs or room < _NARRATION_AT_LEAST:
        return Html("")
    mark = "" if not view.narration_is_from_model else " ✎"
    told = cut(" ".join(view.narration.split()), room - len(mark) - 1)
    return Html(f"<i>{escape(told)}</i>{mark}")


def _head(words: Words, view: CardView) -> list[Html]:
    decision = view.decision
    score = decision.score
    side = words(f"card.side_{_side(decision)}")
    head = words(
        "card.head",
        symbol=decision.symbol,
        timeframe=decision.timeframe,
        side=side,
        score=words.number(score.points, 0) if score else "–",
    )
    marks = [words("card.simulated")] if view.simulated else []
    if decision.lacks_edge:
        marks.append(words("card.uncalibrated"))
    marks.append(proof_mark(words, view.proof))
    if view.alert_only:
        marks.append(words("card.alert_only"))
    return [head, Html(" · ".join(marks))]


def _side(decision: Decision) -> str:
    if decision.action is ActionCode.EXIT:
        return "close"
    direction = decision.score.direction if decision.score else 0
    return {1: "long", -1: "short", 0: "none"}[direction]


def _numbers(words: Words, view: CardView) -> list[Html]:
    decision, order = view.decision, asked_order(view)
    found: list[Html] = []
    if order is not None:
        intent = order.intent
        found += _size(words, decision, intent.quantity, intent.reference_price)
        found.append(exit_line(words, intent.reference_price, intent.exit_plan))
    elif decision.plan is not None:
        plan = decision.plan
        found += _size(words, decision, plan.quantity, plan.reference_price)
        found.append(exit_line(words, plan.reference_price, plan.exit_plan))
    elif decision.close_price is not None:
        found.append(words("card.close", price=words.price(decision.close_price)))
    found.append(_costs(words, decision))
    return found


def _size(words: Words, decision: Decision, quantity: Decimal, price: Decimal) -> list[Html]:
    symbol, equity = decision.symbol, decision.equity_quote
    notional = quantity * price
    found = [
        words(
            "card.size",
            quantity=words.quantity(quantity),
            base=symbol.base,
            notional=words.money(notional, symbol.quote),
            share=words.percent(notional / equity) if equity > 0 else "–",
        )
    ]
    plan = decision.plan
    if plan is not None and plan.quantity > 0:
        risk = plan.risk_quote * quantity / plan.quantity
        share = words.percent(risk / equity, digits=2) if equity > 0 else "–"
        found.append(words("card.risk", risk=words.money(risk, symbol.quote), share=share))
    return found


def _costs(words: Words, decision: Decision) -> Html:
    edge, cost = decision.edge, decision.cost
    if edge is None:
        if cost is None:
            return Html("")
        return words("card.cost_uncalibrated", cost=words.bps(cost.total_bps))
    net = edge.net_interval_bps
    mean, low, high = net or edge.interval_bps
    return words(
        "card.cost_edge" if net else "card.edge_gross",
        cost=words.bps(cost.total_bps) if cost is not None else "",
        edge=words.bps(mean, signed=True),
        low=_signed(words, low),
        high=_signed(words, high),
        n=words.number(Decimal(edge.n), 0),
    )


def _signed(words: Words, value: Decimal) -> str:
    """Whole basis points without the unit, which the mean before them has."""
    return words.signed(value, 0)


def _reasons(words: Words, decision: Decision) -> list[Html]:
    if decision.score is None:
        return []
    strongest = sorted(decision.score.contributions, key=lambda c: -abs(c.points))[:_REASON_LINES]
    told = {signal.code: spoken(words, signal) for signal in decision.signals}
    return [
        words(
            "card.reason_spoken" if told.get(c.code) else "card.reason",
            code=one_line(c.code),
            points=words.points(c.points),
            reason=told.get(c.code, ""),
        )
        for c in strongest
        if c.points
    ]


def _state(words: Words, view: CardView, *, is_farewell: bool) -> list[Html]:
    asks = words("card.asks", reason=words.named("reasons", view.decision.reason.label))
    found: list[Html] = []
    if view.approval is not None:
        pass
    elif view.alert_only:
        found.append(words("card.state_alert"))
    elif view.order is not None:
        found.append(words("card.state_automatic"))
    elif view.decision.route in (RouteCode.REFUSE, RouteCode.NONE):
        reason = words.named("reasons", view.decision.reason.label)
        found.append(words("card.state_not_traded", reason=reason))
    return [*found, *state_lines(words, view, asks, is_farewell=is_farewell)]


def _keyboard(telling: Telling, view: CardView) -> Keyboard:
    if view.approval is None and not view.alert_only:
        return ()
    number, raw = view.decision.id, telling.words.raw
    talk = (
        button(raw("buttons.why"), AskWhy(number)),
        button(raw("buttons.chart"), ShowDecisionChart(number)),
    )
    return question_keyboard(telling, view, (talk,))
