"""Changes of the desk and overrides in memory."""

from collections.abc import Sequence
from dataclasses import replace

from engine.domain.changes import Change, Override
from engine.domain.errors import ConflictError
from engine.domain.ids import ChangeId
from tests.fakes.memory import Memory, Table

CHANGES = Table[ChangeId, Change]()
OVERRIDES = Table[str, Override]()


class FakeChanges:
    """See ``engine.ports.ChangeStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, change: Change) -> bool:
        if self.by_token(change.token) is not None:
            return False
        return self._memory.add(CHANGES, change.id, change)

    def get(self, change_id: ChangeId) -> Change | None:
        return self._memory.read(CHANGES).get(change_id)

    def by_token(self, token: str) -> Change | None:
        return next((row for row in self._oldest() if row.token == token), None)

    def pending(self) -> Sequence[Change]:
        return [row for row in self._oldest() if row.is_open]

    def replace(self, before: Change, after: Change) -> None:
        rows = self._memory.write(CHANGES)
        known = rows.get(before.id)
        if known is None or _stand(known) != _stand(before):
            raise ConflictError(f"change {before.id} is no longer {before.state}")
        rows[before.id] = replace(
            known,
            state=after.state,
            approvers=after.approvers,
            needed=after.needed,
            decided_at=after.decided_at,
            decided_by=after.decided_by,
            note=after.note,
        )

    def recent(self, limit: int) -> Sequence[Change]:
        return self._oldest()[::-1][:limit]

    def _oldest(self) -> list[Change]:
        return sorted(self._memory.read(CHANGES).values(), key=lambda row: row.created_at)


def _stand(row: Change) -> tuple[object, ...]:
    return (row.state, row.digest, row.approvers)


class FakeOverrides:
    """See ``engine.ports.OverrideStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def all(self) -> Sequence[Override]:
        return sorted(self._memory.read(OVERRIDES).values(), key=lambda row: row.key)

    def put(self, override: Override) -> None:
        self._memory.write(OVERRIDES)[override.key] = override

    def drop(self, key: str) -> None:
        self._memory.write(OVERRIDES).pop(key, None)
