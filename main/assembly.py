"""Puts a desk together from parts that have been chosen: the one place where use cases meet.

parts (units, clocks, market, rules, policies) → context → paper venue → gateway → use cases. It
reads no configuration and opens nothing; ``compose`` chooses the parts for ``run``, ``rehearse``
and the queries, and tests choose theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version

from engine.desk.approvals import ApprovalDesk
from engine.desk.context import DeskContext, Strategy
from engine.desk.controls import ControlDesk
from engine.desk.cycle import CloseCycle, Collect
from engine.desk.desk import Desk
from engine.desk.entries import EntryDesk
from engine.desk.manual import ManualDesk
from engine.desk.queries import Narrate
from engine.desk.research import ResearchDesk
from engine.desk.scan import Scanner
from engine.domain.desk import Mode
from engine.domain.market import MarketRules, Symbol
from engine.domain.portfolio import LedgerEntry
from engine.execution.gateway import OrderGateway
from engine.execution.paper import PaperBroker, PaperMarket
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from engine.ports import Clock, MarketData, TokenSource, Units
from engine.strategy.crossing import market_numbers
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy
from engine.strategy.version import StrategyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a desk is made of. ``leaving`` symbols are watched, not bought."""

    venue: str
    quote: str
    units: Units
    clock: Clock
    wall: Clock
    market: MarketData
    rules: Mapping[Symbol, MarketRules]
    tokens: TokenSource
    explain: Narrate
    start_equity_quote: Decimal
    mode: Mode = Mode.PAPER
    simulated: bool = False
    policies: TradingPolicy = field(default_factory=TradingPolicy)
    fills: FillPolicy = field(default_factory=FillPolicy)
    strategy: StrategyVersion = field(default_factory=score_strategy)
    collect: Collect | None = None
    leaving: frozenset[Symbol] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A desk and the use cases that schedules and commands drive."""

    context: DeskContext
    desk: Desk
    cycle: CloseCycle
    scanner: Scanner
    entries: EntryDesk
    questions: ApprovalDesk
    paper: PaperBroker


def assemble(parts: Parts) -> Assembled:
    """Build the desk; nothing is read or written yet."""
    paper = PaperBroker(
        venue=parts.venue,
        timeframe=parts.strategy.timeframe,
        units=parts.units,
        clock=parts.clock,
        market=parts.market,
        markets={
            symbol: PaperMarket(rules=rules, numbers=market_numbers(rules, parts.policies.costs))
            for symbol, rules in parts.rules.items()
        },
        fills=pack_fills(parts.fills),
    )
    context = DeskContext(
        venue=parts.venue,
        quote=parts.quote,
        mode=parts.mode,
        simulated=parts.simulated,
        release=version("cryptotrader"),
        started_at=parts.wall.now(),
        units=parts.units,
        clock=parts.clock,
        wall=parts.wall,
        market=parts.market,
        gateway=OrderGateway(
            venue=parts.venue,
            units=parts.units,
            broker=paper,
            clock=parts.clock,
            wall=parts.wall,
        ),
        tokens=parts.tokens,
        strategy=Strategy.of(
            made=parts.strategy,
            policies=parts.policies,
            rules=parts.rules,
            venue_is_live=parts.mode is Mode.LIVE,
            leaving=parts.leaving,
        ),
    )
    entries = EntryDesk(context)
    scanner, questions = Scanner(context, entries), ApprovalDesk(context, entries)
    desk = Desk(
        context=context,
        questions=questions,
        controls=ControlDesk(context),
        manual=ManualDesk(context),
        researched=ResearchDesk(context),
        explain=parts.explain,
    )
    cycle = CloseCycle(
        context, scanner=scanner, entries=entries, paper=paper, collect=parts.collect
    )
    return Assembled(
        context=context,
        desk=desk,
        cycle=cycle,
        scanner=scanner,
        entries=entries,
        questions=questions,
        paper=paper,
    )


def fund(parts: Parts, assembled: Assembled) -> None:
    """Put the start money into an account that has never had any, at the venue and in the book."""
    with parts.units() as unit:
        if unit.book.balances(parts.venue) or unit.paper.balances(parts.venue):
            return
        unit.paper.set_balance(parts.venue, parts.quote, parts.start_equity_quote)
        unit.book.post(
            [
                LedgerEntry(
                    venue=parts.venue,
                    currency=parts.quote,
                    amount=parts.start_equity_quote,
                    kind="deposit",
                    reference="start",
                    at=assembled.context.clock.now(),
                )
            ]
        )
        unit.commit()
