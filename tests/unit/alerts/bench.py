"""A bench whose alerts are looked at by hand: prices are polled and bars are stored by the test."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.desk.alerts.policy import AlertPolicy
from engine.desk.alerts.views import AlertOutcome, AlertView
from engine.domain.alerts import Alert, Firing
from engine.domain.market import CandleSeries, Symbol
from engine.ports import Units
from tests.fakes.desk_builder import BTC, H1, OWNER, START, VENUE, Bench, bar, build

CALM = AlertPolicy(cooldown_s=0)
"""No cooldown: what a test counts are crossings."""


@dataclass(slots=True)
class Alerts:
    """The alerts of a bench."""

    bench: Bench
    requests: int = 0

    def set(
        self, text: str, by: int = OWNER.user_id, *, chat_id: int | None = None
    ) -> AlertOutcome:
        """Say it; every call is another request."""
        self.requests += 1
        return self.bench.assembled.desk.alerts.create(
            text, by, chat_id=by if chat_id is None else chat_id, request_id=f"r{self.requests}"
        )

    def made(self, text: str) -> Alert:
        """Say it, and have it."""
        outcome = self.set(text)
        assert outcome.alert is not None, outcome
        return outcome.alert

    def change(self, verb: str, alert: Alert, by: int = OWNER.user_id) -> AlertOutcome:
        """Press a button of an alert as it stands."""
        edition = self.now(alert).edition
        return self.bench.assembled.desk.alerts.change(verb, alert.id, by, edition=edition)

    def now(self, alert: Alert) -> Alert:
        """An alert as it is stored."""
        with self.bench.units(read_only=True) as unit:
            found = unit.alerts.get(alert.id)
        assert found is not None
        return found

    def view(self, alert: Alert) -> AlertView:
        """An alert as it is shown."""
        found = self.bench.assembled.desk.alerts.view(alert.id)
        assert found is not None
        return found

    def look(self) -> str:
        """Look once at what was heard and stored."""
        return self.bench.assembled.alert_watcher.look()

    def price(self, price: str, symbol: Symbol = BTC) -> int:
        """A minute later the price is this, and is polled and looked at; how many were told."""
        self.bench.advance(minutes=1)
        self.bench.market.set_price(symbol, price)
        before = len(self.messages())
        self.look()  # whatever is followed from now on
        self.bench.assembled.prices.poll()
        self.look()
        return len(self.messages()) - before

    def bar(self, prices: str, symbol: Symbol = BTC, volume: float = 1e6) -> int:
        """The hour ends, its bar is stored and looked at; how many were told."""
        now = self.bench.clock.now()
        opened_at = H1.floor(now)
        closed_at = opened_at + timedelta(hours=1)
        self.bench.clock.advance(seconds=(closed_at - now).total_seconds())
        self.bench.wall.advance(seconds=(closed_at - now).total_seconds())
        self.store(opened_at, prices, symbol, volume)
        return _told(self.look())

    def store(
        self, opened_at: datetime, prices: str, symbol: Symbol = BTC, volume: float = 1e6
    ) -> None:
        """A bar comes into the store."""
        series = CandleSeries.of([bar(opened_at, prices, volume)])
        with self.bench.units() as unit:
            unit.candles.add(VENUE, symbol, H1, series)
            unit.commit()

    def firings(self, alert: Alert) -> list[Firing]:
        """Everything it has told, oldest first."""
        with self.bench.units(read_only=True) as unit:
            found = [
                unit.alerts.firing(alert.id, number)
                for number in range(1, self.now(alert).fired + 1)
            ]
        return [one for one in found if one is not None]

    def messages(self) -> list[tuple[object, object]]:
        """What waits to be told about firings: alert and number."""
        told = self.bench.outbox("alert")
        return [(m.payload["alert_id"], m.payload["number"]) for m in told]


def _told(report: str) -> int:
    return int(report.split(", ")[1].split(maxsplit=1)[0])


def alerts_on(units: Units, policy: AlertPolicy = CALM, **world: object) -> Alerts:
    """A bench with these settings of alerts; ``world`` as for ``build``."""
    bench = build(units, **world)  # type: ignore[arg-type]  # build's names
    return Alerts(bench.restart(alerts=policy))


__all__ = ["CALM", "START", "Alerts", "alerts_on"]
