"""The books always agree: random orders, prices and lost calls against the accounting identities.

A random life of a desk is a list of moves; after every one of them the desk's ledger, its positions
and the venue must tell of the same money, and every position must be protected.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.domain.changes import ChangeKind
from engine.domain.decisions import ExitPlan
from engine.domain.ids import FillId, IntentId
from engine.domain.lifecycles import OrderState, is_final
from engine.domain.orders import Fill, OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.portfolio import LedgerEntry, Position, Trade
from engine.domain.reasons import ReasonCode
from engine.execution.booking import book_fills, round_quote
from tests.fakes.changing import Changing
from tests.fakes.desk_builder import BTC, START, VENUE, Bench, bar, build
from tests.fakes.units import FakeUnits

D = Decimal
LOT, TICK = D("0.001"), D("0.01")
PLAN = ExitPlan(stop_price=D("0.01"))


@dataclass(slots=True)
class Account:
    """A book fed with fills alone."""

    start: Decimal
    position: Position | None
    entries: list[LedgerEntry]
    trades: list[Trade]

    def balance(self, currency: str) -> Decimal:
        amounts = (entry.amount for entry in self.entries if entry.currency == currency)
        return sum(amounts, self.start if currency == "USDT" else D(0))


lots = st.integers(1, 2_000_000).map(lambda n: n * LOT)
ticks = st.integers(1, 10_000_000).map(lambda n: n * TICK)
fees = st.integers(-1_000, 1_000_000_000).map(lambda n: n * D("1e-8"))
shares = st.integers(1, 1_000)


@st.composite
def wishes(draw: st.DrawFn) -> list[tuple[OrderSide, Decimal, Decimal, Decimal, int]]:
    """Side, quantity, price, fee, and of what is held the share (per mille) to sell."""
    one = st.tuples(st.sampled_from(list(OrderSide)), lots, ticks, fees, shares)
    return draw(st.lists(one, min_size=1, max_size=25))


def order(side: OrderSide, number: int, quantity: Decimal) -> OrderIntent:
    return OrderIntent(
        id=IntentId(f"o{number}"),
        venue=VENUE,
        symbol=BTC,
        side=side,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY if side is OrderSide.BUY else Purpose.EXIT,
        quantity=quantity,
        reference_price=D(100),
        created_at=START,
        origin="test",
        exit_plan=PLAN,
    )


def apply(
    account: Account, number: int, wish: tuple[OrderSide, Decimal, Decimal, Decimal, int]
) -> None:
    side, quantity, price, fee, share = wish
    if side is OrderSide.SELL:
        if account.position is None:
            return
        held_lots = int(account.position.quantity / LOT)
        quantity = max(1, held_lots * share // 1_000) * LOT
    intent = order(side, number, quantity)
    fill = Fill(
        id=FillId(f"f{number}"),
        order_id=intent.id,
        symbol=BTC,
        side=side,
        quantity=quantity,
        price=price,
        fee_quote=fee,
        slippage_quote=D(0),
        liquidity="taker",
        filled_at=START,
    )
    booked = book_fills(account.position, intent, [fill])
    account.position = booked.position
    account.entries.extend(booked.entries)
    if booked.trade is not None:
        account.trades.append(booked.trade)


@given(wishes())
def test_final_equity_is_the_start_and_every_profit_closed_and_open(
    moves: list[tuple[OrderSide, Decimal, Decimal, Decimal, int]],
) -> None:
    account = Account(start=D(10_000), position=None, entries=[], trades=[])
    for number, move in enumerate(moves):
        apply(account, number, move)
        held = account.position
        assert account.balance("BTC") == (held.quantity if held else D(0))
        price = D("123.45")
        worth = held.quantity * price if held else D(0)
        open_pnl = held.pnl_quote(price) if held else D(0)
        closed = sum((trade.pnl_quote for trade in account.trades), D(0))
        equity, expected = account.balance("USDT") + worth, account.start + closed + open_pnl
        assert abs(equity - expected) <= D("1e-9") * max(D(1), abs(equity))


@given(wishes())
def test_when_everything_is_sold_cash_is_the_start_and_every_profit_exactly(
    moves: list[tuple[OrderSide, Decimal, Decimal, Decimal, int]],
) -> None:
    account = Account(start=D(10_000), position=None, entries=[], trades=[])
    for number, move in enumerate(moves):
        apply(account, number, move)
    apply(account, len(moves), (OrderSide.SELL, LOT, D("77.77"), D("0.5"), 1_000))
    assert account.position is None
    profits = sum((trade.pnl_quote for trade in account.trades), D(0))
    assert account.balance("USDT") == account.start + profits
    fees_paid = -sum((e.amount for e in account.entries if e.kind == "fee"), D(0))
    assert sum((trade.fees_quote for trade in account.trades), D(0)) == fees_paid


@given(st.integers(-(10**20), 10**20))
def test_rounding_is_to_the_nearest_and_never_off_by_more_than_half_a_step(units: int) -> None:
    amount = D(units).scaleb(-12)
    assert abs(round_quote(amount) - amount) <= D("5e-9")


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happens to a desk."""

    kind: str
    price: int = 100
    depth: int = 10
    share: int = 5

    kinds: ClassVar = (
        "enter",
        "limit",
        "close",
        "tighten",
        "price",
        "thin",
        "restart",
        "lose_request",
        "lose_answer",
        "poll",
        "silence",
        "bar",
        "kill",
        "unkill",
    )


moves = st.lists(
    st.builds(
        Move,
        st.sampled_from(Move.kinds),
        price=st.integers(60, 140),
        depth=st.integers(1, 10),
        share=st.integers(1, 9),
    ),
    min_size=1,
    max_size=20,
)


@dataclass(slots=True)
class Life:
    """A desk and what was done to it."""

    bench: Bench
    number: int = 0

    def do(self, move: Move) -> None:
        self.number += 1
        getattr(self, move.kind)(move)

    def enter(self, move: Move, kind: OrderKind = OrderKind.MARKET) -> None:
        position = self.bench.position()
        waiting = any(not order.intent.is_reducing for order in self.bench.unfinished())
        if position is not None or waiting:
            return  # the desk's own checks would have stopped a second one
        self.bench.gateway.place(
            OrderIntent(
                id=IntentId(f"e{self.number}"),
                venue=VENUE,
                symbol=BTC,
                side=OrderSide.BUY,
                kind=kind,
                purpose=Purpose.ENTRY,
                quantity=D(move.share),
                reference_price=D(move.price),
                created_at=self.bench.clock.now(),
                origin="strategy",
                limit_price=D(move.price) if kind is OrderKind.LIMIT else None,
                exit_plan=ExitPlan(stop_price=D(50), take_profit_price=D(150)),
            )
        )

    def limit(self, move: Move) -> None:
        self.enter(move, OrderKind.LIMIT)

    def close(self, move: Move) -> None:
        self.bench.gateway.close(BTC, reason="exit_manual", origin="person", price=D(move.price))

    def tighten(self, move: Move) -> None:
        self.bench.gateway.move_stop(BTC, D(move.price - 10))

    def price(self, move: Move) -> None:
        self.bench.market.set_price(BTC, str(move.price))

    def thin(self, move: Move) -> None:
        self.bench.market.set_price(BTC, str(move.price), depth=str(move.depth))

    def restart(self, _move: Move) -> None:
        self.bench = self.bench.restart()
        self.bench.monitor.recover()

    def lose_request(self, move: Move) -> None:
        self.bench.broker.lose_request("submit" if move.share < 5 else "cancel")

    def lose_answer(self, move: Move) -> None:
        self.bench.broker.lose_answer("submit" if move.share < 5 else "cancel")

    def poll(self, _move: Move) -> None:
        self.bench.advance(minutes=1)
        self.bench.monitor.watch_prices()

    def silence(self, _move: Move) -> None:
        self.bench.market.silence(BTC)

    def bar(self, move: Move) -> None:
        opened_at = self.bench.clock.now()
        self.bench.advance(hours=1)
        low, volume = min(100, move.price), move.depth * 1_000.0
        closed = bar(opened_at, f"100 {max(100, move.price)} {low} 100", volume)
        for report in self.bench.assembled.paper.on_bar(BTC, closed, previous_volume=volume):
            self.bench.gateway.settle(report)

    def kill(self, _move: Move) -> None:
        self.bench.assembled.desk.kill(1)

    def unkill(self, _move: Move) -> None:
        changing = Changing(self.bench)
        asked = changing.wish(ChangeKind.KILL_OFF).change
        if asked is not None:
            changing.approve(asked)

    def check(self) -> None:
        """What holds at every moment, whatever is lost on the line."""
        with self.bench.units(read_only=True) as unit:
            held = unit.book.positions(VENUE)
            amounts = unit.book.balances(VENUE)
        coins = sum((position.quantity for position in held), D(0))
        assert amounts.get("BTC", D(0)) == coins
        assert amounts["USDT"] >= 0
        for order in self.bench.unfinished():
            assert order.filled_quantity <= order.intent.quantity

    def settle_down(self) -> None:
        """With a line that works again, a restart leaves nothing in doubt."""
        self.restart(Move("restart"))
        self.bench.market.set_price(BTC, "100")
        for _ in range(3):
            self.bench.monitor.watch_prices()
        self.check()
        self.bench.assert_books_agree()
        self.bench.assert_protected()
        states = {order.state for order in self.bench.unfinished()}
        assert states <= {OrderState.OPEN}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves)
def test_whatever_happens_the_books_agree_and_positions_are_protected(life: list[Move]) -> None:
    lived = Life(build(FakeUnits()))
    for move in life:
        lived.do(move)
        lived.check()
    lived.settle_down()
    bench = lived.bench
    profits = sum((trade.pnl_quote for trade in bench.trades()), D(0))
    position = bench.position()
    cash = bench.balances()["USDT"]
    spent = D(0)
    if position is not None:
        spent = round_quote(position.entry_price * position.quantity) + position.entry_fees_quote
    assert abs(cash + spent - D(10_000) - profits) <= D("1e-7")
    ended = [fill.order_id for fill in bench.fills()]
    for order_id in set(ended):
        order = bench.order(order_id)
        assert is_final(order.state) or order.state is OrderState.OPEN
    bench.audit()


def test_the_moves_cover_the_gateway() -> None:
    assert set(Move.kinds) <= set(dir(Life))
    assert ReasonCode.EXIT_MANUAL.label == "exit_manual"
