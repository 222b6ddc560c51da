"""Chooses the parts of a desk from the settings: which venue, which clock, which database.

settings → database (migrated, locked by the engine) → market and clock → ``assemble``. The mode is
decided here and nowhere below: a simulated market brings its own clock, a real venue the system's.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config import Settings
from config.services import VenueSettings
from db.unit_of_work import SqlUnits
from engine.clock import SecretTokens, SystemClock
from engine.desk import people
from engine.desk.closed import last_close
from engine.desk.rehearsal import Watch
from engine.desk.steering import Configured, chosen_now
from engine.domain.decisions import Decision
from engine.domain.desk import Mode, Person, Role
from engine.domain.errors import ConfigurationError, SafetyRefusedError, VenueError
from engine.domain.market import Symbol
from engine.domain.values import from_ms
from engine.market.backfill import CandleFiller
from engine.market.bounded import BoundedMarket
from engine.market.ccxt_client import VenueSettings as CcxtSettings
from engine.market.ccxt_venue import CcxtVenue
from engine.market.collect import CandleCollector
from engine.market.known_rules import KnownRules, ask_rules, known_rules
from engine.market.simulated import SimulatedMarket
from engine.market.simulated_clock import FollowedClock, SimulatedClock
from engine.market.universe import explicit_universe
from engine.ports import Clock, Units
from engine.strategy.version import StrategyVersion
from llm import template
from llm.sheet import fact_sheet
from llm.wording import language_of
from main.assembly import Assembled, Parts, assemble, fund
from main.delivering import delivery_policy
from main.live import live_refusal
from main.store import open_units
from main.strategies import configured_of, keep_version

_log = structlog.get_logger()

TERMINAL = Person(user_id=0, role=Role.OWNER, name="terminal", chat_id=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A venue as it was built; ``simulated`` is the clock that waits for people, if any.

    ``prices`` is the venue for callers that must not be held up by it.
    ``leaving`` are symbols that are not wanted any more but still held: they are among ``symbols``,
    because a position needs its prices and its stop until it is closed. ``strategy`` is the one in
    force; ``configured`` what the settings say without what people changed since.
    """

    name: str
    source: SimulatedMarket | CcxtVenue
    prices: SimulatedMarket | BoundedMarket
    clock: Clock
    wall: Clock
    symbols: tuple[Symbol, ...]
    simulated: SimulatedClock | None
    strategy: StrategyVersion
    configured: Configured
    leaving: frozenset[Symbol] = frozenset()

    @property
    def lanes(self) -> int:
        """How many markets to ask for candles at once."""
        return self.source.lanes if isinstance(self.source, CcxtVenue) else 1

    def close(self) -> None:
        """End what is being asked of a real venue, so that nobody waits for it."""
        for part in (self.source, self.prices):
            if not isinstance(part, SimulatedMarket):
                part.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDesk:
    """A desk ready for use, and what has to be closed after it.

    ``away`` is why the venue was not heard, if it was asked and did not answer.
    """

    settings: Settings
    units: SqlUnits
    market: Market
    parts: Parts
    assembled: Assembled
    collector: CandleCollector
    filler: CandleFiller
    away: VenueError | None = None


@contextmanager
def open_desk(settings: Settings, *, needs_venue: bool = False) -> Iterator[OpenDesk]:
    """A desk on the configured venue; a simulated market's time stands still.

    While the venue is away it knows what it remembers, unless the caller ``needs_venue``.
    """
    with ExitStack() as stack:
        units = open_units(settings)
        stack.callback(units.close)
        market = open_market(settings, units)
        stack.callback(market.close)
        desk = build_desk(settings, units, market)
        if needs_venue and desk.away is not None:
            raise desk.away
        yield desk


def build_desk(
    settings: Settings, units: SqlUnits, market: Market, *, asks_venue: bool = True
) -> OpenDesk:
    """Assemble, put in the start money, and admit the people of the configuration.

    Without ``asks_venue`` nobody is waited for: a real venue is heard later (``main.opening``).
    """
    with units(read_only=True) as unit:
        chosen = chosen_now(unit, market.configured)
    if chosen.mode is Mode.LIVE:
        traded = (one for one in market.symbols if one not in market.leaving)
        refusal = live_refusal(
            units,
            market.strategy,
            market.name,
            policies=chosen.policies,
            symbols=traded,
            proof_venues=settings.strategy.proof_venues,
        )
        raise SafetyRefusedError(refusal)
    venue = market.name
    strategy = keep_version(units, market.wall, market.strategy)
    collecting = replace(
        settings.market,
        backfill_bars=max(settings.market.backfill_bars, strategy.window_bars),
    )
    collector = CandleCollector(
        units=units,
        source=market.source,
        venue=venue,
        clock=market.clock,
        policy=collecting,
        lanes=market.lanes,
    )
    known = read_rules(units, market, asks_venue=asks_venue)
    parts = Parts(
        venue=venue,
        quote=settings.trading.quote,
        units=units,
        clock=market.clock,
        wall=market.wall,
        market=market.prices,
        rules=known.rules,
        is_heard=known.is_heard,
        tokens=SecretTokens(),
        explain=explain,
        alerts=settings.alerts,
        own_currency=settings.app.own_currency,
        start_equity_quote=settings.trading.start_equity_quote,
        mode=chosen.mode,
        simulated=market.simulated is not None,
        policies=chosen.policies,
        proof_venues=settings.strategy.proof_venues,
        fills=settings.fills,
        strategy=strategy,
        collect=collector.collect,
        leaving=market.leaving,
        configured=market.configured,
        delivery=delivery_policy(settings),
    )
    assembled = assemble(parts)
    fund(parts, assembled)
    people.admit(assembled.context, desk_people(settings))
    return OpenDesk(
        settings=settings,
        units=units,
        market=market,
        parts=parts,
        assembled=assembled,
        collector=collector,
        filler=CandleFiller(
            units=units,
            source=market.source,
            venue=venue,
            clock=market.clock,
            policy=settings.market,
        ),
        away=known.away,
    )


def open_market(settings: Settings, units: Units, *, leads: bool = False) -> Market:
    """The venue that is traded on.

    The engine's process ``leads`` a simulated market: its clock begins held until it lets it go.
    Everybody else sees that market as of the time the engine noted last.
    """
    name = settings.venue_name
    venue = settings.venue(name)
    wall = SystemClock()
    is_simulated = venue.kind == "simulated"
    configured = configured_of(settings, simulated=is_simulated)
    with units(read_only=True) as unit:
        strategy = chosen_now(unit, configured).strategy
    if is_simulated:
        return _simulated(name, venue, units, wall, strategy, configured=configured, leads=leads)
    if not venue.symbols:
        raise ConfigurationError(
            f"venues.{name}.universe: choosing markets by volume is not built yet; "
            f'name them: symbols = ["BTC/USDT", "ETH/USDT"]'
        )
    source = open_ccxt(name, venue, wall)
    wanted = explicit_universe(venue.symbols)
    leaving = _held(units, name) - set(wanted)
    return Market(
        name=name,
        source=source,
        prices=BoundedMarket(source, venue=name, patience_s=venue.patience_s),
        clock=wall,
        wall=wall,
        symbols=(*wanted, *sorted(leaving)),
        simulated=None,
        strategy=strategy,
        configured=configured,
        leaving=leaving,
    )


def _held(units: Units, venue: str) -> frozenset[Symbol]:
    with units(read_only=True) as unit:
        return frozenset(position.symbol for position in unit.book.positions(venue))


def open_ccxt(name: str, venue: VenueSettings, clock: Clock) -> CcxtVenue:
    """A real venue through ccxt."""
    return CcxtVenue(
        CcxtSettings(
            id=venue.exchange or name,
            name=name,
            base_url=venue.base_url,
            ws_base_url=venue.ws_base_url,
            api_key=venue.api_key.get_secret_value() or None,
            secret=venue.api_secret.get_secret_value() or None,
            password=venue.api_password.get_secret_value() or None,
            options=venue.options,
            timeout_s=venue.timeout_s,
            deadline_s=venue.deadline_s,
            connections=venue.connections,
        ),
        clock=clock,
    )


def read_rules(units: Units, market: Market, *, asks_venue: bool) -> KnownRules:
    """Steps, minimums and fees of every market watched, see ``KnownRules``."""
    if isinstance(market.source, SimulatedMarket):
        return KnownRules(rules=ask_rules(market.source, market.symbols, {}), is_heard=True)
    source = market.source if asks_venue else None
    return known_rules(units, market.name, market.symbols, source=source)


def desk_people(settings: Settings) -> tuple[Person, ...]:
    """The people named in the settings, by role; the terminal's owner where there is no bot.

    Their language is known once they have written or chosen one.
    """
    telegram = settings.telegram
    if not telegram.token.get_secret_value():
        return (replace(TERMINAL, language=settings.app.language),)
    named = (
        (telegram.owners, Role.OWNER),
        (telegram.approvers, Role.APPROVER),
        (telegram.viewers, Role.VIEWER),
    )
    return tuple(
        Person(user_id=user_id, role=role, name=str(user_id), chat_id=user_id, language="")
        for ids, role in named
        for user_id in ids
    )


def explain(decision: Decision, language: str) -> str:
    """The template's words about a decision."""
    return template.explain(fact_sheet(decision, language_of(language)))


def settle_delay(desk: OpenDesk) -> timedelta:
    """How long after a close its bars are asked for; a simulated market publishes at once."""
    if desk.market.simulated is not None:
        return timedelta(0)
    return timedelta(seconds=desk.settings.market.settle_delay_s)


def backfill(desk: OpenDesk, watch: Watch | None = None) -> int:
    """Fetch the history that the indicators need; resumable. Returns how many bars were new.

    A market that cannot be filled now is left for its closes, which ask as far back: a desk that
    would not start for it would leave its open positions without anybody to watch them.
    """
    context, symbols = desk.assembled.context, desk.market.symbols
    reach = max(desk.settings.market.backfill_bars, context.strategy.made.window_bars)
    since = context.clock.now() - context.timeframe.delta * reach

    def fill(symbol: Symbol) -> int:
        try:
            return desk.filler.backfill(symbol, context.timeframe, since=since).stored
        except VenueError as err:
            _log.warning("history_not_filled", symbol=str(symbol), detail=str(err))
            return 0

    new = 0
    with ThreadPoolExecutor(desk.market.lanes, "history") as lanes:
        for done, stored in enumerate(lanes.map(fill, symbols), start=1):
            new += stored
            if watch is not None:
                watch(done, len(symbols), context.clock.now())
    return new


def held_time_key(venue: str) -> str:
    """Where the engine notes the time at which it holds a simulated market for people."""
    return f"held_time:{venue}"


def _simulated(
    name: str,
    venue: VenueSettings,
    units: Units,
    wall: Clock,
    strategy: StrategyVersion,
    *,
    configured: Configured,
    leads: bool,
) -> Market:
    policy = venue.simulation

    def noted_time() -> datetime:
        with units(read_only=True) as unit:
            held_ms, closed = unit.desk.note(held_time_key(name)), last_close(unit, name)
        at = from_ms(held_ms) if isinstance(held_ms, int) else policy.starts_at
        return max(policy.starts_at, at, closed or policy.starts_at)

    held = SimulatedClock(wall=wall, start=noted_time(), speed=policy.speed)
    held.hold()
    clock: Clock = held if leads else FollowedClock(noted_time)
    source = SimulatedMarket(policy=policy, clock=clock)
    wanted = explicit_universe(venue.symbols) if venue.symbols else source.symbols
    leaving = _held(units, name) - set(wanted)
    return Market(
        name=name,
        source=source,
        prices=source,
        clock=clock,
        wall=wall,
        symbols=(*wanted, *sorted(leaving)),
        simulated=held,
        strategy=strategy,
        configured=configured,
        leaving=leaving,
    )
