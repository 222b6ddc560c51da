"""Slot-mode grounding: the model writes words and slot names, code writes the numbers.

sentence → cleaned → checked → slots filled. A sentence is rejected when it has

- a numeral of any script, a number word (English, German, Spanish), or a letter of another script;
- a slot that is no fact, braces that are no slot, or no slot at all (nothing to stand on);
- a unit glued to a slot, whose display carries its own;
- an indicator's name beside another indicator's number;
- a state claimed that does not hold, or one denied that does;
- a capitalised name the sheet does not know, or pressure on the reader to act;
- the canary, which only the instructions contain.

The check is stricter than the truth: a needless rejection costs a template, a wrong number told to
a person costs trust. Addresses, mentions and markup are removed before anything else. The result is
plain text that the caller must escape.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from llm.facts import Fact, FactSheet
from llm.numerals import fold, foreign_letter_spans, number_spans
from llm.text import clean, without_links

MAX_SENTENCES = 4
MAX_SENTENCE_CHARS = 320

_SLOT = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_BRACE = re.compile(r"[{}]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CAPITALS = re.compile(r"\b[A-Z]{2,}[A-Z$]*\b")
_GLUED_UNIT = re.compile(
    r"\}\}\s*(?:%|‰|\$|€|£|percent|prozent|por\s?ciento|bps|basis points?|basispunkte?|"
    r"puntos básicos|k\b|m\b|bn\b|usd|usdt|eur|dollars?|euros?|dólares)",
    re.IGNORECASE,
)
_NEGATION_WORDS = (
    "not no never neither nor without hardly barely isn't aren't wasn't doesn't don't can't cannot "
    "nicht kein keine keinen keiner keines keinem nie niemals ohne kaum weder "
    "nunca sin ni jamás tampoco apenas"
)
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_NEGATION_REACH = 4
_PRESSURE = re.compile(
    r"\b(?:guarante\w*|risk[- ]?free|sure thing|can(?:no|')t lose|approve\w*|hurry|act now|buy now|"
    r"sell now|all[- ]in|seed phrase|password|private key|api key|instructions?|system prompt|"
    r"garantier\w*|risikolos\w*|risikofrei\w*|genehmig\w*|jetzt kaufen|jetzt verkaufen|passwort|"
    r"anweisung\w*|garantiz\w*|sin riesgo|aprueb\w*|apruébe\w*|aprobar|compra ya|vende ya|"
    r"contraseña|instrucci[oó]n\w*)",
    re.IGNORECASE,
)
_SAFE_CAPITALS = frozenset({"UTC", "USD", "EUR", "OK", "AND", "OR"})


class Flaw(StrEnum):
    """Why a span was rejected."""

    NUMBER = "number"
    FOREIGN_LETTER = "foreign_letter"
    UNKNOWN_SLOT = "unknown_slot"
    STRAY_BRACE = "stray_brace"
    NO_SLOT = "no_slot"
    UNIT = "unit"
    OWNER = "owner"
    FALSE_STATE = "false_state"
    DENIED_STATE = "denied_state"
    UNKNOWN_NAME = "unknown_name"
    PRESSURE = "pressure"
    LEAK = "leak"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A rejected piece: which sentence (from 0), where in its cleaned form, what and why."""

    sentence: int
    start: int
    end: int
    text: str
    flaw: Flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundingReport:
    """What was found. ``text`` holds the good sentences only, with their slots filled."""

    sentences: tuple[str, ...]
    spans: tuple[Span, ...]
    text: str
    used: tuple[str, ...]

    @property
    def is_grounded(self) -> bool:
        """Whether every sentence passed and there is something to say."""
        return not self.spans and bool(self.text)

    def as_json(self) -> dict[str, object]:
        """The report for the audit trail."""
        return {
            "grounded": self.is_grounded,
            "used": list(self.used),
            "spans": [
                {
                    "sentence": span.sentence,
                    "start": span.start,
                    "end": span.end,
                    "text": span.text,
                    "flaw": span.flaw.value,
                }
                for span in self.spans
            ],
        }

    def repair_request(self) -> str:
        """What to tell the model: each rejected span as data, and to write again."""
        found = [{"sentence": s.sentence, "text": s.text, "problem": s.flaw} for s in self.spans]
        return (
            "Some sentences break the rules. Problems, as JSON data: "
            f"{json.dumps(found, ensure_ascii=False)}. "
            "Write all sentences again, obeying every rule."
        )


def ground(sentences: tuple[str, ...], sheet: FactSheet, *, canary: str = "") -> GroundingReport:
    """Check what a model wrote against the sheet, and fill the slots of what passes."""
    cleaned = tuple(without_links(clean(s, 2 * MAX_SENTENCE_CHARS)) for s in sentences)
    cleaned = tuple(sentence for sentence in cleaned if sentence)
    checker = _Checker(sheet, canary)
    spans = [span for i, sentence in enumerate(cleaned) for span in checker.spans(i, sentence)]
    bad = {span.sentence for span in spans}
    good = [sentence for i, sentence in enumerate(cleaned) if i not in bad]
    return GroundingReport(
        sentences=cleaned,
        spans=tuple(spans),
        text=" ".join(_filled(sentence, sheet) for sentence in good),
        used=tuple(dict.fromkeys(m for s in good for m in _SLOT.findall(s))),
    )


def _filled(sentence: str, sheet: FactSheet) -> str:
    def show(match: re.Match[str]) -> str:
        fact = sheet.fact(match.group(1))
        assert fact is not None, match.group(1)
        return fact.display

    return _SLOT.sub(show, sentence)


type _Found = Iterator[tuple[int, int, Flaw]]


class _Checker:
    """The rules, compiled once for a sheet."""

    def __init__(self, sheet: FactSheet, canary: str) -> None:
        self._sheet = sheet
        self._canary = fold(canary)
        self._names = [(_stem(alias), fact.owner) for fact in sheet.facts for alias in _owned(fact)]
        self._capitals = _SAFE_CAPITALS | {
            word
            for fact in sheet.facts
            for text in (fact.label, fact.display, *fact.aliases)
            for word in _CAPITALS.findall(text)
        }
        self._states = [
            (_stem(phrase), state.holds) for state in sheet.states for phrase in state.phrases
        ]

    def spans(self, index: int, sentence: str) -> Iterator[Span]:
        """Every flaw of one cleaned sentence."""
        rules: tuple[Callable[[str], _Found], ...] = (
            self._length,
            self._slots,
            self._numbers,
            self._units,
            self._owners,
            self._claims,
            self._unknown_names,
            self._pressure,
        )
        if index >= MAX_SENTENCES:
            rules = (_too_many,)
        for rule in rules:
            for start, end, flaw in rule(sentence):
                text = sentence[start:end]
                yield Span(sentence=index, start=start, end=end, text=text, flaw=flaw)

    def _length(self, sentence: str) -> _Found:
        if len(sentence) > MAX_SENTENCE_CHARS:
            yield MAX_SENTENCE_CHARS, len(sentence), Flaw.TOO_LONG

    def _slots(self, sentence: str) -> _Found:
        matches = list(_SLOT.finditer(sentence))
        for match in matches:
            if self._sheet.fact(match.group(1)) is None:
                yield *match.span(), Flaw.UNKNOWN_SLOT
        for brace in _BRACE.finditer(_blanked(sentence)):
            yield *brace.span(), Flaw.STRAY_BRACE
        if not matches:
            yield 0, len(sentence), Flaw.NO_SLOT

    def _numbers(self, sentence: str) -> _Found:
        words = _blanked(sentence)
        for span in number_spans(words):
            yield *span, Flaw.NUMBER
        for span in foreign_letter_spans(words):
            yield *span, Flaw.FOREIGN_LETTER

    def _units(self, sentence: str) -> _Found:
        for match in _GLUED_UNIT.finditer(sentence):
            yield *match.span(), Flaw.UNIT

    def _owners(self, sentence: str) -> _Found:
        """The indicator named last before a slot must be the one the slot belongs to."""
        folded = _folded_words(sentence)
        named = sorted(
            (m.end(), owner) for stem, owner in self._names for m in stem.finditer(folded)
        )
        for slot in _SLOT.finditer(sentence):
            fact = self._sheet.fact(slot.group(1))
            before = [owner for end, owner in named if end <= slot.start()]
            if fact is not None and fact.owner and before and before[-1] != fact.owner:
                yield *slot.span(), Flaw.OWNER

    def _claims(self, sentence: str) -> _Found:
        folded = _folded_words(sentence)
        for stem, holds in self._states:
            for match in stem.finditer(folded):
                if not holds:
                    yield *match.span(), Flaw.FALSE_STATE
                elif _is_denied(sentence[: match.start()]):
                    yield *match.span(), Flaw.DENIED_STATE

    def _unknown_names(self, sentence: str) -> _Found:
        for match in _CAPITALS.finditer(_blanked(sentence)):
            if match.group() not in self._capitals:
                yield *match.span(), Flaw.UNKNOWN_NAME

    def _pressure(self, sentence: str) -> _Found:
        for match in _PRESSURE.finditer(sentence):
            yield *match.span(), Flaw.PRESSURE
        if self._canary and self._canary in fold(sentence):
            yield 0, len(sentence), Flaw.LEAK


def _too_many(sentence: str) -> _Found:
    yield 0, len(sentence), Flaw.TOO_MANY


def _owned(fact: Fact) -> tuple[str, ...]:
    return fact.aliases if fact.owner else ()


def _stem(phrase: str) -> re.Pattern[str]:
    """A pattern over folded text; a trailing ``*`` allows any ending."""
    ending = r"\w*" if phrase.endswith("*") else ""
    return re.compile(rf"(?<!\w){re.escape(fold(phrase.rstrip('*')))}{ending}(?!\w)")


def _blanked(sentence: str) -> str:
    """The sentence with its slots as spaces: same length, so that spans stay true."""
    return _SLOT.sub(lambda match: " " * len(match.group()), sentence)


def _folded_words(sentence: str) -> str:
    """The blanked sentence folded letter by letter, so that spans stay true."""
    return "".join(fold(char)[:1] or " " for char in _blanked(sentence))


def _is_denied(before: str) -> bool:
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(_blanked(before))]
    return any(word in _NEGATIONS for word in words[-_NEGATION_REACH:])
