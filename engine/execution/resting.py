"""What a closed bar has to know of a resting order: since when it rests, and where its stop stood.

A bar's low has no time: it may lie before the order was made, or before its stop was raised. So a
bar meets an order as that order stood when the bar opened; quotes and later bars meet it as it is.

amend → ``remember_stop`` → ``Resting.stop_at`` a bar's opening; an order made in the place of one
that a bar ended → ``remember_since`` that bar's close → ``Resting.rests_at``; end → ``forget``.
Both are a note beside the order.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from engine.domain.desk import Json
from engine.domain.ids import IntentId
from engine.domain.orders import OrderIntent
from engine.domain.values import from_ms, to_ms
from engine.ports import UnitOfWork

_MOST = 32


@dataclass(frozen=True, slots=True)
class FormerStop:
    """A stop price, and until when it was in force."""

    until: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class Resting:
    """A resting order through the time it has rested; ``former`` stops are oldest first."""

    intent: OrderIntent
    since: datetime
    former: tuple[FormerStop, ...]

    def rests_at(self, opened_at: datetime, doubt: timedelta) -> bool:
        """Whether it rested when a bar opened, or within the time of ``doubt`` after that."""
        return self.since <= opened_at + doubt

    def stop_at(self, opened_at: datetime, doubt: timedelta) -> Decimal | None:
        """The stop that a bar meets which opened then."""
        known = (one.price for one in self.former if one.until > opened_at + doubt)
        return next(known, self.intent.stop_price)


def resting(unit: UnitOfWork, intent: OrderIntent) -> Resting:
    """An order with what is noted beside it."""
    since_ms, stops = _noted(unit, intent.id)
    since = intent.created_at if since_ms is None else from_ms(since_ms)
    return Resting(intent, since, stops)


def remember_stop(unit: UnitOfWork, intent: OrderIntent, at: datetime) -> None:
    """Note that the stop of ``intent`` was in force until ``at``.

    Of very many moves the oldest are taken together at the lower of their prices: what is no longer
    known for certain must not sell.
    """
    if intent.stop_price is None:
        return
    since_ms, former = _noted(unit, intent.id)
    stops = [*former, FormerStop(at, intent.stop_price)]
    while len(stops) > _MOST:
        first, second, *rest = stops
        stops = [FormerStop(second.until, min(first.price, second.price)), *rest]
    _note(unit, intent.id, since_ms, tuple(stops))


def remember_since(unit: UnitOfWork, order_id: IntentId, since: datetime) -> None:
    """Note that an order stands for one that a bar ended, and rests since that bar's close."""
    _, former = _noted(unit, order_id)
    _note(unit, order_id, to_ms(since), former)


def forget(unit: UnitOfWork, order_id: IntentId) -> None:
    """The order has ended."""
    unit.desk.drop_notes([_key(order_id)])


def _key(order_id: IntentId) -> str:
    return f"resting:{order_id}"


def _noted(unit: UnitOfWork, order_id: IntentId) -> tuple[int | None, tuple[FormerStop, ...]]:
    noted = unit.desk.note(_key(order_id))
    if not isinstance(noted, dict):
        return None, ()
    since_ms, rows = noted["since"], noted["stops"]
    assert isinstance(rows, list)  # it was written below
    return since_ms if isinstance(since_ms, int) else None, tuple(map(_read, rows))


def _note(
    unit: UnitOfWork, order_id: IntentId, since_ms: int | None, stops: tuple[FormerStop, ...]
) -> None:
    rows: list[Json] = [[to_ms(one.until), str(one.price)] for one in stops]
    unit.desk.put_note(_key(order_id), {"since": since_ms, "stops": rows})


def _read(row: Json) -> FormerStop:
    assert isinstance(row, list)  # it was written above
    until_ms, price = row
    return FormerStop(from_ms(int(str(until_ms))), Decimal(str(price)))
