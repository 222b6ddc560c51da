"""Small guards that domain values use on themselves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.domain.errors import InvalidValueError


def require(ok: bool, what: str, expected: str, actual: object) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise ``InvalidValueError`` unless ``ok``."""
    if not ok:
        raise InvalidValueError(what, expected, actual)


def require_utc(what: str, moment: datetime) -> None:
    """Refuse naive times and times that are not UTC."""
    require(moment.tzinfo is not None and moment.utcoffset() == timedelta(0), what, "UTC", moment)


def require_positive(what: str, value: Decimal) -> None:
    """Refuse zero, negatives, NaN and infinities."""
    require(value.is_finite() and value > 0, what, "> 0", value)


def require_not_negative(what: str, value: Decimal) -> None:
    """Refuse negatives, NaN and infinities."""
    require(value.is_finite() and value >= 0, what, ">= 0", value)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, exactly."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000 + delta.microseconds // 1_000


def from_ms(ms: int) -> datetime:
    """The UTC moment of milliseconds since 1970-01-01."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
