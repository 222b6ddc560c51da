"""Alerts, the times they came true, and watched markets in memory."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime

from engine.domain.alerts import Alert, AlertState, Firing
from engine.domain.errors import ConflictError
from engine.domain.market import Symbol
from tests.fakes.memory import Memory, Table

ALERTS = Table[str, Alert]()
FIRINGS = Table[tuple[str, int], Firing]()
WATCHES = Table[tuple[int, Symbol], datetime]()


class FakeAlerts:
    """See ``engine.ports.AlertStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def put(self, alert: Alert) -> bool:
        return self._memory.add(ALERTS, alert.id, alert)

    def get(self, alert_id: str) -> Alert | None:
        return self._memory.read(ALERTS).get(alert_id)

    def active(self) -> Sequence[Alert]:
        return [row for row in self._oldest_first() if row.state is AlertState.ACTIVE]

    def of(self, user_id: int) -> Sequence[Alert]:
        rows = self._oldest_first()
        return [row for row in rows if row.user_id == user_id and row.state.is_open]

    def replace(self, before: Alert, after: Alert) -> None:
        rows = self._memory.write(ALERTS)
        known = rows.get(before.id)
        expected = (before.state, before.edition, before.fired)
        if known is None or (known.state, known.edition, known.fired) != expected:
            raise ConflictError(f"alert {before.id} is no longer as it was")
        rows[before.id] = deepcopy(after)

    def add_firing(self, firing: Firing) -> bool:
        return self._memory.add(FIRINGS, (firing.alert_id, firing.number), firing)

    def firing(self, alert_id: str, number: int) -> Firing | None:
        return self._memory.read(FIRINGS).get((alert_id, number))

    def _oldest_first(self) -> list[Alert]:
        return sorted(self._memory.read(ALERTS).values(), key=lambda row: row.created_at)


class FakeWatches:
    """See ``engine.ports.WatchStore``."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, user_id: int, symbol: Symbol, at: datetime) -> bool:
        return self._memory.add(WATCHES, (user_id, symbol), at)

    def drop(self, user_id: int, symbol: Symbol) -> bool:
        return self._memory.write(WATCHES).pop((user_id, symbol), None) is not None

    def of(self, user_id: int) -> Sequence[Symbol]:
        rows = self._memory.read(WATCHES).items()
        mine = sorted(
            (at, number, key[1]) for number, (key, at) in enumerate(rows) if key[0] == user_id
        )
        return [symbol for _, _, symbol in mine]
