"""Puts a finished decision into words: the model's if they hold, else the template's.

decision → fact sheet → template text (always) → gateway → grounded text, or the template. Never
decides and never fails; the caller edits the text into a card that was complete without it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.domain.decisions import Decision
from llm import template
from llm.facts import FactSheet
from llm.gateway import Gateway
from llm.grounding import ground
from llm.prompts import Prompt, load
from llm.schema import STRING, array, closed_object
from llm.sheet import fact_sheet
from llm.tasks import Checked, Task, Verdict
from llm.wording import language_of
from llm.wording import load as load_words

PURPOSE = "explain"
_SCHEMA = closed_object(sentences=array(STRING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Narration:
    """Words about a decision: plain text, grounded, not escaped for any chat.

    ``model`` is ``provider/model`` when a model wrote it. ``verdict`` says how the model fared.
    """

    text: str
    source: Literal["model", "template"]
    model: str
    verdict: Verdict

    @property
    def is_from_model(self) -> bool:
        """Whether a language model wrote it (else the template)."""
        return self.source == "model"


class DeskNarrator:
    """The ``Narrator`` port over the gateway; without one every text is the template."""

    def __init__(self, gateway: Gateway | None = None, *, deadline_s: float = 20.0) -> None:
        self._gateway = gateway
        self._deadline_s = deadline_s

    async def explain(self, decision: Decision, *, language: str) -> Narration:
        """Words about a decision, within the deadline."""
        return await self.explain_sheet(fact_sheet(decision, language_of(language)))

    async def explain_sheet(self, sheet: FactSheet) -> Narration:
        """Words about a fact sheet, within the deadline."""
        text = template.explain(sheet)
        if self._gateway is None:
            return _from_template(text, Verdict.NO_PROVIDER)
        outcome = await self._gateway.ask(explain_task(sheet, self._deadline_s))
        if outcome.value is None:
            return _from_template(text, outcome.verdict)
        return Narration(
            text=outcome.value,
            source="model",
            model=f"{outcome.provider}/{outcome.model}",
            verdict=outcome.verdict,
        )


def explain_task(sheet: FactSheet, deadline_s: float) -> Task[str]:
    """The question that asks a model to explain a sheet."""
    prompt = load(PURPOSE)
    return Task(
        purpose=PURPOSE,
        subject=sheet.subject,
        prompt=prompt,
        data=sheet_json(sheet),
        schema=_SCHEMA,
        deadline_s=deadline_s,
        check=lambda answer: _checked(answer, sheet, prompt),
    )


def sheet_json(sheet: FactSheet) -> str:
    """The sheet as the model sees it: JSON data, true states only, in words."""
    words = load_words(sheet.language)
    true_states = (state.id for state in sheet.states if state.holds)
    return json.dumps(
        {
            "language": sheet.language,
            "reason": words.phrase("reasons", sheet.reason),
            "gate": words.phrase("gates", sheet.gate) if sheet.gate else "",
            "states": [_spoken(words.phrase("states", state)) for state in true_states],
            "drivers": list(sheet.drivers),
            "facts": [
                {"id": fact.id, "label": fact.label, "display": fact.display}
                for fact in sheet.facts
            ],
        },
        ensure_ascii=False,
    )


def _spoken(stems: str) -> str:
    return stems.split(",", maxsplit=1)[0].rstrip("*")


def _checked(answer: object, sheet: FactSheet, prompt: Prompt) -> Checked[str]:
    assert isinstance(answer, Mapping)
    report = ground(tuple(answer["sentences"]), sheet, canary=prompt.canary)
    return Checked(
        is_good=report.is_grounded,
        value=report.text or None,
        repair=report.repair_request(),
        report=report.as_json(),
    )


def _from_template(text: str, verdict: Verdict) -> Narration:
    return Narration(text=text, source="template", model="", verdict=verdict)
