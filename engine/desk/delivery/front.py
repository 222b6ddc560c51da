"""Delivery as the front ends see it: preferences of a chat, the digest, dead letters, jobs."""

from datetime import datetime
from typing import Protocol

from engine.desk.delivery.views import (
    Chosen,
    DeadLetters,
    DigestView,
    JobRow,
    Miss,
    QuietView,
    Resent,
)
from engine.domain.delivery import DeliveryPolicy, Loudness, MessageType, QuietHours


class DeliveryFront(Protocol):
    """How people are told. A person chooses for their own chat, an owner for groups."""

    @property
    def policy(self) -> DeliveryPolicy:
        """What holds where nobody has chosen."""
        ...

    def quiet(self, chat_id: int) -> QuietView:
        """A chat's preferences as they hold now."""
        ...

    def choose(self, chat_id: int, kind: MessageType, loudness: Loudness, by: int) -> Chosen:
        """How loud a type is in a chat."""
        ...

    def keep_quiet(self, chat_id: int, hours: QuietHours | None, by: int) -> Chosen:
        """Quiet hours of a chat, or none."""
        ...

    def mute(self, chat_id: int, until: datetime | None, by: int, *, market: str = "") -> Chosen:
        """Mute everything or one market until then; ``None`` ends it.

        Ending the mute of everything ends those of single markets too.
        """
        ...

    def digest(self) -> DigestView:
        """What the digest says now."""
        ...

    def misses(self) -> tuple[Miss, ...]:
        """What came nearest without qualifying, nearest first."""
        ...

    def dead_letters(self) -> DeadLetters:
        """Messages that nobody accepted."""
        ...

    def resend(self, by: int) -> Resent:
        """Send all dead letters again; owners only."""
        ...

    def jobs(self) -> tuple[JobRow, ...]:
        """What recurs, and how it went."""
        ...

    def run_job(self, name: str, by: int) -> Chosen:
        """Ask the engine to run a harmless job now; owners only."""
        ...
