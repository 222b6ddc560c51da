import math

import pytest

from engine.market.firewall import Inspected, inspect
from engine.market.policy import MarketPolicy
from tests.unit.market.candles import FEED, HOUR_MS, START_MS, at, row, rows

NOON = at(12)


def look(*given: object, previous_close: float | None = None, hours: float = 12) -> Inspected:
    return inspect(
        given, feed=FEED, now=at(hours), policy=MarketPolicy(), previous_close=previous_close
    )


def only_reason(inspected: Inspected) -> str:
    (quarantined,) = inspected.quarantined
    return quarantined.reason


def test_good_rows_pass_unchanged() -> None:
    inspected = look(*rows(3))
    assert list(inspected.clean.open_ms) == [START_MS, START_MS + HOUR_MS, START_MS + 2 * HOUR_MS]
    assert inspected.clean.candle(1).high == pytest.approx(101.0)
    assert inspected.quarantined == ()


def test_an_empty_answer_is_no_candles() -> None:
    assert len(look().clean) == 0


def test_html_read_as_rows_of_characters_is_quarantined_row_by_row() -> None:
    page = "<html>502 Bad Gateway</html>"
    inspected = inspect(page, feed=FEED, now=NOON, policy=MarketPolicy())
    assert len(inspected.quarantined) == len(page)
    assert inspected.quarantined[0].reason == "not a row of numbers but str"
    assert inspected.quarantined[0].row == "'<'"
    assert inspected.quarantined[0].open_ms is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "not a row of numbers but NoneType"),
        ({"open": 1}, "not a row of numbers but dict"),
        ([1, 2, 3], "3 cells instead of 6"),
        (row(0, ms="2024"), "open time is not a whole number of milliseconds"),
        (row(0, ms=math.nan), "open time is not a whole number of milliseconds"),
        (row(0, ms=START_MS + 0.5), "open time is not a whole number of milliseconds"),
        (row(0, ms=True), "open time is not a whole number of milliseconds"),
        (row(0, close="100"), "close is not a number but str"),
        (row(0, volume=None), "volume is not a number but NoneType"),
    ],
)
def test_what_is_not_six_numbers_is_quarantined(bad: object, reason: str) -> None:
    assert only_reason(look(bad)) == reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(0, close=math.nan), "not finite"),
        (row(0, high=math.inf), "not finite"),
        (row(0, volume=10**400), "not finite"),
        (row(0, low=-1.0), "price not positive"),
        (row(0, low=0.0), "price not positive"),
        (row(0, low=100.5), "low 100.5 is above"),
        (row(0, high=99.5), "high 99.5 is below"),
        (row(0, volume=-1.0), "volume -1.0 is negative"),
        (row(0, ms=START_MS + 1), "not a multiple of 1h"),
        (row(0, ms=1_700_000_000), "in milliseconds?"),
        (row(20), "opens in the future"),
    ],
)
def test_an_impossible_bar_is_quarantined_with_its_numbers(bad: object, reason: str) -> None:
    inspected = look(bad)
    assert reason in only_reason(inspected)
    assert len(inspected.clean) == 0


def test_limits_of_the_bar_itself_are_allowed() -> None:
    flat = row(0, high=100.0, low=100.0, volume=0.0)
    assert len(look(flat).clean) == 1


def test_a_quarantined_row_says_where_it_came_from() -> None:
    (kept,) = look(row(0, low=-1.0)).quarantined
    assert (kept.venue, kept.symbol, kept.timeframe) == ("test", "BTC/USDT", "1h")
    assert (kept.open_ms, kept.seen_at) == (START_MS, NOON)
    assert kept.row == f"[{START_MS}, 100.0, 101.0, -1.0, 100.0, 5.0]"


def test_the_forming_bar_is_dropped_and_not_quarantined() -> None:
    inspected = look(*rows(4), hours=3.5)
    assert (len(inspected.clean), inspected.forming, inspected.quarantined) == (3, 1, ())


def test_a_bar_is_closed_at_the_very_instant_of_its_end() -> None:
    assert len(look(row(0), hours=1).clean) == 1
    assert len(look(row(0), hours=1 - 1e-6).clean) == 0


def test_a_venue_clock_slightly_ahead_of_ours_is_no_fault() -> None:
    inspected = look(row(1), hours=1 - 5 / 3600)
    assert (inspected.forming, inspected.quarantined) == (1, ())


def test_rows_are_sorted() -> None:
    first, second, third = rows(3)
    assert list(look(third, first, second).clean.open_ms) == [
        START_MS,
        START_MS + HOUR_MS,
        START_MS + 2 * HOUR_MS,
    ]


def test_an_equal_duplicate_is_dropped_silently() -> None:
    inspected = look(row(0), row(1), row(1))
    assert (len(inspected.clean), inspected.duplicates, inspected.quarantined) == (2, 1, ())


def test_of_contradicting_duplicates_neither_is_believed() -> None:
    inspected = look(row(0), row(1), row(1, close=100.5), row(1), row(2))
    assert list(inspected.clean.open_ms) == [START_MS, START_MS + 2 * HOUR_MS]
    assert (len(inspected.quarantined), inspected.duplicates) == (2, 1)
    assert "2 different bars" in inspected.quarantined[0].reason


def test_a_jump_at_the_end_is_quarantined() -> None:
    inspected = look(row(0), row(1), row(2, 301.0))
    assert "jump beyond 3 times" in only_reason(inspected)
    assert len(inspected.clean) == 2


def test_a_jump_of_exactly_the_multiple_is_inside() -> None:
    edge = row(1, open=100.0, high=300.0, low=100.0, close=300.0)
    assert look(row(0), edge).quarantined == ()


def test_a_fall_counts_as_a_jump_like_a_rise() -> None:
    assert "jump" in only_reason(look(row(0), row(1, 30.0)))


def test_a_jump_is_believed_when_the_next_bar_opens_on_the_new_level() -> None:
    inspected = look(row(0), row(1), row(2, 500.0), row(3, 505.0))
    assert (len(inspected.clean), inspected.quarantined) == (4, ())


def test_a_spike_that_the_next_bar_contradicts_is_quarantined_alone() -> None:
    inspected = look(row(0), row(1, 500.0), row(2), row(3))
    assert list(inspected.clean.open_ms) == [START_MS + i * HOUR_MS for i in (0, 2, 3)]
    assert len(inspected.quarantined) == 1


def test_a_wick_beyond_both_levels_is_not_confirmed_by_the_next_bar() -> None:
    assert "high 5000" in only_reason(look(row(0), row(1, high=5000.0), row(2), row(3)))


def test_a_jump_is_believed_when_a_second_answer_repeats_it() -> None:
    given = [row(0), row(1), row(2, 500.0)]
    first = look(*given)
    second = inspect(given, feed=FEED, now=NOON, policy=MarketPolicy(), confirmed=first.jumped)
    assert (len(second.clean), second.quarantined) == (3, ())


def test_the_first_row_is_held_against_the_last_stored_close() -> None:
    assert "jump" in only_reason(look(row(0, 500.0), previous_close=100.0))


def test_a_wrong_first_row_does_not_discredit_the_rest() -> None:
    inspected = look(row(0, 9_000.0), *[row(i) for i in range(1, 6)])
    assert (len(inspected.clean), len(inspected.quarantined)) == (5, 1)


def test_several_wrong_rows_in_a_row_are_each_held_against_the_last_good_one() -> None:
    spikes = [row(2, 500.0), row(3, 4_000.0), row(4, 20.0)]
    inspected = look(row(0), row(1), *spikes, row(5), row(6))
    assert list(inspected.clean.open_ms) == [START_MS + i * HOUR_MS for i in (0, 1, 5, 6)]


def test_an_object_that_cannot_print_itself_is_quarantined_by_type() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    inspected = look(Broken(), [Broken()] * 6)
    assert [kept.row[:9] for kept in inspected.quarantined] == ["<Broken>", "[<Broken>"]


def test_a_long_row_is_kept_short() -> None:
    (kept,) = look(["x" * 10_000] * 6).quarantined
    assert len(kept.row) <= 200
