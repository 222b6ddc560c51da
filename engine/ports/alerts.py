"""Alerts: where they are kept, what people watch, and where prices between closes come from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from engine.domain.alerts import Alert, Firing
from engine.domain.market import Quote, Symbol


class AlertStore(Protocol):
    """Alerts and the times they came true; nothing is ever taken out."""

    def put(self, alert: Alert) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        ...

    def get(self, alert_id: str) -> Alert | None:
        """One alert, whatever became of it."""
        ...

    def active(self) -> Sequence[Alert]:
        """Everybody's alerts that are to be looked at, oldest first."""
        ...

    def of(self, user_id: int) -> Sequence[Alert]:
        """A person's active and paused alerts, oldest first."""
        ...

    def replace(self, before: Alert, after: Alert) -> None:
        """Compare-and-set on state, edition and times fired.

        ``ConflictError`` if another was quicker.
        """
        ...

    def add_firing(self, firing: Firing) -> bool:
        """Insert; ``False`` and no change if this number of this alert is there already."""
        ...

    def firing(self, alert_id: str, number: int) -> Firing | None:
        """One time an alert came true."""
        ...


class WatchStore(Protocol):
    """The markets a person watches."""

    def add(self, user_id: int, symbol: Symbol, at: datetime) -> bool:
        """Insert; ``False`` and no change if the market is watched already."""
        ...

    def drop(self, user_id: int, symbol: Symbol) -> bool:
        """Remove; ``False`` if it was not watched."""
        ...

    def of(self, user_id: int) -> Sequence[Symbol]:
        """A person's markets, in the order in which they were added."""
        ...


class PriceFeed(Protocol):
    """Prices between closes, as they were heard last. Both methods answer at once."""

    def follow(self, symbols: Iterable[Symbol]) -> None:
        """From now on these markets are wanted, and no others."""
        ...

    def newest(self) -> Mapping[Symbol, Quote]:
        """What was heard last of each market that is followed; whether it is old, is in it."""
        ...
