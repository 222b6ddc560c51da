"""From a place to the decision that was made there, or that would be made there.

stored decision, else: candles up to the close → ``see`` → the kernel, with nothing held and no
brake on → the same record, not stored.

- The version in force decides, whatever was in force then; what is told says so.
- The account is as large as the newest decision saw it, and empty: what was held then is not known
  any more, and would tell of the account rather than of the market.
- On other timeframes than the desk's nothing is decided. The score is the strategy's on those bars,
  and is information.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.calibrated import calibration_of
from engine.desk.charts import bars_until
from engine.desk.context import DeskContext
from engine.desk.seen import Seen, record, see
from engine.domain.decisions import Decision
from engine.domain.desk import Controls
from engine.domain.explorer import Place
from engine.domain.ids import decision_id
from engine.domain.market import Symbol, Timeframe
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.ports import UnitOfWork
from engine.strategy.book import new_rows
from engine.strategy.crossing import BookView, LastBar, mark, pack_book, put_absent, put_row
from engine.strategy.crossing_back import SymbolVerdict, decide
from engine.strategy.version import StrategyVersion

_INSTANT = timedelta(milliseconds=1)
_ALL_PASSED = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A decision of a place; ``seen`` are the bars it was made from anew, if it was."""

    decision: Decision
    seen: Seen | None = None

    @property
    def is_recomputed(self) -> bool:
        """Whether nothing is stored of it."""
        return self.seen is not None


def found_at(context: DeskContext, unit: UnitOfWork, place: Place) -> Found | None:
    """The decision of a place; ``None`` where neither a decision nor bars are stored."""
    frame = place.timeframe or context.timeframe
    stored = _stored(context, unit, place.symbol, frame, place.at)
    if stored is not None:
        return Found(decision=stored)
    return recomputed(context, unit, place)


def recomputed(context: DeskContext, unit: UnitOfWork, place: Place) -> Found | None:
    """The decision of a place made anew from its candles; ``None`` without any."""
    made = version_on(context, place.timeframe or context.timeframe)
    seen_at = seen_until(context, unit, made, place.symbol, place.at)
    if seen_at is None:
        return None
    seen, closed_at = seen_at
    if made.timeframe is not context.timeframe:
        return Found(decision=_scored(context, made, place.symbol, closed_at, seen), seen=seen)
    verdict = judged(context, unit, place.symbol, closed_at, seen)
    return Found(decision=record(context, closed_at, verdict, seen, Controls()), seen=seen)


def version_on(context: DeskContext, timeframe: Timeframe) -> StrategyVersion:
    """The version in force, read on bars of this length."""
    made = context.strategy.made
    return made if timeframe is made.timeframe else made.altered(timeframe=timeframe)


def seen_until(
    context: DeskContext,
    unit: UnitOfWork,
    made: StrategyVersion,
    symbol: Symbol,
    at: datetime | None,
) -> tuple[Seen, datetime] | None:
    """A window that ends at a close, by default the newest, and that close; ``None`` if empty."""
    frame = made.timeframe
    until = at or context.clock.now()
    series = bars_until(context, unit, symbol, frame, until, made.window_bars)
    if not len(series):
        return None
    closed_at = at or series.candle(-1).closed_at(frame)
    is_own = frame is context.timeframe
    seen = see(
        made,
        series,
        closed_at,
        threshold_rank_fraction=context.strategy.numbers.min_rank_fraction,
        calibration=calibration_of(unit, made) if is_own else None,
    )
    return seen, closed_at


def judged(
    context: DeskContext,
    unit: UnitOfWork,
    symbol: Symbol,
    closed_at: datetime,
    seen: Seen,
    *,
    passes_thresholds: bool = False,
) -> SymbolVerdict:
    """What the kernel makes of one symbol alone, with nothing held and no brake on.

    ``passes_thresholds`` asks what would have met it behind the thresholds.
    """
    strategy = context.strategy
    place = strategy.place(symbol)
    rows = new_rows(len(strategy.rules))
    for other in range(len(strategy.rules)):
        put_absent(rows[other])
    numbers = strategy.numbers
    if seen.scored is not None:
        put_row(
            rows[place],
            bar=seen.series.candle(-1),
            scored=seen.scored,
            index=len(seen.series) - 1,
            exit_flag=seen.exit_flag,
            edge=seen.edge,
        )
    if passes_thresholds:
        rows[place].rank_fraction = _ALL_PASSED
        numbers = numbers._replace(min_score=0.0)
    last = LastBar(close=seen.series.close[-1], volume=seen.series.volume[-1])
    view = BookView(cash_quote=_equity(context, unit, symbol), last_bars={symbol: last})
    book = pack_book(view, strategy.rules)
    mark(book, strategy.markets, numbers, closed_at)
    verdicts = decide(rows, strategy.markets, book, numbers, rules=strategy.rules, now=closed_at)
    return verdicts[place]


def _equity(context: DeskContext, unit: UnitOfWork, symbol: Symbol) -> Decimal:
    newest = unit.decisions.latest(symbol)
    if newest:
        return newest[0].equity_quote
    return unit.book.balances(context.venue).get(context.quote, Decimal(0))


def _stored(
    context: DeskContext,
    unit: UnitOfWork,
    symbol: Symbol,
    frame: Timeframe,
    at: datetime | None,
) -> Decision | None:
    if at is None:
        latest = unit.decisions.latest(symbol)
        is_here = latest and (latest[0].venue, latest[0].timeframe) == (context.venue, frame)
        return latest[0] if is_here else None
    known = unit.decisions.get(
        decision_id(context.venue, symbol, frame, at, context.strategy.version)
    )
    if known is not None:
        return known
    wanted = (context.venue, symbol, frame, at)
    others = unit.decisions.between(at, at + _INSTANT)
    return next(
        (d for d in others if (d.venue, d.symbol, d.timeframe, d.closed_at) == wanted), None
    )


def _scored(
    context: DeskContext, made: StrategyVersion, symbol: Symbol, closed_at: datetime, seen: Seen
) -> Decision:
    """A score for information, in the shape of a decision that does nothing."""
    return Decision(
        id=decision_id(context.venue, symbol, made.timeframe, closed_at, made.version),
        venue=context.venue,
        symbol=symbol,
        timeframe=made.timeframe,
        closed_at=closed_at,
        strategy_version=made.version,
        action=ActionCode.NONE,
        route=RouteCode.NONE,
        reason=ReasonCode.NONE if seen.score is not None else ReasonCode.WARMING_UP,
        close_price=None if seen.scored is None else Decimal(repr(seen.series.close[-1])),
        equity_quote=Decimal(0),
        score=seen.score,
        signals=seen.signals,
    )
