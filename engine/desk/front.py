"""The desk as its front ends see it: every question a person can ask, every command they can give.

The chat, the terminal and the command line all talk to this one protocol; ``Desk`` in ``desk.py``
is its implementation. All methods are synchronous, quick (local database only, except the presses
and orders, which reach the venue) and safe to repeat with the same ``request_id``.
"""

from typing import Protocol

from engine.domain.desk import OutboxMessage, Person
from engine.domain.ids import DecisionId
from engine.domain.market import Symbol, Timeframe
from engine.domain.portfolio import Trade
from engine.domain.research import BacktestWish, ProofView, ResearchOutcome, ResearchView
from engine.domain.views import (
    ApprovalRow,
    CardView,
    ChartView,
    CommandOutcome,
    OpportunitiesView,
    PortfolioView,
    Press,
    PressOutcome,
    StatusView,
    WhyView,
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

    def status(self) -> StatusView: ...

    def opportunities(self, page: int = 0) -> OpportunitiesView: ...

    def portfolio(self) -> PortfolioView: ...

    def trades(self, limit: int = 10) -> tuple[Trade, ...]: ...

    def approvals(self) -> tuple[ApprovalRow, ...]:
        """Open questions, oldest first."""
        ...

    def why(self, query: str | None, language: str) -> WhyView | None:
        """Why (not): a symbol, a decision id, or ``None`` for the latest proposal."""
        ...

    def card(self, decision_id: DecisionId, *, with_chart: bool = True) -> CardView | None: ...

    def chart(self, symbol: Symbol, timeframe: Timeframe | None = None) -> ChartView | None:
        """``None`` when there are no bars of it."""
        ...

    def press(
        self, token: str, press: Press, by: int, *, request_id: str, reason: str = ""
    ) -> PressOutcome:
        """A button of a question, pressed by the person with this user id."""
        ...

    def buy(
        self, symbol: Symbol, notional_quote: str, by: int, *, request_id: str
    ) -> CommandOutcome:
        """A person's own purchase; passes the same checks and the same gateway."""
        ...

    def close(self, symbol: Symbol, by: int, *, request_id: str) -> CommandOutcome:
        """Close a position at market; no check stops it."""
        ...

    def pause(self, by: int) -> CommandOutcome: ...

    def resume(self, by: int) -> CommandOutcome: ...

    def kill(self, by: int, *, on: bool = True) -> CommandOutcome:
        """Cancel and block every increasing order; stops stay in force."""
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
