"""Finding numbers in words and in signs, whatever the script.

Used to make sure that a model wrote none: the lists (``llm/wording/numerals.toml``) lean towards
finding too much, because a false alarm costs one template and a missed number is told to a person
as a fact. "one", "half", German compounds and Spanish accents are all found; articles ("ein",
"una"), ordinals that count no quantity ("first"), and the market's own words ("pair", "score",
"media móvil") are not.
"""

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[^\W\d_]+")


def fold(text: str) -> str:
    """Lower case without accents: "Dreißig" → "dreissig", "veintidós" → "veintidos"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def is_number_word(word: str) -> bool:
    """Whether a word states a quantity in English, German or Spanish."""
    folded = fold(word)
    innocent, alone, built = _lists()
    if folded in innocent:
        return False
    return folded in alone or built.fullmatch(folded) is not None


def is_numeral(char: str) -> bool:
    """Whether a sign has a numeric value: ٣, Ⅷ, ½, ⁵, 七 as much as 7."""
    return unicodedata.numeric(char, None) is not None


def number_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every numeral and number word, in order."""
    spans = [(i, i + 1) for i, char in enumerate(text) if is_numeral(char)]
    spans += [m.span() for m in _WORD.finditer(text) if is_number_word(m.group())]
    return sorted(spans)


def foreign_letter_spans(text: str) -> list[tuple[int, int]]:
    """Letters of other scripts than Latin, which could spell a number that no list here knows."""
    return [
        (i, i + 1)
        for i, char in enumerate(text)
        if char.isalpha() and not unicodedata.name(char, "").startswith("LATIN")
    ]


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], re.Pattern[str]]:
    """Words that are no numbers, words that are, and the pattern of composed ones."""
    tables = tomllib.loads((files("llm.wording") / "numerals.toml").read_text("utf-8"))
    innocent = frozenset(tables.pop("innocent")["alone"].split())
    alone = frozenset(word for table in tables.values() for word in table["alone"].split())
    patterns = [
        f"(?:{'|'.join(table['parts'].split())})+(?:{'|'.join(table['endings'].split())})?"
        for table in tables.values()
        if table["parts"]
    ]
    return innocent, alone, re.compile("|".join(patterns))
