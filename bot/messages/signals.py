"""What an indicator says, in the reader's language.

A rule of the engine speaks one English sentence about a bar, which ``retold`` knows; a test holds
its patterns against every shipped rule over many bars. A sentence of a user's own is shown as it is
in every language.

A price is taken from the signal's values where these have it: six digits of 98,765.4321 would make
a close look equal to the high it has passed.
"""

from decimal import Decimal

from bot.messages.markup import Html, one_line
from bot.messages.retold import retold
from bot.messages.words import Words
from engine.domain.signals import Signal

_PRICES = ("close", "high_before", "low_before", "fast", "slow")


def spoken(words: Words, signal: Signal) -> Html:
    """The sentence of a signal, on one line; "" if it has none."""
    prices = {name: Decimal(repr(value)) for name, value in signal.values if name in _PRICES}

    def figure(name: str, text: str) -> str | None:
        del text
        return words.price(prices[name], *prices.values()) if name in prices else None

    sentence = " ".join(signal.reason.split())
    told = retold(words, "signals", sentence, figure)
    return one_line(sentence) if told is None else told
