"""What the verdict about the audit trail says while a long one is still being read."""

import pytest

from bot.messages.evidence import verdict_lines
from bot.messages.markup import plain
from bot.messages.words import Words
from engine.domain.evidence import Evidence


def told(language: str, **changes: object) -> str:
    given: dict[str, object] = {
        "subject": "t1",
        "steps": (),
        "findings": (),
        "lines": (),
        "chain_lines": 1200,
        **changes,
    }
    view = Evidence(**given)  # type: ignore[arg-type]  # its names
    return plain(verdict_lines(Words.of(language, "UTC"), view)[0])


@pytest.mark.parametrize(
    ("language", "so_far"),
    [("en", "still to check: 34"), ("de", "noch zu prüfen: 34"), ("es", "por comprobar: 34")],
)
def test_a_chain_that_is_read_in_part_says_how_far(language: str, so_far: str) -> None:
    assert so_far in told(language, chain_left=34)
    assert so_far not in told(language)


def test_a_break_is_told_before_anything_else() -> None:
    text = told("en", chain_left=34, chain_error="audit line 3 was changed")
    assert "BROKEN" in text
    assert "line 3" in text
