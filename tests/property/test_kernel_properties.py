"""Laws of the decision path that hold for every input, not only for the worked examples."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.state import State
from engine.domain.reasons import RecheckCode, RouteCode
from engine.fills.book import BUY, SELL, Market, fill_market, pack_fills
from engine.fills.policy import FillPolicy
from engine.fills.triggers import protection
from engine.kernel import at_most, floor_count, round_quote
from engine.risk.sizing import kelly_fraction
from engine.strategy.book import new_decided
from engine.strategy.step_recheck import recheck
from tests.unit.step.builders import (
    book,
    markets,
    open_pnl,
    pend,
    play,
    policy,
    random_feeds,
    rows,
    run_step,
    symbol_feed,
)

shares = st.floats(0.001, 1.0)
prices = st.floats(0.0001, 1e5)
bps = st.floats(0.0, 100.0)
FILLS = pack_fills(FillPolicy())


@given(
    symbol=shares,
    exposure=shares,
    cluster=shares,
    volume=shares,
    positions=st.integers(1, 5),
    price=prices,
    atr=st.floats(0.001, 0.2),
    scores=st.lists(st.floats(1.0, 100.0), min_size=1, max_size=5),
)
@settings(deadline=None)
def test_clamps_only_shrink_and_grants_stay_inside_every_limit(
    *,
    symbol: float,
    exposure: float,
    cluster: float,
    volume: float,
    positions: int,
    price: float,
    atr: float,
    scores: list[float],
) -> None:
    count = len(scores)
    limits = policy(
        risk={
            "max_symbol_fraction": symbol,
            "max_exposure_fraction": exposure,
            "max_cluster_fraction": cluster,
            "max_bar_volume_fraction": volume,
            "max_open_positions": positions,
        }
    )
    bars, terms, of = (
        rows(count, close=price, atr=atr * price),
        markets(count, cluster=0),
        book(count),
    )
    for i, score in enumerate(scores):
        bars[i].score = score
        terms[i].tick_size = price * 1e-4
        of.slots[i].last_close = price
    decided = run_step(bars, terms, of, limits)
    assert np.all(decided.clamp_after <= decided.clamp_before)
    assert np.all(decided.clamp_before[:, 1:] == decided.clamp_after[:, :-1])
    granted = [i for i in range(count) if decided.outcomes[i].route != RouteCode.REFUSE]
    notionals = [float(decided.outcomes[i].notional_quote) for i in granted]
    assert len(granted) <= positions
    assert all(at_most(notional, symbol * 10_000.0) for notional in notionals)
    assert at_most(sum(notionals), min(exposure, cluster) * 10_000.0)
    assert all(at_most(decided.outcomes[i].lots * 0.001, volume * 1_000.0) for i in granted)
    assert all(decided.outcomes[i].risk_quote <= 100.0 * (1 + 1e-9) for i in granted)


@given(price=st.floats(90.0, 110.0), lots=st.integers(1, 90_000), cash=st.floats(0.0, 20_000.0))
@settings(deadline=None)
def test_looking_again_never_raises_a_size(price: float, lots: int, cash: float) -> None:
    of = book(1, cash)
    pend(of, lots=lots, stop=80.0)
    found = recheck(0, price, markets(), of, policy(), new_decided(1))
    assert found.lots <= lots
    if found.status == RecheckCode.OK:
        assert found.lots == lots


@given(p=st.floats(0.0, 1.0), b=st.floats(0.01, 100.0), better=st.floats(0.0, 1.0))
def test_kelly_is_a_share_and_grows_with_the_odds(p: float, b: float, better: float) -> None:
    share = kelly_fraction(p, b, 0.25)
    assert 0.0 <= share <= 0.25
    assert kelly_fraction(min(1.0, p + better), b, 0.25) >= share


@given(st.decimals(0, 10**6, places=12))
def test_money_rounds_as_the_ledger_does(amount: Decimal) -> None:
    exact = amount.quantize(Decimal("1e-8"), rounding=ROUND_HALF_EVEN)
    rounded = Decimal(repr(float(round_quote(float(amount))))).quantize(Decimal("1e-8"))
    # A float of this size is itself off by up to 1e-10, which may be the other side of a tie.
    assert abs(rounded - exact) <= Decimal("1e-8")
    assert abs(rounded - amount) <= Decimal("0.5001e-8")


@given(st.integers(0, 10**9), st.floats(0.0, 0.999))
def test_a_count_is_the_whole_part(count: int, part: float) -> None:
    assert floor_count(count + part) in {count, count + 1}
    assert floor_count(count + part) == count or part > 0.99


@given(
    side=st.sampled_from([BUY, SELL]),
    wanted=st.integers(0, 100_000),
    price=prices,
    volume=st.floats(0.0, 1e5),
    moment=st.integers(0, 2**41),
)
@settings(deadline=None)
def test_a_market_order_never_gets_more_than_it_wants_or_a_price_better_than_the_touch(
    side: int, wanted: int, price: float, volume: float, moment: int
) -> None:
    market = Market(price * 1e-4, 0.001, 5.0, 10.0, 20.0, 3)
    done = fill_market(side, wanted, price, volume, moment, market, FILLS)
    assert 0 <= done.lots <= wanted
    worth = done.lots * 0.001 * price
    assert side * (done.notional_quote - worth) >= -1e-8 * (1 + worth)
    twice = fill_market(side, 2 * wanted, price, volume, moment, market, FILLS)
    if done.lots:
        mean, deeper = (one.notional_quote / one.lots for one in (done, twice))
        rounding = 1e-8 * FILLS.book_levels / done.lots
        assert side * (deeper - mean) >= -1e-9 * mean - rounding


@given(
    low=st.floats(50.0, 100.0),
    high=st.floats(100.0, 150.0),
    at=st.floats(0.0, 1.0),
    stop=st.integers(1, 20_000),
)
def test_a_stop_never_fills_better_than_its_price(
    low: float, high: float, at: float, stop: int
) -> None:
    open_ = low + at * (high - low)
    found = protection(stop, 0, open_, high, low, 0.01)
    if found.kind:
        assert found.price <= stop * 0.01 + 1e-9
        assert low - 1e-9 <= found.price <= high + 1e-9
    else:
        assert low > stop * 0.01


def profit(path: list[float], fee_bps: float, spread_bps: float) -> float:
    """Profit of one trade of fixed size over a path of closes."""
    bars = [(a, max(a, b), min(a, b), b) for a, b in zip([100.0, *path[:-1]], path, strict=True)]
    state = play(
        {"A": symbol_feed([(100.0,) * 4, (100.0,) * 4, *bars], scores={1: 80.0})},
        markets(taker_fee_bps=fee_bps, half_spread_bps=spread_bps),
        with_policy=policy(
            exits={"time_stop_bars": max(1, len(path) - 1)},
            risk={"max_symbol_fraction": 0.1},
            costs={"max_cost_bps": 10_000.0},
        ),
    )
    return float(state.equity_quote[-1]) - 10_000.0


@given(
    path=st.lists(st.floats(90.0, 110.0), min_size=2, max_size=8),
    fee=bps,
    spread=bps,
    more_fee=bps,
    more_spread=bps,
)
@settings(deadline=None)
def test_dearer_trading_never_earns_more(
    path: list[float], fee: float, spread: float, more_fee: float, more_spread: float
) -> None:
    cheap = profit(path, fee, spread)
    assert profit(path, fee + more_fee, spread + more_spread) <= cheap + 1e-6


def total(state: State, symbols: int) -> float:
    done = np.asarray(state.trades)[: int(state.tally[0].trades)]
    return float(10_000.0 + done["pnl_quote"].sum() + open_pnl(state, markets(symbols)))


@given(
    seed=st.integers(0, 2**31),
    symbols=st.integers(1, 4),
    missing=st.floats(0.0, 0.5),
    levels=st.integers(1, 5),
    depth=st.floats(1e-5, 0.1),
    multiple=st.floats(0.1, 5.0),
)
@settings(deadline=None, max_examples=40)
def test_every_replay_adds_up(
    seed: int, symbols: int, missing: float, levels: int, depth: float, multiple: float
) -> None:
    state = play(
        random_feeds(symbols, 300, seed, missing=missing),
        with_policy=policy(
            exits={
                "stop_atr_multiple": multiple,
                "trailing_atr_multiple": multiple,
                "target_atr_multiple": 2 * multiple,
            }
        ),
        fills=pack_fills(FillPolicy(book_levels=levels, level_volume_fraction=depth)),
    )
    assert state.equity_quote[-1] == pytest.approx(total(state, symbols), rel=1e-9)
    assert state.book.desk[0].cash_quote >= 0.0
    held = [state.book.slots[i].lots for i in range(symbols)]
    assert min(held) >= 0
