"""Prompts as versioned files.

A prompt is a text file named by purpose and version; ``manifest.json`` records the hash of every
version. Changing a text without a new version fails a test, because cached answers, audit rows and
measurements all refer to the version. ``load`` refuses a file that is not the one recorded.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from engine.domain.errors import DataError

_CANARY_MARK = "{canary}"
_CANARY_LETTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The standing instructions of one purpose. ``canary`` appears in them and nowhere else."""

    name: str
    version: int
    text: str
    canary: str


def sha256_of(name: str, version: int) -> str:
    """Hash of a prompt file as it is on disk."""
    return hashlib.sha256(_read(name, version).encode()).hexdigest()


def manifest() -> dict[str, dict[str, str]]:
    """Recorded hashes by name and version."""
    text = (files(__package__) / "manifest.json").read_text("utf-8")
    recorded: dict[str, dict[str, str]] = json.loads(text)
    return recorded


@cache
def load(name: str) -> Prompt:
    """The newest version of a prompt; ``DataError`` if its text is not the recorded one."""
    recorded = manifest()[name]
    version = max(int(number) for number in recorded)
    digest = sha256_of(name, version)
    if recorded[str(version)] != digest:
        raise DataError(f"prompt {name} v{version} was changed without a new version")
    canary = _letters(digest)
    text = _read(name, version).replace(_CANARY_MARK, canary)
    return Prompt(name=name, version=version, text=text, canary=canary)


def _letters(digest: str) -> str:
    """A word of letters only, so that the ban on digits is not what catches a leak."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:_CANARY_LETTERS])


def _read(name: str, version: int) -> str:
    return (files(__package__) / f"{name}-v{version}.md").read_text("utf-8")
