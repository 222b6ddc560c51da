"""Bars and overlays for a picture, from the stored candles and the indicators the rules use."""

from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.domain.decisions import Decision
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.views import ChartView
from engine.indicators import direct
from engine.indicators.bars import Bars, Floats
from engine.market.resample import resample
from engine.ports import UnitOfWork

CHART_BARS = 120
_WARMUP_BARS = 300


def chart_view(
    context: DeskContext,
    unit: UnitOfWork,
    symbol: Symbol,
    *,
    timeframe: Timeframe | None = None,
    decision: Decision | None = None,
) -> ChartView | None:
    """The newest bars of a symbol, or those up to a decision's close; ``None`` without bars."""
    frame = timeframe or (decision.timeframe if decision else context.timeframe)
    until = decision.closed_at if decision else context.clock.now()
    series = _bars(context, unit, symbol, frame, until)
    if not len(series):
        return None
    cut = max(0, len(series) - CHART_BARS)
    columns = overlay_columns(Bars.of(series, frame))
    return ChartView(
        venue=context.venue,
        symbol=symbol,
        timeframe=frame,
        bars=_tail(series, cut),
        columns={name: column[cut:].tolist() for name, column in columns.items()},
        levels=_levels(context, unit, symbol, decision),
        simulated=context.simulated,
    )


def overlay_columns(bars: Bars) -> Mapping[str, Floats]:
    """The overlays of ``ChartView.columns``, as long as the bars."""
    lower, middle, upper = direct.bollinger(bars.close, length=20, width_sigma=2.0)
    macd, signal, histogram = direct.macd(bars.close, fast=12, slow=26, signal=9)
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
    }


def _bars(
    context: DeskContext, unit: UnitOfWork, symbol: Symbol, frame: Timeframe, until: datetime
) -> CandleSeries:
    """Stored bars of the timeframe, else whole buckets of the desk's own finer one."""
    wanted = CHART_BARS + _WARMUP_BARS
    own = unit.candles.window(context.venue, symbol, frame, until=until, limit=wanted)
    finer = context.timeframe
    if len(own) or frame.ms <= finer.ms or frame.ms % finer.ms:
        return own
    limit = wanted * (frame.ms // finer.ms)
    base = unit.candles.window(context.venue, symbol, finer, until=until, limit=limit)
    return resample(base, finer, frame)


def _tail(series: CandleSeries, cut: int) -> CandleSeries:
    open_ms, *prices = series.columns()
    opened, high, low, close, volume = (array("d", column[cut:]) for column in prices)
    return CandleSeries(
        open_ms=open_ms[cut:], open=opened, high=high, low=low, close=close, volume=volume
    )


def _levels(
    context: DeskContext, unit: UnitOfWork, symbol: Symbol, decision: Decision | None
) -> Mapping[str, Decimal]:
    """Entry, stop and target: of the decision's plan, else of the open position."""
    if decision is not None and decision.plan is not None:
        exits = decision.plan.exit_plan
        entry, stop, target = (
            decision.plan.reference_price,
            exits.stop_price,
            exits.take_profit_price,
        )
    else:
        held: Sequence[tuple[Decimal, Decimal, Decimal | None]] = [
            (position.entry_price, position.stop_price, position.exit_plan.take_profit_price)
            for position in unit.book.positions(context.venue)
            if position.symbol == symbol
        ]
        if not held:
            return {}
        entry, stop, target = held[0]
    levels = {"entry": entry, "stop": stop, "target": target}
    return {name: price for name, price in levels.items() if price is not None}
