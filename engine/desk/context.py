"""What every use case of the desk works with, built once by the composition root.

The mode is not here as a branch: which venue, clock and market were built is the mode. ``mode``
itself is shown to people and decides one thing, whether decisions are proposed for trading.

``strategy`` and ``mode`` are those of now: people change them while the desk runs (``steering``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.desk.steering import Steering
from engine.domain.desk import Mode
from engine.domain.errors import InvalidValueError
from engine.domain.market import MarketRules, Symbol, Timeframe
from engine.domain.reasons import RuleCode
from engine.domain.records import CurrencyChoice
from engine.execution.gateway import OrderGateway
from engine.kernel import Records
from engine.ports import Clock, MarketData, TokenSource, Units
from engine.strategy.book import Terms
from engine.strategy.crossing import pack_markets
from engine.strategy.packing import StepPolicy, pack_policy
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One strategy version and the policies around it, and the same as the kernel reads it.

    ``rules`` are sorted by symbol, ``markets`` are in their order. Unless the venue ``is_heard``
    they are remembered or presumed, and nothing is entered by them.
    """

    made: StrategyVersion
    policies: TradingPolicy
    rules: tuple[MarketRules, ...]
    numbers: StepPolicy
    markets: Records[Terms]
    is_heard: bool = True

    @classmethod
    def of(
        cls,
        *,
        made: StrategyVersion,
        policies: TradingPolicy,
        rules: Mapping[Symbol, MarketRules],
        venue_is_live: bool,
        leaving: frozenset[Symbol] = frozenset(),
        is_heard: bool = True,
    ) -> "Strategy":
        """Sort and pack. Symbols that are ``leaving`` are watched, and never entered.

        The entries and exits of ``policies`` give way to those of the strategy.
        """
        policies = made.govern(policies)
        barred = leaving if is_heard else frozenset(rules)
        ordered = tuple(sorted(rules.values(), key=lambda rule: str(rule.symbol)))
        return cls(
            made=made,
            policies=policies,
            rules=ordered,
            numbers=pack_policy(
                policies, timeframe_ms=made.timeframe.ms, venue_is_live=venue_is_live
            ),
            markets=pack_markets(
                ordered, policies.costs, standing=dict.fromkeys(barred, RuleCode.DENY)
            ),
            is_heard=is_heard,
        )

    @property
    def version(self) -> str:
        """The version under which decisions are stored."""
        return self.made.version

    @property
    def timeframe(self) -> Timeframe:
        """The decision timeframe."""
        return self.made.timeframe

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols, sorted by name."""
        return tuple(rule.symbol for rule in self.rules)

    def place(self, symbol: Symbol) -> int:
        """Where a symbol stands in ``rules``; ``InvalidValueError`` if it is not traded."""
        for place, rule in enumerate(self.rules):
            if rule.symbol == symbol:
                return place
        raise InvalidValueError("symbol", f"one of {len(self.rules)} traded", str(symbol))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskContext:
    """The desk's surroundings.

    ``clock`` is the market's time (a simulated market's runs faster); ``wall`` is a person's, which
    questions expire by. ``own_currency`` is the one the owner counts in beside ``quote``;
    ``proof_venues`` are those, besides ``venue``, on whose candles a proof may have been made.
    """

    venue: str
    quote: str
    simulated: bool
    release: str
    started_at: datetime
    units: Units
    clock: Clock
    wall: Clock
    market: MarketData
    gateway: OrderGateway
    tokens: TokenSource
    steering: Steering[Strategy]
    own_currency: CurrencyChoice | None = None
    proof_venues: tuple[str, ...] = ()

    @property
    def strategy(self) -> Strategy:
        """What decides, and under which limits."""
        return self.steering.now.strategy

    @property
    def mode(self) -> Mode:
        """Whether decisions are proposed for trading."""
        return self.steering.now.mode

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The traded symbols, sorted by name."""
        return self.strategy.symbols

    @property
    def timeframe(self) -> Timeframe:
        """The decision timeframe."""
        return self.strategy.timeframe

    @property
    def policies(self) -> TradingPolicy:
        """What the owner has set."""
        return self.strategy.policies
