"""Lines that a chart offers: near prices, the range of the last bars, the bands."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from engine.desk.alerts.columns import ColumnsOf
from engine.desk.alerts.nudge import rounded
from engine.desk.alerts.views import Level, LevelsView
from engine.domain.alert_measures import Condition, Measure, Measured, Relation
from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol

RANGE_BARS = 20
_NEAR = (Decimal("0.02"), Decimal("0.05"))


def levels_of(symbol: Symbol, columns: ColumnsOf, price: Decimal | None) -> LevelsView:
    """What can be tapped; lines that make no sense at this price are left out."""
    bars = columns.bars
    now = price if price is not None else Decimal(repr(float(bars.close[-1])))
    return LevelsView(
        symbol=symbol,
        timeframe=bars.timeframe,
        price=now,
        levels=(*_near(symbol, now), *_range(symbol, columns, now), *_bands(symbol, columns)),
    )


def _near(symbol: Symbol, price: Decimal) -> Iterator[Level]:
    for share in _NEAR:
        for sign, name in ((1, "up"), (-1, "down")):
            level = _level(symbol, f"{name}{share * 100:.0f}", price * (1 + sign * share), price)
            if level is not None:
                yield level


def _range(symbol: Symbol, columns: ColumnsOf, price: Decimal) -> Iterator[Level]:
    bars = columns.bars
    high, low = bars.high[-RANGE_BARS:].max(), bars.low[-RANGE_BARS:].min()
    for name, line in (("high", high), ("low", low)):
        level = _level(symbol, name, Decimal(repr(float(line))), price)
        if level is not None:
            yield level


def _level(symbol: Symbol, name: str, line: Decimal, price: Decimal) -> Level | None:
    """A line above the price is waited for from below, and the other way round."""
    line = rounded(line)
    relation = Relation.ABOVE if line > price else Relation.BELOW
    try:
        measure = Measure(name=Measured.PRICE, symbol=symbol)
        condition = Condition(measure=measure, relation=relation, line=line)
    except InvalidValueError:
        return None
    return Level(name=name, condition=condition, line=line)


def _bands(symbol: Symbol, columns: ColumnsOf) -> Iterator[Level]:
    frame = columns.bars.timeframe
    close = Measure(name=Measured.CLOSE, symbol=symbol, timeframe=frame)
    for name, relation in (
        (Measured.BB_UPPER, Relation.ABOVE),
        (Measured.BB_LOWER, Relation.BELOW),
    ):
        band = Measure(name=name, symbol=symbol, timeframe=frame)
        value = columns.of(band)[-1]
        if np.isfinite(value):
            condition = Condition(measure=close, relation=relation, other=band)
            yield Level(name=str(name), condition=condition, line=Decimal(repr(float(value))))
