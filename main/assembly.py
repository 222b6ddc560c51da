"""Puts a desk together from parts that have been chosen: the one place where use cases meet.

parts (units, clocks, market, rules, policies) → context → paper venue → gateway → use cases. It
reads no configuration and opens nothing; ``compose`` chooses the parts for ``run``, ``rehearse``
and the queries, and tests choose theirs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version

from engine.desk.alerts.desk import AlertDesk
from engine.desk.alerts.gather import Gatherer
from engine.desk.alerts.policy import AlertPolicy
from engine.desk.alerts.prices import PolledPrices
from engine.desk.alerts.watcher import AlertWatcher
from engine.desk.approvals import AREA as QUESTIONS_AREA
from engine.desk.approvals import ApprovalDesk
from engine.desk.changes.book import AREA as CHANGES_AREA
from engine.desk.changes.desk import ChangeDesk
from engine.desk.changes.inbox import ChangeQuestions
from engine.desk.context import DeskContext, Strategy
from engine.desk.controls import ControlDesk
from engine.desk.cycle import CloseCycle, Collect
from engine.desk.delivery.desk import DeliveryDesk
from engine.desk.desk import Desk
from engine.desk.entries import EntryDesk
from engine.desk.explorer.desk import ExplorerDesk
from engine.desk.explorer.explain import Narrate
from engine.desk.factors.desk import CarryOut, FactorDesk
from engine.desk.inbox.desk import EntryQuestions, InboxDesk
from engine.desk.manual import AREA as PURCHASE_AREA
from engine.desk.manual import ManualDesk
from engine.desk.records.chain import ChainWatch
from engine.desk.records.desk import RecordsDesk
from engine.desk.records.following import ShadowKeeper
from engine.desk.research import ResearchDesk
from engine.desk.scan import Scanner
from engine.desk.steering import Chosen, Configured, Steering
from engine.domain.delivery import DeliveryPolicy
from engine.domain.desk import Mode
from engine.domain.market import MarketRules, Symbol
from engine.domain.portfolio import LedgerEntry
from engine.domain.records import CurrencyChoice
from engine.execution.gateway import OrderGateway
from engine.execution.paper import PaperBroker, PaperMarket
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from engine.ports import Clock, MarketData, TokenSource, Units
from engine.strategy.crossing import market_numbers
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy, shipped_strategies
from engine.strategy.version import StrategyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a desk is made of. ``leaving`` symbols are watched, not bought.

    With ``is_heard`` off the ``rules`` are remembered or presumed: nothing is entered until
    ``Assembled.hear`` brings the venue's own.
    ``strategy``, ``policies`` and ``mode`` are those in force; ``configured`` is what the file says
    without what people changed since (``None``: the same).
    """

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
    is_heard: bool = True
    configured: Configured | None = None
    delivery: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    own_currency: CurrencyChoice | None = None
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    proof_venues: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Terms:
    """What is known of the markets; replaced when the venue is heard, between two use cases."""

    rules: Mapping[Symbol, MarketRules]
    leaving: frozenset[Symbol]
    is_heard: bool


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
    shadows: ShadowKeeper
    chain: ChainWatch
    prices: PolledPrices
    alert_watcher: AlertWatcher
    hear: Callable[[Mapping[Symbol, MarketRules]], None]
    """Take up the venue's own rules; on the desk's thread, between two use cases."""


def assemble(parts: Parts) -> Assembled:
    """Build the desk; nothing is read or written yet."""
    terms = _Terms(rules=parts.rules, leaving=parts.leaving, is_heard=parts.is_heard)
    markets = _paper_markets(parts, parts.rules)
    steering = _steering(parts, terms)

    def hear(rules: Mapping[Symbol, MarketRules]) -> None:
        terms.rules, terms.is_heard = rules, True
        markets.update(_paper_markets(parts, rules))
        steering.pack_again()

    paper = PaperBroker(
        venue=parts.venue,
        timeframe=parts.strategy.timeframe,
        units=parts.units,
        clock=parts.clock,
        market=parts.market,
        markets=markets,
        fills=pack_fills(parts.fills),
    )
    context = DeskContext(
        venue=parts.venue,
        quote=parts.quote,
        simulated=parts.simulated,
        release=version("cryptotrader"),
        started_at=parts.wall.now(),
        units=parts.units,
        clock=parts.clock,
        wall=parts.wall,
        market=parts.market,
        gateway=OrderGateway(
            venue=parts.venue,
            timeframe=parts.strategy.timeframe,
            units=parts.units,
            broker=paper,
            clock=parts.clock,
            wall=parts.wall,
        ),
        tokens=parts.tokens,
        steering=steering,
        own_currency=parts.own_currency,
        proof_venues=parts.proof_venues,
    )
    entries = EntryDesk(context)
    scanner, questions = Scanner(context, entries), ApprovalDesk(context, entries)
    changes, manual = ChangeDesk(context, entries=entries), ManualDesk(context)
    prices = PolledPrices(parts.market, per_poll=parts.alerts.prices_per_look)
    gatherer = Gatherer(context, parts.alerts, prices)
    chain = ChainWatch(parts.units, parts.wall)
    desk = Desk(
        context=context,
        alerts=AlertDesk(context, parts.alerts, gatherer),
        questions=questions,
        changes=changes,
        inbox=InboxDesk(
            sources=(EntryQuestions(context=context), ChangeQuestions(context=context))
        ),
        factors=FactorDesk(context, wishes_of(questions, changes, manual)),
        controls=ControlDesk(context),
        manual=manual,
        researched=ResearchDesk(context),
        explorer=ExplorerDesk(context=context, explain=parts.explain),
        delivery=DeliveryDesk(context=context, policy=parts.delivery),
        records=RecordsDesk(context=context, chain=chain),
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
        chain=chain,
        shadows=ShadowKeeper(context, markets=markets, fills=pack_fills(parts.fills)),
        prices=prices,
        alert_watcher=AlertWatcher(context, parts.alerts, gatherer),
        hear=hear,
    )


def wishes_of(
    questions: ApprovalDesk, changes: ChangeDesk, manual: ManualDesk
) -> dict[str, CarryOut]:
    """Who carries out what a second factor has proved, by the area that asked for it."""
    return {
        QUESTIONS_AREA: questions.carry_out,
        CHANGES_AREA: changes.carry_out,
        PURCHASE_AREA: manual.carry_out,
    }


def _paper_markets(parts: Parts, rules: Mapping[Symbol, MarketRules]) -> dict[Symbol, PaperMarket]:
    return {
        symbol: PaperMarket(rules=one, numbers=market_numbers(one, parts.policies.costs))
        for symbol, one in rules.items()
    }


def _steering(parts: Parts, terms: _Terms) -> Steering[Strategy]:
    def pack(made: StrategyVersion, policies: TradingPolicy) -> Strategy:
        return Strategy.of(
            made=made,
            policies=policies,
            rules=terms.rules,
            venue_is_live=parts.mode is Mode.LIVE,
            leaving=terms.leaving,
            is_heard=terms.is_heard,
        )

    start = Chosen(strategy=parts.strategy, policies=parts.policies, mode=parts.mode)
    configured = parts.configured or Configured(
        strategy=parts.strategy,
        policies=parts.policies,
        mode=parts.mode,
        offered=shipped_strategies(),
    )
    return Steering(configured, start=start, pack=pack)


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
