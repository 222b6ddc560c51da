"""What people do with alerts and watched markets: one commit each, with audit line and message."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from engine.desk import people
from engine.desk.alerts.facts import BOOK, Facts
from engine.desk.alerts.gather import Gatherer
from engine.desk.alerts.grammar import AlertReader, Misread
from engine.desk.alerts.judge import Look, fresh
from engine.desk.alerts.levels import levels_of
from engine.desk.alerts.nudge import nudged, step_of
from engine.desk.alerts.policy import AlertPolicy
from engine.desk.alerts.views import (
    AlertOutcome,
    AlertsView,
    AlertView,
    FiredView,
    LevelsView,
    Reading,
    WatchRow,
    WatchView,
)
from engine.desk.alerts.watcher import audit, tell_alert
from engine.desk.context import DeskContext
from engine.domain.alert_measures import Unit
from engine.domain.alerts import Alert, AlertState, alert_id, cooldown
from engine.domain.desk import AuditEvent, Person, Role
from engine.domain.market import Symbol, Timeframe
from engine.ports import UnitOfWork

PAGE_ROWS = 5
MOST_WATCHED = 50
_VERBS = ("pause", "resume", "delete", "up", "down")
_DAY = timedelta(days=1)


class AlertDesk:
    """Implements ``AlertFront``."""

    def __init__(self, context: DeskContext, policy: AlertPolicy, gatherer: Gatherer) -> None:
        self._context = context
        self._policy = policy
        self._gatherer = gatherer

    def create(self, text: str, by: int, *, chat_id: int, request_id: str) -> AlertOutcome:
        """See ``AlertFront``."""
        if self._person(by, "alert") is None:
            return _refused("not_allowed")
        wish = self._reader().read(text)
        if isinstance(wish, Misread):
            return _refused(wish.reason, wish.word)
        made = Alert(
            id=alert_id(request_id),
            user_id=by,
            chat_id=chat_id,
            condition=wish.condition,
            created_at=self._context.wall.now(),
            since=self._context.clock.now(),
            once=wish.once,
            cooldown_s=wish.cooldown_s,
            expires_on=wish.expires_on,
        )
        return self._put(self._begun(made))

    def change(self, verb: str, alert_id: str, by: int, *, edition: int) -> AlertOutcome:
        """See ``AlertFront``."""
        person = self._person(by, f"alert_{verb}")
        with self._context.units(read_only=True) as unit:
            before = unit.alerts.get(alert_id)
        if person is None or verb not in _VERBS:
            return _refused("not_allowed")
        if before is None:
            return _refused("gone")
        if before.user_id != by and person.role is not Role.OWNER:
            return _refused("not_yours")
        after = self._changed(verb, before, edition)
        if isinstance(after, AlertOutcome):
            return after
        return self._replace(before, after, verb, by)

    def listed(self, user_id: int, page: int = 0) -> AlertsView:
        """See ``AlertFront``."""
        with self._context.units(read_only=True) as unit:
            mine = unit.alerts.of(user_id)
        pages = max(1, -(-len(mine) // PAGE_ROWS))
        page = min(max(page, 0), pages - 1)
        shown = mine[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
        return AlertsView(
            rows=self._views(shown),
            page=page,
            pages=pages,
            count=len(mine),
            first_number=page * PAGE_ROWS + 1,
        )

    def view(self, alert_id: str) -> AlertView | None:
        """See ``AlertFront``."""
        with self._context.units(read_only=True) as unit:
            alert = unit.alerts.get(alert_id)
        return None if alert is None else self._views([alert])[0]

    def fired(self, alert_id: str, number: int) -> FiredView | None:
        """See ``AlertFront``."""
        with self._context.units(read_only=True) as unit:
            firing = unit.alerts.firing(alert_id, number)
        view = self.view(alert_id) if firing else None
        return FiredView(firing=firing, view=view) if firing and view else None

    def levels(self, symbol: Symbol, timeframe: Timeframe) -> LevelsView | None:
        """See ``AlertFront``; a timeframe without bars of its own is answered by the desk's."""
        frame = timeframe if timeframe in self._reader().frames else self._context.timeframe
        columns, price = self._gatherer.market(symbol, frame)
        return None if columns is None else levels_of(symbol, columns, price)

    def watch(self, symbol: Symbol, by: int, *, on: bool = True) -> AlertOutcome:
        """See ``AlertFront``."""
        if self._person(by, "watch") is None:
            return _refused("not_allowed")
        now = self._context.wall.now()
        with self._context.units() as unit:
            if on and len(unit.watches.of(by)) >= MOST_WATCHED:
                return _refused("too_many", str(MOST_WATCHED))
            done = unit.watches.add(by, symbol, now) if on else unit.watches.drop(by, symbol)
            if not done:
                return _refused("exists" if on else "absent", str(symbol))
            action = "watched" if on else "unwatched"
            unit.audit.append(
                AuditEvent(at=now, actor=f"person:{by}", action=action, subject=str(symbol))
            )
            unit.commit()
        return AlertOutcome(done=True, word=str(symbol))

    def watched(self, user_id: int) -> tuple[Symbol, ...]:
        """See ``AlertFront``."""
        with self._context.units(read_only=True) as unit:
            return tuple(unit.watches.of(user_id))

    def watchlist(self, user_id: int) -> WatchView:
        """See ``AlertFront``."""
        context = self._context
        with context.units(read_only=True) as unit:
            scores = {
                row.symbol: Decimal(repr(row.signed_score))
                for row in unit.scores.latest(context.venue, context.timeframe)
            }
            rows = [self._watch_row(unit, symbol, scores) for symbol in unit.watches.of(user_id)]
        return WatchView(rows=tuple(rows), timeframe=context.timeframe)

    def markets(self) -> tuple[Symbol, ...]:
        """See ``AlertFront``."""
        return self._context.symbols

    def _watch_row(
        self, unit: UnitOfWork, symbol: Symbol, scores: Mapping[str, Decimal]
    ) -> WatchRow:
        context = self._context
        frame = context.timeframe
        count = max(1, _DAY // frame.delta) + 1
        bars = unit.candles.window(
            context.venue, symbol, frame, until=context.clock.now(), limit=count
        )
        if not len(bars):
            return WatchRow(symbol=symbol, score=scores.get(str(symbol)))
        is_a_day = bars.open_ms[-1] - bars.open_ms[0] == (count - 1) * frame.ms and count > 1
        change = bars.close[-1] / bars.close[0] - 1 if is_a_day else np.nan
        return WatchRow(
            symbol=symbol,
            price=Decimal(repr(bars.close[-1])),
            at=bars.candle(-1).closed_at(frame),
            day_change_fraction=Decimal(repr(float(change))) if np.isfinite(change) else None,
            score=scores.get(str(symbol)),
        )

    def _person(self, by: int, what: str) -> Person | None:
        person = people.find(self._context, by)
        if person is None:
            people.note_stranger(self._context, by, what)
        return person

    def _reader(self) -> AlertReader:
        return AlertReader(
            symbols=self._context.symbols,
            timeframe=self._context.timeframe,
            today=self._today,
        )

    @property
    def _today(self) -> date:
        return self._context.wall.now().date()

    def _begun(self, alert: Alert) -> Alert:
        """The alert as from now: what is so already is old."""
        facts = self._gatherer.present([alert])
        begun = fresh(alert, facts.seen(alert, newest_only=True), facts.now)
        if not alert.condition.is_event:
            return begun
        return replace(begun, known=tuple(event.id for event in facts.events(alert.condition)))

    def _put(self, alert: Alert) -> AlertOutcome:
        with self._context.units() as unit:
            known = unit.alerts.get(alert.id)
            if known is not None:
                return AlertOutcome(done=True, alert=known)
            mine = unit.alerts.of(alert.user_id)
            same = (alert.condition, alert.chat_id)
            twin = next((one for one in mine if (one.condition, one.chat_id) == same), None)
            if twin is not None:
                return AlertOutcome(done=False, reason="exists", word=twin.text, alert=twin)
            if len(mine) >= self._policy.most_per_person:
                return _refused("too_many", str(self._policy.most_per_person))
            unit.alerts.put(alert)
            tell_alert(unit, alert, "made", alert.created_at)
            audit(unit, f"person:{alert.user_id}", "alert_made", alert, alert.created_at)
            unit.commit()
        return AlertOutcome(done=True, alert=alert)

    def _changed(self, verb: str, before: Alert, edition: int) -> Alert | AlertOutcome:
        """The alert after a button, or why there is nothing to change."""
        is_open = before.state.is_open
        if verb == "resume":
            if before.state is AlertState.ACTIVE:
                return AlertOutcome(done=True, alert=before)
            until = None if before.is_over(self._context.wall.now()) else before.expires_on
            return self._begun(replace(before, state=AlertState.ACTIVE, expires_on=until))
        if not is_open:
            return AlertOutcome(done=verb == "delete", reason="ended", alert=before)
        if verb == "pause":
            return replace(before, state=AlertState.PAUSED)
        if verb == "delete":
            return replace(before, state=AlertState.DELETED)
        if before.edition != edition:
            return AlertOutcome(done=False, reason="changed", alert=before)
        condition = nudged(before.condition, 1 if verb == "up" else -1)
        if condition is None:
            return AlertOutcome(done=False, reason="line_out_of_range", alert=before)
        return self._begun(replace(before, condition=condition))

    def _replace(self, before: Alert, after: Alert, verb: str, by: int) -> AlertOutcome:
        if after == before:
            return AlertOutcome(done=True, alert=before)
        after = replace(after, edition=before.edition + 1)
        now = self._context.wall.now()
        with self._context.units() as unit:
            held = unit.alerts.get(before.id)
            if held is None or (held.edition, held.state) != (before.edition, before.state):
                return AlertOutcome(done=False, reason="changed", alert=held)
            reopens = after.state.is_open and not before.state.is_open
            if reopens and len(unit.alerts.of(after.user_id)) >= self._policy.most_per_person:
                return _refused("too_many", str(self._policy.most_per_person))
            # It may have fired since it was read; what it has told stays told.
            after = replace(after, fired=held.fired)
            unit.alerts.replace(held, after)
            audit(unit, f"person:{by}", f"alert_{verb}", after, now)
            unit.commit()
        return AlertOutcome(done=True, alert=after)

    def _views(self, alerts: Sequence[Alert]) -> tuple[AlertView, ...]:
        facts = self._gatherer.present(alerts)
        return tuple(self._view(alert, facts) for alert in alerts)

    def _view(self, alert: Alert, facts: Facts) -> AlertView:
        pause = cooldown(alert, self._policy.cooldown_s)
        looks = {key: seen.newest for key, seen in facts.seen(alert, newest_only=True).items()}
        named = [str(symbol) for symbol in facts.keys(alert.condition)]
        keys = dict.fromkeys((*looks, *(named if alert.condition.symbol else ())))
        readings = [
            self._reading(alert, key, looks.get(key), pause) for key in keys or {BOOK: None}
        ]
        # Of many markets those that may still come true, the nearest first.
        readings.sort(key=lambda one: (one.gap is None, not one.armed, one.gap or 0, one.key))
        return AlertView(
            alert=alert,
            readings=tuple(readings),
            cooldown_s=pause.total_seconds(),
            step=step_of(alert.condition),
            simulated=self._context.simulated,
        )

    def _reading(self, alert: Alert, key: str, look: Look | None, pause: timedelta) -> Reading:
        arm = alert.arm(key)
        silent_until = _later(arm.told_at, pause, self._context.wall.now())
        relation = alert.condition.relation
        if look is None or relation is None:
            return Reading(key=key, armed=arm.armed, silent_until=silent_until)
        gap = -look.excess(relation)
        if alert.condition.unit is Unit.PRICE and look.line:
            gap /= look.line
        return Reading(
            key=key,
            armed=arm.armed,
            at=look.at,
            value=look.value,
            line=look.line,
            gap=gap,
            back=look.line - relation.sign * look.band,
            silent_until=silent_until,
        )


def _later(told_at: datetime | None, pause: timedelta, now: datetime) -> datetime | None:
    if told_at is None or told_at + pause <= now:
        return None
    return told_at + pause


def _refused(reason: str, word: str = "") -> AlertOutcome:
    return AlertOutcome(done=False, reason=reason, word=word)
