"""The card: one decision, its question, its answers, its order and what came of it.

It is told anew from the stored truth at every delivery, so a card can never say "approved" after
the order was refused. It keeps its content for good: an end adds a line and takes buttons away.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.channel import CAPTION_LIMIT, Keyboard
from bot.messages.callbacks import REJECT_REASONS, Answer, AskWhy, ShowDecisionChart
from bot.messages.callbacks_approvals import SHARES, ChooseSize, HideSizes, OfferSizes
from bot.messages.markup import Html, cut, escape, one_line, shown_length
from bot.messages.pictures import card_picture, chart_picture
from bot.messages.rendered import Picture, Rendered, Telling, button, lines
from bot.messages.verdicts import proof_mark
from bot.messages.words import Words
from engine.domain.approvals import Approval
from engine.domain.decisions import Decision, ExitPlan
from engine.domain.ids import DecisionId
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.orders import Fill, Order
from engine.domain.reasons import ActionCode, RouteCode
from engine.domain.views import CardView, Press

_REASON_LINES = 3
_NARRATION_AT_LEAST = 60
_IN_A_ROW = 3
_ENDED_WITHOUT_A_FILL = (OrderState.REFUSED, OrderState.REJECTED, OrderState.CANCELLED)


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
        text=caption(telling.words, view),
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


def caption(words: Words, view: CardView) -> Html:
    """The caption, shortened to what a photo may carry: words first, then reasons, never facts."""
    facts = lines(*_head(words, view), *_numbers(words, view))
    ends = lines(*_state(words, view))
    reasons = _reasons(words, view.decision)
    for count in range(len(reasons), -1, -1):
        body = lines(facts, *reasons[:count])
        room = CAPTION_LIMIT - shown_length(lines(body, ends)) - 2
        if room >= 0:
            return lines(body, _narration(view, room), "", ends)
    return lines(facts, ends)


def _narration(view: CardView, room: int) -> Html:
    if not view.narration or room < _NARRATION_AT_LEAST:
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
    decision, order = view.decision, view.order
    found: list[Html] = []
    if order is not None:
        intent = order.intent
        found += _size(words, decision, intent.quantity, intent.reference_price)
        found += _exits(words, intent.reference_price, intent.exit_plan)
    elif decision.plan is not None:
        plan = decision.plan
        found += _size(words, decision, plan.quantity, plan.reference_price)
        found += _exits(words, plan.reference_price, plan.exit_plan)
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


def _exits(words: Words, entry: Decimal, plan: ExitPlan | None) -> list[Html]:
    parts = [words("card.entry", price=words.price(entry))]
    if plan is not None:
        parts.append(_level(words, "card.stop", plan.stop_price, entry))
        if plan.take_profit_price is not None:
            parts.append(_level(words, "card.target", plan.take_profit_price, entry))
    return [Html(" · ".join(parts))]


def _level(words: Words, name: str, price: Decimal, entry: Decimal) -> Html:
    distance = words.percent(price / entry - 1, signed=True)
    return words(name, price=words.price(price), distance=distance)


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
    return ("+" if value > 0 else "") + words.number(value, 0)


def _reasons(words: Words, decision: Decision) -> list[Html]:
    if decision.score is None:
        return []
    strongest = sorted(decision.score.contributions, key=lambda c: -abs(c.points))[:_REASON_LINES]
    spoken = {signal.code: signal.reason for signal in decision.signals}
    return [
        words(
            "card.reason_spoken"
            if words.language == "en" and spoken.get(c.code)
            else "card.reason",
            code=one_line(c.code),
            points=words.points(c.points),
            reason=one_line(spoken.get(c.code, "")),
        )
        for c in strongest
        if c.points
    ]


def _state(words: Words, view: CardView) -> list[Html]:
    found: list[Html] = []
    approval, order = view.approval, view.order
    if approval is not None:
        found += _question(words, view, approval)
    elif view.alert_only:
        found.append(words("card.state_alert"))
    elif order is not None:
        found.append(words("card.state_automatic"))
    elif view.decision.route in (RouteCode.REFUSE, RouteCode.NONE):
        reason = words.named("reasons", view.decision.reason.label)
        found.append(words("card.state_not_traded", reason=reason))
    if order is not None:
        found += _order(words, order, view.fills, approval)
    if view.trade is not None:
        trade = view.trade
        found.append(
            words(
                "card.state_closed",
                reason=words.named("reasons", trade.exit_reason),
                price=words.price(trade.exit_price),
                pnl=words.money(trade.pnl_quote, trade.symbol.quote, signed=True),
                time=words.clock(trade.closed_at),
            )
        )
    return found


def _question(words: Words, view: CardView, approval: Approval) -> list[Html]:
    if approval.state is ApprovalState.PENDING:
        return _pending(words, view, approval)
    at = words.clock(approval.decided_at) if approval.decided_at else "–"
    who = approval.decided_by
    # Approved by one of several: everybody who agreed is named.
    people = approval.approvers if approval.state is ApprovalState.APPROVED else ()
    named = [_name(view, number) for number in people or (() if who is None else (who,))]
    note = words.named(
        "reject_reasons" if approval.note in REJECT_REASONS else "reasons", approval.note
    )
    return [
        words(
            f"card.state_{approval.state}",
            who=", ".join(named) or words.raw("card.nobody"),
            time=at,
            note=Html(f" · {note}") if approval.note else "",
            share=_share(words, view, approval),
        )
    ]


def _share(words: Words, view: CardView, approval: Approval) -> str:
    """How much of what was asked about was approved in the end."""
    asked = next((one for one in view.orders if one.id == approval.order_id), None)
    if asked is None or view.order is None:
        return "–"
    return words.percent(view.order.intent.quantity / asked.intent.quantity, digits=0)


def _pending(words: Words, view: CardView, approval: Approval) -> list[Html]:
    found: list[Html] = []
    before = view.approvals[-2] if len(view.approvals) > 1 else None
    if before is not None:
        found.append(words("card.asked_again", note=words.named("reasons", before.note or "none")))
    else:
        reason = words.named("reasons", view.decision.reason.label)
        found.append(words("card.asks", reason=reason))
    found.append(
        words(
            "card.pending",
            time=words.clock_beside(approval.expires_at, approval.created_at),
            drift=words.bps(Decimal(approval.max_drift_bps)),
        )
    )
    if approval.needed > 1:
        named = ", ".join(_name(view, number) for number in approval.approvers) or "–"
        found.append(
            words("card.quorum", have=len(approval.approvers), needed=approval.needed, who=named)
        )
    if approval.ask_again_at is not None:
        again = words.clock_beside(approval.ask_again_at, approval.created_at)
        found.append(words("card.later", time=again))
    return found


def _order(
    words: Words, order: Order, fills: Sequence[Fill], approval: Approval | None
) -> list[Html]:
    mine = [fill for fill in fills if fill.order_id == order.id]
    if mine:
        return [_filled(words, order, mine)]
    if order.state in _ENDED_WITHOUT_A_FILL:
        ended = approval is not None and approval.state is not ApprovalState.APPROVED
        note = words.named("reasons", order.note or "none")
        return [] if ended else [words(f"card.order_{order.state}", note=note)]
    if order.state in (OrderState.OPEN, OrderState.SUBMITTING, OrderState.UNKNOWN):
        return [words(f"card.order_{order.state}")]
    return []


def _filled(words: Words, order: Order, fills: Sequence[Fill]) -> Html:
    quote, base = order.intent.symbol.quote, order.intent.symbol.base
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    notional = sum((fill.notional_quote for fill in fills), Decimal(0))
    fee = sum((fill.fee_quote for fill in fills), Decimal(0))
    whole = quantity >= order.intent.quantity
    return words(
        "card.order_filled" if whole else "card.order_partly",
        quantity=words.quantity(quantity),
        wanted=words.quantity(order.intent.quantity),
        base=base,
        price=words.price(notional / quantity),
        fee=words.money(fee, quote),
        time=words.clock(fills[-1].filled_at),
    )


def _name(view: CardView, user_id: int) -> str:
    return view.names.get(user_id, str(user_id))


def _keyboard(telling: Telling, view: CardView) -> Keyboard:
    number = view.decision.id
    raw = telling.words.raw
    talk = (
        button(raw("buttons.why"), AskWhy(number)),
        button(raw("buttons.chart"), ShowDecisionChart(number)),
    )
    approval = view.approval
    if approval is None:
        return (talk,) if view.alert_only else ()
    if approval.state is ApprovalState.PENDING and not telling.may_decide:
        return (talk,)
    if approval.state is ApprovalState.PENDING:
        if telling.text("sizes") == approval.token:
            return _sizes(telling, view, approval)
        said = {
            press: button(raw(f"buttons.{press}"), Answer(approval.token, press)) for press in Press
        }
        return (
            (said[Press.APPROVE], said[Press.HALF], said[Press.REJECT]),
            (button(raw("buttons.size"), OfferSizes(approval.token)), said[Press.LATER]),
            talk,
        )
    if approval.state is ApprovalState.REJECTED and not approval.note and telling.may_decide:
        asked = [
            button(raw(f"reject_reasons.{reason}"), Answer(approval.token, Press.REJECT, reason))
            for reason in REJECT_REASONS
        ]
        return tuple(asked[:_IN_A_ROW]), tuple(asked[_IN_A_ROW:])
    return ()


def _sizes(telling: Telling, view: CardView, approval: Approval) -> Keyboard:
    """Parts of the order to choose from, each with what it would cost."""
    words, order = telling.words, view.order
    notional = order.intent.notional_quote if order else Decimal(0)
    chosen = tuple(
        button(
            f"{percent} % ≈ {words.number(notional * percent / 100, 0)}",
            ChooseSize(approval.token, percent),
        )
        for percent in SHARES
    )
    return chosen, (button(words.raw("buttons.verdicts"), HideSizes(approval.token)),)
