"""What the shipped rules say is said in the reader's language, with the rule's own figures."""

import itertools
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from bot.messages.markup import plain
from bot.messages.signals import spoken
from bot.messages.words import Words, load_texts
from bot.policy import LANGUAGES
from engine.domain.signals import Signal
from engine.indicators.bars import Bars
from engine.strategy.rules import shipped_rules
from engine.strategy.shipped import trend_strategy
from engine.strategy.signals import Rule
from tests.unit.strategy.bars import joined, of_closes, walk

EN, DE, ES = (Words.of(language, "UTC") for language in LANGUAGES)
_NUMBER = re.compile(r"[-+−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?: ?%)?")
_PRICES = (0.00000123, 1.0, 98_765.4321)


def signals(rule: Rule, bars: Bars) -> Iterator[Signal]:
    """What a rule says of every third bar of a market."""
    columns = rule.values(bars)
    side = rule.judge(bars, columns).side
    for index in range(rule.warmup_bars, len(bars), 3):
        bar = {name: float(column[index]) for name, column in columns.items()}
        if not any(math.isnan(value) for value in bar.values()):
            yield signal(rule.code, rule.reason(int(side[index]), bar), int(side[index]), bar)


def markets(frame: str) -> Iterator[Bars]:
    """One that walks and leaps, at three magnitudes, and one that has never moved."""
    for start in _PRICES:
        calm = walk(700, seed=7, start=start, step=0.02, timeframe=frame)
        yield joined(calm, walk(60, seed=8, start=start, step=0.1, timeframe=frame))
    if frame == "1h":
        yield of_closes([5.0] * 300, volume=np.zeros(300))


def signal(code: str, reason: str, side: int = 1, bar: dict[str, float] | None = None) -> Signal:
    values = tuple((bar or {}).items())
    return Signal(code=code, side=side, strength=50.0, values=values, reason=reason)


@cache
def said() -> tuple[Signal, ...]:
    told = [signals(rule, bars) for bars in markets("1h") for rule in shipped_rules()]
    told += [signals(rule, bars) for bars in markets("4h") for rule in trend_strategy().rules]
    return tuple(itertools.chain.from_iterable(told))


def figures(text: str, words: Words) -> list[Decimal]:
    found = []
    for told in _NUMBER.findall(text):
        number = told.rstrip(" %").replace("−", "-")
        number = number.replace(words.raw("format.group"), "") if words is not RULE else number
        number = number.replace(words.raw("format.decimal"), ".")
        found.append(Decimal(number))
    return found


RULE = EN.of("en", "rule")
"""English as the rules write it: without marks between thousands."""


def test_the_english_sentence_is_the_rules_own_but_for_the_form_of_its_figures() -> None:
    assert len(said()) > 5_000
    for one in said():
        shown = plain(spoken(EN, one))
        assert _NUMBER.sub("#", shown) == _NUMBER.sub("#", one.reason), one.reason
        for ours, its in zip(figures(shown, EN), figures(one.reason, RULE), strict=True):
            assert abs(ours - its) <= abs(its) * Decimal("0.00001"), (shown, one.reason)


@pytest.mark.parametrize("words", [DE, ES], ids=["de", "es"])
def test_no_english_is_left_in_another_language_and_no_figure_is_lost(words: Words) -> None:
    for one in said():
        shown = plain(spoken(words, one))
        assert not re.search(r"\b(is|its|the|close|bars?|mean|volume|of)\b", shown.lower()), shown
        english = figures(plain(spoken(EN, one)), EN)
        assert sorted(figures(shown, words)) == sorted(english), (shown, one.reason)


def test_every_sentence_that_can_be_said_was_said() -> None:
    heard = {_NUMBER.sub("0", one.reason): one.reason for one in said()}.values()
    never = {
        name
        for name, text in load_texts("en").items()
        if name.startswith("signals.")
        and not any(_like(text).fullmatch(sentence) for sentence in heard)
    }
    assert never == {
        "signals.too_few",  # a market that has just been listed
        "signals.joined",  # a longer timeframe
        "signals.own_buy",  # a person's own function
        "signals.own_sell",
        "signals.own_nothing",
    }


def _like(text: str) -> re.Pattern[str]:
    return re.compile(".+?".join(re.escape(part) for part in re.split(r"\{\w+\}", text)))


@pytest.mark.parametrize(
    ("reason", "german", "spanish"),
    [
        (
            "RSI(14) is 24.1, below 30: oversold.",
            "RSI(14) bei 24,1, unter 30: überverkauft.",
            "RSI(14) en 24,1, por debajo de 30: sobreventa.",
        ),
        (
            "No volume in the 20 bars before.",
            "Kein Volumen in den 20 Kerzen davor.",
            "Sin volumen en las 20 velas anteriores.",
        ),
        (
            "The score of the last closed 4h bar is -12.5.",
            "Der Score der letzten geschlossenen 4h-Kerze ist −12,5.",
            "La puntuación de la última vela cerrada de 4h es −12,5.",
        ),
        (
            "AVG says buy, strength 80.",
            "AVG sagt Kaufen, Stärke 80.",
            "AVG dice comprar, fuerza 80.",
        ),
        (
            "MA has too few bars yet.",
            "MA hat noch zu wenige Kerzen.",
            "MA tiene aún muy pocas velas.",
        ),
        (
            "Close is +12% from its 20-day mean: not stretched, that begins at +20%.",
            "Schluss +12 % vom 20-Tage-Mittel: nicht überdehnt, das beginnt bei +20 %.",
            "Cierre a +12 % de su media de 20 días: sin estirar, eso empieza en +20 %.",
        ),
    ],
)
def test_a_sentence_in_three_languages(reason: str, german: str, spanish: str) -> None:
    one = signal("X", reason)
    assert plain(spoken(DE, one)) == german
    assert plain(spoken(ES, one)) == spanish


def test_a_persons_own_sentence_is_shown_as_it_is_in_every_language() -> None:
    one = signal("MOON", "The moon is <full>,\nand 3.5 wolves howl.")
    for words in (EN, DE, ES):
        assert spoken(words, one) == "The moon is &lt;full&gt;, and 3.5 wolves howl."


def test_a_close_is_told_apart_from_the_high_that_it_has_passed() -> None:
    close, high = 98_765.4321, 98_765.4309
    bar = {"close": close, "high_before": high, "low_before": 90_000.0, "atr_before": 5.0}
    reason = "Close 98765.4 is above the 20-bar high of 98765.4."
    told = plain(spoken(DE, signal("HL", reason, 1, bar)))
    assert told == "Schluss 98.765,432 über dem 20-Kerzen-Hoch von 98.765,431."
