"""One line of the inbox: a question of any kind that waits for people, or has just ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.desk import Json
from engine.domain.values import require, require_utc

OPEN = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A question as the inbox lists it, whoever asks.

    ``area`` names the line's text and buttons (``approval``, ``change``); ``facts`` are ids, and
    numbers as text, for them. ``needed`` people must agree, ``agreed`` have. ``state`` is
    ``pending`` or the name of how it ended; ``decided_by`` is ``None`` for the clock or the desk.
    """

    area: str
    id: str
    asked_at: datetime
    expires_at: datetime
    needed: int = 1
    agreed: tuple[int, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    state: str = OPEN
    decided_at: datetime | None = None
    decided_by: int | None = None

    def __post_init__(self) -> None:
        """Times are UTC; somebody must agree; an ended one says when."""
        require_utc("asked_at", self.asked_at)
        require_utc("expires_at", self.expires_at)
        require(self.needed >= 1, "needed", ">= 1", self.needed)
        is_told = self.state == OPEN or self.decided_at is not None
        require(is_told, "decided_at", "given for an ended question", self.decided_at)
