"""Evidence for one trade in words: the steps with their hashes, what was compared, the verdict."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

from bot.channel import TEXT_LIMIT
from bot.messages.amounts import behind
from bot.messages.callbacks import REJECT_REASONS
from bot.messages.callbacks_records import SendEvidence
from bot.messages.markup import Html, plain, shorten
from bot.messages.names import called, end_name
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.desk import Json
from engine.domain.evidence import Evidence, EvidenceStep, StepKind, Verdict
from engine.domain.lifecycles import ApprovalState

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
    added = [one for one in view.findings if one.verdict is Verdict.ADDED]
    holds = sum(one.verdict is Verdict.HOLDS for one in view.findings) + len(added)
    return (
        _chain(words, view),
        *(words("evidence.broken", kind=one.kind, id=one.id, detail=one.detail) for one in broken),
        *(words("evidence.added", id=one.id, count=one.added) for one in added),
        words("evidence.found", holds=holds, broken=len(broken), unsealed=unsealed),
    )


def _chain(words: Words, view: Evidence) -> Html:
    if view.chain_error:
        return words("evidence.chain_broken", error=view.chain_error)
    if view.chain_left:
        return words("evidence.chain_so_far", count=view.chain_lines, left=view.chain_left)
    return words("evidence.chain", count=view.chain_lines)


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
        what=_what(words, step, names),
        hash=step.hash[:_HASH],
        numbers=behind(", ".join(f"#{number}" for number in step.lines)),
    )


def _answered(words: Words, facts: Mapping[str, Json], names: Mapping[int, str]) -> str:
    """How a question ended and by whom: everybody who agreed, else who decided."""
    by, agreed, state = facts.get("by"), facts.get("approvers"), str(facts["state"])
    people = agreed if state == ApprovalState.APPROVED and isinstance(agreed, list) else [by]
    known = [one for one in people if isinstance(one, int)]
    who = ", ".join(called(words, names, one) for one in known)
    note = str(facts["note"])
    table = "reject_reasons" if note in REJECT_REASONS else "reasons"
    why = plain(words.named(table, note)) if note else ""
    ended = plain(words(end_name(words, "evidence_words.", state, note)))
    return " ".join(part for part in (ended, who, why) if part)


def _word(words: Words, code: Json) -> str:
    """A state, a purpose or a side in words."""
    return plain(words.named("evidence_words", str(code)))


def _entry(words: Words, name: str, amount: Json) -> str:
    kind, _, currency = name.partition(" ")
    return f"{_word(words, kind)} {_number(words, amount)} {currency}"


def _number(words: Words, value: Json) -> str:
    return words.quantity(Decimal(str(value)))


def _what(words: Words, step: EvidenceStep, names: Mapping[int, str]) -> str:  # noqa: PLR0911 - one line per step
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
            return _answered(words, facts, names)
        case StepKind.ORDER:
            what, size = _word(words, facts["purpose"]), _number(words, facts["quantity"])
            return f"{step.id} {what} {size} {_word(words, facts['state'])}"
        case StepKind.FILL:
            size, price = _number(words, facts["quantity"]), _number(words, facts["price"])
            return f"{step.id} {_word(words, facts['side'])} {size} @ {price}"
        case StepKind.LEDGER:
            return ", ".join(_entry(words, name, one) for name, one in facts.items())
        case StepKind.TRADE:
            return f"{step.id} {_number(words, facts['pnl_quote'])}"
        case _:
            return step.id
