"""Round local times under the bars; expected labels are read off a calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.charts import timeaxis
from bot.charts.views import LATEST_MS
from bot.charts.words import ENGLISH

HOUR_MS = 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def labels(first_ms: int, last_ms: int, zone: ZoneInfo, count: int = 6) -> list[str]:
    found = timeaxis.ticks(first_ms, last_ms, zone=zone, count=count, words=ENGLISH)
    return [tick.label for tick in found]


def test_midnights_are_those_of_the_zone_and_stand_out() -> None:
    first, last = ms(2026, 6, 5, 7), ms(2026, 6, 8, 18)
    found = timeaxis.ticks(first, last, zone=BERLIN, count=5, words=ENGLISH)
    assert [(tick.label, tick.strong) for tick in found] == [
        ("6 Jun", True),
        ("7 Jun", True),
        ("8 Jun", True),
    ]
    # Berlin is two hours ahead of UTC in June.
    assert found[0].time_ms == ms(2026, 6, 5, 22)


def test_hours_are_round_on_the_wall_clock() -> None:
    assert labels(ms(2026, 1, 1, 20), ms(2026, 1, 2, 8), UTC_ZONE) == [
        "20:00",
        "22:00",
        "2 Jan",
        "02:00",
        "04:00",
        "06:00",
        "08:00",
    ]


def test_long_stretches_show_months_and_the_year_where_it_turns() -> None:
    assert labels(ms(2025, 9, 10), ms(2026, 3, 5), UTC_ZONE) == [
        "1 Oct",
        "1 Nov",
        "1 Dec",
        "2026",
        "1 Feb",
        "1 Mar",
    ]


def test_an_hour_that_summer_time_skips_is_labelled_as_the_clock_shows_it() -> None:
    # 2026-03-29 in Berlin: 01:59 is followed by 03:00.
    found = labels(ms(2026, 3, 28, 23), ms(2026, 3, 29, 3), BERLIN, count=4)
    assert found == ["29 Mar", "01:00", "03:00", "04:00", "05:00"]


@settings(max_examples=60)
@given(
    first=st.integers(0, LATEST_MS // 2),
    span=st.integers(0, LATEST_MS // 2),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo"]),
)
def test_ticks_are_few_ordered_and_inside_for_every_stretch(
    first: int, span: int, zone: str
) -> None:
    found = timeaxis.ticks(first, first + span, zone=ZoneInfo(zone), count=6, words=ENGLISH)
    times = [tick.time_ms for tick in found]
    assert times == sorted(set(times))
    assert len(times) <= 9
    assert all(first <= time <= first + span for time in times)


def test_the_stretch_is_told_with_hours_only_where_they_matter() -> None:
    def told(first: int, last: int) -> str:
        return timeaxis.span_text(first, last, zone=UTC_ZONE, words=ENGLISH)

    assert told(ms(2026, 1, 1, 8), ms(2026, 1, 1, 20)) == "1 Jan 2026 08:00 – 20:00"
    assert told(ms(2025, 12, 31), ms(2026, 1, 2)) == "31 Dec 2025 00:00 – 2 Jan 2026 00:00"
    assert told(ms(2025, 1, 1), ms(2025, 12, 1)) == "1 Jan – 1 Dec 2025"
    assert told(ms(2025, 1, 1, 5), ms(2025, 1, 1, 5)) == "1 Jan 2025 05:00"


def test_offsets_to_utc_are_written_with_minutes_where_they_have_some() -> None:
    winter = ms(2026, 1, 1)
    offsets = {
        "UTC": "UTC",
        "Europe/Berlin": "UTC+1",
        "Asia/Kathmandu": "UTC+5:45",
        "America/St_Johns": "UTC−3:30",
    }
    for zone, text in offsets.items():
        assert timeaxis.offset_text(winter, ZoneInfo(zone)) == text


def test_a_missing_bar_leaves_a_hole_of_its_width() -> None:
    axis = timeaxis.place(HOUR_MS * np.array([0, 1, 2, 4, 5], dtype=np.int64))
    assert axis.position.tolist() == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert axis.holes == ((2.5, 3.5),)
    assert axis.at(3 * HOUR_MS) == 3.0


def test_a_very_long_gap_is_shortened() -> None:
    hours = np.concatenate((np.arange(70), 10_000 + np.arange(70)))
    axis = timeaxis.place(HOUR_MS * hours.astype(np.int64))
    # 139 steps; a seventh of them is 19.9 bars.
    assert axis.position[70] - axis.position[69] == pytest.approx(139 / 7)
