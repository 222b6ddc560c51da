"""Bars on a line, and times a person can read under them.

Positions are proportional to time, so a missing bar leaves a hole, as it should. Only a gap
longer than a seventh of the picture is shortened, else a month of maintenance would squeeze the
candles beside it into a few pixels.

Ticks stand on round wall-clock times of the owner's zone (midnight, 06:00, the first of a month),
which a zone with daylight saving time does not space evenly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bot.charts.views import Floats, Times
from bot.charts.words import Words

MINUTE_MS = 60_000
DAY_MS = 86_400_000
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_DAYS = (1, 2, 4, 7, 14)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240)
_MONTH_MS = 30.4 * DAY_MS
_HOURS_MATTER_BELOW_MS = 60 * DAY_MS
_LONGEST_GAP_SHARE = 1 / 7
_SHORTEST_CUT_BARS = 6.0
_A_BAR_IS_MISSING = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label under the axis; `strong` marks the start of a day, month or year."""

    time_ms: int
    label: str
    strong: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeAxis:
    """Where each bar stands, in bars from the first one; `holes` are stretches without bars."""

    time_ms: Times
    position: Floats
    holes: tuple[tuple[float, float], ...]

    def at(self, time_ms: int) -> float:
        """Return the position of a time between the first and the last bar."""
        return float(np.interp(time_ms, self.time_ms, self.position))


def place(time_ms: Times) -> TimeAxis:
    """Return the axis of bars that opened at `time_ms`."""
    steps = np.diff(time_ms).astype(np.float64)
    if len(steps) == 0:
        return TimeAxis(time_ms=time_ms, position=np.zeros(1), holes=())
    bars = steps / np.median(steps)
    longest = max(_SHORTEST_CUT_BARS, len(bars) * _LONGEST_GAP_SHARE)
    position = np.concatenate(([0.0], np.cumsum(np.minimum(bars, longest))))
    missing = np.flatnonzero(bars > _A_BAR_IS_MISSING)
    holes = tuple((float(position[k]) + 0.5, float(position[k + 1]) - 0.5) for k in missing)
    return TimeAxis(time_ms=time_ms, position=position, holes=holes)


def ticks(first_ms: int, last_ms: int, *, zone: ZoneInfo, count: int, words: Words) -> list[Tick]:
    """Return at most about `count` round local times from `first_ms` to `last_ms`, in order."""
    least_ms = max(1, last_ms - first_ms) / count
    minutes = next((m for m in _MINUTES if m * MINUTE_MS >= least_ms), None)
    days = next((d for d in _DAYS if d * DAY_MS >= least_ms), None)
    months = next((m for m in _MONTHS if m * _MONTH_MS >= least_ms), _MONTHS[-1])
    first = datetime.fromtimestamp(first_ms / 1000, zone)
    if minutes is not None:
        walls = _clock_times(first, minutes)
    elif days is not None:
        walls = _dates(first, days)
    else:
        walls = _firsts_of_months(first, months)
    return list(_between(first_ms, last_ms, walls, zone, words))


def span_text(first_ms: int, last_ms: int, *, zone: ZoneInfo, words: Words) -> str:
    """Return the stretch shown in words: "12 Nov 08:00 – 16 Nov 2026 07:00"."""
    first, last = (datetime.fromtimestamp(ms / 1000, zone) for ms in (first_ms, last_ms))
    start = words.day_of(first) + ("" if first.year == last.year else f" {first.year}")
    end = f"{words.day_of(last)} {last.year}"
    if first_ms == last_ms:
        return f"{end} {last:%H:%M}"
    if last_ms - first_ms >= _HOURS_MATTER_BELOW_MS:
        return f"{start} – {end}"
    if first.date() == last.date():
        return f"{end} {first:%H:%M} – {last:%H:%M}"
    return f"{start} {first:%H:%M} – {end} {last:%H:%M}"


def offset_text(time_ms: int, zone: ZoneInfo) -> str:
    """Return the zone's distance to UTC at that time: "UTC+2", "UTC+5:30", "UTC"."""
    offset = datetime.fromtimestamp(time_ms / 1000, zone).utcoffset() or timedelta(0)
    hours, minutes = divmod(abs(int(offset.total_seconds())) // 60, 60)
    if not offset:
        return "UTC"
    sign = "+" if offset > timedelta(0) else "−"
    return f"UTC{sign}{hours}" + (f":{minutes:02d}" if minutes else "")


def zone_text(time_ms: int, zone: ZoneInfo) -> str:
    """Return the zone and its distance to UTC at that time: "Europe/Berlin (UTC+1)"."""
    offset = offset_text(time_ms, zone)
    return zone.key if zone.key == offset else f"{zone.key} ({offset})"


def _clock_times(first: datetime, minutes: int) -> Iterator[datetime]:
    wall = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - wall clock, zone follows
    while True:
        yield wall
        wall += timedelta(minutes=minutes)


def _dates(first: datetime, days: int) -> Iterator[datetime]:
    # Counted from a fixed Monday, so that two pictures an hour apart show the same dates.
    start = first.toordinal() - (first.toordinal() - 1) % days
    while True:
        day = date.fromordinal(start)
        yield datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall clock, zone follows
        start += days


def _firsts_of_months(first: datetime, months: int) -> Iterator[datetime]:
    index = first.year * 12 + first.month - 1
    index -= index % months
    while True:
        yield datetime(index // 12, index % 12 + 1, 1)  # noqa: DTZ001 - wall clock, zone follows
        index += months


def _between(
    first_ms: int, last_ms: int, walls: Iterator[datetime], zone: ZoneInfo, words: Words
) -> Iterator[Tick]:
    previous_ms = first_ms - 1
    for wall in walls:
        time_ms = int(wall.replace(tzinfo=zone).astimezone(UTC).timestamp() * 1000)
        if time_ms > last_ms:
            return
        # An hour that daylight saving time skips maps onto its neighbour: one of them is enough.
        if time_ms > previous_ms:
            previous_ms = time_ms
            yield _tick(time_ms, datetime.fromtimestamp(time_ms / 1000, zone), words)


def _tick(time_ms: int, local: datetime, words: Words) -> Tick:
    if local.hour or local.minute:
        return Tick(time_ms=time_ms, label=f"{local:%H:%M}", strong=False)
    if local.day == 1 and local.month == 1:
        return Tick(time_ms=time_ms, label=str(local.year), strong=True)
    return Tick(time_ms=time_ms, label=words.day_of(local), strong=True)
