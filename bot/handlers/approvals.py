"""Questions: their verdicts, other sizes, and the inbox.

What a button means is in its data and nowhere else; what came of it is the desk's to say.
"""

from collections.abc import Sequence
from decimal import Decimal

from bot.handlers.amounts import asked_back, typed_amount
from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.messages.callbacks import Answer
from bot.messages.callbacks_approvals import (
    AnswerInInbox,
    ChooseSize,
    HideSizes,
    OfferSizes,
)
from bot.messages.questions import noted
from engine.desk.tell import card_subject
from engine.domain.approvals import Approval
from engine.domain.desk import Delivery, Json
from engine.domain.orders import OrderIntent
from engine.domain.purchases import question_subject
from engine.domain.typed import TwoReadings, read_number, take_number
from engine.domain.views import ApprovalRow, Press, PressOutcome, PressResult, Size

LOUD = (
    PressResult.REFUSED,
    PressResult.NOT_ALLOWED,
    PressResult.EXPIRED,
    PressResult.TOO_LATE_FOR_LATER,
    PressResult.VENUE_AWAY,
    PressResult.NO_PRICE,
    PressResult.ASKED_AGAIN,
    PressResult.CODE_WANTED,
    PressResult.TERMINAL_WANTED,
    PressResult.MORE_THAN_ASKED,
)
_LATE = (PressResult.ALREADY_DECIDED, PressResult.EXPIRED)
_SIZE_ARGS = range(2, 7)
_ID_CHARS = 6


def answer(ask: Ask, pressed: Answer) -> Response:
    """Answer a question of the desk."""
    return _pressed(ask, pressed.token, pressed.press, reason=pressed.reason)


def choose_size(ask: Ask, pressed: ChooseSize) -> Response:
    """Approve a part of what is asked about."""
    size = Size(fraction=Decimal(pressed.percent) / 100)
    return _pressed(ask, pressed.token, Press.HALF, size=size)


def offer_sizes(ask: Ask, pressed: OfferSizes) -> Response:
    """Show the sizes under the card."""
    return _card_in_place(ask, pressed.token, sizes=True)


def hide_sizes(ask: Ask, pressed: HideSizes) -> Response:
    """Show the verdicts under the card again."""
    return _card_in_place(ask, pressed.token, sizes=False)


def approvals(ask: Ask) -> Response:
    """What waits for people, and what has ended last."""
    del ask
    return tell("approvals")


def answer_in_inbox(ask: Ask, pressed: AnswerInInbox) -> Response:
    """Answer a question where it is listed, and list again."""
    outcome = _press(ask, pressed.token, pressed.press)
    return Response(
        replies=(Reply(kind="approvals", in_place=True), *_refreshed(outcome)),
        answer=_sentence(ask, outcome),
        is_alert=outcome.result in LOUD,
    )


def size(ask: Ask) -> Response:
    """Approve another size: ``/size BTC 300``, ``/size BTC/USDT 30%``, ``/size a1b2c3 2 BTC``."""
    if len(ask.args) not in _SIZE_ARGS:
        return note("size_usage")
    name, *words = ask.args
    row = _asked_about(ask, name)
    if row is None:
        return note("size_unknown", name=name)
    intent = row.order.intent
    wanted = _size(words, intent)
    if isinstance(wanted, TwoReadings):
        return asked_back(wanted)
    if wanted is None:
        market = {"symbol": str(intent.symbol), "base": intent.symbol.base}
        return note("size_amount", amount=" ".join(words), quote=intent.symbol.quote, **market)
    outcome = _press(ask, row.approval.token, Press.HALF, size=wanted)
    payload: dict[str, Json] = {
        "text": _sentence_name(outcome),
        "values": {"reason": outcome.reason or "none", "asked": _asked(ask, row)},
    }
    return Response(replies=(Reply(kind="said", payload=payload),))


def _asked(ask: Ask, row: ApprovalRow) -> str:
    """How much was asked about."""
    intent = row.order.intent
    return ask.words.money(intent.notional_quote, intent.symbol.quote)


def _size(words: Sequence[str], intent: OrderIntent) -> Size | TwoReadings | None:
    """A share, an amount of the quote currency, or a quantity of what is bought; else ``None``.

    A quantity is an amount at the question's own price, so that it is never more than was asked.
    """
    text, rest = take_number(words)
    if text.endswith("%") and not rest:
        share = read_number(text, marks="%")
        if isinstance(share, Decimal):
            return Size(fraction=share / 100) if 0 < share <= 100 else None  # noqa: PLR2004 - all
        return share
    number, currency = typed_amount(words)
    if not isinstance(number, Decimal):
        return number
    match [word.upper() for word in currency]:
        case [] | [intent.symbol.quote]:
            return Size(amount_quote=number)
        case [intent.symbol.base]:
            return Size(amount_quote=number * intent.reference_price)
        case _:
            return None


def _asked_about(ask: Ask, name: str) -> ApprovalRow | None:
    """The newest open question about a market, or the one whose id begins so."""
    rows, symbol = ask.desk.approvals(), ask.symbol(name)
    start = name.lower()
    found = [
        row
        for row in rows
        if row.order.intent.symbol == symbol
        or (len(start) >= _ID_CHARS and row.approval.id.startswith(start))
    ]
    return found[-1] if found else None


def _press(
    ask: Ask, token: str, press: Press, *, reason: str = "", size: Size | None = None
) -> PressOutcome:
    return ask.desk.press(
        token,
        press,
        ask.person.user_id,
        request_id=ask.request_id,
        reason=reason,
        size=size,
    )


def _pressed(
    ask: Ask, token: str, press: Press, *, reason: str = "", size: Size | None = None
) -> Response:
    outcome = _press(ask, token, press, reason=reason, size=size)
    approval = outcome.approval
    return Response(
        replies=_refreshed(outcome),
        answer=_sentence(ask, outcome),
        is_alert=outcome.result in LOUD,
        strips=outcome.result is PressResult.UNKNOWN_TOKEN,
        about=_message(approval).subject if approval else "",
        farewell=_farewell(approval) if approval else None,
    )


def _sentence(ask: Ask, outcome: PressOutcome) -> str:
    reason = noted(ask.words, outcome.reason or "none")
    return ask.said(_sentence_name(outcome), reason=reason)


def _sentence_name(outcome: PressOutcome) -> str:
    """A no whose reason has been given says that the reason has arrived."""
    if outcome.result is PressResult.REJECTED and outcome.reason:
        return "press.rejected_because"
    return f"press.{outcome.result}"


def _card_in_place(ask: Ask, token: str, *, sizes: bool) -> Response:
    row = next((one for one in ask.desk.approvals() if one.approval.token == token), None)
    if row is None:
        return Response(answer=ask.said("press.already_decided"))
    told = _message(row.approval)
    payload = {**told.payload, **({"sizes": token} if sizes else {})}
    hint = ask.said("notices.size_hint", symbol=row.order.intent.symbol) if sizes else ""
    return Response(replies=(Reply(kind=told.kind, payload=payload, in_place=True),), answer=hint)


def _message(approval: Approval) -> Reply:
    """The one message that speaks of a question: its card, or that of a purchase."""
    decision = approval.decision_id
    if decision is None:
        return Reply(
            kind="purchase",
            payload={"order_id": approval.order_id},
            subject=question_subject(approval.order_id),
            delivery=Delivery.EDIT,
        )
    return Reply(
        kind="card",
        payload={"decision_id": decision},
        subject=card_subject(decision),
        delivery=Delivery.EDIT,
    )


def _farewell(approval: Approval) -> Reply:
    """What an old message of a question says for good: its own end, without buttons."""
    told = _message(approval)
    payload = {**told.payload, "shown_at": approval.created_at.isoformat()}
    return Reply(kind=told.kind, payload=payload, in_place=True)


def _refreshed(outcome: PressOutcome) -> tuple[Reply, ...]:
    """A late press means that its message was not up to date, so it is told again."""
    approval = outcome.approval
    return () if outcome.result not in _LATE or approval is None else (_message(approval),)
