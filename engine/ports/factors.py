"""Second factors and what waits for them."""

from collections.abc import Sequence
from typing import Protocol

from engine.domain.factors import Challenge, Factor


class FactorStore(Protocol):
    """Factors by person, challenges by id."""

    def get(self, user_id: int) -> Factor | None:
        """A person's factor, confirmed or not."""
        ...

    def all(self) -> Sequence[Factor]:
        """Every factor, by user id."""
        ...

    def put(self, before: Factor | None, after: Factor) -> None:
        """Insert (``before`` is ``None``) or replace exactly ``before``.

        ``ConflictError`` if somebody was quicker, so that one code is never counted twice.
        """
        ...

    def remove(self, user_id: int) -> bool:
        """Forget a factor with its secret; ``False`` if there was none."""
        ...

    def open(self, user_id: int | None = None) -> Sequence[Challenge]:
        """Open challenges, of one person or of all, newest first."""
        ...

    def challenge(self, challenge_id: str) -> Challenge | None:
        """One challenge."""
        ...

    def add(self, challenge: Challenge) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def end(self, challenge: Challenge) -> None:
        """Store an ended challenge; ``ConflictError`` if it is not open any more."""
        ...
