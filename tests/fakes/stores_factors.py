"""Second factors and challenges in memory."""

from collections.abc import Sequence

from engine.domain.errors import ConflictError
from engine.domain.factors import Challenge, Factor
from tests.fakes.memory import Memory, Table

FACTORS = Table[int, Factor]()
CHALLENGES = Table[str, Challenge]()


class FakeFactors:
    """See ``engine.ports.FactorStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def get(self, user_id: int) -> Factor | None:
        return self._memory.read(FACTORS).get(user_id)

    def all(self) -> Sequence[Factor]:
        return [factor for _, factor in sorted(self._memory.read(FACTORS).items())]

    def put(self, before: Factor | None, after: Factor) -> None:
        rows = self._memory.write(FACTORS)
        if rows.get(after.user_id) != before:
            raise ConflictError(f"the factor of person {after.user_id} has changed; read it again")
        rows[after.user_id] = after

    def remove(self, user_id: int) -> bool:
        return self._memory.write(FACTORS).pop(user_id, None) is not None

    def open(self, user_id: int | None = None) -> Sequence[Challenge]:
        rows = [
            row
            for row in list(self._memory.read(CHALLENGES).values())[::-1]
            if row.is_open and user_id in (None, row.user_id)
        ]
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)

    def challenge(self, challenge_id: str) -> Challenge | None:
        return self._memory.read(CHALLENGES).get(challenge_id)

    def add(self, challenge: Challenge) -> bool:
        return self._memory.add(CHALLENGES, challenge.id, challenge)

    def end(self, challenge: Challenge) -> None:
        rows = self._memory.write(CHALLENGES)
        stored = rows.get(challenge.id)
        if stored is None or not stored.is_open:
            raise ConflictError(f"challenge {challenge.id} is no longer open; read it again")
        rows[challenge.id] = challenge
