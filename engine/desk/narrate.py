"""Words for cards: which decisions still need them, and keeping them when they come.

The card is sent at once from facts. The narrator's text arrives later, by an edit, or never; it
changes no decision, and a text for a decision that has one already is dropped. A template's text is
kept for ``/why`` and edits nothing: the card's own lines say the same.
"""

from engine.desk.context import DeskContext
from engine.desk.queries import narration_key
from engine.desk.tell import card_subject, tell
from engine.domain.decisions import Decision
from engine.domain.desk import Delivery, Priority
from engine.domain.ids import DecisionId


def without_words(context: DeskContext, limit: int = 8) -> tuple[Decision, ...]:
    """Decisions whose question is open and has no text yet, oldest first."""
    with context.units(read_only=True) as unit:
        asked = [a.decision_id for a in unit.approvals.pending() if a.decision_id is not None]
        silent = [one for one in asked if unit.desk.note(narration_key(one)) is None]
        found = [unit.decisions.get(one) for one in silent[:limit]]
    return tuple(decision for decision in found if decision is not None)


def keep_words(
    context: DeskContext,
    decision_id: DecisionId,
    text: str,
    *,
    is_from_model: bool,
    language: str = "",
) -> None:
    """Remember a decision's text and refresh its card; who reads another language is spared it."""
    with context.units() as unit:
        if unit.desk.note(narration_key(decision_id)) is not None:
            return
        unit.desk.put_note(
            narration_key(decision_id),
            {"text": text, "is_from_model": is_from_model, "language": language},
        )
        if is_from_model:
            tell(
                unit,
                kind="card",
                subject=card_subject(decision_id),
                cause="words",
                payload={"decision_id": decision_id},
                at=context.wall.now(),
                priority=Priority.OPPORTUNITY,
                delivery=Delivery.EDIT,
            )
        unit.commit()
