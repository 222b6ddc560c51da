from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.errors import DataError, UsageError
from engine.domain.market import Candle, CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.resample import resample
from main.history import History, load_finer, load_history
from tests.fakes.units import FakeUnits

BTC, ETH = Symbol.parse("BTC/USDT"), Symbol.parse("ETH/USDT")
START = datetime(2021, 1, 1, tzinfo=UTC)
H1, H4, D1, M5 = Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.M5


def candles(
    frame: Timeframe,
    count: int,
    *,
    start: datetime = START,
    skip: frozenset[int] = frozenset(),
    price: float = 100.0,
) -> CandleSeries:
    """Bars whose prices tell which they are."""
    return CandleSeries.of(
        [
            Candle(
                opened_at=start + k * frame.delta,
                open=price + k,
                high=price + k + 2,
                low=price + k - 1,
                close=price + k + 1,
                volume=1.0 + k,
            )
            for k in range(count)
            if k not in skip
        ]
    )


def stored(*parts: tuple[Symbol, Timeframe, CandleSeries], venue: str = "files") -> FakeUnits:
    units = FakeUnits()
    with units() as unit:
        for symbol, frame, series in parts:
            unit.candles.add(venue, symbol, frame, series)
        unit.commit()
    return units


def load(
    units: FakeUnits,
    frame: Timeframe,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    symbols: tuple[Symbol, ...] = (),
) -> History:
    return load_history(
        units,
        venue=None,
        preferred="files",
        timeframe=frame,
        start=start,
        end=end,
        symbols=symbols,
    )


def test_what_is_stored_is_read_as_it_is() -> None:
    series = candles(H1, 48)
    history = load(stored((BTC, H1, series)), H1)
    assert history.candles == {BTC: series}
    assert (history.start, history.end) == (START, START + timedelta(days=2))
    assert history.resampled == {}


def test_finer_candles_make_the_timeframe_that_is_not_stored() -> None:
    hours = candles(H1, 50)
    history = load(stored((BTC, H1, hours)), H4)
    assert history.resampled == {BTC: H1}
    assert history.candles[BTC] == resample(hours, H1, H4)
    # Fifty hours are twelve whole buckets and two hours of a thirteenth, which is not a bar.
    assert len(history.candles[BTC]) == 12
    assert history.end == START + timedelta(hours=48)


def test_a_bucket_with_a_hole_is_no_bar_unless_the_venue_had_none() -> None:
    units = stored((BTC, H1, candles(H1, 12, skip=frozenset({1, 6}))))
    with units() as unit:
        unit.candles.mark_empty("files", BTC, H1, [START + timedelta(hours=6)])
        unit.commit()
    opened = load(units, H4).candles[BTC].open_ms
    assert [from_ms(ms).hour for ms in opened] == [4, 8]


def test_the_stored_timeframe_is_preferred_where_it_reaches_as_far() -> None:
    days = candles(D1, 10, price=500.0)
    history = load(stored((BTC, H1, candles(H1, 240)), (BTC, D1, days)), D1)
    assert history.resampled == {}
    assert history.candles[BTC] == days


def test_a_short_stored_timeframe_gives_way_to_longer_finer_ones() -> None:
    hours = candles(H1, 240)
    recent = candles(H4, 6, start=START + timedelta(days=9))
    units = stored((BTC, H1, hours), (BTC, H4, recent))
    assert load(units, H4).resampled == {BTC: H1}
    # Within the last day both reach as far, its warm-up aside.
    with_both = load(
        stored((BTC, H1, candles(H1, 24, start=START + timedelta(days=9))), (BTC, H4, recent)), H4
    )
    assert with_both.resampled == {}


def test_of_two_finer_ones_the_coarser_is_read() -> None:
    units = stored((BTC, M5, candles(M5, 288)), (BTC, H1, candles(H1, 24)))
    assert load(units, H4).resampled == {BTC: H1}


def test_every_symbol_has_its_own_source() -> None:
    units = stored((BTC, H1, candles(H1, 48)), (ETH, H4, candles(H4, 12)))
    history = load(units, H4)
    assert history.resampled == {BTC: H1}
    assert history.symbols == (BTC, ETH)
    assert load(units, H4, symbols=(ETH,)).resampled == {}


def test_coarser_candles_are_of_no_use() -> None:
    with pytest.raises(DataError, match="no 1h candles are stored, nor finer ones"):
        load(stored((BTC, D1, candles(D1, 10))), H1)


def test_a_series_that_begins_inside_a_bucket_starts_with_the_next() -> None:
    hours = candles(H1, 48, start=START + timedelta(hours=5))
    history = load(stored((BTC, H1, hours)), H4)
    assert history.start == START + timedelta(hours=8)
    assert history.candles[BTC].open_ms[0] == to_ms(history.start)


def test_the_end_that_lies_inside_a_bar_is_the_same_either_way() -> None:
    end = START + timedelta(hours=10)
    hours = stored((BTC, H1, candles(H1, 48)))
    fours = stored((BTC, H4, resample(candles(H1, 48), H1, H4)))
    resampled = load(hours, H4, start=START, end=end)
    assert resampled.candles == load(fours, H4, start=START, end=end).candles
    assert len(resampled.candles[BTC]) == 3


def test_a_symbol_that_nobody_stored_is_named() -> None:
    with pytest.raises(DataError, match="4h candles of ETH/USDT stored, nor finer ones"):
        load(stored((BTC, H1, candles(H1, 48))), H4, symbols=(BTC, ETH))


def test_the_rules_of_a_resampled_market_are_those_of_its_prices() -> None:
    hours = candles(H1, 48)
    resampled = load(stored((BTC, H1, hours)), H4).rules[BTC]
    assert resampled.tick_size == load(stored((BTC, H1, hours)), H1).rules[BTC].tick_size


def test_finer_candles_of_the_period_are_read_where_they_are_stored() -> None:
    units = stored(
        (BTC, H1, candles(H1, 48)), (ETH, H1, candles(H1, 48)), (BTC, M5, candles(M5, 600))
    )
    start, end = START + timedelta(hours=1), START + timedelta(hours=3)
    finer = load_finer(units, load(units, H1, start=start, end=end), M5)
    assert list(finer) == [BTC]
    assert [from_ms(ms) for ms in finer[BTC].open_ms[::23]] == [start, end - M5.delta]


def test_candles_that_are_not_finer_tell_nothing() -> None:
    units = stored((BTC, H1, candles(H1, 48)), (BTC, D1, candles(D1, 2)))
    history = load(units, H1)
    with pytest.raises(UsageError, match="does not divide 1h"):
        load_finer(units, history, D1)
    with pytest.raises(DataError, match="no 5m candles"):
        load_finer(units, history, M5)
