"""What every kind of change does: say what it would change, and change it.

wish → ``plan`` (inside a transaction) → before and after, or why not → … → ``apply``

A plan is made twice: when the question is asked, and again at the press, in the transaction that
applies it. Only if both say the same is anything changed, so that an answer can be as late as it
likes and never undoes what happened in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from engine.domain.changes import Change, ChangeWish, Facts, Override
from engine.domain.desk import Person, Role
from engine.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a wish would change.

    ``is_careful`` lowers the risk only and is applied without a question; ``needs_code`` must be
    proved by a second factor. ``evidence`` is shown beside it.
    """

    before: Facts
    after: Facts
    evidence: Facts = field(default_factory=dict)
    is_careful: bool = False
    needs_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a wish cannot be: the name of a sentence, and its values."""

    reason: str
    values: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """By whom and when; ``equity_quote`` is that of now, where a change depends on it."""

    at: datetime
    by: int | None
    equity_quote: Decimal | None = None


class Lever(Protocol):
    """One kind of change."""

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """What the wish would change as of this transaction."""
        ...

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Change it; the plan has just been made again and says the same."""
        ...


def put_override(
    unit: UnitOfWork, change: Change, applied: Applied, *, key: str, value: str, file_value: str
) -> None:
    """Let a value go before the file; one that is the file's needs no row."""
    if value == file_value:
        unit.overrides.drop(key)
        return
    unit.overrides.put(
        Override(
            key=key,
            value=value,
            before=str(change.before.get("value") or ""),
            set_at=applied.at,
            set_by=applied.by,
            change_id=change.id,
        )
    )


def owners(people: Sequence[Person]) -> tuple[Person, ...]:
    """The owners among these people."""
    return tuple(person for person in people if person.role is Role.OWNER)
