"""What the chat may ask of second factors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.domain.desk import Json
from engine.domain.factors import Challenge
from engine.domain.secret_text import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorView:
    """How a person's factor stands; ``recovery_left`` counts unused recovery codes."""

    is_active: bool = False
    is_waiting: bool = False
    made_at: datetime | None = None
    recovery_left: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupView:
    """What is shown once, while a factor waits for its confirmation."""

    made_at: datetime
    secret: SecretText
    address: SecretText
    recovery: tuple[SecretText, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorOutcome:
    """Answer to a command or a typed code. ``text`` names a sentence of the language files."""

    done: bool
    text: str
    values: Mapping[str, Json] = field(default_factory=dict)


class FactorFront(Protocol):
    """Second factors, for the person who acts; a viewer has none."""

    def view(self, user_id: int) -> FactorView:
        """How a person's factor stands."""
        ...

    def begin(self, by: int, *, code: SecretText | None = None) -> FactorOutcome:
        """Make a new secret and queue the private message that shows it.

        With an active factor it takes a code of that one.
        """
        ...

    def setup(self, user_id: int) -> SetupView | None:
        """The secret of a set-up that waits for its confirmation, for its one private message."""
        ...

    def answer(self, code: SecretText, by: int) -> FactorOutcome:
        """A typed code: confirms a set-up, or carries out the wish that waits for it."""
        ...

    def remove(self, by: int, *, code: SecretText) -> FactorOutcome:
        """Forget one's factor; takes a code."""
        ...

    def challenge(self, challenge_id: str) -> Challenge | None:
        """A wish, waiting or ended."""
        ...

    def is_awaited(self, user_id: int) -> bool:
        """Whether a typed code of this person would mean anything now."""
        ...
