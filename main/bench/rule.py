"""The benchmark rule as the replay plays it, and as a plain loop plays it for comparison.

    flat, at a close:  RSI(14) < 30 and close < lower Bollinger(20, 2σ)          → buy at the open
    long, at a close:  RSI(14) > 55 or close ≤ entry − 2 × ATR(14) of the signal → sell at the open
    each side: 5 bps slippage against the trade, then 0.1 % fee on what was paid or received

How the desk's own replay is brought to play exactly this:

- The slippage is the half-spread, the book one level as deep as the bar's whole volume, the impact
  nothing; prices have steps of 1e-8, so that rounding to ticks does not show.
- All limits are in force and set where they do not bind; no rest after a trade, nobody is asked.
- The protective stop is so far away that it is one tick; it is checked in every bar all the same.
- The desk sizes by risk: with its stop one tick above nothing, half a percent of 10,000 buys about
  half a unit. The rule wants one unit, so the profit of each trade is divided by its quantity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from engine.backtest.feed import Feed, SymbolFeed, merge
from engine.backtest.replay import replay
from engine.backtest.state import State
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.costs.policy import CostPolicy
from engine.domain.market import MarketRules, Symbol
from engine.fills.book import FillNumbers, pack_fills
from engine.fills.policy import FillPolicy
from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats, Records, compiled
from engine.risk.policy import RiskPolicy
from engine.strategy.book import Terms
from engine.strategy.crossing import pack_markets
from engine.strategy.packing import StepPolicy, pack_policy
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy

SLIPPAGE = 0.0005
FEE = 0.001
RSI_BUY, RSI_SELL = 30.0, 55.0
STOP_ATR = 2.0
START_QUOTE = 10_000.0

_STEP = Decimal("1e-8")
_FULL_SCORE = 100.0


class RuleIndicators(NamedTuple):
    """What the rule reads, per bar: RSI(14), lower Bollinger(20, 2σ) and ATR(14)."""

    rsi: Floats
    lower: Floats
    atr: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a run of the rule came to, for one unit per trade."""

    trades: int
    pnl_quote: float
    still_open: int
    first_opened_ms: int | None = None


def rule_indicators(bars: Bars, *, rsi_length: int = 14, band_length: int = 20) -> RuleIndicators:
    """Compute the three columns."""
    lower, _, _ = direct.bollinger(bars.close, length=band_length, width_sigma=2.0)
    return RuleIndicators(
        rsi=direct.rsi(bars.close, rsi_length),
        lower=lower,
        atr=direct.atr(bars.high, bars.low, bars.close, 14),
    )


class BenchMarket(NamedTuple):
    """Everything the replay needs beside the columns of the rule.

    Daily volume and volatility, which the cost model reads, are given like the indicators.
    """

    terms: Records[Terms]
    policy: StepPolicy
    fills: FillNumbers
    regime: "np.typing.NDArray[np.int8]"
    sigma_day: Floats
    adv_quote: Floats


def bench_market(bars: Bars, symbols: int = 1) -> BenchMarket:
    """Return the markets of the rule, with policies that do not bind."""
    return BenchMarket(
        terms=pack_markets([market_rules(number) for number in range(symbols)], CostPolicy()),
        policy=pack_policy(rule_policies(), timeframe_ms=bars.timeframe.ms, venue_is_live=False),
        fills=pack_fills(rule_fills()),
        regime=np.zeros(len(bars), np.int8),
        sigma_day=np.full(len(bars), 0.03),
        adv_quote=np.full(len(bars), 3e6),
    )


def replay_rule(bars: Bars, known: RuleIndicators, market: BenchMarket) -> State:
    """Play the rule through the desk's replay; indicators are given."""
    _, feed = merge({_name(0): rule_feed(bars, known, market)})
    return _replay(feed, market, bars)


def play_symbols(histories: Sequence[Bars], market: BenchMarket) -> State:
    """Play the rule on many symbols with one book; indicators are computed."""
    _, feed = merge(
        {
            _name(number): rule_feed(bars, rule_indicators(bars), market)
            for number, bars in enumerate(histories)
        }
    )
    return _replay(feed, market, histories[0])


def _replay(feed: Feed, market: BenchMarket, bars: Bars) -> State:
    return replay(
        feed,
        market.terms,
        bar_ms=bars.timeframe.ms,
        policy=market.policy,
        fills=market.fills,
        cash_quote=START_QUOTE * len(market.terms),
    )


def rule_policies() -> TradingPolicy:
    """Return the desk's policies, every limit in force and none in the way."""
    return TradingPolicy(
        entry=EntryPolicy(min_rank_fraction=0.0, min_score=1.0),
        exits=ExitPolicy(
            stop_atr_multiple=1e6,
            trailing_atr_multiple=None,
            time_stop_bars=None,
            exit_score=None,
        ),
        risk=RiskPolicy(
            max_open_positions=50,
            max_symbol_fraction=1.0,
            max_exposure_fraction=1.0,
            max_cluster_fraction=1.0,
            max_bar_volume_fraction=1.0,
            max_daily_loss_fraction=1.0,
            max_drawdown_fraction=1.0,
        ),
        costs=CostPolicy(impact_coefficient=0.0, min_slippage_bps=0.0),
        automation=AutomationPolicy(
            max_entries_per_day=1_440,
            cooldown_after_exit_bars=0,
            cooldown_after_loss_bars=0,
            cooldown_after_refusal_bars=0,
            uncalibrated_paper="auto",
        ),
        approval=ApprovalPolicy(
            ask_above_quote=Decimal(1_000_000), ask_above_equity_fraction=1.0, max_drift_bps=1_000.0
        ),
    )


def rule_fills() -> FillPolicy:
    """Return a book of one deep level at the half-spread."""
    return FillPolicy(book_levels=1, level_volume_fraction=1.0, level_jitter_fraction=0.0)


def rule_feed(bars: Bars, known: RuleIndicators, market: BenchMarket) -> SymbolFeed:
    """Columns of the rule as the replay reads them."""
    score, leave = _decide(bars.open, bars.close, *known)
    return SymbolFeed(
        open_ms=bars.open_ms,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
        score=score,
        rank=score,
        atr=known.atr,
        regime=market.regime,
        sigma_day=market.sigma_day,
        adv_quote=market.adv_quote,
        exit_flag=leave,
    )


def played(state: State) -> Played:
    """Sum a replay up per unit; see the module's docstring."""
    rows = np.asarray(state.trades)[: int(state.tally[0].trades)]
    quantity = rows["lots"] * float(_STEP)
    return Played(
        trades=len(rows),
        pnl_quote=float(np.sum(rows["pnl_quote"] / quantity)),
        still_open=int(state.book.slots[0].lots > 0),
        first_opened_ms=int(rows["opened_ms"][0]) if len(rows) else None,
    )


def profit(state: State) -> Played:
    """Sum a replay up as it is, in quote currency."""
    rows = np.asarray(state.trades)[: int(state.tally[0].trades)]
    held = [state.book.slots[i].lots > 0 for i in range(len(state.rows))]
    return Played(
        trades=len(rows),
        pnl_quote=float(np.sum(rows["pnl_quote"])),
        still_open=sum(map(bool, held)),
        first_opened_ms=int(rows["opened_ms"][0]) if len(rows) else None,
    )


def plain_loop(bars: Bars, known: RuleIndicators) -> Played:
    """Play the rule in plain Python, one unit a trade: what every engine is compared with."""
    opens, closes = bars.open.tolist(), bars.close.tolist()
    rsi, lower, atr = (column.tolist() for column in known)
    entry = stop = distance = total = 0.0
    trades, long, order, first = 0, False, False, None
    for i, close in enumerate(closes):
        if order and long:
            exit_ = opens[i] * (1.0 - SLIPPAGE)
            total += exit_ - entry - FEE * (entry + exit_)
            trades, long = trades + 1, False
        elif order:
            entry, long = opens[i] * (1.0 + SLIPPAGE), True
            stop = entry - distance
            first = int(bars.open_ms[i]) if first is None else first
        if long:
            order = rsi[i] > RSI_SELL or close <= stop
        else:
            order = rsi[i] < RSI_BUY and close < lower[i]
            distance = STOP_ATR * atr[i]
    return Played(trades=trades, pnl_quote=total, still_open=int(long), first_opened_ms=first)


@compiled
def _decide(
    opens: Floats, closes: Floats, rsi: Floats, lower: Floats, atr: Floats
) -> tuple[Floats, Bools]:
    """Score 100 on bars whose close is to be bought, and a flag on those to be left after."""
    score, leave = np.zeros(opens.size), np.zeros(opens.size, np.bool_)
    long, signal, stop = False, 0, 0.0
    for i in range(opens.size):
        if long:
            if i == signal + 1:
                stop = opens[i] * (1.0 + SLIPPAGE) - STOP_ATR * atr[signal]
            leave[i] = rsi[i] > RSI_SELL or closes[i] <= stop
            long = not leave[i]
        elif rsi[i] < RSI_BUY and closes[i] < lower[i]:
            score[i] = _FULL_SCORE
            long, signal = True, i
    return score, leave


def _name(number: int) -> str:
    return f"B{number:03}/USDT"


def market_rules(number: int) -> MarketRules:
    """Return the terms of one market: steps too fine to show, 0.1 % fee, 5 bps half-spread."""
    return MarketRules(
        symbol=Symbol.parse(_name(number)),
        tick_size=_STEP,
        lot_size=_STEP,
        min_quantity=_STEP,
        min_notional_quote=Decimal(0),
        maker_fee_bps=Decimal(10),
        taker_fee_bps=Decimal(10),
        half_spread_bps=Decimal(5),
    )
