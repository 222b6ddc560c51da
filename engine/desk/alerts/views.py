"""Answers about alerts, without words: frozen, read by the renderers."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.domain.alert_measures import Condition
from engine.domain.alerts import Alert, Firing
from engine.domain.market import Symbol, Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where an alert stands on one market; values are ``None`` while there is none.

    ``gap`` is how far the value is from the line: a fraction of it for prices, else a difference in
    the unit of the condition; negative where the line is passed. ``back`` is where a value must go
    before the alert tells again.
    """

    key: str
    armed: bool
    at: datetime | None = None
    value: Decimal | None = None
    line: Decimal | None = None
    gap: Decimal | None = None
    back: Decimal | None = None
    silent_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert and its readings, nearest first; ``cooldown_s`` is the one that holds.

    ``step`` is by how much a button moves the line, ``None`` where it cannot be moved.
    """

    alert: Alert
    readings: tuple[Reading, ...]
    cooldown_s: float
    step: Decimal | None
    simulated: bool = False

    @property
    def nearest(self) -> Reading | None:
        """The market that is nearest to its line."""
        return self.readings[0] if self.readings else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsView:
    """One page of a person's alerts; ``page`` counts from 0."""

    rows: tuple[AlertView, ...]
    page: int
    pages: int
    count: int
    first_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredView:
    """One time an alert came true, and the alert as it is now."""

    firing: Firing
    view: AlertView


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A line that a chart offers; ``name`` is that of its text."""

    name: str
    condition: Condition
    line: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelsView:
    """What a chart offers lines at. ``price`` is the present one, or the last close."""

    symbol: Symbol
    timeframe: Timeframe
    price: Decimal
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOutcome:
    """Answer to a wish, or to a button; ``reason`` names a refusal, ``word`` what it is about."""

    done: bool
    reason: str = ""
    word: str = ""
    alert: Alert | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRow:
    """A watched market at its last close; what is not known is ``None``."""

    symbol: Symbol
    price: Decimal | None = None
    at: datetime | None = None
    day_change_fraction: Decimal | None = None
    score: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchView:
    """What a person watches, in the order of adding."""

    rows: tuple[WatchRow, ...] = field(default=())
    timeframe: Timeframe = Timeframe.H1
