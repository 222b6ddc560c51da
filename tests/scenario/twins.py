"""One past, twice: through the whole desk, and through the backtest; and where the two part.

histories and policies → rehearsal (database, questions answered at once, paper venue) and backtest
→ ``Twins`` → ``differences``, in words, empty when they are the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest

from engine.backtest.result import Trade as ReplayedTrade
from engine.backtest.runner import BacktestPlan, BacktestRun, run_backtest
from engine.backtest.state import ApprovalModel
from engine.clock import ReplayClock
from engine.desk.rehearsal import Approver, Rehearsal, RehearsalReport
from engine.domain.decisions import Decision
from engine.domain.ids import DecisionId
from engine.domain.market import CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.portfolio import Trade
from engine.domain.proof import Calibration
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.domain.values import from_ms, to_ms
from engine.fills.policy import FillPolicy
from engine.market.replay import ReplayMarket
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy
from engine.strategy.version import StrategyVersion
from main.assembly import Parts, assemble, fund
from tests.fakes.clock import CountedTokens

VENUE = "past"
H1 = Timeframe.H1
START_EQUITY = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What both see: hourly candles of ``[start, end)`` and before, and one set of rules."""

    histories: Mapping[Symbol, CandleSeries]
    rules: Mapping[Symbol, MarketRules]
    start: datetime
    end: datetime
    policies: TradingPolicy = field(default_factory=TradingPolicy)
    fills: FillPolicy = field(default_factory=FillPolicy)
    rearm_after_days: float | None = 7.0
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Both tellings of one past."""

    past: Past
    rehearsal: RehearsalReport
    decisions: tuple[Decision, ...]
    backtest: BacktestRun

    @property
    def reasons(self) -> Counter[str]:
        """How often the desk gave each reason."""
        return Counter(decision.reason.label for decision in self.decisions)

    @property
    def exits(self) -> Counter[str]:
        """How often the desk left for each reason."""
        return Counter(trade.exit_reason for trade in self.rehearsal.trades)


def play(units: Units, past: Past) -> Twins:
    """Rehearse in ``units`` (empty and migrated), and backtest."""
    report = rehearse(units, past)
    with units(read_only=True) as unit:
        decisions = unit.decisions.between(past.start, past.end + timedelta(seconds=1))
    return Twins(past=past, rehearsal=report, decisions=tuple(decisions), backtest=backtest(past))


def rehearse(units: Units, past: Past) -> RehearsalReport:
    """The way of ``cryptotrader rehearse --approve auto``."""
    with units() as unit:
        for symbol, series in past.histories.items():
            unit.candles.add(VENUE, symbol, H1, series)
        if past.calibration is not None:
            unit.calibrations.add(past.calibration)
            unit.calibrations.activate(past.calibration.version)
        unit.commit()
    clock = ReplayClock(past.start)
    parts = parts_of(units, past, clock)
    made = assemble(parts)
    fund(parts, made)
    rehearsal = Rehearsal(
        made.context,
        clock=clock,
        cycle=made.cycle,
        questions=made.questions,
        approver=Approver.AUTO,
        rearm_after_days=past.rearm_after_days,
    )
    return rehearsal.run(past.start, past.end)


def parts_of(units: Units, past: Past, clock: ReplayClock) -> Parts:
    """The parts of the rehearsal's desk."""
    market = ReplayMarket(
        venue=VENUE, timeframe=H1, candles=past.histories, clock=clock, rules=past.rules
    )
    return Parts(
        venue=VENUE,
        quote="USDT",
        units=units,
        clock=clock,
        wall=clock,
        market=market,
        rules=past.rules,
        tokens=CountedTokens(),
        explain=lambda decision, language: f"{decision.symbol} in {language}",
        start_equity_quote=START_EQUITY,
        strategy=strategy(past),
        policies=past.policies,
        fills=past.fills,
    )


def strategy(past: Past) -> StrategyVersion:
    """The shipped score with the entries and exits of this past."""
    return replace(score_strategy(), entry=past.policies.entry, exits=past.policies.exits)


def backtest(past: Past) -> BacktestRun:
    """The way of ``cryptotrader backtest``, every decision kept."""
    plan = BacktestPlan(
        histories=past.histories,
        rules=past.rules,
        start=past.start,
        end=past.end,
        start_equity_quote=float(START_EQUITY),
        strategy=strategy(past),
        policies=past.policies,
        fills=past.fills,
        approval=ApprovalModel(rearm_after_days=past.rearm_after_days),
        calibration=past.calibration,
    )
    return run_backtest(plan, keep_log=True)


def differences(twins: Twins) -> list[str]:
    """Where the two part: decisions, trades, equity, re-arms; the first few of each."""
    found = (_decisions(twins), _trades(twins), _equity(twins), _rearms(twins))
    return [line for lines in found for line, _ in zip(lines, range(3), strict=False)]


def _decisions(twins: Twins) -> Iterator[str]:
    """Action, route, reason, and the lots of what was granted, at every close of every symbol.

    Closes at which no symbol has a bar are not on the backtest's timeline.
    """
    log, feed = twins.backtest.state.log, twins.backtest.feed
    at = {int(open_ms) + H1.ms: t for t, open_ms in enumerate(feed.open_ms)}
    place = {symbol: i for i, symbol in enumerate(twins.backtest.result.symbols)}
    compared = 0
    for one in twins.decisions:
        t, i = at.get(to_ms(one.closed_at)), place[str(one.symbol)]
        if t is None:
            continue
        compared += 1
        replayed = _words(log.action[t, i], log.route[t, i], log.reason[t, i])
        told = _words(one.action, one.route, one.reason)
        if told != replayed:
            yield f"{one.symbol} at {one.closed_at}: desk {told}, backtest {replayed}"
        elif one.plan is not None and one.route is not RouteCode.REFUSE:
            lots = twins.past.rules[one.symbol].quantity_lots(one.plan.quantity)
            if lots != log.lots[t, i]:
                yield f"{one.symbol} at {one.closed_at}: {lots} lots, backtest {log.lots[t, i]}"
    if compared != log.action.size:
        yield f"{compared} decisions on the timeline, backtest {log.action.size}"


def _rearms(twins: Twins) -> Iterator[str]:
    told, replayed = twins.rehearsal.rearms, twins.backtest.result.rearms
    if told != replayed:
        yield f"re-armed {told} times, backtest {replayed}"


def _words(action: int, route: int, reason: int) -> str:
    labels = (ActionCode(action).label, RouteCode(route).label, ReasonCode(reason).label)
    return " ".join(labels)


def _trades(twins: Twins) -> Iterator[str]:
    told = sorted(twins.rehearsal.trades, key=lambda t: (t.closed_at, str(t.symbol), t.quantity))
    replayed = sorted(
        twins.backtest.result.trades, key=lambda t: (t.closed_ms, t.symbol, t.quantity)
    )
    decided = {decision.id: decision for decision in twins.decisions}
    for one, other in zip_longest(told, replayed):
        if one is None or other is None:
            yield f"only one has {one or other}"
        elif not _is_same(one, other, twins.past.rules[one.symbol]):
            yield f"{one} is not {other}"
        elif not _was_decided_alike(decided[one.decision_id or DecisionId("")], other):
            yield f"{one.decision_id} has another score or regime than {other}"


def _is_same(one: Trade, other: ReplayedTrade, rules: MarketRules) -> bool:
    """Money within 1e-6, quantity and prices as the desk's exact ones print."""
    step = float(rules.lot_size)
    names = one.symbol.__str__() == other.symbol and one.exit_reason == other.exit_reason
    opened, closed = to_ms(one.opened_at), to_ms(one.closed_at)
    times = (opened, closed) == (other.opened_ms, other.closed_ms)
    amounts = (
        (one.quantity, other.quantity, step / 10),
        (one.entry_price, other.entry_price, 1e-6),
        (one.exit_price, other.exit_price, 1e-6),
        (one.fees_quote, other.fees_quote, 1e-6),
        (one.pnl_quote, other.pnl_quote, 1e-6),
    )
    return names and times and all(abs(float(a) - b) < limit for a, b, limit in amounts)


def _was_decided_alike(decision: Decision, other: ReplayedTrade) -> bool:
    """Score to the 0.01 that the desk stores, and regime."""
    assert decision.score is not None
    near = abs(float(decision.score.signed) - other.score) < 0.0051
    return near and decision.score.regime == other.regime


def _equity(twins: Twins) -> Iterator[str]:
    told = {to_ms(point.at): float(point.equity_quote) for point in twins.rehearsal.equity}
    result = twins.backtest.result
    for close_ms, equity in zip(
        result.close_ms.tolist(), result.equity_quote.tolist(), strict=True
    ):
        if abs(told[close_ms] - equity) > 1e-6:
            yield f"equity at {from_ms(close_ms)}: {told[close_ms]}, backtest {equity}"
