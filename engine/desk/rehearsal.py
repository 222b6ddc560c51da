"""Replays stored candles through the whole desk: database, questions, outbox, paper venue.

for every close in the period: clock (questions expire on the way) → ``CloseCycle.run`` → the
approver answers open questions. The same functions run as on a live desk; only the clock, the
market and the person are stand-ins, and they were chosen by whoever built the context. Nothing is
sent to a chat, but every message is queued and counted.

The person who says yes at once also lets entries go on some days after a drawdown stopped them, as
that of a backtest does (``ApprovalModel``), so that the two tell one story. Nobody is there to type
a code: a yes that would have taken one is taken as confirmed at the desk's terminal, by as many
people as it needs, and counted. Nor does anybody press again where there was no price: the question
ends then, as it does in a backtest.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from engine.backtest.state import REARM_AFTER_DAYS
from engine.clock import ReplayClock
from engine.desk.approvals import ApprovalDesk
from engine.desk.context import DeskContext
from engine.desk.controls import ControlDesk
from engine.desk.cycle import CloseCycle
from engine.desk.due import due_closes
from engine.desk.entries import needs_factor
from engine.desk.people import admit
from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.desk import Person, Role
from engine.domain.factors import Credential
from engine.domain.ids import IntentId
from engine.domain.lifecycles import ApprovalState, is_final
from engine.domain.portfolio import EquityPoint, Trade
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.domain.views import Press, PressOutcome, PressResult


class Approver(StrEnum):
    """Who answers questions in a rehearsal: everybody at once, nobody, or a person elsewhere."""

    AUTO = "auto"
    ASK = "ask"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalReport:
    """What a rehearsal saw and did.

    ``refused`` counts entries that were proposed and not granted, by reason, and ``later`` what
    became of granted ones that were not filled, and of questions that did not end in a yes.
    ``equity`` is one point per close. ``rearms`` counts how often entries were let go on after a
    drawdown had stopped them, ``codes_assumed`` the yeses that would have taken a code.
    """

    closes: int
    decisions: int
    proposed: int
    asked: int
    approved: int
    filled: int
    refused: dict[str, int]
    later: dict[str, int]
    idle: dict[str, int]
    trades: tuple[Trade, ...]
    open_positions: int
    start_equity_quote: Decimal
    final_equity_quote: Decimal
    equity: tuple[EquityPoint, ...]
    messages: dict[str, int]
    audit_lines: int
    rearms: int
    codes_assumed: int


@dataclass(slots=True)
class _Count:
    closes: int = 0
    decisions: int = 0
    rearms: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)


REHEARSER = Person(user_id=0, role=Role.OWNER, name="rehearsal", chat_id=0)

_YES = (ApprovalState.APPROVED, ApprovalState.PARTLY)
_FILLED = (PressResult.FILLED, PressResult.PARTLY_FILLED)
_ALL = 1_000_000

type Watch = Callable[[int, int, datetime], None]
"""Told after every close: done, total, and the moment of the replay."""

type Answer = Callable[[], None]
"""Waits until the open questions have been answered elsewhere (``--approve ask``)."""


class Rehearsal:
    """Drives one desk through a period."""

    def __init__(
        self,
        context: DeskContext,
        *,
        clock: ReplayClock,
        cycle: CloseCycle,
        questions: ApprovalDesk,
        approver: Approver,
        answer: Answer | None = None,
        rearm_after_days: float | None = REARM_AFTER_DAYS,
    ) -> None:
        """``rearm_after_days`` counts for ``Approver.AUTO``; ``None`` is never."""
        self._context = context
        self._clock = clock
        self._cycle = cycle
        self._questions = questions
        self._approver = approver
        self._answer = answer
        auto = approver is Approver.AUTO and rearm_after_days is not None
        self._rearm_after = timedelta(days=rearm_after_days or 0.0) if auto else None
        self._latched_at: datetime | None = None
        self._controls = ControlDesk(context)
        self._count = _Count()

    def run(self, start: datetime, end: datetime, watch: Watch | None = None) -> RehearsalReport:
        """Replay all closes in ``(start, end]``."""
        admit(self._context, rehearsers(self._context))
        closes = tuple(due_closes(start, end, self._context.timeframe))
        for done, closed_at in enumerate(closes, start=1):
            self._pass_time(closed_at)
            self._one(closed_at)
            if watch is not None:
                watch(done, len(closes), closed_at)
        return self._report(start, end)

    def _one(self, closed_at: datetime) -> None:
        report = self._cycle.run(closed_at)
        self._count.closes += 1
        self._note_latch(closed_at)
        for decision in report.scan.decisions:
            self._tally(decision)
        self._tally_automatic(report.scan.automatic)
        if self._approver is Approver.AUTO:
            self._approve_all()
        else:
            self._ask_person()

    def _pass_time(self, until: datetime) -> None:
        """Move to the next close; questions end, and are asked again, at their own time."""
        while (moment := self._next_turn(until)) is not None:
            self._rearm_before(moment)
            self._clock.move_to(moment)
            self._questions.expire()
            if self._questions.ask_again():
                self._ask_person()
        self._rearm_before(until)
        self._clock.move_to(until)

    def _note_latch(self, closed_at: datetime) -> None:
        """Remember the close at which the drawdown stopped entries."""
        with self._context.units(read_only=True) as unit:
            risk = unit.book.risk(self._context.venue)
        if risk is None or not risk.drawdown_latched:
            self._latched_at = None
        elif self._latched_at is None:
            self._latched_at = closed_at

    def _rearm_before(self, until: datetime) -> None:
        """Let entries go on at the person's time, if that comes before ``until``."""
        if self._rearm_after is None or self._latched_at is None:
            return
        due = self._latched_at + self._rearm_after
        if due < until:
            self._clock.move_to(max(due, self._clock.now()))
            self._count.rearms += self._controls.rearm("rehearsal")
            self._latched_at = None

    def _next_turn(self, until: datetime) -> datetime | None:
        now = self._clock.now()
        with self._context.units(read_only=True) as unit:
            pending = unit.approvals.pending()
        turns = (moment for one in pending for moment in (one.ask_again_at, one.expires_at))
        return min((one for one in turns if one is not None and now < one < until), default=None)

    def _ask_person(self) -> None:
        if self._approver is Approver.ASK and self._answer is not None:
            self._answer()

    def _approve_all(self) -> None:
        """Answer yes at once, oldest first; a refusal by the re-check is final."""
        with self._context.units(read_only=True) as unit:
            pending = unit.approvals.pending()
        for approval in pending:
            self._approve(approval)

    def _approve(self, approval: Approval) -> None:
        """Say yes until the question has ended; one asked afresh is answered before the next.

        So the person of a rehearsal answers in the order in which that of a backtest does.
        """
        asked: Approval | None = approval
        while asked is not None:
            outcome = self._yes(asked)
            if outcome.result is PressResult.NO_PRICE:
                self._questions.give_up(asked.token, ReasonCode.NO_FRESH_PRICE)
            if outcome.state in _YES and outcome.result not in _FILLED:
                self._count.later[outcome.reason or outcome.result.value] += 1
            asked = outcome.approval if outcome.result is PressResult.ASKED_AGAIN else None

    def _yes(self, approval: Approval) -> PressOutcome:
        """As many people agree as the question needs."""
        return press_for_all(self._context, self._questions, approval.token, Press.APPROVE)

    def _codes_assumed(self, questions: Sequence[Approval]) -> int:
        """How many questions ended in a yes that takes a code."""
        with self._context.units(read_only=True) as unit:
            orders = [unit.orders.get(one.order_id) for one in questions if one.state in _YES]
        return sum(needs_factor(self._context, order.intent) for order in orders if order)

    def _tally(self, decision: Decision) -> None:
        self._count.decisions += 1
        if decision.route is RouteCode.REFUSE:
            self._count.refused[decision.reason.label] += 1
        elif decision.action is ActionCode.NONE:
            self._count.idle[decision.reason.label] += 1

    def _tally_automatic(self, order_ids: Sequence[IntentId]) -> None:
        if not order_ids:
            return
        with self._context.units(read_only=True) as unit:
            orders = [unit.orders.get(order_id) for order_id in order_ids]
        for order in orders:
            if order is not None and is_final(order.state) and not order.filled_quantity:
                self._count.later[order.note or order.state.value] += 1

    def _report(self, start: datetime, end: datetime) -> RehearsalReport:
        venue = self._context.venue
        with self._context.units(read_only=True) as unit:
            counts = unit.decisions.counts(start, end + timedelta(microseconds=1))
            trades = tuple(reversed(unit.book.trades(venue)))
            equity = tuple(unit.book.equity(venue))
            positions = unit.book.positions(venue)
            fills = unit.orders.recent_fills(_ALL)
            questions = unit.approvals.recent(_ALL)
            messages = {state.value: n for state, n in unit.outbox.counts().items()}
            audit_lines = unit.audit.verify()
        unwanted = Counter(_end_of(q) for q in questions if q.state not in _YES)
        enter = ActionCode.ENTER.label
        granted = {RouteCode.ASK.label, RouteCode.AUTO.label}
        return RehearsalReport(
            closes=self._count.closes,
            decisions=self._count.decisions,
            proposed=sum(
                n
                for (action, route, _), n in counts.items()
                if action == enter and route in granted
            ),
            asked=len(questions),
            approved=sum(question.state in _YES for question in questions),
            filled=len({fill.order_id for fill in fills if fill.side == "buy"}),
            refused=dict(self._count.refused),
            later=dict(self._count.later + unwanted),
            idle=dict(self._count.idle),
            trades=trades,
            open_positions=len(positions),
            start_equity_quote=equity[0].equity_quote if equity else Decimal(0),
            final_equity_quote=equity[-1].equity_quote if equity else Decimal(0),
            equity=equity,
            messages=messages,
            audit_lines=audit_lines,
            rearms=self._count.rearms,
            codes_assumed=self._codes_assumed(questions),
        )


def rehearsers(context: DeskContext) -> tuple[Person, ...]:
    """As many people as a quorum takes; the first of them sits at the terminal."""
    quorum = max(1, context.policies.approval.quorum)
    return tuple(replace(REHEARSER, user_id=-number) for number in range(quorum))


def press_for_all(
    context: DeskContext, questions: ApprovalDesk, token: str, press: Press
) -> PressOutcome:
    """One answer of everybody a question needs; who has to prove it does so at the terminal."""
    first, *others = rehearsers(context)
    outcome = questions.press(token, press, first)
    for person in others:
        if outcome.result is not PressResult.COUNTED:
            break
        outcome = questions.press(token, press, person)
        if outcome.result is PressResult.TERMINAL_WANTED:
            with context.units(read_only=True) as unit:
                wish = unit.factors.open(person.user_id)[0]
            proof = Credential(challenge=wish)
            outcome = questions.press(token, press, person, credential=proof)
    return outcome


def _end_of(question: Approval) -> str:
    """How a question ended that was not approved: by its note, or by its state."""
    is_expired = question.state is ApprovalState.EXPIRED
    return question.state.value if is_expired else question.note or question.state.value
