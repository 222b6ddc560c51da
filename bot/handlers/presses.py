"""The buttons, each with the least role that may press it.

What a button means is in its data and nowhere else: the verdict with the question's token, the
position by the order that opened it. A stale list can therefore never close another position, and
an old card never answers a new question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.handlers.asking import Ask, Reply, Response, note_reply
from bot.handlers.research import cancel_research, repeat_research
from bot.messages.callbacks import (
    Answer,
    AskWhy,
    Callback,
    CancelResearch,
    ClosePosition,
    ConfirmBuy,
    RepeatResearch,
    ShowCard,
    ShowDecisionChart,
    SwapChart,
    TurnPage,
    matches,
)
from engine.desk.tell import card_subject
from engine.domain.desk import Delivery, Role
from engine.domain.market import Symbol
from engine.domain.values import to_ms
from engine.domain.views import PressOutcome, PressResult

_LOUD = (
    PressResult.REFUSED,
    PressResult.NOT_ALLOWED,
    PressResult.EXPIRED,
    PressResult.ASKED_AGAIN,
)
_LATE = (PressResult.ALREADY_DECIDED, PressResult.EXPIRED)


@dataclass(frozen=True, slots=True)
class Pressable:
    """A kind of button and the least role that may press it."""

    role: Role
    handle: Callable[[Ask, Any], Response]


def answer(ask: Ask, pressed: Answer) -> Response:
    """Answer a question of the desk."""
    outcome = ask.desk.press(
        pressed.token,
        pressed.press,
        ask.person.user_id,
        request_id=ask.request_id,
        reason=pressed.reason,
    )
    reason = ask.words.named("reasons", outcome.reason or "none")
    about = _subject(outcome)
    return Response(
        replies=_refreshed(outcome),
        answer=ask.said(f"press.{outcome.result}", reason=reason),
        is_alert=outcome.result in _LOUD,
        strips=outcome.result is PressResult.UNKNOWN_TOKEN,
        about=about,
        farewell=_farewell(outcome) if about else None,
    )


def _farewell(outcome: PressOutcome) -> Reply:
    """What an old message of a card says for good: its own question's end, without buttons."""
    approval = outcome.approval
    assert approval is not None  # a subject comes from an approval
    return Reply(
        kind="card",
        payload={
            "decision_id": approval.decision_id,
            "shown_at": approval.created_at.isoformat(),
        },
        in_place=True,
    )


def _subject(outcome: PressOutcome) -> str:
    decision = outcome.approval.decision_id if outcome.approval else None
    return "" if decision is None else card_subject(decision)


def _refreshed(outcome: PressOutcome) -> tuple[Reply, ...]:
    """A late press means that its card was not up to date, so it is told again."""
    approval = outcome.approval
    if outcome.result not in _LATE or approval is None or approval.decision_id is None:
        return ()
    return (
        Reply(
            kind="card",
            payload={"decision_id": approval.decision_id},
            subject=card_subject(approval.decision_id),
            delivery=Delivery.EDIT,
        ),
    )


def ask_why(ask: Ask, pressed: AskWhy) -> Response:
    """Explain a decision."""
    del ask
    return Response(replies=(Reply(kind="why", payload={"query": pressed.decision_id}),))


def show_card(ask: Ask, pressed: ShowCard) -> Response:
    """Show a card again; it becomes the message that speaks of its decision."""
    if ask.desk.card(pressed.decision_id, with_chart=False) is None:
        return Response(answer=ask.said("notices.card_gone"))
    return Response(
        replies=(
            Reply(
                kind="card",
                payload={"decision_id": pressed.decision_id},
                subject=card_subject(pressed.decision_id),
            ),
        )
    )


def show_decision_chart(ask: Ask, pressed: ShowDecisionChart) -> Response:
    """Show the market of a decision."""
    view = ask.desk.card(pressed.decision_id, with_chart=False)
    if view is None:
        return Response(answer=ask.said("notices.card_gone"))
    decision = view.decision
    return Response(replies=(_chart(str(decision.symbol), decision.timeframe),))


def swap_chart(ask: Ask, pressed: SwapChart) -> Response:
    """Show another timeframe in the same message."""
    symbol = _market(ask, pressed.market)
    if symbol is None:
        return Response(answer=ask.said("notices.unknown_symbol", symbol=pressed.market))
    return Response(
        replies=(_chart(str(symbol), pressed.timeframe, in_place=ask.incoming.has_photo),)
    )


def _chart(symbol: str, timeframe: str, *, in_place: bool = False) -> Reply:
    payload = {"symbol": symbol, "timeframe": str(timeframe)}
    return Reply(kind="chart", payload=payload, in_place=in_place)


def close_position(ask: Ask, pressed: ClosePosition) -> Response:
    """Close the position that this order opened."""
    held = ask.desk.portfolio().portfolio.holdings
    position = next(
        (h.position for h in held if h.position.entry_order_id == pressed.entry_order_id), None
    )
    again = Reply(kind="positions", in_place=True)
    if position is None:
        return Response(replies=(again,), answer=ask.said("notices.position_gone"))
    outcome = ask.desk.close(position.symbol, ask.person.user_id, request_id=ask.request_id)
    reason = ask.words.named("reasons", outcome.reason or "none")
    name = "close_done" if outcome.done else "close_refused"
    return Response(
        replies=(again,),
        answer=ask.said(f"notices.{name}", symbol=position.symbol, reason=reason),
        is_alert=not outcome.done,
    )


def turn_page(ask: Ask, pressed: TurnPage) -> Response:
    """Show another page in the same message."""
    del ask
    return Response(
        replies=(Reply(kind="opportunities", payload={"page": pressed.page}, in_place=True),)
    )


def confirm_buy(ask: Ask, pressed: ConfirmBuy) -> Response:
    """Buy what the command asked for; pressing twice buys once."""
    symbol = _market(ask, pressed.market)
    if symbol is None or to_ms(ask.clock.now()) // 1000 > pressed.expires_s:
        return Response(answer=ask.said("notices.buy_expired"), is_alert=True, strips=True)
    outcome = ask.desk.buy(
        symbol,
        f"{pressed.amount_quote:f}",
        ask.person.user_id,
        request_id=f"{ask.source}:buy:{pressed.update_id}",
    )
    name = "buy_done" if outcome.done else "buy_refused"
    told = note_reply(name, symbol=str(symbol), reason=outcome.reason or "none")
    reason = ask.words.named("reasons", outcome.reason or "none")
    return Response(
        replies=(Reply(kind=told.kind, payload=told.payload, in_place=True),),
        answer=ask.said(f"notices.{name}", symbol=symbol, reason=reason),
        is_alert=not outcome.done,
    )


def _market(ask: Ask, ref: str) -> Symbol | None:
    symbols = ask.desk.status().symbols
    return next((symbol for symbol in symbols if matches(ref, symbol)), None)


PRESSES: Mapping[type[Callback], Pressable] = {
    # The desk itself checks who may answer a question, and leaves an audit line of who may not.
    Answer: Pressable(Role.VIEWER, answer),
    AskWhy: Pressable(Role.VIEWER, ask_why),
    ShowCard: Pressable(Role.VIEWER, show_card),
    ShowDecisionChart: Pressable(Role.VIEWER, show_decision_chart),
    SwapChart: Pressable(Role.VIEWER, swap_chart),
    TurnPage: Pressable(Role.VIEWER, turn_page),
    ClosePosition: Pressable(Role.APPROVER, close_position),
    ConfirmBuy: Pressable(Role.OWNER, confirm_buy),
    CancelResearch: Pressable(Role.APPROVER, cancel_research),
    RepeatResearch: Pressable(Role.APPROVER, repeat_research),
}
