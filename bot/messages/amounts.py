"""Amounts as messages about money share them: in R, in the owner's currency, with their mode."""

from decimal import Decimal

from bot.messages.markup import Html
from bot.messages.words import Words
from engine.domain.records import OwnMoney
from engine.domain.views import PortfolioView


def in_r(words: Words, value: Decimal) -> str:
    """A result or a distance in units of the entry's risk: "+1.20 R"."""
    return f"{words.signed(value, 2)} R"


def behind(text: str) -> Html:
    """A figure of ours to stand behind another one: " · +1.20 R"."""
    return Html(f" · {text}") if text else Html("")


def gain_mark(amount: Decimal) -> str:
    """Green for a gain, red for the rest."""
    return "🟢" if amount > 0 else "🔴"


def marks(words: Words, view: PortfolioView) -> Html:
    """What money this is: paper or real, of a real market or a simulated one."""
    told = [words(f"mode.{view.mode}")]
    if view.simulated:
        told.append(words("card.simulated"))
    return Html(" · ".join(told))


def own_line(words: Words, own: OwnMoney | None, amount_quote: Decimal) -> Html:
    """An amount in the owner's currency and the rate it was made with, or why there is none."""
    if own is None:
        return Html("")
    worth = own.of(amount_quote)
    if worth is None or own.price is None or own.priced_at is None or own.pair is None:
        return words(
            f"own.{own.missing or 'no_price'}",
            currency=own.currency,
            pair=own.pair or "–",
            time=words.moment(own.priced_at) if own.priced_at else "–",
        )
    return words(
        "own.worth",
        amount=words.money(worth, own.currency),
        pair=own.pair,
        price=words.price(own.price),
        time=words.moment(own.priced_at),
    )


def beside(words: Words, own: OwnMoney | None, amount_quote: Decimal) -> Html:
    """An amount in the owner's currency to stand behind the exact one, nothing without a rate."""
    worth = own.of(amount_quote) if own else None
    if own is None or worth is None:
        return Html("")
    return words("own.beside", amount=words.money(worth, own.currency, signed=True))
