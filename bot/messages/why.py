"""Why (not): a close of a market with its score, its gates, what it lacked and what it would cost.

The picture holds all contributions and gates; the text says the same in sentences, the verdict
first, for who cannot see a picture.
"""

import re
from decimal import Decimal

from bot.channel import CAPTION_LIMIT, Button, Keyboard
from bot.charts.views_explorer import WhyPicture
from bot.messages.callbacks_explorer import OpenWhy, Ref
from bot.messages.figures import Measured, figures, measured_of, missing
from bot.messages.markup import Html, cut, escape, plain, shorten, shown_length, utf16_length
from bot.messages.pictures_explorer import why_picture
from bot.messages.questions import exit_line
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import list_of, place_of, to_card, to_chart, to_costs, to_list
from bot.messages.words import Words, addends
from engine.domain.decisions import CheckRecord, CostEstimate, EdgeEstimate
from engine.domain.explorer import (
    DIRECTION_GATE,
    ENTRY_GATES,
    RANK_GATE,
    SCORE_GATE,
    Place,
    WhyView,
    Wish,
)
from engine.domain.reasons import ActionCode, RouteCode, VerdictCode

_COST_PARTS = ("fee", "spread", "slippage", "funding", "transfer")
_MODEL_TEXT = 400
_SENTENCE = re.compile(r"([.!?…])(?=\s+[^\W\d_]|$)")
_PERCENT = re.compile(r"(\d) ?%")


def render_why(telling: Telling) -> Rendered:
    """An explained close; the buttons go to the closes before and after it."""
    words, place = telling.words, place_of(telling)
    if place is None:
        return Rendered(text=words("notices.why_unknown", query=cut(telling.text("symbol"), 60)))
    behind = list_of(telling)
    view = telling.desk.explorer.why(place, words.language)
    if view is None:
        at = words.moment(place.at or telling.desk.explorer.now)
        return Rendered(
            text=words("why.none", symbol=place.symbol, time=at),
            keyboard=(to_list(words, behind),) if behind else (),
        )
    return Rendered(
        text=shorten(_told(words, view), CAPTION_LIMIT),
        keyboard=_keyboard(words, view, behind),
        picture=_picture(telling, view) if telling.wants_picture else None,
        picture_name=f"why-{view.decision.symbol}-{view.decision.timeframe}",
    )


def _text(words: Words, view: WhyView) -> list[Html]:
    decision = view.decision
    return [
        words(
            "why.head",
            symbol=decision.symbol,
            timeframe=decision.timeframe,
            time=words.moment(decision.closed_at),
        ),
        _marks(words, view),
        _verdict(words, view),
        _score(words, view),
        *_stopped(words, view),
        _alert_only(words, view),
        *_costs(words, view),
        *_contributions(words, view),
        _plan(words, view),
        words("why.id", id=decision.id) if not view.is_recomputed else Html(""),
    ]


def _told(words: Words, view: WhyView) -> Html:
    """The lines, and what a model said where there is room; a template would repeat the lines."""
    said = lines(*_text(words, view))
    room = min(_MODEL_TEXT, CAPTION_LIMIT - shown_length(said) - 1)
    if not view.is_from_model or room <= 0:
        return said
    text = _PERCENT.sub(r"\1 %", " ".join(view.text.split()))
    fitting = whole_sentences(text, room)
    return lines(said, Html(f"<i>{escape(fitting)}</i>") if fitting else "")


def whole_sentences(text: str, limit: int) -> str:
    """As many whole sentences as fit into ``limit`` units; none is better than half of one."""
    if utf16_length(text) <= limit:
        return text
    ends = (match.end(1) for match in _SENTENCE.finditer(text))
    return text[: max((end for end in ends if utf16_length(text[:end]) <= limit), default=0)]


def _plan(words: Words, view: WhyView) -> Html:
    """The order that was proposed, with its stop and its target."""
    plan = view.decision.plan
    if plan is None or view.decision.action is not ActionCode.ENTER:
        return Html("")
    return exit_line(words, plan.reference_price, plan.exit_plan)


def _marks(words: Words, view: WhyView) -> Html:
    marks = [words("card.simulated")] if view.simulated else []
    if view.decision.lacks_edge and view.is_traded:
        marks.append(words("card.uncalibrated"))
    if view.is_recomputed and view.is_traded:
        marks.append(words("why.recomputed", version=view.decision.strategy_version))
    return Html(" · ".join(marks))


def _picture(telling: Telling, view: WhyView) -> WhyPicture | None:
    return why_picture(telling, view, verdict=plain(_verdict(telling.words, view)))


def _verdict(words: Words, view: WhyView) -> Html:
    decision = view.decision
    if not view.is_traded:
        return words("why.information", timeframe=view.decided_on)
    reason = words.named("reasons", decision.reason.label)
    if decision.action in (ActionCode.EXIT, ActionCode.AMEND_STOP):
        return words("why.done", reason=reason)
    if decision.route in (RouteCode.REFUSE, RouteCode.NONE):
        return words("why.not_traded", reason=reason)
    return words("why.proposed", reason=reason)


def _score(words: Words, view: WhyView) -> Html:
    score = view.decision.score
    if score is None:
        return words("why.no_score")
    values = {
        "score": words.points(score.signed),
        "share": words.percent(score.rank_fraction),
        "n": words.number(Decimal(score.rank_n), 0),
    }
    if view.needed_score is None:
        return words("why.score", **values)
    told, needed = words.apart(score.points, view.needed_score, 1)
    sign = "−" if score.direction < 0 else "+" if score.direction > 0 else ""
    return words("why.score_needed", **{**values, "score": f"{sign}{told}"}, needed=needed)


def _stopped(words: Words, view: WhyView) -> list[Html]:
    """The gate that stopped it, what it lacked, and what would have come behind it."""
    gate, of = view.stopped_by, measured_of(view)
    if gate is None or not view.is_traded:
        return []
    name = words.named("gates", gate.name)
    return [
        words("why.stopped", gate=name, figures=figures(words, gate, of)),
        _lacked(words, view, gate),
        _beyond(words, view, of) if gate.name in ENTRY_GATES else Html(""),
    ]


def _lacked(words: Words, view: WhyView, gate: CheckRecord) -> Html:
    if gate.name == DIRECTION_GATE:
        return words("why.lacked_direction")
    score = view.decision.score
    if gate.name in (RANK_GATE, SCORE_GATE) and view.needed_score is not None and score is not None:
        points = max(Decimal(0), view.needed_score - score.points)
        short, _ = words.apart(points, Decimal(0), 1)
        return words("why.lacked_score", distance=short)
    distance = missing(words, gate, measured_of(view))
    if distance is None:
        return Html("")
    return words("why.lacked", distance=distance, gate=words.named("gates", gate.name))


def _alert_only(words: Words, view: WhyView) -> Html:
    """An entry that would be asked about elsewhere is only told by a desk that alerts."""
    is_entry = view.beyond is not None or view.decision.action is ActionCode.ENTER
    if not (view.alert_only and view.is_traded and is_entry):
        return Html("")
    return words("why.alert_only")


def _beyond(words: Words, view: WhyView, of: Measured) -> Html:
    beyond = view.beyond
    if beyond is None or not beyond.gates:
        return Html("")
    failed = next((g for g in beyond.gates if g.verdict is VerdictCode.FAILED), None)
    if failed is not None:
        return words(
            "why.beyond_stopped",
            gate=words.named("gates", failed.name),
            figures=figures(words, failed, of),
        )
    if view.alert_only:
        return Html("")
    if all(gate.verdict is not VerdictCode.UNKNOWN for gate in beyond.gates):
        return words("why.beyond_passed")
    is_unknown = view.alert_only is None
    return words("why.beyond_open" if is_unknown else "why.beyond_unmeasured")


def _costs(words: Words, view: WhyView) -> list[Html]:
    decision, beyond = view.decision, view.beyond
    cost, edge = decision.cost, decision.edge
    notional = decision.plan.notional_quote if decision.plan else None
    if cost is None and beyond is not None:
        cost, edge, notional = beyond.cost, beyond.edge or edge, beyond.notional_quote
    found = [] if cost is None else [_cost(words, cost, notional, decision.symbol.quote)]
    return [*found, _edge(words, edge)] if view.is_traded else found


def _cost(words: Words, cost: CostEstimate, notional: Decimal | None, currency: str) -> Html:
    named = [(name, bps) for name in _COST_PARTS if (bps := getattr(cost, f"{name}_bps"))]
    shown = addends([bps for _, bps in named], cost.total_bps, 0)
    parts = [
        f"{words.raw(f'cost_parts.{name}')} {words.number(bps, 0)}"
        for (name, _), bps in zip(named, shown, strict=True)
    ]
    values = {"total": words.bps(cost.total_bps), "parts": " + ".join(parts)}
    if notional is None:
        return words("why.cost", **values)
    return words("why.cost_at", notional=words.money(notional, currency), **values)


def _edge(words: Words, edge: EdgeEstimate | None) -> Html:
    if edge is None:
        return words("why.edge_unknown")
    net = edge.net_interval_bps
    mean, low, high = net or edge.interval_bps
    return words(
        "why.edge_net" if net else "why.edge",
        edge=words.bps(mean, signed=True),
        low=words.number(low, 0),
        high=words.number(high, 0),
        n=words.number(Decimal(edge.n), 0),
    )


def _contributions(words: Words, view: WhyView) -> list[Html]:
    score = view.decision.score
    if score is None:
        return []
    ranked = sorted(score.contributions, key=lambda one: -abs(one.points))
    shown = addends([one.points for one in ranked], score.signed, 1)
    told = [
        f"{one.code} {words.points(points)}"
        for one, points in zip(ranked, shown, strict=True)
        if one.points
    ]
    return [words("why.contributions", list=" · ".join(told))] if told else []


def _keyboard(words: Words, view: WhyView, behind: Wish | None) -> Keyboard:
    place, frame = view.place, view.decision.timeframe
    steps: list[Button] = []
    for name, at in (("earlier", view.earlier), ("later_close", view.later)):
        if at is not None:
            there = Place(symbol=place.symbol, timeframe=frame, at=at)
            steps.append(button(words.raw(f"buttons.{name}"), OpenWhy(Ref.of(there), behind)))
    ways = (
        to_chart(words, place, frame, behind),
        to_costs(words, place, behind),
        to_card(words, place, behind),
    )
    return tuple(row for row in (tuple(steps), ways, to_list(words, behind)) if row)
