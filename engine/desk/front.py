"""The desk as its front ends see it: every question a person can ask, every command they can give.

The chat, the terminal and the command line all talk to this one protocol; ``Desk`` in ``desk.py``
is its implementation. All methods are synchronous, quick (local database only, except the presses
and orders, which reach the venue) and safe to repeat with the same ``request_id``.
"""

from decimal import Decimal
from typing import Protocol

from engine.desk.alerts.front import AlertFront
from engine.desk.changes.front import ChangesFront
from engine.desk.delivery.front import DeliveryFront
from engine.desk.explorer.front import ExplorerFront
from engine.desk.factors.front import FactorFront
from engine.desk.inbox.front import InboxFront
from engine.desk.records.front import RecordsFront
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
    PurchaseView,
    Size,
    StatusView,
)


class DeskFront(Protocol):
    """What a front end may do. Who may do it is checked here again, not only by the front end."""

    def person(self, user_id: int) -> Person | None:
        """Somebody the desk knows (paired or configured), else ``None``."""
        ...

    def people(self) -> tuple[Person, ...]:
        """Everybody the desk knows."""
        ...

    def pair(self, code: str, person: Person) -> Person | None:
        """Adopt ``person`` if ``code`` is the one printed in the terminal; it works once."""
        ...

    def stranger(self, user_id: int, what: str) -> None:
        """Leave one audit line about somebody unknown who tried something."""
        ...

    @property
    def alerts(self) -> AlertFront:
        """Alerts and watched markets."""
        ...

    @property
    def explorer(self) -> ExplorerFront:
        """Lists, charts, explanations and costs."""
        ...

    @property
    def records(self) -> RecordsFront:
        """Curves, trades, stops, vetoes, exports, evidence."""
        ...

    @property
    def delivery(self) -> DeliveryFront:
        """How people are told: quiet, mutes, the digest, dead letters, jobs."""
        ...

    @property
    def changes(self) -> ChangesFront:
        """What steers the desk, and the questions that change it."""
        ...

    @property
    def factors(self) -> FactorFront:
        """Second factors, and the codes that questions wait for."""
        ...

    @property
    def inbox(self) -> InboxFront:
        """Everything that waits for a person."""
        ...

    def status(self) -> StatusView: ...

    def portfolio(self) -> PortfolioView: ...

    def trades(self, limit: int = 10) -> tuple[Trade, ...]: ...

    def approvals(self) -> tuple[ApprovalRow, ...]:
        """Open questions, oldest first."""
        ...

    def card(self, decision_id: DecisionId, *, with_chart: bool = True) -> CardView | None: ...

    def purchase(self, order_id: IntentId) -> PurchaseView | None:
        """An order of a person's own purchase; ``None`` for any other."""
        ...

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
        """A button of a question, pressed by the person with this user id.

        ``size`` says how much of it ``HALF`` means; half if absent.
        """
        ...

    def buy(
        self,
        symbol: Symbol,
        notional_quote: str,
        by: int,
        *,
        request_id: str,
        chat_id: int | None = None,
    ) -> CommandOutcome:
        """A person's own purchase; passes the same checks and the same gateway.

        It may wait (``views.WAITS``); what comes of it is told in the chat ``chat_id``, too.
        """
        ...

    def preview_buy(self, symbol: Symbol, notional_quote: Decimal) -> BuyPreview:
        """Whether a purchase could be made now, and what could; nothing is stored or sent."""
        ...

    def close(self, symbol: Symbol, by: int, *, request_id: str) -> CommandOutcome:
        """Close a position at market; no check stops it."""
        ...

    def pause(self, by: int) -> CommandOutcome: ...

    def resume(self, by: int) -> CommandOutcome: ...

    def kill(self, by: int) -> CommandOutcome:
        """Cancel and block every increasing order; stops stay in force.

        It asks nobody. Letting the desk go on is a change (``ChangesFront``).
        """
        ...

    def request_backtest(
        self, wish: BacktestWish, by: int, *, chat_id: int | None, request_id: str
    ) -> ResearchOutcome:
        """Queue a backtest, and the message that will tell of it, in one commit."""
        ...

    def repeat_research(
        self, job_id: str, kind: str, by: int, *, chat_id: int | None
    ) -> ResearchOutcome:
        """Queue a job about the same strategy and period, of kind ``backtest`` or ``prove``."""
        ...

    def cancel_research(self, job_id: str, by: int) -> ResearchOutcome:
        """End a job that waits or runs."""
        ...

    def research(self, job_id: str) -> ResearchView | None:
        """A job as it stands now."""
        ...

    def proof(self, version: str | None = None) -> ProofView | None:
        """What is known about a strategy version, by default the traded one."""
        ...

    def strategy_versions(self) -> tuple[str, ...]:
        """Versions that ``proof`` and ``request_backtest`` know, the traded one first."""
        ...

    def say(self, message: OutboxMessage) -> None:
        """Queue a reply."""
        ...
