"""What a backtest was of: the strategy, the candles, the settings, and what to keep in mind."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from engine.backtest.result import BacktestResult
from engine.backtest.runner import BacktestPlan
from engine.domain.desk import Json
from engine.domain.market import Symbol
from engine.domain.reasons import ReasonCode
from engine.domain.values import from_ms, to_ms
from main.history import History
from main.output import to_json

_FEW_TRADES = 100
_SHORT_YEARS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A plan, the history it was made from, and the currency of the account."""

    plan: BacktestPlan
    history: History
    quote: str


def about(played: Played, result: BacktestResult) -> dict[str, Json]:
    """Everything beside the result that its document tells; settings are those that decided."""
    plan, history = played.plan, played.history
    strategy = plan.strategy
    return {
        "program": version("cryptotrader"),
        "quote": played.quote,
        "strategy": {
            "name": strategy.name,
            "version": strategy.version,
            "fingerprint": strategy.fingerprint,
            "code_digest": strategy.code_digest,
            "parameters": to_json(strategy.parameters),
        },
        "data": {
            "venue": history.venue,
            "timeframe": str(history.timeframe),
            "from": to_json(history.start),
            "to": to_json(history.end),
            "symbols": [_symbol(history, symbol) for symbol in history.symbols],
            "finer": str(plan.finer_timeframe) if plan.finer else None,
        },
        "calibration": plan.calibration.version if plan.calibration else None,
        "settings": {
            "start_equity_quote": plan.start_equity_quote,
            "risk": to_json(plan.policies.risk),
            "costs": to_json(plan.policies.costs),
            "automation": to_json(plan.policies.automation),
            "approval": to_json(plan.policies.approval),
            "fills": to_json(plan.fills),
            "person": to_json(plan.approval),
        },
        "caveats": list(caveats(played, result)),
    }


def _symbol(history: History, symbol: Symbol) -> Json:
    """What was played of a market; bars of its warm-up are not counted."""
    opened, source = history.candles[symbol].open_ms, history.resampled.get(symbol)
    begin = bisect_left(opened, to_ms(history.start))
    bars = len(opened) - begin
    whole = (opened[-1] - opened[begin]) // history.timeframe.ms + 1
    return {
        "symbol": str(symbol),
        "bars": bars,
        "missing_bars": whole - bars,
        "first": to_json(from_ms(opened[begin])),
        "last": to_json(from_ms(opened[-1])),
        "resampled_from": None if source is None else str(source),
    }


def caveats(played: Played, result: BacktestResult) -> Iterator[str]:
    """What a reader must know before believing the figures, one sentence each."""
    plan, history = played.plan, played.history
    yield (
        "Candles of the past, played once: what a strategy earned where it was chosen says little "
        "about where it was not. `cryptotrader prove` judges that."
    )
    if result.metrics.trades < _FEW_TRADES:
        yield f"Only {result.metrics.trades} closed trades: every mean of them is uncertain."
    if result.metrics.years < _SHORT_YEARS:
        yield f"Only {result.metrics.years:.1f} years: one phase of the market may be all there is."
    if history.resampled:
        sources = sorted({frame.ms: str(frame) for frame in history.resampled.values()}.items())
        finer = ", ".join(name for _, name in sources)
        yield f"{history.timeframe} candles are resampled from {finer}, whole bars only."
    yield from _knowledge(plan)
    latched = result.decisions.get(ReasonCode.DRAWDOWN_LATCHED.label, 0)
    if latched:
        yield f"The drawdown limit was reached: {latched:,} entries were refused until a re-arm."
    person = plan.approval
    yield (
        f"Questions are approved with a probability of {person.probability:g}, "
        f"{person.delay_bars} bars late."
    )
    yield "Fills meet an order book made from each bar's volume and spread, not a recorded one."
    yield (
        f"What came first inside a bar is told by {plan.finer_timeframe} candles."
        if plan.finer
        else "Inside one bar the worse order of events is assumed."
    )
    if result.open_positions:
        yield (
            f"{len(result.open_positions)} positions are open at the end, valued at the last close "
            "without the cost of selling."
        )
    yield "The markets are those that still have candles: the ones that died are not among them."


def _knowledge(plan: BacktestPlan) -> Iterator[str]:
    """What was known before the first bar that a desk would not have known then."""
    calibration = plan.calibration
    if calibration is None:
        yield "The edge is not calibrated: every entry is a question, whatever its size."
    elif calibration.data_to > plan.start:
        yield (
            f"Calibration {calibration.version} was measured on candles up to "
            f"{calibration.data_to:%Y-%m-%d}, which this run also plays."
        )
