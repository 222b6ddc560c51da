"""The fixed words of explanations, one file per language; no logic is written there.

``load`` reads a language's tables once. All languages have the same keys, which a test checks.
"""

import tomllib
from functools import cache
from importlib.resources import files

from llm.facts import LANGUAGES, Language


class Words:
    """The tables of one language: ``words["facts"]["stop_price"]`` is a phrase."""

    def __init__(self, tables: dict[str, dict[str, str]]) -> None:
        self._tables = tables

    def __getitem__(self, table: str) -> dict[str, str]:
        return self._tables[table]

    def phrase(self, table: str, key: str) -> str:
        """A phrase, or the key in plain words where a table lacks it."""
        return self._tables[table].get(key, key.replace("_", " "))


@cache
def load(language: Language) -> Words:
    """The words of a language."""
    return Words(tomllib.loads((files(__package__) / f"{language}.toml").read_text("utf-8")))


@cache
def state_stems(state_id: str) -> tuple[str, ...]:
    """The stems that claim a state, in all languages: a model may answer in another than asked."""
    lists = (load(language)["states"].get(state_id, "") for language in LANGUAGES)
    return tuple(stem.strip() for stems in lists for stem in stems.split(",") if stem.strip())


def language_of(tag: str) -> Language:
    """The supported language of a tag such as ``de-AT``; English for any other."""
    primary = tag.lower().replace("_", "-").split("-", 1)[0]
    return next((language for language in LANGUAGES if language == primary), "en")
