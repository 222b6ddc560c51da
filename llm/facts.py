"""The fact sheet: everything a text about one decision may say, with the exact numbers.

decision record → ``fact_sheet`` (``llm/sheet.py``) → template, prompt and grounding, which see
nothing else. A number that is not a fact here cannot be shown to a person; a state that is not
true here cannot be claimed. Differences, shares and distances are facts too, so that neither the
template nor a model does arithmetic.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from engine.domain.values import require

Language = Literal["en", "de", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "de", "es")

_ID = re.compile(r"[a-z][a-z0-9_]*")


class Unit(StrEnum):
    """What a fact's value counts."""

    TEXT = "text"
    PRICE = "price"  # quote currency per unit of the base currency
    QUOTE = "quote"  # an amount of the quote currency
    BASE = "base"  # an amount of the base currency
    PERCENT = "percent"
    BPS = "bps"
    POINTS = "points"  # of the score
    RATIO = "ratio"
    COUNT = "count"
    MINUTES = "minutes"
    PLAIN = "plain"  # an indicator's own scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that may be said.

    ``display`` is how it is shown in the sheet's language, unit included. ``value`` is exact, in
    ``unit``; ``None`` for text. ``owner`` names the indicator it belongs to ("" for none): a
    sentence that names one indicator must not show the number of another.
    """

    id: str
    label: str
    display: str
    unit: Unit
    value: Decimal | None = None
    aliases: tuple[str, ...] = ()
    owner: str = ""

    def __post_init__(self) -> None:
        """Ids are slot names; a number has a value, a text has none."""
        require(_ID.fullmatch(self.id) is not None, "fact id", "a-z, 0-9 and _", self.id)
        require(bool(self.display), "display", "not empty", self.display)
        is_number = self.unit is not Unit.TEXT
        require(is_number == (self.value is not None), "fact value", "given for a number", self.id)

    @property
    def sign(self) -> int:
        """−1, 0 or +1; 0 for text."""
        value = self.value or Decimal(0)
        return (value > 0) - (value < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Something that is so or is not. ``phrases`` are stems that claim it, in every language."""

    id: str
    holds: bool
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSheet:
    """Facts and states about one ``subject`` (a decision id), shown in ``language``.

    ``drivers`` are the ids of the strongest contributions' facts, strongest first. ``reason`` and
    ``gate`` are the stable ids of why, and of the check that stopped it ("" when none did).
    """

    subject: str
    language: Language
    facts: tuple[Fact, ...]
    states: tuple[State, ...] = ()
    drivers: tuple[str, ...] = ()
    reason: str = ""
    gate: str = ""

    def __post_init__(self) -> None:
        """No id twice; the drivers are facts."""
        ids = [fact.id for fact in self.facts]
        require(len(set(ids)) == len(ids), "fact ids", "unique", ids)
        require(set(self.drivers) <= set(ids), "drivers", "facts of the sheet", self.drivers)

    def fact(self, fact_id: str) -> Fact | None:
        """The fact of an id."""
        return next((fact for fact in self.facts if fact.id == fact_id), None)

    def holds(self, state_id: str) -> bool:
        """Whether a state is known to be true."""
        return any(state.holds for state in self.states if state.id == state_id)
