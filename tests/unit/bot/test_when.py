"""Moments as people write them, in their own zone."""

from datetime import UTC, datetime

import pytest

from bot.handlers.when import moment

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
"""A Monday, 13:30 in Berlin."""


def read(text: str, zone_name: str = "Europe/Berlin") -> datetime | None:
    return moment(text.split(), zone_name=zone_name, now=NOW)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-03-01 14:00", datetime(2024, 3, 1, 13, 0, tzinfo=UTC)),
        ("2024-03-01T14:00", datetime(2024, 3, 1, 13, 0, tzinfo=UTC)),
        ("2024-3-1 9:05", datetime(2024, 3, 1, 8, 5, tzinfo=UTC)),
        ("1.3.2024 14:00", datetime(2024, 3, 1, 13, 0, tzinfo=UTC)),
        ("2024-07-01 14:00", datetime(2024, 7, 1, 12, 0, tzinfo=UTC)),
        ("yesterday 14:00", datetime(2026, 3, 1, 13, 0, tzinfo=UTC)),
        ("Gestern 14:00", datetime(2026, 3, 1, 13, 0, tzinfo=UTC)),
        ("vorgestern 14:00", datetime(2026, 2, 28, 13, 0, tzinfo=UTC)),
        ("anteayer", datetime(2026, 2, 28, 23, 0, tzinfo=UTC)),
        ("ayer 9:00", datetime(2026, 3, 1, 8, 0, tzinfo=UTC)),
        ("today 09:00", datetime(2026, 3, 2, 8, 0, tzinfo=UTC)),
        ("10:00", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        # 14:00 is still to come today.
        ("14:00", datetime(2026, 3, 1, 13, 0, tzinfo=UTC)),
        # A day is its end: midnight in Berlin.
        ("2024-03-01", datetime(2024, 3, 1, 23, 0, tzinfo=UTC)),
        ("yesterday", datetime(2026, 3, 1, 23, 0, tzinfo=UTC)),
        ("today", NOW),
        # A date without a year is its last occurrence.
        ("1.3. 14:00", datetime(2026, 3, 1, 13, 0, tzinfo=UTC)),
        ("3.3. 14:00", datetime(2025, 3, 3, 13, 0, tzinfo=UTC)),
        ("2024-03-01 14:00 UTC", datetime(2024, 3, 1, 14, 0, tzinfo=UTC)),
        ("9:00 utc", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        # Tomorrow is read, so that it can be said that it has not come.
        ("2026-03-03 10:00", datetime(2026, 3, 3, 9, 0, tzinfo=UTC)),
        ("2031-01-01", datetime(2031, 1, 1, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_the_owners_zone(text: str, at: datetime) -> None:
    assert read(text) == at


def test_a_clock_that_has_struck_in_another_zone_is_today_there() -> None:
    assert read("21:00", "Asia/Tokyo") == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "25:00",
        "2024-02-30",
        "2024-13-01 10:00",
        "yesterday noon",
        "14:00 yesterday",
        "2024-03-01 14:00 CET",
        "yesterday UTC",
        "UTC",
        "30.2.",
        "9999-12-31",
        "0001-01-01",
        "٣:٠٠",
        "<b>",
    ],
)
def test_anything_else_is_no_moment(text: str) -> None:
    assert read(text) is None


def test_a_time_that_a_zone_skips_is_still_a_time() -> None:
    # 2025-03-30 02:30 does not exist in Berlin.
    assert read("2025-03-30 02:30") == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
