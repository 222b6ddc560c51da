"""A desk in use whose every foreign text is hostile: questions, positions, trades, failures.

What stands on the stage: open questions about hostile symbols with hostile reasons and narrations,
a position, a closed trade, an order the venue rejected in hostile words, failing jobs, quarantined
candles and notices.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from engine.desk.delivery.jobs import KnownJob, announce
from engine.desk.narrate import keep_words
from engine.desk.tell import tell_notice
from engine.domain.decisions import Decision
from engine.domain.desk import (
    JobRun,
    MessageState,
    OutboxMessage,
    Person,
    QuarantinedCandle,
    Role,
)
from engine.domain.errors import VenueRejectedError
from engine.domain.ids import MessageId
from engine.domain.market import Symbol
from engine.domain.signals import Contribution, Signal
from engine.ports import Units
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import BTC, ETH, PEOPLE, START, VENUE, Bench, build, rising
from tests.scenario.screens.hostile import SYMBOLS, TEXTS
from tests.servers.telegram import User
from tests.unit.bot.harness import TickingClock, scored

QUESTIONS = 6
_ROOMY = TradingPolicy(risk=RiskPolicy(max_open_positions=100))
"""So that the number of open questions ends none of them."""


def open_desk(
    units: Units, *users: User, language: str, symbols: tuple[Symbol, ...] = (BTC, ETH, *SYMBOLS)
) -> tuple[Bench, TickingClock]:
    """A desk whose people are these: an owner, an approver, then viewers."""
    bench = build(units, policies=_ROOMY, symbols=symbols, bars=rising())
    wall = TickingClock()
    roles = (Role.OWNER, Role.APPROVER)
    with units() as unit:
        for person in PEOPLE:
            unit.desk.drop_person(person.user_id)  # the bench's own are in no chat here
        for number, user in enumerate(users):
            role = roles[number] if number < len(roles) else Role.VIEWER
            unit.desk.put_person(
                Person(
                    user_id=user.id,
                    role=role,
                    name=user.account.first_name,
                    chat_id=user.id,
                    language=language,
                )
            )
        unit.commit()
    return bench.restart(wall=wall), wall


def fill_stage(bench: Bench, chat_id: int) -> dict[str, str]:
    """Let everything happen that a screen may have to show; returns the names of some of it.

    A letter to ``chat_id`` has died.
    """
    _trade(bench)
    _reject(bench)
    for number, symbol in enumerate(SYMBOLS[-QUESTIONS:]):
        asked = hostile(bench, symbol, number)
        bench.propose(asked)
        keep_words(bench.assembled.context, asked.id, TEXTS[-1 - number] * 3, is_from_model=True)
    for symbol in SYMBOLS[:-QUESTIONS]:
        bench.market.set_price(symbol, "106")  # where the last bar closed, see `rising`
    bench.closes.run_due()
    _trouble(bench, chat_id)
    (trade,) = bench.trades()
    return {
        "asked": str(SYMBOLS[-1]),
        "decision": asked.id,
        "order": trade.entry_order_id,
        "trade": trade.id,
    }


def hostile(bench: Bench, symbol: Symbol, number: int, *, quantity: str = "3") -> Decision:
    """A decision that asks, whose indicators speak in a hostile tongue."""
    text = TEXTS[number % len(TEXTS)]
    made = scored(bench.decide(symbol, quantity=quantity))
    assert made.score is not None
    codes = (f"{text[:40]}", "MACD")
    points = (Decimal("44.12"), Decimal("30.00"))
    return replace(
        made,
        score=replace(
            made.score,
            contributions=tuple(
                Contribution(code=code, weight=Decimal("0.5"), points=point)
                for code, point in zip(codes, points, strict=True)
            ),
        ),
        signals=tuple(
            Signal(code=code, side=1, strength=80.0, values=(), reason=text) for code in codes
        ),
    )


def _trade(bench: Bench) -> None:
    """A position that is held, and one that was closed."""
    for symbol in (BTC, ETH):
        bench.approve(bench.ask(symbol), _owner(bench))
        assert bench.position(symbol) is not None
    bench.gateway.close(ETH, reason=TEXTS[0], origin="person", price=Decimal(100))


def _owner(bench: Bench) -> Person:
    with bench.units(read_only=True) as unit:
        return next(one for one in unit.desk.people() if one.role is Role.OWNER)


def _reject(bench: Bench) -> None:
    """An order the venue does not want, for a reason in its own words."""
    asked = hostile(bench, SYMBOLS[0], 0)
    bench.broker.lose_request("submit", VenueRejectedError(VENUE, "".join(TEXTS)))
    bench.propose(asked)
    bench.approve(bench.pending()[-1], _owner(bench))


def _trouble(bench: Bench, chat_id: int) -> None:
    """Failing jobs, notices of failure, rows the firewall held back."""
    with bench.units() as unit:
        for number, text in enumerate(TEXTS):
            unit.desk.put_job_run(
                JobRun(
                    name=f"job_{number}", finished_at=START, ok=False, detail=text, failures=number
                )
            )
            tell_notice(
                unit,
                "job_failed",
                {"name": text[:60], "detail": text},
                cause=str(number),
                at=START + timedelta(seconds=number),
            )
        announce(unit, [KnownJob(name="closes", every_s=60.0, may_run_now=True)])
        unit.outbox.put(
            OutboxMessage(
                id=MessageId("dead"),
                kind="notice",
                subject="dead",
                payload={"text": "job_failed", "values": {"name": TEXTS[0], "detail": TEXTS[1]}},
                created_at=START,
                chat_id=chat_id,
                state=MessageState.DEAD,
                error="".join(TEXTS),
            )
        )
        unit.quarantine.add(
            [
                QuarantinedCandle(
                    venue=VENUE,
                    symbol=str(SYMBOLS[0]),
                    timeframe="1h",
                    open_ms=None,
                    row=text,
                    reason=text,
                    seen_at=START,
                )
                for text in TEXTS[:3]
            ]
        )
        unit.commit()
