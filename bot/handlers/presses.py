"""The buttons, each with the least role that may press it.

What a button means is in its data and nowhere else: the verdict with the question's token, the
position by the order that opened it. A stale list can therefore never close another position, and
an old card never answers a new question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.handlers.alerts import (
    change_alert,
    list_alerts,
    offer_levels,
    set_band,
    set_level,
    watch_market,
)
from bot.handlers.approvals import (
    answer,
    answer_in_inbox,
    choose_size,
    hide_sizes,
    offer_sizes,
)
from bot.handlers.asking import Ask, Reply, Response
from bot.handlers.changes import answer_change, choose_mode, choose_version, show_limits
from bot.handlers.delivery import (
    resend_dead,
    run_job,
    set_loudness,
    set_mute,
    set_quiet,
    show_screen,
)
from bot.handlers.explorer import (
    ask_why,
    open_card,
    open_chart,
    open_costs,
    open_list,
    open_why,
    show_decision_chart,
    swap_chart,
)
from bot.handlers.people import choose_role, show_person
from bot.handlers.purchases import confirm_buy
from bot.handlers.records import (
    move_stop,
    send_evidence,
    send_export,
    show_curve,
    show_evidence,
    show_positions,
    show_stops,
    show_trade,
    show_trades,
)
from bot.handlers.research import cancel_research, repeat_research
from bot.handlers.settings import set_preference, show_settings
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
)
from bot.messages.callbacks_alerts import (
    ChangeAlert,
    ListAlerts,
    OfferLevels,
    SetBand,
    SetLevel,
    WatchMarket,
)
from bot.messages.callbacks_approvals import (
    AnswerInInbox,
    ChooseSize,
    HideSizes,
    OfferSizes,
)
from bot.messages.callbacks_changes import (
    AnswerChange,
    ChooseMode,
    ChooseRole,
    ChooseVersion,
    SetPreference,
    ShowLimits,
    ShowPerson,
    ShowSettings,
)
from bot.messages.callbacks_delivery import (
    ResendDead,
    RunJob,
    SetLoudness,
    SetMute,
    SetQuiet,
    ShowScreen,
)
from bot.messages.callbacks_explorer import OpenCard, OpenChart, OpenCosts, OpenList, OpenWhy
from bot.messages.callbacks_records import (
    MoveStop,
    SendEvidence,
    SendExport,
    ShowCurve,
    ShowEvidence,
    ShowPositions,
    ShowStops,
    ShowTrade,
    ShowTrades,
)
from engine.desk.tell import card_subject
from engine.domain.desk import Role
from engine.domain.views import UNCONFIRMED


@dataclass(frozen=True, slots=True)
class Pressable:
    """A kind of button and the least role that may press it."""

    role: Role
    handle: Callable[[Ask, Any], Response]


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
    ending = "unconfirmed" if outcome.reason == UNCONFIRMED else "refused"
    name = "close_done" if outcome.done else f"close_{ending}"
    return Response(
        replies=(again,),
        answer=ask.said(f"notices.{name}", symbol=position.symbol, reason=reason),
        is_alert=not outcome.done,
    )


PRESSES: Mapping[type[Callback], Pressable] = {
    # The desk itself checks who may answer a question, and leaves an audit line of who may not.
    Answer: Pressable(Role.VIEWER, answer),
    AnswerInInbox: Pressable(Role.VIEWER, answer_in_inbox),
    ChooseSize: Pressable(Role.VIEWER, choose_size),
    OfferSizes: Pressable(Role.APPROVER, offer_sizes),
    HideSizes: Pressable(Role.APPROVER, hide_sizes),
    AskWhy: Pressable(Role.VIEWER, ask_why),
    ShowCard: Pressable(Role.VIEWER, show_card),
    ShowDecisionChart: Pressable(Role.VIEWER, show_decision_chart),
    SwapChart: Pressable(Role.VIEWER, swap_chart),
    OpenList: Pressable(Role.VIEWER, open_list),
    OpenCard: Pressable(Role.VIEWER, open_card),
    OpenWhy: Pressable(Role.VIEWER, open_why),
    OpenChart: Pressable(Role.VIEWER, open_chart),
    OpenCosts: Pressable(Role.VIEWER, open_costs),
    SetLoudness: Pressable(Role.VIEWER, set_loudness),
    SetQuiet: Pressable(Role.VIEWER, set_quiet),
    SetMute: Pressable(Role.VIEWER, set_mute),
    ShowScreen: Pressable(Role.VIEWER, show_screen),
    RunJob: Pressable(Role.OWNER, run_job),
    ResendDead: Pressable(Role.OWNER, resend_dead),
    # Everybody may have alerts; the desk itself checks whose an alert is.
    ChangeAlert: Pressable(Role.VIEWER, change_alert),
    ListAlerts: Pressable(Role.VIEWER, list_alerts),
    OfferLevels: Pressable(Role.VIEWER, offer_levels),
    SetLevel: Pressable(Role.VIEWER, set_level),
    SetBand: Pressable(Role.VIEWER, set_band),
    WatchMarket: Pressable(Role.VIEWER, watch_market),
    ClosePosition: Pressable(Role.APPROVER, close_position),
    ConfirmBuy: Pressable(Role.OWNER, confirm_buy),
    # Likewise: the desk checks, and writes down who may not.
    AnswerChange: Pressable(Role.VIEWER, answer_change),
    ChooseVersion: Pressable(Role.APPROVER, choose_version),
    ChooseMode: Pressable(Role.APPROVER, choose_mode),
    ShowLimits: Pressable(Role.VIEWER, show_limits),
    ShowPerson: Pressable(Role.OWNER, show_person),
    ChooseRole: Pressable(Role.OWNER, choose_role),
    ShowSettings: Pressable(Role.VIEWER, show_settings),
    SetPreference: Pressable(Role.VIEWER, set_preference),
    CancelResearch: Pressable(Role.APPROVER, cancel_research),
    RepeatResearch: Pressable(Role.APPROVER, repeat_research),
    ShowCurve: Pressable(Role.VIEWER, show_curve),
    ShowPositions: Pressable(Role.VIEWER, show_positions),
    ShowStops: Pressable(Role.APPROVER, show_stops),
    MoveStop: Pressable(Role.APPROVER, move_stop),
    ShowTrades: Pressable(Role.VIEWER, show_trades),
    ShowTrade: Pressable(Role.VIEWER, show_trade),
    SendExport: Pressable(Role.APPROVER, send_export),
    ShowEvidence: Pressable(Role.VIEWER, show_evidence),
    SendEvidence: Pressable(Role.VIEWER, send_evidence),
}
