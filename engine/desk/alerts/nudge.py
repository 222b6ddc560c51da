"""Moving a line by a button: by how much, and where it lies then."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from engine.domain.alert_measures import Condition, Unit
from engine.domain.errors import InvalidValueError

_DIGITS = 6
_PERCENT = Decimal("0.01")
_FINE_BELOW = Decimal("0.02")
_STEPS = {Unit.POINTS: Decimal(1), Unit.TIMES: Decimal("0.5")}


def step_of(condition: Condition) -> Decimal | None:
    """The step: a fraction of the line for prices and ranges, else a difference in its unit.

    A share below 2 % moves by a tenth of a percentage point.
    """
    line = condition.line
    if line is None:
        return None
    if condition.unit in (Unit.PRICE, Unit.QUOTE):
        return _PERCENT if line else None
    if condition.unit is Unit.SHARE:
        return _PERCENT if abs(line) >= _FINE_BELOW else _PERCENT / 10
    return _STEPS[condition.unit]


def nudged(condition: Condition, sign: int) -> Condition | None:
    """The condition with its line one step up or down; ``None`` where there is no such line."""
    line, step = condition.line, step_of(condition)
    if line is None or step is None:
        return None
    by = abs(line) * step if condition.unit in (Unit.PRICE, Unit.QUOTE) else step
    try:
        return replace(condition, line=rounded(line + sign * by))
    except InvalidValueError:
        return None


def rounded(value: Decimal) -> Decimal:
    """Six digits that matter, and all before the point."""
    if not value:
        return Decimal(0)
    places = max(0, _DIGITS - 1 - value.adjusted())
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN).normalize()
