"""On noise the calibrated desk finds nothing; an edge that was planted it finds.

Small here; ``docs/research/calibration_noise.py`` is the experiment at full size.
"""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from engine.domain.market import Candle, MarketRules, Symbol
from engine.domain.proof import Calibration
from engine.domain.reasons import CheckCode, VerdictCode
from engine.domain.values import from_ms
from engine.indicators.bars import Bars
from engine.proof.calibration.fit import fit
from engine.proof.calibration.known_edge import driftless, passing, planted
from engine.proof.calibration.observations import join, observe
from engine.strategy.book import new_rows
from engine.strategy.crossing import pack_markets, put_row
from engine.strategy.edge import edge_at
from engine.strategy.packing import pack_policy
from engine.strategy.policy import EntryPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy
from engine.strategy.version import columns_of
from tests.unit.step.builders import book, run_step

SCORE, POLICIES, EQUITY = score_strategy(), TradingPolicy(), 10_000.0
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def rules(fee_bps: str | None = None, half_spread_bps: str | None = None) -> MarketRules:
    return MarketRules(
        symbol=Symbol("A", "USDT"),
        tick_size=Decimal("0.001"),
        lot_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional_quote=Decimal(5),
        taker_fee_bps=Decimal(fee_bps) if fee_bps else None,
        half_spread_bps=Decimal(half_spread_bps) if half_spread_bps else None,
    )


def calibrated(markets: list[Bars], terms: MarketRules) -> Calibration:
    """Fitted to the first two thirds."""
    parts = [
        observe(
            SCORE,
            bars.between(0, 2 * len(bars) // 3),
            terms,
            POLICIES,
            equity_quote=EQUITY,
            symbol=number,
        )
        for number, bars in enumerate(markets)
    ]
    return fit(join(parts), SCORE, made_at=MADE_AT).calibration


def share_passing(markets: list[Bars], terms: MarketRules) -> float:
    """Of all later bars that are scored, whatever their score."""
    made = calibrated(markets, terms)
    passed, later = 0, 0
    for bars in markets:
        ok, scored = passing(made, SCORE, bars, terms, POLICIES, equity_quote=EQUITY)
        split = 2 * len(bars) // 3
        passed, later = passed + int(ok[split:].sum()), later + int(scored[split:].sum())
    assert later == sum(len(bars) - 2 * len(bars) // 3 for bars in markets)
    return passed / later


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_a_driftless_walk_at_most_one_bar_in_a_thousand_passes(seed: int) -> None:
    markets = [driftless(100 * seed + number, 12_000) for number in range(2)]
    assert share_passing(markets, rules()) <= 0.001


def test_a_planted_edge_of_60_bps_lets_a_twentieth_of_the_bars_pass() -> None:
    """52 bps of drift after a score of 50, which a new score prolongs, are worth about 60."""
    markets = [
        planted(6_000 + number, 30_000, SCORE, edge_bps=52.0, from_score=50.0, hold_bars=16)
        for number in range(6)
    ]
    assert share_passing(markets, rules("10", "1")) >= 0.05


def test_a_driftless_walk_has_no_drift_and_its_bars_hold_together() -> None:
    bars = driftless(4, 50_000)
    growth = np.diff(bars.close) / bars.close[:-1]
    assert abs(growth.mean()) < 3 * growth.std() / np.sqrt(50_000)
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
    assert np.array_equal(bars.open[1:], bars.close[:-1])


def test_a_planted_walk_drifts_after_high_scores_only() -> None:
    bars = planted(5, 20_000, SCORE, edge_bps=64.0, from_score=50.0, hold_bars=16)
    plain = driftless(5, 20_000)
    drift_bps = np.diff(np.log(bars.close / plain.close)) * 1e4
    scored = columns_of(SCORE, bars)
    high = np.flatnonzero(scored.score >= 50.0)
    expected = np.zeros(20_000)
    for t in high:
        expected[t + 1 : t + 17] = 4.0
    assert np.mean(expected) > 0.8
    assert np.mean(np.abs(drift_bps - expected[1:]) < 1e-6) > 0.999


def test_a_bar_passes_here_as_it_passes_the_desks_check() -> None:
    markets = [
        planted(6_000 + number, 12_000, SCORE, edge_bps=120.0, from_score=50.0, hold_bars=16)
        for number in range(2)
    ]
    terms, bars = rules("10", "1"), markets[0]
    made = calibrated(markets, terms)
    scored = columns_of(SCORE, bars)
    policies = TradingPolicy(entry=EntryPolicy(min_rank_fraction=0.0))
    numbers = pack_policy(policies, timeframe_ms=SCORE.timeframe.ms, venue_is_live=False)
    ok, _ = passing(made, SCORE, bars, terms, policies, equity_quote=EQUITY)
    verdicts = set()
    for t in np.flatnonzero(scored.score > 0.0)[500:-100:37]:
        row, flat = new_rows(1), book(1)
        edge = edge_at(made, float(scored.score[t]), int(scored.regime[t]))
        put_row(row[0], bar=candle(bars, int(t)), scored=scored, index=int(t), edge=edge)
        flat.slots[0].last_volume = bars.volume[t]
        decided = run_step(row, pack_markets([terms], policies.costs), flat, numbers)
        verdict = VerdictCode(decided.check_verdict[0, CheckCode.NET_EDGE])
        assert bool(ok[t]) == (verdict is VerdictCode.PASSED)
        verdicts.add(verdict)
    assert {VerdictCode.PASSED, VerdictCode.FAILED} <= verdicts


def candle(bars: Bars, t: int) -> Candle:
    return Candle(
        opened_at=from_ms(int(bars.open_ms[t])),
        open=float(bars.open[t]),
        high=float(bars.high[t]),
        low=float(bars.low[t]),
        close=float(bars.close[t]),
        volume=float(bars.volume[t]),
    )
