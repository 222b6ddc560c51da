"""The job: looks at every active alert, and tells what has come true.

active alerts → facts, read outside any transaction → ``judge`` → one commit: the alert as it stands
now, the firing, the message, the audit line. A process that dies before the commit has changed
nothing and looks again; after it, nothing is told twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.desk.alerts.facts import Facts
from engine.desk.alerts.gather import Gatherer
from engine.desk.alerts.judge import Verdict, judge
from engine.desk.alerts.policy import AlertPolicy
from engine.desk.context import DeskContext
from engine.desk.tell import tell
from engine.domain.alerts import Alert, AlertState, Firing, Hit, cooldown
from engine.domain.desk import AuditEvent, Json, Priority
from engine.ports import UnitOfWork


class AlertWatcher:
    """Looks at alerts; each look is quick, and may be taken as often as one likes."""

    def __init__(self, context: DeskContext, policy: AlertPolicy, gatherer: Gatherer) -> None:
        self._context = context
        self._policy = policy
        self._gatherer = gatherer

    def look(self) -> str:
        """One look at everything; says how many alerts there are, and how many told."""
        with self._context.units(read_only=True) as unit:
            alerts = unit.alerts.active()
        facts = self._gatherer.news(alerts)
        now = self._context.wall.now()
        changed = any(self._verdict(alert, facts, now).alert != alert for alert in alerts)
        told = self._settle(alerts, facts, now) if changed else 0
        return f"{len(alerts)} watched, {told} told"

    def _settle(self, alerts: Sequence[Alert], facts: Facts, now: datetime) -> int:
        """Judge them again inside the transaction, as they stand there, and keep what changed."""
        editions = {alert.id: alert.edition for alert in alerts}
        told = 0
        with self._context.units() as unit:
            known = {person.user_id for person in unit.desk.people()}
            for alert in unit.alerts.active():
                # What was set or changed since the facts were read waits for the next look.
                if editions.get(alert.id) == alert.edition and alert.user_id in known:
                    told += self._keep(unit, alert, self._verdict(alert, facts, now), now)
            unit.commit()
        return told

    def _verdict(self, alert: Alert, facts: Facts, now: datetime) -> Verdict:
        if alert.condition.is_event:
            verdict = _count(alert, facts)
        else:
            pause = cooldown(alert, self._policy.cooldown_s)
            verdict = judge(alert, facts.seen(alert), now=now, pause=pause)
        after = verdict.alert
        if verdict.hits:
            state = AlertState.FIRED if alert.once else alert.state
            after = replace(after, fired=alert.fired + 1, state=state)
        if alert.is_over(now) and after.state is AlertState.ACTIVE:
            after = replace(after, state=AlertState.EXPIRED)
        return replace(verdict, alert=after)

    def _keep(self, unit: UnitOfWork, alert: Alert, verdict: Verdict, now: datetime) -> int:
        after = verdict.alert
        if after == alert:
            return 0
        unit.alerts.replace(alert, after)
        if verdict.hits:
            self._tell(unit, after, verdict.hits, now)
        if after.state is AlertState.EXPIRED:
            tell_alert(unit, after, "expired", now)
            audit(unit, "engine", "alert_expired", after, now)
        return int(bool(verdict.hits))

    def _tell(self, unit: UnitOfWork, alert: Alert, hits: tuple[Hit, ...], now: datetime) -> None:
        unit.alerts.add_firing(
            Firing(alert_id=alert.id, number=alert.fired, text=alert.text, told_at=now, hits=hits)
        )
        tell(
            unit,
            kind="alert",
            subject=f"alert:{alert.id}:{alert.fired}",
            cause="fired",
            payload={
                "alert_id": alert.id,
                "number": alert.fired,
                "symbol": hits[0].key if len({hit.key for hit in hits}) == 1 else "",
            },
            at=now,
            priority=Priority.FILL,
            chat_id=alert.chat_id,
        )
        audit(
            unit,
            "engine",
            "alert_fired",
            alert,
            now,
            *(f"{hit.key} {hit.value:f} at {hit.at.isoformat()}" for hit in hits),
        )


def _count(alert: Alert, facts: Facts) -> Verdict:
    """Events that are neither old nor told; those of today are remembered by their ids."""
    events = facts.events(alert.condition)
    new = [event for event in events if event.id not in alert.known]
    if not new:
        return Verdict(alert=alert)
    hits = tuple(
        Hit(
            key=str(event.symbol),
            at=event.at,
            began_at=event.at,
            value=event.price,
            detail=event.id,
        )
        for event in new
    )
    known = tuple(event.id for event in events)
    return Verdict(alert=replace(alert, known=known), hits=hits)


def tell_alert(unit: UnitOfWork, alert: Alert, cause: str, now: datetime) -> None:
    """Queue the message that shows an alert as it stands."""
    tell(
        unit,
        kind="alert_set",
        subject=f"alert:{alert.id}",
        cause=cause,
        payload={"alert_id": alert.id},
        at=now,
        priority=Priority.ANSWER,
        chat_id=alert.chat_id,
    )


def audit(
    unit: UnitOfWork, actor: str, action: str, alert: Alert, now: datetime, *hits: str
) -> None:
    """One line about an alert."""
    told: dict[str, Json] = {"text": alert.text, "of": alert.user_id}
    if hits:
        told["hits"] = list(hits)
    unit.audit.append(AuditEvent(at=now, actor=actor, action=action, subject=alert.id, detail=told))
