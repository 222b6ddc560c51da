"""A person's own purchase: who wants it, and which messages speak of it.

command → ``purchase_id`` → its order, remembered beside it as a ``Purchase`` → orders that follow
(another size, new numbers) remember the same. A strategy's entry has a decision and a card; a
purchase has this instead.
"""

from dataclasses import dataclass

from engine.domain.desk import Json
from engine.domain.ids import IntentId, intent_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What is remembered beside each order of a purchase.

    ``root`` is the order that the command asked for, ``question`` the one that people are asked
    about (``None``: nobody is). ``chat_id`` is where the command was given, if that is known.
    """

    by: int
    root: IntentId
    question: IntentId | None = None
    chat_id: int | None = None

    def as_note(self) -> dict[str, Json]:
        """As the desk remembers it."""
        return {
            "by": self.by,
            "root": self.root,
            "question": self.question,
            "chat_id": self.chat_id,
        }

    @classmethod
    def of_note(cls, note: Json) -> "Purchase | None":
        """From what the desk remembers; ``None`` for an order that is no purchase."""
        if not isinstance(note, dict):
            return None
        by, question, chat_id = note["by"], note["question"], note["chat_id"]
        return cls(
            by=by if isinstance(by, int) else 0,
            root=IntentId(str(note["root"])),
            question=None if question is None else IntentId(str(question)),
            chat_id=chat_id if isinstance(chat_id, int) else None,
        )


def purchase_id(request_id: str) -> IntentId:
    """The order of a command, which buys once however often it is delivered."""
    return intent_id(f"manual:{request_id}", "entry")


def purchase_note(order: IntentId) -> str:
    """Where the purchase of an order is remembered."""
    return f"purchase:{order}"


def question_subject(question: IntentId) -> str:
    """The one message in which people are asked about a purchase."""
    return f"purchase:{question}"


def command_subject(root: IntentId) -> str:
    """The message that answers the command, with its button and what came of it."""
    return f"buy:{root}"
