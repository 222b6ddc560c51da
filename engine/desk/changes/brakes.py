"""Letting the desk go on: the kill switch off, and the re-arm after the drawdown limit.

Switching the kill switch on is not here: it asks nobody. What is agreed to is this very stop, told
by its time; one that came after the question is another and stays.
"""

from dataclasses import replace

from engine.desk.changes.levers import Applied, Planned, Refusal
from engine.desk.context import DeskContext
from engine.domain.changes import Change, ChangeWish
from engine.domain.errors import InvalidValueError
from engine.ports import UnitOfWork


class KillOffLever:
    """Ends the block of orders that add risk."""

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """The switch as it was turned on, and off."""
        del wish
        controls = unit.desk.controls()
        if not controls.killed:
            return Refusal(reason="not_killed")
        since = controls.changed_at.isoformat() if controls.changed_at else ""
        return Planned(
            before={"killed": True, "since": since},
            after={"killed": False},
            evidence={"killed_by": controls.changed_by},
            needs_code=True,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Turn it off."""
        del change
        who = "desk" if applied.by is None else f"person:{applied.by}"
        off = replace(unit.desk.controls(), killed=False, changed_at=applied.at, changed_by=who)
        unit.desk.put_controls(off)


class RearmLever:
    """Ends the drawdown latch; the peak becomes the equity of now."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """The latch with the peak it was measured from, and without."""
        del wish
        risk = unit.book.risk(self._context.venue)
        if risk is None or not risk.drawdown_latched:
            return Refusal(reason="not_latched")
        peak = f"{risk.peak_equity_quote.normalize():f}"
        return Planned(
            before={"latched": True, "peak_equity_quote": peak},
            after={"latched": False},
            evidence={"quote": self._context.quote},
            needs_code=True,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Count the peak anew."""
        del change
        venue, equity = self._context.venue, applied.equity_quote
        risk = unit.book.risk(venue)
        if risk is None or equity is None:
            raise InvalidValueError("re-arm", "a latch and the equity of now", (risk, equity))
        unit.book.put_risk(venue, replace(risk, drawdown_latched=False, peak_equity_quote=equity))
