"""One close of the decision timeframe, in the order in which money moves.

collect the bars → orders that rested meet the closed bar → mark, decide, one commit → exits that
wait for a price meet that of now → exits and stops are sent → automatic entries are sent, best
first. The live desk, the simulated market and a rehearsal all call ``CloseCycle.run``.

Collecting waits for the venue and touches nothing but stored candles. Who must not keep the desk
waiting collects first, elsewhere, and hands in what came; all the rest is the desk's own work.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from engine.desk.bars import BarMeeting, BarVenue
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk
from engine.desk.scan import Scanner, ScanReport
from engine.domain.lifecycles import OrderState
from engine.domain.market import Symbol, Timeframe
from engine.domain.orders import Order, Purpose
from engine.market.collect import Collected

_log = structlog.get_logger()

type Collect = Callable[[Iterable[Symbol], Timeframe, datetime], tuple[Collected, ...]]
"""Brings the bars of a close into the store; a rehearsal has them already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReport:
    """What a close brought; ``collected`` is empty where nothing had to be fetched."""

    closed_at: datetime
    collected: tuple[Collected, ...]
    scan: ScanReport


class CloseCycle:
    """Runs closes, oldest first, each to its end."""

    def __init__(
        self,
        context: DeskContext,
        *,
        scanner: Scanner,
        entries: EntryDesk,
        paper: BarVenue | None,
        collect: Collect | None,
    ) -> None:
        self._context = context
        self._scanner = scanner
        self._entries = entries
        self._paper = paper
        self._bars = BarMeeting(context, paper) if paper is not None else None
        self._collect = collect

    def collect(self, closed_at: datetime) -> tuple[Collected, ...]:
        """Bring the bars of a close into the store; nothing where they are there already."""
        if self._collect is None:
            return ()
        return self._collect(self._context.symbols, self._context.timeframe, closed_at)

    def run(
        self,
        closed_at: datetime,
        *,
        collected: tuple[Collected, ...] | None = None,
        decide: bool = True,
    ) -> CloseReport:
        """Everything that a close brings; ``decide=False`` for one that is long past.

        Without ``collected`` the bars are collected first. A close missed while the desk was down
        still moves stops and fills orders, but opens nothing: its prices are gone.
        """
        collected = self.collect(closed_at) if collected is None else collected
        if self._bars is not None:
            self._bars.meet(closed_at)
        held_back = frozenset(one.symbol for one in collected if one.quarantined)
        report = self._scanner.scan(closed_at, blocked=held_back, decide=decide)
        self._send(report, closed_at)
        return CloseReport(closed_at=closed_at, collected=collected, scan=report)

    def _serve_waiting(self) -> None:
        """Exits that found no price at an earlier close meet the present one, before anything new.

        They would wait for the bar otherwise, and what is left of them would miss its stop in it.
        """
        if self._paper is None:
            return
        with self._context.units(read_only=True) as unit:
            waiting = [order.intent for order in unit.orders.unfinished() if _waits(order)]
        for intent in waiting:
            for report in self._paper.on_quote(intent.symbol):
                self._context.gateway.settle(report)

    def _send(self, report: ScanReport, closed_at: datetime) -> None:
        """Exits and stops first, so that their cash is there for the entries.

        They are meant for positions of that close: when a close is run again after a crash, one
        that was opened since is not touched.
        """
        self._serve_waiting()
        gateway = self._context.gateway
        with self._context.units(read_only=True) as unit:
            positions = unit.book.positions(self._context.venue)
        meant = {position.symbol for position in positions if position.opened_at <= closed_at}
        for order in (wish for wish in report.exits if wish.symbol in meant):
            gateway.close(order.symbol, reason=order.reason, origin="strategy", price=order.price)
        for stop in (move for move in report.stops if move.symbol in meant):
            gateway.move_stop(stop.symbol, stop.price)
        for order_id in report.automatic:
            self._entries.send_automatic(order_id)


def _waits(order: Order) -> bool:
    return order.intent.purpose is Purpose.EXIT and order.state is OrderState.OPEN
