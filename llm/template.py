"""The explanation that always works: fixed sentences filled from the fact sheet.

What happened and why → the gate and the distance, if one stopped it → score and its drivers →
size, stop, target → cost and edge. A sentence whose facts are missing is left out; nothing is
computed here.
"""

import re

from llm.facts import FactSheet
from llm.wording import Words, load

_FIELD = re.compile(r"\{(\w+)\}")


def explain(sheet: FactSheet) -> str:
    """The explanation in the sheet's language, as plain text."""
    words = load(sheet.language)
    sentences = [_headline(sheet, words), *_gate(sheet, words), *_score(sheet, words)]
    sentences += [text for key in _details(sheet) if (text := _filled(sheet, words, key))]
    return " ".join(sentences)


def _headline(sheet: FactSheet, words: Words) -> str:
    key = next(
        (
            key
            for key, state in (
                ("refused", "refused"),
                ("exit", "exit"),
                ("amend_stop", "stop_moves"),
                ("enter", "entry"),
            )
            if sheet.holds(state)
        ),
        "nothing",
    )
    reason = words.phrase("reasons", sheet.reason or "none")
    return _filled(sheet, words, key, reason=reason) or f"{sheet.subject}: {reason}."


def _gate(sheet: FactSheet, words: Words) -> list[str]:
    if sheet.fact("rank_gap") is not None and not sheet.gate:
        return [text] if (text := _filled(sheet, words, "rank_gap")) else []
    if not sheet.gate:
        return []
    name = words.phrase("gates", sheet.gate)
    text = _filled(sheet, words, "gate", gate_name=name)
    text = text or _filled(sheet, words, "gate_limit", gate_name=name)
    return [text] if text else []


def _score(sheet: FactSheet, words: Words) -> list[str]:
    rank_told = sheet.fact("rank_gap") is not None and not sheet.gate
    text = None if rank_told else _filled(sheet, words, "score")
    text = text or _filled(sheet, words, "score_alone")
    drivers = [_driver(sheet, words, driver) for driver in sheet.drivers]
    line = _filled(sheet, words, "drivers", drivers=", ".join(drivers)) if drivers else None
    return [part for part in (text, line) if part]


def _driver(sheet: FactSheet, words: Words, driver: str) -> str:
    points = sheet.fact(driver)
    assert points is not None, driver
    share = sheet.fact(driver.replace("_points", "_share"))
    name = words.phrase("indicators", points.owner).split(",")[0]
    if share is None:
        return f"{name} {points.display}"
    return words["lines"]["driver"].format(name=name, points=points.display, share=share.display)


def _details(sheet: FactSheet) -> list[str]:
    """The plan of an order that will not be placed is not worth a person's time."""
    plan = [] if sheet.holds("refused") else ["size", "clamped", "stop", "target"]
    keys = [*plan, "cost", "edge"]
    return [*keys, "uncalibrated"] if sheet.holds("uncalibrated") else keys


def _filled(sheet: FactSheet, words: Words, key: str, **extra: str) -> str | None:
    """A line with its facts, or ``None`` when the sheet lacks one of them."""
    line = words["lines"][key]
    values: dict[str, str] = dict(extra)
    for name in _FIELD.findall(line):
        if name in values:
            continue
        fact = sheet.fact(name)
        if fact is None:
            return None
        values[name] = fact.display
    return line.format(**values)
