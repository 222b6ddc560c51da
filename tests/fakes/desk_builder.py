"""A whole desk for tests, put together by ``main.assembly`` as ``run`` puts it together.

Units, two clocks and a market that a test moves by hand → ``assemble`` → a bench that proposes
entries, presses buttons and reads what was left behind. Only what faces the world is a stand-in.

The world of the bench: BTC/USDT and ETH/USDT stand at 100.00 with a spread of 0.05 either way; the
taker pays 20 bps, the maker 10; a tick is 0.01, a lot 0.001. The last 40 hourly bars are 99 to 101,
so the average true range is 2. The account holds 10,000 USDT.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.desk.approvals import ApprovalDesk
from engine.desk.changes.desk import ChangeDesk
from engine.desk.changes.inbox import ChangeQuestions
from engine.desk.closes import CloseKeeper
from engine.desk.controls import ControlDesk
from engine.desk.cycle import CloseCycle, Collect
from engine.desk.entries import EntryDesk
from engine.desk.factors.desk import FactorDesk
from engine.desk.inbox.desk import EntryQuestions, InboxDesk
from engine.desk.manual import ManualDesk
from engine.desk.monitor import Monitor
from engine.desk.scan import Scanner
from engine.domain.approvals import Approval
from engine.domain.decisions import Decision, ExitPlan, OrderPlan
from engine.domain.desk import AuditLine, Mode, OutboxMessage, Person, Role
from engine.domain.ids import IntentId, decision_id
from engine.domain.market import Candle, CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.orders import Fill, Order, Purpose
from engine.domain.portfolio import Position, Trade
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.domain.views import Press, PressOutcome
from engine.execution.gateway import OrderGateway
from engine.fills.policy import FillPolicy
from engine.ports import Broker, Units
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy
from main.assembly import Assembled, Parts, assemble, fund, wishes_of
from tests.fakes.broker import ShakyBroker
from tests.fakes.clock import CountedTokens, HandClock
from tests.fakes.market import HandMarket

VENUE = "bench"
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")
H1 = Timeframe.H1
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HISTORY_BARS = 40
PRICE = "100"

OWNER = Person(user_id=1, role=Role.OWNER, name="Olga", chat_id=1)
APPROVER = Person(user_id=2, role=Role.APPROVER, name="Arun", chat_id=2)
SECOND = Person(user_id=3, role=Role.APPROVER, name="Sven", chat_id=3)
VIEWER = Person(user_id=4, role=Role.VIEWER, name="Vera", chat_id=4)
STRANGER = 666
PEOPLE = (OWNER, APPROVER, SECOND, VIEWER)


AUTOMATIC = TradingPolicy(
    entry=EntryPolicy(min_rank_fraction=0.9),
    exits=ExitPolicy(time_stop_bars=1),
    automation=AutomationPolicy(uncalibrated_paper="auto"),
    approval=ApprovalPolicy(ask_above_quote=Decimal(1_000_000), ask_above_equity_fraction=1.0),
)
"""Nobody is asked, and every position is left after one bar."""


def rules(symbol: Symbol, **changes: Decimal | None) -> MarketRules:
    """The venue's rules on one market of the bench."""
    made = MarketRules(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional_quote=Decimal(5),
        maker_fee_bps=Decimal(10),
        taker_fee_bps=Decimal(20),
        half_spread_bps=Decimal(5),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of MarketRules


def bar(opened_at: datetime, prices: str, volume: float = 1_000_000.0) -> Candle:
    """A bar from ``"open high low close"``."""
    open_, high, low, close = (float(price) for price in prices.split())
    return Candle(opened_at=opened_at, open=open_, high=high, low=low, close=close, volume=volume)


def history(until: datetime = START, bars: int = HISTORY_BARS) -> CandleSeries:
    """Hourly bars that all read 100 101 99 100, the last one closing at ``until``."""
    opens = (until - H1.delta * back for back in range(bars, 0, -1))
    return CandleSeries.of([bar(opened_at, "100 101 99 100") for opened_at in opens])


def rising(until: datetime = START, bars: int = 300, last: int = 5) -> CandleSeries:
    """Quiet bars around 100, then ``last`` of them that climb to 101 + ``last``, on volume.

    The default set scores the last of five about 71 of 100, stronger than 97.3 % of the reference.
    """
    quiet = [100 + ((number * 37) % 11 - 5) / 10 for number in range(bars - last)]
    closes = quiet + [101.0 + step for step in range(1, last + 1)]
    opens = [closes[0], *closes[:-1]]
    made = []
    for number, (open_, close) in enumerate(zip(opens, closes, strict=True)):
        prices = f"{open_} {max(open_, close) + 0.3} {min(open_, close) - 0.3} {close}"
        volume = 3_000_000.0 if number >= bars - last else 1_000_000.0
        made.append(bar(until - H1.delta * (bars - number), prices, volume))
    return CandleSeries.of(made)


@dataclass(slots=True)
class Bench:
    """A desk on a bench: the desk itself, and the hands of whoever tests it."""

    parts: Parts
    units: Units
    clock: HandClock
    wall: HandClock
    market: HandMarket
    assembled: Assembled
    broker: ShakyBroker
    proposed: int = field(default=0)

    @property
    def gateway(self) -> OrderGateway:
        """The one door to the venue."""
        return self.assembled.context.gateway

    @property
    def monitor(self) -> Monitor:
        """What ``run`` calls every few seconds, and at its start."""
        return Monitor(self.assembled.context, self.assembled.entries, self.assembled.paper)

    @property
    def closes(self) -> CloseKeeper:
        """What ``run`` calls when a bar may have closed."""
        made = self.assembled
        return CloseKeeper(made.context, made.cycle, settle_delay=timedelta(0))

    def restart(self, **changes: object) -> "Bench":
        """The same database and world under a desk that remembers nothing itself."""
        parts = replace(self.parts, **changes)  # type: ignore[arg-type]  # the names are those of Parts
        assembled, broker = _assemble(parts)
        return replace(self, parts=parts, units=parts.units, assembled=assembled, broker=broker)

    def advance(self, **by: float) -> None:
        """Let time pass on both clocks."""
        self.clock.advance(**by)
        self.wall.advance(**by)

    def decide(
        self,
        symbol: Symbol = BTC,
        *,
        quantity: str = "5",
        price: str = PRICE,
        stop: str = "95",
        target: str | None = None,
        route: RouteCode = RouteCode.ASK,
    ) -> Decision:
        """A decision to enter, as a scan would have made it; every call is another close."""
        self.proposed += 1
        closed_at = START - self.proposed * timedelta(hours=1)
        size, reference = Decimal(quantity), Decimal(price)
        plan = ExitPlan(
            stop_price=Decimal(stop), take_profit_price=Decimal(target) if target else None
        )
        reason = ReasonCode.ASK_ABOVE_QUOTE if route is RouteCode.ASK else ReasonCode.ENTER_AUTO
        return Decision(
            id=decision_id(VENUE, symbol, H1, closed_at, "score-1"),
            venue=VENUE,
            symbol=symbol,
            timeframe=H1,
            closed_at=closed_at,
            strategy_version="score-1",
            action=ActionCode.ENTER,
            route=route,
            reason=reason,
            close_price=reference,
            equity_quote=Decimal(10_000),
            plan=OrderPlan(
                quantity=size,
                reference_price=reference,
                notional_quote=size * reference,
                risk_quote=size * (reference - plan.stop_price),
                exit_plan=plan,
            ),
        )

    def propose(self, decision: Decision) -> Order:
        """Store a decision and what it leads to, in one commit; returns its order."""
        with self.units() as unit:
            unit.decisions.add(decision)
            proposed = self.assembled.entries.propose(unit, decision)
            unit.commit()
        assert proposed is not None
        return proposed.order

    def ask(self, symbol: Symbol = BTC, **keys: str) -> Approval:
        """A question about an entry; keywords as for ``decide``."""
        order = self.propose(self.decide(symbol, **keys))  # type: ignore[arg-type]  # texts only
        return self.question(order.id)

    def press(
        self, approval: Approval, press: Press, by: Person | None = OWNER, *, reason: str = ""
    ) -> PressOutcome:
        """One press on a question's button."""
        return self.assembled.questions.press(approval.token, press, by, reason=reason)

    def approve(self, approval: Approval, by: Person = OWNER) -> PressOutcome:
        """A yes."""
        return self.press(approval, Press.APPROVE, by)

    def question(self, order_id: IntentId) -> Approval:
        """The question about an order."""
        with self.units(read_only=True) as unit:
            return unit.approvals.of_order(order_id)[-1]

    def pending(self) -> tuple[Approval, ...]:
        """Open questions."""
        with self.units(read_only=True) as unit:
            return tuple(unit.approvals.pending())

    def now_of(self, approval: Approval) -> Approval:
        """A question as it stands now."""
        with self.units(read_only=True) as unit:
            found = unit.approvals.get(approval.id)
        assert found is not None
        return found

    def order(self, order_id: IntentId) -> Order:
        """An order as it stands now."""
        with self.units(read_only=True) as unit:
            found = unit.orders.get(order_id)
        assert found is not None
        return found

    def unfinished(self) -> tuple[Order, ...]:
        """Orders in no final state."""
        with self.units(read_only=True) as unit:
            return tuple(unit.orders.unfinished())

    def fills(self) -> tuple[Fill, ...]:
        """All fills, oldest first."""
        with self.units(read_only=True) as unit:
            return tuple(reversed(unit.orders.recent_fills(1_000)))

    def position(self, symbol: Symbol = BTC) -> Position | None:
        """The desk's position."""
        with self.units(read_only=True) as unit:
            return next((p for p in unit.book.positions(VENUE) if p.symbol == symbol), None)

    def trades(self) -> tuple[Trade, ...]:
        """Closed trades, oldest first."""
        with self.units(read_only=True) as unit:
            return tuple(reversed(unit.book.trades(VENUE)))

    def balances(self) -> Mapping[str, Decimal]:
        """What the desk's ledger adds up to."""
        with self.units(read_only=True) as unit:
            return unit.book.balances(VENUE)

    def venue_balances(self) -> Mapping[str, Decimal]:
        """What the venue says there is, currencies without a balance left out."""
        found = self.assembled.paper.balances()
        return {currency: amount for currency, amount in found.items() if amount}

    def audit(self) -> tuple[AuditLine, ...]:
        """The whole trail, oldest first, its chain verified."""
        with self.units(read_only=True) as unit:
            count = unit.audit.verify()
            return tuple(reversed(unit.audit.tail(count)))

    def actions(self) -> list[str]:
        """What the trail says was done, oldest first."""
        return [line.event.action for line in self.audit()]

    def outbox(self, kind: str | None = None) -> tuple[OutboxMessage, ...]:
        """Messages waiting to be told."""
        with self.units(read_only=True) as unit:
            waiting = unit.outbox.due(self.wall.now() + timedelta(days=1), 1_000)
        return tuple(message for message in waiting if kind in (None, message.kind))

    def assert_protected(self, symbol: Symbol = BTC) -> None:
        """One resting order at the venue has exactly the position's size and stop."""
        position = self.position(symbol)
        with self.units(read_only=True) as unit:
            resting = [intent for intent, _ in unit.paper.open() if intent.symbol == symbol]
        guards = [intent for intent in resting if intent.purpose is Purpose.PROTECTION]
        if position is None:
            assert guards == []
            return
        assert [(guard.quantity, guard.stop_price) for guard in guards] == [
            (position.quantity, position.stop_price)
        ]
        assert [guard.id for guard in guards] == [position.protection_order_id]

    def assert_books_agree(self) -> None:
        """The desk's ledger, its positions and the venue tell of the same money."""
        book = dict(self.balances())
        assert book == self.venue_balances()
        with self.units(read_only=True) as unit:
            held = {p.symbol.base: p.quantity for p in unit.book.positions(VENUE)}
        assert {c: amount for c, amount in book.items() if c != "USDT"} == held


def build(
    units: Units,
    *,
    policies: TradingPolicy | None = None,
    mode: Mode = Mode.PAPER,
    fills: FillPolicy | None = None,
    symbols: tuple[Symbol, ...] = (BTC, ETH),
    start_equity: str = "10000",
    bars: CandleSeries | None = None,
    price: str = PRICE,
    now: datetime = START,
    tokens: str = "token",
) -> Bench:
    """A funded desk with people, history and prices; built again on its database, it goes on."""
    clock, wall = HandClock(now), HandClock(now)
    terms = {symbol: rules(symbol) for symbol in symbols}
    owned = policies or TradingPolicy()
    market = HandMarket(clock, terms)
    for symbol in symbols:
        market.set_price(symbol, price)
    parts = Parts(
        venue=VENUE,
        quote="USDT",
        units=units,
        clock=clock,
        wall=wall,
        market=market,
        rules=terms,
        tokens=CountedTokens(tokens),
        explain=lambda decision, language: f"{decision.symbol} in {language}",
        start_equity_quote=Decimal(start_equity),
        mode=mode,
        simulated=True,
        strategy=replace(score_strategy(), entry=owned.entry, exits=owned.exits),
        policies=owned,
        fills=fills or FillPolicy(),
    )
    assembled, broker = _assemble(parts)
    fund(parts, assembled)
    with units() as unit:
        for person in PEOPLE:
            unit.desk.put_person(person)
        for symbol in symbols:
            unit.candles.add(VENUE, symbol, H1, bars or history())
        unit.commit()
    return Bench(
        parts=parts,
        units=units,
        clock=clock,
        wall=wall,
        market=market,
        assembled=assembled,
        broker=broker,
    )


def _assemble(parts: Parts) -> tuple[Assembled, ShakyBroker]:
    """Assemble as ``run`` does, then put a line that can fail between gateway and venue."""
    made = assemble(parts)
    broker = ShakyBroker(made.paper)
    return rewire(made, broker, parts.collect), broker


def rewire(made: Assembled, broker: Broker, collect: Collect | None) -> Assembled:
    """The same desk with another broker behind its gateway."""
    old = made.context
    gateway = OrderGateway(
        venue=old.venue,
        timeframe=old.timeframe,
        units=old.units,
        broker=broker,
        clock=old.clock,
        wall=old.wall,
    )
    context = replace(old, gateway=gateway)
    entries = EntryDesk(context)
    scanner, questions = Scanner(context, entries), ApprovalDesk(context, entries)
    changes, manual = ChangeDesk(context, entries=entries), ManualDesk(context)
    return replace(
        made,
        context=context,
        entries=entries,
        scanner=scanner,
        questions=questions,
        desk=replace(
            made.desk,
            context=context,
            questions=questions,
            changes=changes,
            inbox=InboxDesk(
                sources=(EntryQuestions(context=context), ChangeQuestions(context=context))
            ),
            factors=FactorDesk(context, wishes_of(questions, changes, manual)),
            controls=ControlDesk(context),
            manual=manual,
            explorer=replace(made.desk.explorer, context=context),
            delivery=replace(made.desk.delivery, context=context),
            records=replace(made.desk.records, context=context),
        ),
        cycle=CloseCycle(
            context, scanner=scanner, entries=entries, paper=made.paper, collect=collect
        ),
    )
