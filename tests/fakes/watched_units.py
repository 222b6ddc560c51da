"""Units of work that tell of their commits, so that a test can look, count, or die at each one."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast

from engine.ports import UnitOfWork, Units


def nothing() -> None:
    """Do nothing."""


class WatchedUnits:
    """Any units; ``before`` and ``after`` are called around every commit."""

    def __init__(
        self,
        units: Units,
        *,
        before: Callable[[], object] = nothing,
        after: Callable[[], object] = nothing,
    ) -> None:
        self._units = units
        self.before = before
        self.after = after

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        """A new unit."""
        return cast("UnitOfWork", _WatchedUnit(self._units(read_only=read_only), self))


class _WatchedUnit:
    def __init__(self, unit: UnitOfWork, owner: WatchedUnits) -> None:
        self._unit = unit
        self._owner = owner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        return getattr(self._unit, name)

    def __enter__(self) -> Self:
        self._unit.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unit.__exit__(kind, error, trace)

    def commit(self) -> None:
        self._owner.before()
        self._unit.commit()
        self._owner.after()
