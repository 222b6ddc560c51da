from engine.domain.market import Timeframe
from engine.market.gaps import Gap, find_gaps, group_gaps
from tests.unit.market.candles import HOUR, HOUR_MS, START_MS, at


def hours(*indices: int) -> list[int]:
    return [START_MS + index * HOUR_MS for index in indices]


def gaps_of(*present: int, until: int, empty: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    found = find_gaps(
        hours(*present),
        HOUR,
        start_ms=START_MS,
        end_ms=START_MS + until * HOUR_MS,
        empty_ms=hours(*empty),
    )
    return [
        ((gap.start_ms - START_MS) // HOUR_MS, (gap.end_ms - START_MS) // HOUR_MS) for gap in found
    ]


def test_a_full_stretch_has_no_gap() -> None:
    assert gaps_of(0, 1, 2, until=3) == []


def test_neighbouring_absent_bars_are_one_gap() -> None:
    assert gaps_of(0, 3, 4, 6, until=8) == [(1, 3), (5, 6), (7, 8)]


def test_remembered_empty_bars_are_not_absent() -> None:
    assert gaps_of(0, 3, until=4, empty=(1, 2)) == []
    assert gaps_of(0, 3, until=4, empty=(1,)) == [(2, 3)]


def test_nothing_stored_is_one_gap() -> None:
    assert gaps_of(until=5) == [(0, 5)]


def test_an_empty_stretch_has_no_gap() -> None:
    assert gaps_of(until=0) == []


def test_bars_outside_unsorted_or_twice_do_no_harm() -> None:
    assert gaps_of(2, 9, 0, 2, -4, until=3) == [(1, 2)]


def test_an_unaligned_start_expects_the_next_whole_bar() -> None:
    (gap,) = find_gaps([], HOUR, start_ms=START_MS + 1, end_ms=START_MS + 2 * HOUR_MS)
    assert gap == Gap(
        start_ms=START_MS + HOUR_MS, end_ms=START_MS + 2 * HOUR_MS, timeframe=Timeframe.H1
    )
    assert (gap.bars, gap.first, gap.last) == (1, at(1), at(1))


def test_gaps_that_one_page_can_answer_are_asked_for_together() -> None:
    found = find_gaps(hours(1, 3, 50), HOUR, start_ms=START_MS, end_ms=START_MS + 52 * HOUR_MS)
    sizes = [[gap.bars for gap in group] for group in group_gaps(found, page_bars=10)]
    assert sizes == [[1, 1], [46], [1]]
