"""Second factors and challenges."""

from collections.abc import Sequence

from sqlalchemy import delete, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.factors import ChallengeRow, FactorRow
from engine.domain.errors import ConflictError
from engine.domain.factors import Challenge, ChallengeState, Factor

_FACTORS = ValueMap(Factor, FactorRow)
_CHALLENGES = ValueMap(Challenge, ChallengeRow)
_NEWEST = (ChallengeRow.opened_at.desc(), ChallengeRow.row_no.desc())


class SqlFactors(Store):
    """See ``engine.ports.FactorStore``."""

    def get(self, user_id: int) -> Factor | None:
        """A person's factor, confirmed or not."""
        return _FACTORS.one(self._tx, FactorRow.user_id == user_id)

    def all(self) -> Sequence[Factor]:
        """Every factor, by user id."""
        return _FACTORS.all(self._tx, order=(FactorRow.user_id,))

    def put(self, before: Factor | None, after: Factor) -> None:
        """Insert or replace exactly ``before``; ``ConflictError`` if somebody was quicker."""
        if before is None:
            if not self._insert_new(FactorRow, values_of(after)):
                raise ConflictError(f"person {after.user_id} has a factor already; read it again")
            return
        statement = (
            update(FactorRow)
            .where(
                FactorRow.user_id == before.user_id,
                FactorRow.made_at == before.made_at,
                FactorRow.state == before.state,
                FactorRow.last_step.is_not_distinct_from(before.last_step),
                FactorRow.wrong_tries == before.wrong_tries,
                FactorRow.recovery == before.recovery,
            )
            .values(values_of(after))
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(f"the factor of person {before.user_id} has changed; read it again")

    def remove(self, user_id: int) -> bool:
        """Forget a factor with its secret."""
        statement = delete(FactorRow).where(FactorRow.user_id == user_id)
        return self._tx.execute(statement).rowcount == 1

    def open(self, user_id: int | None = None) -> Sequence[Challenge]:
        """Open challenges, of one person or of all, newest first."""
        wanted = [ChallengeRow.state == ChallengeState.OPEN]
        if user_id is not None:
            wanted.append(ChallengeRow.user_id == user_id)
        return _CHALLENGES.all(self._tx, *wanted, order=_NEWEST)

    def challenge(self, challenge_id: str) -> Challenge | None:
        """One challenge."""
        return _CHALLENGES.one(self._tx, ChallengeRow.id == challenge_id)

    def add(self, challenge: Challenge) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(ChallengeRow, values_of(challenge))

    def end(self, challenge: Challenge) -> None:
        """Store an ended challenge; ``ConflictError`` if it is not open any more."""
        statement = (
            update(ChallengeRow)
            .where(ChallengeRow.id == challenge.id, ChallengeRow.state == ChallengeState.OPEN)
            .values(state=challenge.state, ended_at=challenge.ended_at)
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(f"challenge {challenge.id} is no longer open; read it again")
