"""Alerts and watched markets as front ends see them: ``desk.alerts``.

Everybody whom the desk knows may have alerts: they move no money. A person changes their own; an
owner may change everybody's.
"""

from typing import Protocol

from engine.desk.alerts.views import (
    AlertOutcome,
    AlertsView,
    AlertView,
    FiredView,
    LevelsView,
    WatchView,
)
from engine.domain.market import Symbol, Timeframe


class AlertFront(Protocol):
    """What a front end may do; safe to repeat with the same ``request_id`` or ``edition``."""

    def create(self, text: str, by: int, *, chat_id: int, request_id: str) -> AlertOutcome:
        """Read and keep an alert, and queue the message that shows it, in one commit.

        Refusals: those of the grammar, ``too_many``, ``exists`` (with the alert), ``not_allowed``.
        """
        ...

    def change(self, verb: str, alert_id: str, by: int, *, edition: int) -> AlertOutcome:
        """``pause``, ``resume``, ``delete``, or move the line ``up`` or ``down``.

        ``edition`` is the one the button was made for: a line that was moved since is not moved
        again (``changed``). Resuming begins anew, also with an alert that had ended.
        """
        ...

    def listed(self, user_id: int, page: int = 0) -> AlertsView:
        """A page of a person's active and paused alerts, with their values of now."""
        ...

    def view(self, alert_id: str) -> AlertView | None:
        """One alert, whatever became of it."""
        ...

    def fired(self, alert_id: str, number: int) -> FiredView | None:
        """One time an alert came true."""
        ...

    def levels(self, symbol: Symbol, timeframe: Timeframe) -> LevelsView | None:
        """Lines that a chart offers; ``None`` without bars."""
        ...

    def watch(self, symbol: Symbol, by: int, *, on: bool = True) -> AlertOutcome:
        """Watch a market, or stop; ``exists`` and ``absent`` where nothing changes."""
        ...

    def watched(self, user_id: int) -> tuple[Symbol, ...]:
        """Markets a person watches, in the order of adding."""
        ...

    def watchlist(self, user_id: int) -> WatchView:
        """The same with their last closes."""
        ...

    def markets(self) -> tuple[Symbol, ...]:
        """Markets that alerts can be set on."""
        ...
