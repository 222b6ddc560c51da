"""Bars, overlays and projection for a picture, from the stored candles.

A chart of the market as it is now carries a projection; one of a past decision does not, because
what came is known.
"""

from array import array
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.domain.decisions import Decision, ExitPlan
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.orders import Purpose
from engine.domain.projection import ChartProjection, NoProjection
from engine.domain.views import ChartView
from engine.indicators import direct
from engine.indicators.bars import Bars, Floats
from engine.market.resample import resample
from engine.ports import UnitOfWork
from engine.strategy.projection import LEVEL, METHOD, project
from engine.strategy.projection_record import MOST_HORIZONS, measure, shipped_rate

CHART_BARS = 120
PROJECTED_BARS = 24
WARM_UP_BARS = 300  # of the longest overlay
_RECORD_BARS = MOST_HORIZONS * PROJECTED_BARS
_MOST_FINER_BARS = 24_000
_FEWEST_OWN = 10
_SMOOTH_PATHS = 2_000


def chart_view(
    context: DeskContext,
    unit: UnitOfWork,
    symbol: Symbol,
    *,
    timeframe: Timeframe | None = None,
    decision: Decision | None = None,
    at: datetime | None = None,
    projected_bars: int = PROJECTED_BARS,
    shown_bars: int = CHART_BARS,
) -> ChartView | None:
    """The newest bars of a symbol, or those up to a moment; ``None`` without bars.

    The moment is ``at``, else a decision's close. The next ``projected_bars`` are projected, none
    with 0 or for a moment in the past.
    """
    frame = timeframe or (decision.timeframe if decision else context.timeframe)
    moment = at or (decision.closed_at if decision else None)
    is_projected = moment is None and projected_bars > 0
    wanted = shown_bars + WARM_UP_BARS
    if is_projected:
        wanted = max(wanted, METHOD.window_bars(frame) + _RECORD_BARS)
    series = bars_until(context, unit, symbol, frame, moment or context.clock.now(), wanted)
    if not len(series):
        return None
    bars = Bars.of(series, frame)
    cut = max(0, len(series) - shown_bars)
    columns = overlay_columns(bars)
    return ChartView(
        venue=context.venue,
        symbol=symbol,
        timeframe=frame,
        bars=tail(series, cut),
        columns={name: column[cut:].tolist() for name, column in columns.items()},
        levels=_levels(context, unit, symbol, decision) if at is None or decision else {},
        simulated=context.simulated,
        projection=projection(bars, projected_bars, is_simulated=context.simulated)
        if is_projected
        else None,
    )


def projection(bars: Bars, horizon_bars: int, *, is_simulated: bool) -> ChartProjection | None:
    """The cone after ``bars`` with its record; ``None`` where the history does not allow one.

    The shipped record speaks of real markets only. The market's own needs ten horizons to be told.
    """
    seed = int(bars.close_ms[-1])
    made = project(bars, horizon_bars, seed=seed, paths=_SMOOTH_PATHS)
    if isinstance(made, NoProjection):
        return None
    own = measure(bars, horizon_bars, seed=seed)
    return ChartProjection(
        projection=made,
        level=LEVEL,
        measured=None if is_simulated else shipped_rate(bars.timeframe, horizon_bars),
        own=own if own is not None and own.n >= _FEWEST_OWN else None,
    )


def overlay_columns(bars: Bars) -> Mapping[str, Floats]:
    """The overlays of ``ChartView.columns``, as long as the bars."""
    lower, middle, upper = direct.bollinger(bars.close, length=20, width_sigma=2.0)
    macd, signal, histogram = direct.macd(bars.close, fast=12, slow=26, signal=9)
    stoch_k, stoch_d = direct.stochastic(
        bars.high, bars.low, bars.close, length=14, smooth_k=3, smooth_d=3
    )
    return {
        "bb_lower": lower,
        "bb_middle": middle,
        "bb_upper": upper,
        "ma_fast": direct.mean(bars.close, 50),
        "ma_slow": direct.mean(bars.close, 200),
        "rsi": direct.rsi(bars.close, 14),
        "macd": macd,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "stoch_k": stoch_k,
        "stoch_d": stoch_d,
    }


def bars_until(
    context: DeskContext,
    unit: UnitOfWork,
    symbol: Symbol,
    frame: Timeframe,
    until: datetime,
    wanted: int,
) -> CandleSeries:
    """Stored bars of the timeframe, else whole buckets of the desk's own finer one."""
    own = unit.candles.window(context.venue, symbol, frame, until=until, limit=wanted)
    finer = context.timeframe
    if len(own) or frame.ms <= finer.ms or frame.ms % finer.ms:
        return own
    ratio = frame.ms // finer.ms
    # A longer record is not worth reading a hundred thousand finer bars for.
    least = (CHART_BARS + WARM_UP_BARS) * ratio
    limit = min(wanted * ratio, max(least, _MOST_FINER_BARS))
    base = unit.candles.window(context.venue, symbol, finer, until=until, limit=limit)
    return resample(base, finer, frame)


def tail(series: CandleSeries, cut: int) -> CandleSeries:
    """The bars from the one at ``cut`` on."""
    open_ms, *prices = series.columns()
    opened, high, low, close, volume = (array("d", column[cut:]) for column in prices)
    return CandleSeries(
        open_ms=open_ms[cut:], open=opened, high=high, low=low, close=close, volume=volume
    )


def _levels(
    context: DeskContext, unit: UnitOfWork, symbol: Symbol, decision: Decision | None
) -> Mapping[str, Decimal]:
    """Entry, stop and target: of the decision's plan, else of the position, else of the order."""
    if decision is not None and decision.plan is not None:
        plan = decision.plan
        return _named(plan.reference_price, plan.exit_plan.stop_price, plan.exit_plan)
    for position in unit.book.positions(context.venue):
        if position.symbol == symbol:
            return _named(position.entry_price, position.stop_price, position.exit_plan)
    for order in unit.orders.unfinished():
        intent = order.intent
        if (intent.venue, intent.symbol, intent.purpose) == (context.venue, symbol, Purpose.ENTRY):
            stop = intent.exit_plan.stop_price if intent.exit_plan else None
            return _named(intent.reference_price, stop, intent.exit_plan)
    return {}


def _named(entry: Decimal, stop: Decimal | None, exits: ExitPlan | None) -> Mapping[str, Decimal]:
    target = exits.take_profit_price if exits else None
    levels = {"entry": entry, "stop": stop, "target": target}
    return {name: price for name, price in levels.items() if price is not None}
