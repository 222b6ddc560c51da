"""A person's own purchase: the command's message with its button, and the question to the others.

The command's message (kind ``buy``) asks to confirm, says what it waits for, and in the end what
came of it and who confirmed; the question (kind ``purchase``) stands in every chat, like a card,
where one person is not enough. Both are told from the stored truth.
"""

from decimal import Decimal

from bot.messages.callbacks import ConfirmBuy, confirm_buy
from bot.messages.markup import Html
from bot.messages.names import called
from bot.messages.questions import asked_order, exit_line, question_keyboard, state_lines
from bot.messages.rendered import Rendered, Telling, button, lines
from engine.domain.ids import IntentId
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Symbol
from engine.domain.views import PurchaseView


def render_purchase(telling: Telling) -> Rendered | None:
    """The question about the purchase of ``payload["order_id"]``, to its end."""
    view = telling.desk.purchase(IntentId(telling.text("order_id")))
    order = asked_order(view) if view else None
    if view is None or order is None:
        return None
    words, intent = telling.words, order.intent
    size = words(
        "purchase.size",
        quantity=words.quantity(intent.quantity),
        base=intent.symbol.base,
        notional=words.money(intent.notional_quote, intent.symbol.quote),
    )
    is_over = telling.shown_at is not None or bool(telling.text("shown_at"))
    return Rendered(
        text=lines(
            words(
                "purchase.head",
                who=called(words, view.names, view.by),
                symbol=intent.symbol,
            ),
            words("card.simulated") if view.simulated else "",
            size,
            exit_line(words, intent.reference_price, intent.exit_plan),
            *state_lines(words, view, words("purchase.asks"), is_farewell=is_over),
            "" if is_over else _too_few(telling, view),
        ),
        keyboard=() if is_over else question_keyboard(telling, view),
    )


def _too_few(telling: Telling, view: PurchaseView) -> Html:
    """A question that nobody can end with a yes says so at once."""
    approval = view.approval
    if approval is None or approval.state is not ApprovalState.PENDING:
        return Html("")
    if view.deciders >= approval.needed:
        return Html("")
    return telling.words("purchase.too_few", count=view.deciders, needed=approval.needed)


def render_buy(telling: Telling) -> Rendered | None:
    """The message of ``/buy``: its question and button, or what came of it and who pressed."""
    words = telling.words
    view = telling.desk.purchase(IntentId(telling.text("order_id")))
    if view is not None:
        return Rendered(text=_bought(telling, view))
    if telling.text("refused"):
        return Rendered(
            text=words(
                "buy.refused",
                symbol=telling.text("symbol"),
                who=_presser(telling),
                reason=words.named("reasons", telling.text("refused")),
            )
        )
    if not telling.text("amount_quote"):
        return None
    return _asked(telling)


def _asked(telling: Telling) -> Rendered:
    """The confirmation; its button is bound to symbol, amount and command."""
    words = telling.words
    symbol, amount = Symbol.parse(telling.text("symbol")), Decimal(telling.text("amount_quote"))
    confirm: ConfirmBuy = confirm_buy(
        symbol,
        amount,
        update_id=telling.number("update_id"),
        expires_s=telling.number("expires_s"),
    )
    waits = telling.text("waits")
    return Rendered(
        text=lines(
            words(
                "buy.ask",
                symbol=symbol,
                amount=words.money(amount, symbol.quote),
                minutes=telling.number("minutes"),
            ),
            words(f"buy.{waits}", who=_presser(telling)) if waits else "",
        ),
        keyboard=((button(words.raw("buttons.buy"), confirm),),),
    )


def _bought(telling: Telling, view: PurchaseView) -> Html:
    words, who = telling.words, called(telling.words, view.names, view.by)
    order = asked_order(view)
    assert order is not None  # a purchase has one
    symbol, approval = order.intent.symbol, view.approval
    if approval is not None:
        return words("buy.asked", symbol=symbol, who=who, needed=approval.needed)
    return lines(
        words("buy.confirmed" if view.fills else "buy.ordered", symbol=symbol, who=who),
        *state_lines(words, view, Html("")),
    )


def _presser(telling: Telling) -> str:
    names = {person.user_id: person.name for person in telling.desk.people()}
    return called(telling.words, names, telling.number("by"))
