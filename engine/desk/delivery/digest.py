"""The daily message: how the money did, what is open, what came nearest, what was held back.

a timer looks often → is the day's hour past and the day not told? → digest, what was held, and the
sign of life are queued in one commit with the note of the day, so that no restart tells it twice.

Choices:
- The day is the owner's; the last 24 hours that the digest speaks of are the market's, whose clock
  runs faster where the market is simulated.
- The first start notes the day without telling it: nothing has happened yet.
- A trade is listed by when it was booked: what closed earlier, in a bar that came late, is in the
  day's figure and must not be in no list.
- After days without a running desk there is one digest, not one for each of them.
- Who does not want the digest gets the sign of life on a quiet day; who does, finds it in there.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from engine.desk import queries
from engine.desk.context import DeskContext
from engine.desk.delivery.views import DigestView, Miss
from engine.desk.records import money
from engine.desk.tell import tell
from engine.domain.decisions import Decision
from engine.domain.delivery import DeliveryPolicy, due_day
from engine.domain.desk import Priority
from engine.domain.portfolio import EquityPoint, Trade
from engine.domain.reasons import ActionCode, RouteCode, VerdictCode
from engine.domain.views import PortfolioView
from engine.ports import UnitOfWork

_TOLD = "digest_day"
_DAY = timedelta(days=1)
_RECENT_FILLS = 500
_RECENT_TRADES = 200


class DailyDigest:
    """Queues the digest when its hour has come. Called by a timer, on the desk's thread."""

    def __init__(self, context: DeskContext, policy: DeliveryPolicy) -> None:
        self._context = context
        self._policy = policy

    def look(self) -> str:
        """Queue what is due; returns a word for the status."""
        now = self._context.wall.now()
        day = due_day(self._policy, now)
        with self._context.units() as unit:
            told = unit.desk.note(_TOLD)
            if isinstance(told, str) and told >= day.isoformat():
                return f"told {told}"
            if told is not None:
                self._queue(unit, day, now)
            unit.desk.put_note(_TOLD, day.isoformat())
            unit.commit()
        return f"told {day}" if told is not None else "from tomorrow"

    def _queue(self, unit: UnitOfWork, day: date, now: datetime) -> None:
        kinds = ["digest", "held"] if self._policy.digest_enabled else []
        if is_quiet(self._context, unit):
            kinds.append("heartbeat")
        for kind in kinds:
            tell(
                unit,
                kind=kind,
                subject=f"{kind}:{day}",
                cause="daily",
                payload={"day": day.isoformat()},
                at=now,
                priority=Priority.DIGEST,
            )


def is_quiet(context: DeskContext, unit: UnitOfWork) -> bool:
    """Whether no entry was granted during the last day of the market."""
    now = context.clock.now()
    counts = unit.decisions.counts(now - _DAY, now)
    granted = {RouteCode.ASK.label, RouteCode.AUTO.label}
    enter = ActionCode.ENTER.label
    return not any(action == enter and route in granted for action, route, _ in counts)


def digest_view(context: DeskContext, policy: DeliveryPolicy) -> DigestView:
    """Everything the digest says, as of now."""
    since = context.clock.now() - _DAY
    portfolio = money.portfolio(context)
    with context.units(read_only=True) as unit:
        points = tuple(unit.book.equity(context.venue))
        trades = unit.book.trades(context.venue)
        closed = tuple(trade for trade in trades if trade.closed_at > since)
        before = trades[len(closed) : len(closed) + _RECENT_TRADES]
        return DigestView(
            status=queries.status(context),
            portfolio=portfolio,
            since=since,
            day_pnl_quote=_day_pnl(portfolio, points, since),
            bought=_bought(unit, since),
            closed=closed,
            late=tuple(trade for trade in before if _is_booked_after(unit, trade, since)),
            questions=queries.approvals(context),
            is_quiet=is_quiet(context, unit),
            misses=_nearest(context, unit, policy.nearest_misses),
        )


def _day_pnl(view: PortfolioView, points: tuple[EquityPoint, ...], since: datetime) -> Decimal:
    before = [point for point in points if point.at <= since]
    first = before[-1] if before else (points[0] if points else None)
    return view.portfolio.equity_quote - (first.equity_quote if first else view.start_equity_quote)


def _bought(unit: UnitOfWork, since: datetime) -> int:
    recent = {
        fill.order_id for fill in unit.orders.recent_fills(_RECENT_FILLS) if fill.filled_at > since
    }
    orders = [unit.orders.get(number) for number in recent]
    return sum(order is not None and not order.intent.is_reducing for order in orders)


def _is_booked_after(unit: UnitOfWork, trade: Trade, moment: datetime) -> bool:
    """Whether a trade was booked after a moment, whenever it closed.

    A stop that is met in a bar that came late closed at that bar's time. Its order was changed last
    when the fill was booked, if no other fill came after it.
    """
    order = unit.orders.get(trade.exit_order_id)
    if order is None or order.updated_at <= moment:
        return False
    return max(fill.filled_at for fill in unit.orders.fills(order.id)) == trade.closed_at


def _nearest(context: DeskContext, unit: UnitOfWork, limit: int) -> tuple[Miss, ...]:
    newest = [decision for symbol in context.symbols for decision in unit.decisions.latest(symbol)]
    misses = [miss for miss in map(_miss, newest) if miss is not None]
    misses.sort(key=lambda miss: (miss.missing_fraction, str(miss.symbol)))
    return tuple(misses[:limit])


def _miss(decision: Decision) -> Miss | None:
    score = decision.score
    if score is None:
        return None
    failed = (check for check in decision.checks if check.verdict is VerdictCode.FAILED)
    return Miss(
        symbol=decision.symbol,
        decision_id=decision.id,
        rank_fraction=score.rank_fraction,
        threshold_rank_fraction=score.threshold_rank_fraction,
        reason=decision.reason.label,
        gate=next(failed, None) if decision.route is RouteCode.REFUSE else None,
    )
