"""Moments as a person writes them: "2024-03-01 14:00", "14:00", "yesterday 9:30", "1.3.2024".

They are read in the owner's zone, or in UTC where a clock says so. A day without a time is its
end, because a day is explained by how it closed; a date without a year is its last occurrence.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_TODAY = frozenset({"today", "heute", "hoy"})
_YESTERDAY = frozenset({"yesterday", "gestern", "ayer"})
_BEFORE = frozenset({"vorgestern", "anteayer"})
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = timedelta(days=1)


def moment(words: Sequence[str], *, zone_name: str, now: datetime) -> datetime | None:
    """The moment that words name, in UTC; ``None`` for anything else. ``now`` is the market's.

    A time without a day is its last occurrence.
    """
    parts = _parts(words)
    if parts[1:] and parts[-1] == "utc" and _CLOCK.fullmatch(parts[-2]):
        zone_name = parts.pop().upper()
    zone = ZoneInfo(zone_name)
    here = now.astimezone(zone)
    match parts:
        case [clock] if _CLOCK.fullmatch(clock):
            at = _at(here.date(), clock, zone)
            return at if at <= now else _at(here.date() - _DAY, clock, zone)
        case [day]:
            found = _day(day, here.date())
            return None if found is None else _end_of(found, here, zone)
        case [day, clock] if _CLOCK.fullmatch(clock):
            found = _day(day, here.date())
            return None if found is None else _at(found, clock, zone)
    return None


def _parts(words: Sequence[str]) -> list[str]:
    """Words in lower case; "2024-03-01T14:00" is one word of two parts."""
    parts = [word.lower() for word in words]
    if len(parts) == 1 and _ISO.match(parts[0]):
        return parts[0].split("t")
    return parts


def _end_of(day: date, here: datetime, zone: ZoneInfo) -> datetime:
    """The end of a day; of today, as far as it has come."""
    end = _at(day + _DAY, "00:00", zone)
    return min(end, here.astimezone(UTC)) if day == here.date() else end


def _day(text: str, today: date) -> date | None:
    if text in _TODAY:
        return today
    if text in _YESTERDAY:
        return today - _DAY
    if text in _BEFORE:
        return today - 2 * _DAY
    iso, dotted = _ISO.fullmatch(text), _DOTTED.fullmatch(text)
    match = iso or dotted
    if match is None:
        return None
    year, month, day = match.groups() if iso else match.groups()[::-1]
    if year is None:
        return _newest(int(month), int(day), today)
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    # Calendars end, and adding a day to the last one would fail.
    return found if date.min < found < date.max else None


def _newest(month: int, day: int, today: date) -> date | None:
    """The last day of this name up to today; leap days are asked for with their year."""
    try:
        found = date(today.year, month, day)
        return found if found <= today else found.replace(year=today.year - 1)
    except ValueError:
        return None


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
