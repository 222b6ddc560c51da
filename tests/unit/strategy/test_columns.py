"""Columns: warm-up, the live window, higher timeframes, regimes, and single bars as values."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.market import CandleSeries, Timeframe
from engine.indicators.bars import Bars
from engine.strategy.columns import (
    WINDOW_BARS,
    ScoreColumns,
    columns,
    contributions_exact,
    join_higher,
    score_at,
    signals_at,
)
from engine.strategy.columns_market import LOOKBACK_BARS, REGIMES, lookback_bars, market_columns
from engine.strategy.reference import default_reference
from engine.strategy.rules import shipped_rules
from engine.strategy.weights import WeightSet, default_weights
from tests.unit.strategy.bars import HOUR_MS, of_closes, scaled, walk

DATA = Path(__file__).parents[4] / "shared" / "data"
RANK = Decimal("0.99")


def score(bars: Bars, *, keep_values: bool = False) -> ScoreColumns:
    return columns(bars, default_weights(), default_reference(), keep_values=keep_values)


def test_shapes_and_types() -> None:
    got = score(walk(700, 1))
    assert got.side.shape == got.strength.shape == (8, 700)
    assert got.side.dtype == got.regime.dtype == np.int8
    for column in (got.net, got.score, got.rank, got.agreement, got.atr, got.sigma_day):
        assert column.shape == (700,)
        assert column.dtype == np.float64
    assert got.codes == tuple(rule.code for rule in shipped_rules())
    assert got.rank_n == 405_240


def test_bars_that_warm_up_have_no_score_and_no_regime() -> None:
    got = score(walk(700, 1))
    assert got.warmup_bars == 200
    assert not got.net[:200].any()
    assert set(got.regime[:200]) == {-1}
    assert (got.regime[200:] >= 0).all()
    for column in (got.atr, got.sigma_day, got.adv_quote):
        assert not np.isnan(column[200:]).any()


@pytest.mark.parametrize("length", [0, 1, 5, 199, 200])
def test_too_few_bars_score_nothing(length: int) -> None:
    got = score(walk(length, 1))
    assert got.net.size == length
    assert not got.net.any()
    assert got.warmup_bars == length


def test_candles_are_seen_without_copying() -> None:
    bars = walk(300, 4)
    series = CandleSeries.empty()
    for name in ("open_ms", "open", "high", "low", "close", "volume"):
        getattr(series, name).extend(getattr(bars, name).tolist())
    seen = Bars.of(series, Timeframe.H1)
    np.testing.assert_array_equal(score(seen).net, score(bars).net)
    np.testing.assert_array_equal(seen.close_ms, bars.open_ms + HOUR_MS)


def last_bars_agree(bars: Bars, ends: list[int]) -> None:
    whole = score(bars)
    for end in ends:
        live = score(bars.between(end - WINDOW_BARS, end))
        np.testing.assert_array_equal(live.side[:, -1], whole.side[:, end - 1])
        np.testing.assert_allclose(live.strength[:, -1], whole.strength[:, end - 1], atol=1e-7)
        for name in ("net", "score", "agreement", "rank"):
            a, b = getattr(live, name)[-1], getattr(whole, name)[end - 1]
            assert a == pytest.approx(b, rel=1e-9, abs=1e-9), name
        for name in ("atr", "sigma_day", "adv_quote"):
            a, b = getattr(live, name)[-1], getattr(whole, name)[end - 1]
            assert a == pytest.approx(b, rel=1e-9), name
        assert live.regime[-1] == whole.regime[end - 1]


def test_the_live_window_gives_the_last_bar_of_the_whole_series() -> None:
    for seed in range(3):
        last_bars_agree(walk(20_000, seed), list(range(600, 20_001, 388)))


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="the real candles are not beside the checkout")
@pytest.mark.parametrize("name", ["1h/BTC_USDT-1h", "1h/TRX_USDT-1h"])
def test_the_live_window_agrees_on_real_candles(name: str) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(DATA / f"{name}.parquet")
    prices = {
        column: np.ascontiguousarray(table[column].to_numpy())
        for column in ("open", "high", "low", "close", "volume")
    }
    opened = table["ts_ms"].to_numpy().astype(np.int64)
    bars = Bars(timeframe=Timeframe.H1, open_ms=opened, **prices)
    last_bars_agree(bars, list(range(600, len(bars), 997)))


def test_the_live_window_holds_warm_up_and_memory_of_every_rule() -> None:
    needed = [rule.warmup_bars + rule.memory_bars for rule in shipped_rules()]
    assert max(needed) == 33 + 270 + 93 + 5
    assert max(*needed, LOOKBACK_BARS + 1) <= 522 <= WINDOW_BARS
    # MACD's seed after the window: the weights of both averages, one upon the other, below 1e-12.
    left = np.convolve((25 / 27) ** np.arange(567), 0.2 * 0.8 ** np.arange(567))[566]
    assert left < 1e-12


def test_a_higher_bar_is_visible_from_its_close_on() -> None:
    higher = score(walk(300, 3, timeframe="4h"))
    close_ms = np.array([0, 4 * HOUR_MS, 250 * 4 * HOUR_MS - 1, 250 * 4 * HOUR_MS])
    got = join_higher(close_ms, higher)
    signed = [*(got.side * got.strength)]
    assert signed == [0, higher.score[0], higher.score[248], higher.score[249]]
    assert higher.score[248] != higher.score[249]


def test_higher_timeframes_are_contributions_of_their_own() -> None:
    bars, higher = walk(1_600, 3), score(walk(400, 4, timeframe="4h"))
    weights = WeightSet(version="v", weights={**default_weights().weights, "4h": 1.0})
    got = columns(bars, weights, default_reference(), higher=[higher], keep_values=True)
    alone = score(bars)
    assert got.codes == (*alone.codes, "4h")
    seen = higher.score[(np.arange(1_600) + 1) // 4 - 1]
    np.testing.assert_allclose(got.net[200:], (alone.net + seen)[200:] / 2, atol=1e-12)
    signal = signals_at(got, 1_599)[-1]
    assert signal.code == "4h"
    assert signal.side * signal.strength == higher.score[399]
    assert signal.reason == f"The score of the last closed 4h bar is {higher.score[399]:+.1f}."


def test_a_weight_without_its_timeframe_is_refused() -> None:
    weights = WeightSet(version="v", weights={"RSI": 1, "4h": 1})
    with pytest.raises(InvalidValueError, match="signal code must be one of"):
        columns(walk(300, 1), weights, default_reference())


def test_a_users_own_rules_replace_the_shipped_ones() -> None:
    only = [rule for rule in shipped_rules() if rule.code == "RSI"]
    weights = WeightSet(version="own", weights={"RSI": 1})
    got = columns(walk(400, 1), weights, default_reference(), rules=only)
    assert got.side.shape == (1, 400)
    active = got.net != 0
    np.testing.assert_allclose(np.abs(got.net[active]), got.strength[0][active])


def test_one_bar_as_domain_values() -> None:
    got = score(walk(700, 5), keep_values=True)
    value = score_at(got, 699, threshold_rank_fraction=RANK)
    assert float(value.signed) == pytest.approx(got.score[699], abs=0.005)
    assert value.regime == REGIMES[got.regime[699]]
    assert sum(part.points for part in value.contributions) == value.signed
    assert sum(float(part.weight) for part in value.contributions) == pytest.approx(1)
    signals = signals_at(got, 699)
    assert [s.code for s in signals] == [c.code for c in value.contributions]
    for signal, part in zip(signals, value.contributions, strict=True):
        assert signal.side * part.points >= 0
        assert signal.reason.endswith(".")


def test_one_bar_of_the_warm_up_has_signals_but_no_score() -> None:
    got = score(walk(700, 5), keep_values=True)
    by_code = {signal.code: signal for signal in signals_at(got, 100)}
    assert by_code["MA"].reason == "MA has too few bars yet."
    assert [name for name, _ in by_code["MA"].values] == ["fast", "atr"]
    assert by_code["RSI"].values[0][0] == "rsi"
    assert contributions_exact(got, 100) == (Decimal("0.00"),) * 8
    with pytest.raises(InvalidValueError, match="past the warm-up"):
        score_at(got, 100, threshold_rank_fraction=RANK)


def test_sentences_need_the_values() -> None:
    with pytest.raises(InvalidValueError, match="keep_values"):
        signals_at(score(walk(300, 1)), 299)


def test_normal_noise_is_no_opportunity() -> None:
    shown = 0
    for seed in range(900):
        shown += score(walk(WINDOW_BARS, seed)).rank[-1] >= 0.99
    assert shown <= 27  # three times the one in a hundred that the threshold means


def test_regimes_tell_trend_from_range_and_wild_from_calm() -> None:
    r = np.random.default_rng(1)
    noise = r.normal(0, 0.002, 800)
    calm_range = 100 * (1 + noise)
    trend = 100 * np.exp(np.cumsum(np.full(800, 0.004)) + noise)
    assert market_columns(of_closes(calm_range)).regime[-1] in (0, 1)
    assert market_columns(of_closes(trend)).regime[-1] in (2, 3)
    louder = 100 * (1 + noise * np.where(np.arange(800) >= 780, 5, 1))
    assert market_columns(of_closes(louder)).regime[-1] in (1, 3)
    quieter = 100 * (1 + noise * np.where(np.arange(800) >= 780, 0.2, 1))
    assert market_columns(of_closes(quieter)).regime[-1] in (0, 2)


def test_daily_volatility_and_volume_are_of_a_day() -> None:
    # Hourly log returns of +1 % and −1 % in turn: σ is 1 %, of a day √24 times as much.
    close = 100 * np.exp(0.01 * (np.arange(400) % 2))
    got = market_columns(of_closes(close, volume=np.full(400, 3.0)))
    assert got.sigma_day[-1] == pytest.approx(0.01 * 24**0.5, rel=1e-6)
    assert got.adv_quote[-1] == pytest.approx(24 * 3.0 * close[-200:].mean())


def test_the_look_back_is_twenty_days_or_two_hundred_bars() -> None:
    assert [lookback_bars(per_day) for per_day in (1, 6, 24, 1_440)] == [20, 120, 200, 200]


def test_scaling_prices_scales_only_what_is_in_quote_currency() -> None:
    bars = walk(900, 8)
    one, tiny = score(bars), score(scaled(bars, 2.0**-40))
    np.testing.assert_array_equal(one.side, tiny.side)
    np.testing.assert_allclose(one.score, tiny.score, atol=1e-9)
    np.testing.assert_array_equal(one.regime, tiny.regime)
    np.testing.assert_allclose(tiny.atr[200:], one.atr[200:] * 2.0**-40, rtol=1e-12)
