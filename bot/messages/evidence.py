"""Evidence for one trade in words: the steps with their hashes, what was compared, the verdict."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum

from bot.channel import TEXT_LIMIT
from bot.messages.amounts import behind
from bot.messages.callbacks_records import SendEvidence
from bot.messages.markup import Html, shorten
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.evidence import Evidence, EvidenceStep, StepKind, Verdict

_HASH = 12
_MOST_STEPS = 24


def render_evidence(telling: Telling) -> Rendered:
    """From candle to fill, with the hashes shortened; the button sends all of it."""
    words, subject = telling.words, telling.text("subject")
    view = telling.desk.records.evidence(subject)
    if view is None:
        return Rendered(text=words("evidence.unknown", id=subject))
    names = {person.user_id: person.name for person in telling.desk.people()}
    steps = [_step(words, step, names) for step in view.steps[:_MOST_STEPS]]
    left = len(view.steps) - len(steps)
    text = lines(
        words("evidence.head", id=view.subject),
        *verdict_lines(words, view),
        *steps,
        words("evidence.more", count=left) if left > 0 else "",
        words(
            "evidence.lines",
            count=len(view.lines),
            numbers=", ".join(f"{one.number}:{one.hash[:_HASH]}" for one in view.lines[:_HASH]),
        )
        if view.lines
        else "",
    )
    return Rendered(
        text=shorten(text, TEXT_LIMIT),
        keyboard=((button(words.raw("buttons.evidence_file"), SendEvidence(subject)),),),
    )


def render_evidence_file(telling: Telling) -> Rendered:
    """All of the evidence as a JSON document."""
    words, subject = telling.words, telling.text("subject")
    view = telling.desk.records.evidence(subject)
    if view is None:
        return Rendered(text=words("evidence.unknown", id=subject))
    content = json.dumps(plain_tree(view), ensure_ascii=False, indent=2)
    return Rendered(
        text=lines(words("evidence.head", id=view.subject), *verdict_lines(words, view)),
        document=content.encode("utf-8", "replace"),
        document_name=f"evidence-{view.subject}.json",
    )


def verdict_lines(words: Words, view: Evidence) -> tuple[Html, ...]:
    """Whether the trail is whole, and every row that does not fit it, by name."""
    broken = [one for one in view.findings if one.verdict is Verdict.BROKEN]
    unsealed = sum(one.verdict is Verdict.UNSEALED for one in view.findings)
    holds = sum(one.verdict is Verdict.HOLDS for one in view.findings)
    chain = (
        words("evidence.chain_broken", error=view.chain_error)
        if view.chain_error
        else words("evidence.chain", count=view.chain_lines)
    )
    return (
        chain,
        *(words("evidence.broken", kind=one.kind, id=one.id, detail=one.detail) for one in broken),
        words("evidence.found", holds=holds, broken=len(broken), unsealed=unsealed),
    )


def plain_tree(value: object) -> object:
    """A value as JSON can hold it: the document's form."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {one.name: plain_tree(getattr(value, one.name)) for one in fields}
    if isinstance(value, Mapping):
        return {str(key): plain_tree(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_tree(one) for one in value]
    return value


def _step(words: Words, step: EvidenceStep, names: Mapping[int, str]) -> Html:
    return words(
        "evidence.step",
        name=words(f"evidence_steps.{step.kind}"),
        time=words.moment(step.at) if step.at else "–",
        what=_what(step, names),
        hash=step.hash[:_HASH],
        numbers=behind(", ".join(f"#{number}" for number in step.lines)),
    )


def _what(step: EvidenceStep, names: Mapping[int, str]) -> str:  # noqa: PLR0911 - one line per step
    """The facts that a person looks for first; the document has all of them."""
    facts = step.facts
    match step.kind:
        case StepKind.CANDLES:
            return f"{step.id}, {facts['bars']}"
        case StepKind.DECISION:
            return f"{step.id} {facts['strategy_version']} {facts['fingerprint']}".strip()
        case StepKind.CHECKS:
            return f"{sum(one == 'passed' for one in facts.values())}/{len(facts)}"
        case StepKind.ANSWER:
            by = facts.get("by")
            who = names.get(by, str(by)) if isinstance(by, int) else "–"
            return f"{facts['state']} {who} {facts['note']}".strip()
        case StepKind.ORDER:
            return f"{step.id} {facts['purpose']} {facts['quantity']} {facts['state']}"
        case StepKind.FILL:
            return f"{step.id} {facts['side']} {facts['quantity']} @ {facts['price']}"
        case StepKind.LEDGER:
            return ", ".join(f"{name} {amount}" for name, amount in facts.items())
        case StepKind.TRADE:
            return f"{step.id} {facts['pnl_quote']}"
        case _:
            return step.id
