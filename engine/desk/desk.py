"""The desk: all use cases behind one front (``engine.desk.front.DeskFront``).

It holds no rules. Each method is one use case or one query; who may call it is looked up by user id
here as well, so that a front end that forgets to ask cannot trade.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.desk import people, queries
from engine.desk.alerts.desk import AlertDesk
from engine.desk.approvals import ApprovalDesk
from engine.desk.changes.desk import ChangeDesk
from engine.desk.context import DeskContext
from engine.desk.controls import ControlDesk
from engine.desk.delivery.desk import DeliveryDesk
from engine.desk.explorer.desk import ExplorerDesk
from engine.desk.factors.desk import FactorDesk
from engine.desk.inbox.desk import InboxDesk
from engine.desk.manual import ManualDesk
from engine.desk.preview import preview_buy
from engine.desk.proofs import known_versions, proof_view
from engine.desk.records.desk import RecordsDesk
from engine.desk.records.money import portfolio
from engine.desk.research import ResearchDesk
from engine.domain.desk import OutboxMessage, Person
from engine.domain.ids import DecisionId, IntentId
from engine.domain.market import Symbol
from engine.domain.portfolio import Trade
from engine.domain.research import BacktestWish, ProofView, ResearchOutcome, ResearchView
from engine.domain.views import (
    ApprovalRow,
    BuyPreview,
    CardView,
    CommandOutcome,
    PortfolioView,
    Press,
    PressOutcome,
    PressResult,
    PurchaseView,
    Size,
    StatusView,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Implements ``DeskFront``."""

    context: DeskContext
    alerts: AlertDesk
    questions: ApprovalDesk
    changes: ChangeDesk
    factors: FactorDesk
    inbox: InboxDesk
    controls: ControlDesk
    manual: ManualDesk
    researched: ResearchDesk
    explorer: ExplorerDesk
    delivery: DeliveryDesk
    records: RecordsDesk

    def person(self, user_id: int) -> Person | None:
        """See ``DeskFront``."""
        return people.find(self.context, user_id)

    def people(self) -> tuple[Person, ...]:
        """See ``DeskFront``."""
        with self.context.units(read_only=True) as unit:
            return tuple(unit.desk.people())

    def pair(self, code: str, person: Person) -> Person | None:
        """See ``DeskFront``."""
        return people.pair(self.context, code, person)

    def stranger(self, user_id: int, what: str) -> None:
        """See ``DeskFront``."""
        people.note_stranger(self.context, user_id, what)

    def status(self) -> StatusView:
        """See ``DeskFront``."""
        return queries.status(self.context)

    def portfolio(self) -> PortfolioView:
        """See ``DeskFront``."""
        return portfolio(self.context)

    def trades(self, limit: int = 10) -> tuple[Trade, ...]:
        """See ``DeskFront``."""
        return queries.trades(self.context, limit)

    def approvals(self) -> tuple[ApprovalRow, ...]:
        """See ``DeskFront``."""
        return queries.approvals(self.context)

    def card(self, decision_id: DecisionId, *, with_chart: bool = True) -> CardView | None:
        """See ``DeskFront``."""
        return queries.card(self.context, decision_id, with_chart=with_chart)

    def purchase(self, order_id: IntentId) -> PurchaseView | None:
        """See ``DeskFront``."""
        return queries.purchase(self.context, order_id)

    def press(
        self,
        token: str,
        press: Press,
        by: int,
        *,
        request_id: str,
        reason: str = "",
        size: Size | None = None,
    ) -> PressOutcome:
        """See ``DeskFront``; a question answers once, so the request id adds nothing."""
        del request_id
        person = people.acting(self.context, by, f"press_{press}")
        if person is None:
            return PressOutcome(result=PressResult.NOT_ALLOWED)
        self.changes.take_up()
        return self.questions.press(token, press, person, reason=reason, size=size)

    def buy(
        self,
        symbol: Symbol,
        notional_quote: str,
        by: int,
        *,
        request_id: str,
        chat_id: int | None = None,
    ) -> CommandOutcome:
        """See ``DeskFront``."""
        person = people.acting(self.context, by, "buy")
        self.changes.take_up()
        return self.manual.buy(
            symbol, notional_quote, person, request_id=request_id, chat_id=chat_id
        )

    def preview_buy(self, symbol: Symbol, notional_quote: Decimal) -> BuyPreview:
        """See ``DeskFront``."""
        self.changes.take_up()
        return preview_buy(self.context, self.manual, symbol, notional_quote)

    def close(self, symbol: Symbol, by: int, *, request_id: str) -> CommandOutcome:
        """See ``DeskFront``."""
        person = people.acting(self.context, by, "close")
        return self.manual.close(symbol, person, request_id=request_id)

    def pause(self, by: int) -> CommandOutcome:
        """See ``DeskFront``."""
        return self.controls.pause(people.acting(self.context, by, "pause"), on=True)

    def resume(self, by: int) -> CommandOutcome:
        """See ``DeskFront``."""
        return self.controls.pause(people.acting(self.context, by, "resume"), on=False)

    def kill(self, by: int) -> CommandOutcome:
        """See ``DeskFront``."""
        return self.controls.kill(people.acting(self.context, by, "kill"))

    def request_backtest(
        self, wish: BacktestWish, by: int, *, chat_id: int | None, request_id: str
    ) -> ResearchOutcome:
        """See ``DeskFront``."""
        person = people.acting(self.context, by, "backtest")
        return self.researched.backtest(wish, person, chat_id=chat_id, request_id=request_id)

    def repeat_research(
        self, job_id: str, kind: str, by: int, *, chat_id: int | None
    ) -> ResearchOutcome:
        """See ``DeskFront``."""
        person = people.acting(self.context, by, kind)
        return self.researched.again(job_id, kind, person, chat_id=chat_id)

    def cancel_research(self, job_id: str, by: int) -> ResearchOutcome:
        """See ``DeskFront``."""
        return self.researched.cancel(job_id, people.acting(self.context, by, "cancel_research"))

    def research(self, job_id: str) -> ResearchView | None:
        """See ``DeskFront``."""
        return self.researched.view(job_id)

    def proof(self, version: str | None = None) -> ProofView | None:
        """See ``DeskFront``."""
        return proof_view(self.context, version)

    def strategy_versions(self) -> tuple[str, ...]:
        """See ``DeskFront``."""
        return known_versions(self.context)

    def say(self, message: OutboxMessage) -> None:
        """See ``DeskFront``."""
        with self.context.units() as unit:
            unit.outbox.put(message)
            unit.commit()
