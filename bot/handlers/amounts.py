"""Amounts as a person types them behind a command.

words → (the number, the words behind it), or the answer that says what is wrong with them.
"""

from collections.abc import Sequence
from decimal import Decimal

from bot.handlers.asking import Ask, Response, note
from engine.domain.market import Symbol
from engine.domain.typed import TwoReadings, Typed, read_number, take_number

_BELOW = Decimal(10) ** 12
_STEP = Decimal("0.00000001")


def typed_amount(words: Sequence[str]) -> tuple[Typed, tuple[str, ...]]:
    """An amount of money above zero, and the words behind it.

    ``None`` for what is none: signed, with more digits than a button of the desk can hold.
    """
    text, rest = take_number(words)
    number = None if text.startswith(("+", "-", "−", "$")) else read_number(text)
    if isinstance(number, Decimal) and not (0 < number < _BELOW and number % _STEP == 0):
        number = None
    return number, rest


def market_and_amount(ask: Ask, command: str) -> tuple[Symbol, Decimal] | Response:
    """The market and the amount of its quote currency behind ``/command``, or what is wrong."""
    name, *typed = ask.args or ("",)
    if not typed:
        return note(f"{command}_usage")
    amount, quote = typed_amount(typed)
    if len(quote) > 1:
        return note(f"{command}_usage")
    symbol = ask.symbol(name)
    if symbol is None:
        return note("unknown_symbol", symbol=name)
    if isinstance(amount, TwoReadings):
        return asked_back(amount)
    if amount is None or (quote and quote[0].upper() != symbol.quote):
        return note(f"{command}_amount", amount=" ".join(typed))
    return symbol, amount


def asked_back(found: TwoReadings) -> Response:
    """One line with both readings, each as it can be typed."""
    return note("number_two_readings", word=found.word, low=found.low, high=found.high)
