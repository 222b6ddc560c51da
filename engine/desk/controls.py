"""The switches a person holds: pause and kill.

Pause stops new entries. Kill also cancels what rests and refuses open questions at their press;
neither touches stops or closes, which only make the risk smaller. An approver may stop the desk; to
let it go on takes an owner, and after a kill a question to the owners (``engine.desk.changes``).

The hand and time beside the switches are those of the kill: a pause during a stop would make
another stop of it otherwise. Who paused is on the trail.
"""

from dataclasses import replace
from datetime import datetime

from engine.desk.context import DeskContext
from engine.desk.queries import portfolio_now
from engine.domain.desk import AuditEvent, Person, Role
from engine.domain.views import CommandOutcome
from engine.ports import UnitOfWork


class ControlDesk:
    """Turns switches, each with an audit line in the same commit."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def pause(self, by: Person | None, *, on: bool) -> CommandOutcome:
        """Stop or go on proposing entries."""
        if not _may_switch(by) or not (on or _is_owner(by)):
            return _not_allowed("pause" if on else "resume")
        who, now = _actor(by), self._context.wall.now()
        with self._context.units() as unit:
            unit.desk.put_controls(replace(unit.desk.controls(), paused=on))
            self._audit(unit, who, "paused" if on else "resumed", now)
            unit.commit()
        return CommandOutcome(done=True, subject="pause" if on else "resume")

    def kill(self, by: Person | None) -> CommandOutcome:
        """Block every increasing order and cancel those that rest; nobody is asked."""
        if not _may_switch(by):
            return _not_allowed("kill")
        who, now = _actor(by), self._context.wall.now()
        with self._context.units() as unit:
            stopped = replace(unit.desk.controls(), killed=True, changed_at=now, changed_by=who)
            unit.desk.put_controls(stopped)
            self._audit(unit, who, "killed", now)
            unit.commit()
        self._context.gateway.cancel_entries()
        return CommandOutcome(done=True, subject="kill")

    def rearm(self, who: str) -> bool:
        """End the drawdown latch; the peak becomes the equity of now. False if it was not on."""
        equity = portfolio_now(self._context).equity_quote
        with self._context.units() as unit:
            risk = unit.book.risk(self._context.venue)
            if risk is None or not risk.drawdown_latched:
                return False
            unit.book.put_risk(
                self._context.venue,
                replace(risk, drawdown_latched=False, peak_equity_quote=equity),
            )
            now = self._context.wall.now()
            self._audit(unit, who, "rearmed", now)
            unit.commit()
        return True

    @staticmethod
    def _audit(unit: UnitOfWork, who: str, action: str, at: datetime) -> None:
        unit.audit.append(AuditEvent(at=at, actor=who, action=action, subject="desk"))


def _actor(by: Person | None) -> str:
    return f"person:{by.user_id}" if by else "terminal"


def _may_switch(by: Person | None) -> bool:
    return by is not None and by.role is not Role.VIEWER


def _is_owner(by: Person | None) -> bool:
    return by is not None and by.role is Role.OWNER


def _not_allowed(subject: str) -> CommandOutcome:
    return CommandOutcome(done=False, subject=subject, reason="not_allowed")
