"""A person's own purchase: the command, and the button that confirms it.

Whoever may give the command may press its button, in a group also another owner's: who presses is
the buyer and is named in the end. An approver decides where several must agree, by the question
that is asked then.
"""

from decimal import Decimal

from bot.handlers.amounts import market_and_amount
from bot.handlers.asking import Ask, Reply, Response, note
from bot.messages.callbacks import ConfirmBuy, matches
from engine.domain.alert_measures import plain
from engine.domain.desk import Delivery, Json
from engine.domain.market import Symbol
from engine.domain.purchases import command_subject, purchase_id
from engine.domain.values import to_ms
from engine.domain.views import PEOPLE_WANTED, UNCONFIRMED, WAITS, BuyPreview, CommandOutcome

CONFIRM_MINUTES = 5


def buy(ask: Ask) -> Response:
    """Ask to confirm a purchase by a button bound to market, amount and this command.

    What would be refused now gets no button: it is said why, and what would fit.
    """
    wanted = market_and_amount(ask, "buy")
    if isinstance(wanted, Response):
        return wanted
    symbol, amount = wanted
    seen = ask.desk.preview_buy(symbol, amount)
    if seen.reason:
        return _would_not(ask, symbol, amount, seen)
    update_id = ask.incoming.update_id
    payload: dict[str, Json] = {
        "symbol": str(symbol),
        "amount_quote": plain(amount),
        "update_id": update_id,
        "expires_s": to_ms(ask.clock.now()) // 1000 + CONFIRM_MINUTES * 60,
        "minutes": CONFIRM_MINUTES,
    }
    return Response(replies=(_message(ask, update_id, payload, Delivery.NEW),))


def confirm_buy(ask: Ask, pressed: ConfirmBuy) -> Response:
    """Buy what the command asked for; pressing twice buys once."""
    symbols = ask.desk.status().symbols
    symbol = next((one for one in symbols if matches(pressed.market, one)), None)
    if symbol is None or to_ms(ask.clock.now()) // 1000 > pressed.expires_s:
        return Response(answer=ask.said("notices.buy_expired"), is_alert=True, strips=True)
    amount = f"{pressed.amount_quote:f}"
    outcome = ask.desk.buy(
        symbol,
        amount,
        ask.person.user_id,
        request_id=_request(ask, pressed.update_id),
        chat_id=ask.incoming.chat_id,
    )
    payload: dict[str, Json] = {
        "symbol": str(symbol),
        "amount_quote": amount,
        "update_id": pressed.update_id,
        "expires_s": pressed.expires_s,
        "minutes": CONFIRM_MINUTES,
        "by": ask.person.user_id,
        **_outcome(outcome),
    }
    told = _message(ask, pressed.update_id, payload, Delivery.EDIT)
    return Response(
        replies=(told,),
        answer=_sentence(ask, symbol, outcome),
        is_alert=not outcome.done,
        about=told.subject,
    )


def _would_not(ask: Ask, symbol: Symbol, amount: Decimal, seen: BuyPreview) -> Response:
    """Why an amount is not asked about, with the smallest and the largest that would be."""
    words, quote = ask.words, symbol.quote
    least, most = seen.minimum_quote, seen.most_quote
    values: dict[str, Json] = {
        "symbol": str(symbol),
        "base": symbol.base,
        "amount": words.money(amount, quote),
        "cash": words.money(seen.cash_quote, quote),
        "reason": seen.reason,
    }
    if least is None:
        return note("buy_not_now", **values)
    values["least"] = words.money(least, quote)
    if most is None or most < least:
        return note("buy_nothing_fits", **values)
    values["most"] = words.money(most, quote)
    if amount < least:
        return note("buy_too_little", **values, typed=plain(least))
    if amount > most:
        return note("buy_too_much", **values, typed=plain(most))
    return note("buy_not_now", **values)


def _message(ask: Ask, update_id: int, payload: dict[str, Json], delivery: Delivery) -> Reply:
    """The command's one message."""
    order_id = purchase_id(_request(ask, update_id))
    return Reply(
        kind="buy",
        subject=command_subject(order_id),
        payload={"order_id": order_id, **payload},
        delivery=delivery,
    )


def _request(ask: Ask, update_id: int) -> str:
    return f"{ask.source}:buy:{update_id}"


def _outcome(outcome: CommandOutcome) -> dict[str, Json]:
    """What stored orders do not tell: what it waits for, or why there is none."""
    if outcome.done or outcome.reason in (PEOPLE_WANTED, UNCONFIRMED):
        return {}
    key = "waits" if outcome.reason in WAITS else "refused"
    return {key: outcome.reason or "none"}


def _sentence(ask: Ask, symbol: Symbol, outcome: CommandOutcome) -> str:
    if outcome.done:
        return ask.said("notices.buy_done", symbol=symbol)
    if outcome.reason == PEOPLE_WANTED:
        return ask.said("notices.buy_asked", symbol=symbol)
    if outcome.reason == UNCONFIRMED:
        return ask.said("notices.buy_unconfirmed", symbol=symbol)
    if outcome.reason in WAITS:
        return ask.said(f"press.{outcome.reason}")
    reason = ask.words.named("reasons", outcome.reason or "none")
    return ask.said("notices.buy_refused", symbol=symbol, reason=reason)
