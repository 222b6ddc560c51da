"""Finds proposals that were not traded and follows them, bar by bar, to their exits.

ended question without a shadow → ``ShadowTrade`` → every bar that has closed since → stored with
the time it was followed to, one commit per market. Doing it again changes nothing, so a restart
goes on where the last commit was; a question has one shadow, so nothing counts twice.

Choices:
- "Had it been approved" means: at once, as the person of a backtest does. The first question of a
  decision fills at the open after its close, a later one at the next open after it was asked.
- The desk holds one position per symbol: a veto during the life of another shadow in the same
  symbol would not have become a trade (``holding``). One whose decision was traded after all, in
  half or at a limit, is no veto (``traded``): fills tell, not orders. While another order of the
  decision is not finished nobody knows, and the veto waits to be adopted.
- A look follows at most a fixed number of bars per market, so that a press never waits for years of
  catching up; the next look goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.desk.context import DeskContext
from engine.desk.queries import entry_id
from engine.desk.records.shadow import ShadowBar, ShadowMarket, bar_of, meet, voided
from engine.domain.approvals import Approval
from engine.domain.lifecycles import ApprovalState, is_final
from engine.domain.market import Symbol
from engine.domain.orders import Order
from engine.domain.reasons import ReasonCode
from engine.domain.shadows import VETOES, ShadowState, ShadowTrade
from engine.domain.values import from_ms
from engine.execution.paper_book import PaperMarket
from engine.fills.book import FillNumbers
from engine.indicators.bars import Bars
from engine.ports import UnitOfWork
from engine.strategy.crossing import pack_markets
from engine.strategy.version import columns_of, exit_flags

TRADED = "traded"
_ADOPTED = 200
_BARS_A_LOOK = 400


class ShadowKeeper:
    """Adopts vetoes and follows them; one process at a time does (the engine's)."""

    def __init__(
        self,
        context: DeskContext,
        *,
        markets: Mapping[Symbol, PaperMarket],
        fills: FillNumbers,
    ) -> None:
        self._context = context
        self._markets = markets
        self._fills = fills

    def look(self) -> str:
        """Adopt and follow what there is; a word for the status."""
        adopted = self.adopt()
        followed = self.follow()
        return f"{adopted} vetoes found, {followed} followed"

    def adopt(self) -> int:
        """Give every new veto its shadow; returns how many."""
        context = self._context
        with context.units(read_only=True) as unit:
            vetoes = unit.shadows.missing(context.venue, _ADOPTED)
        if not vetoes:
            return 0
        with context.units() as unit:
            shadows = [self._shadow(unit, one) for one in vetoes]
            made = sum(unit.shadows.add(one) for one in shadows if one is not None)
            unit.commit()
        return made

    def follow(self) -> int:
        """Take every unfinished shadow through the bars closed since; returns how many moved."""
        with self._context.units(read_only=True) as unit:
            waiting = unit.shadows.unfinished(self._context.venue)
        by_symbol: dict[Symbol, list[ShadowTrade]] = {}
        for shadow in waiting:
            by_symbol.setdefault(shadow.symbol, []).append(shadow)
        return sum(self._follow(symbol, found) for symbol, found in by_symbol.items())

    def _shadow(self, unit: UnitOfWork, veto: Approval) -> ShadowTrade | None:
        order = unit.orders.get(veto.order_id)
        assert order is not None  # the store lists questions about stored orders only
        others = _others(unit, order)
        is_traded = any(unit.orders.fills(other.id) for other in others)
        if not is_traded and not all(is_final(other.state) for other in others):
            return None
        shadow = ShadowTrade(
            id=veto.id,
            intent=order.intent,
            veto=VETOES[veto.state],
            vetoed_at=veto.decided_at or veto.expires_at,
            due_at=_due_at(unit, veto, order),
            decided_by=veto.decided_by,
            note=veto.note if veto.state is ApprovalState.REJECTED else "",
        )
        return voided(shadow, TRADED, order.updated_at) if is_traded else shadow

    def _follow(self, symbol: Symbol, found: Sequence[ShadowTrade]) -> int:
        market = self._market(symbol)
        if market is None:
            return 0
        bars = self._bars(symbol, found)
        if not bars:
            return 0
        with self._context.units(read_only=True) as unit:
            results = unit.shadows.results(self._context.venue)
        lives = [
            (one.id, one.opened_at, one.closed_at)
            for one in results
            if one.symbol == symbol and one.state is ShadowState.CLOSED and one.opened_at
        ]
        now = list(found)
        for seen in bars:
            for place, shadow in enumerate(now):
                if shadow.is_unfinished:
                    now[place] = self._meet(shadow, seen, market, now=now, lives=lives)
        changed = [after for before, after in zip(found, now, strict=True) if after != before]
        with self._context.units() as unit:
            for shadow in changed:
                unit.shadows.put(shadow)
            unit.commit()
        return len(changed)

    def _meet(
        self,
        shadow: ShadowTrade,
        seen: ShadowBar,
        market: ShadowMarket,
        *,
        now: Sequence[ShadowTrade],
        lives: Sequence[tuple[str, datetime, datetime | None]],
    ) -> ShadowTrade:
        opened_at = seen.bar.opened_at
        is_due = shadow.state is ShadowState.WAITING and opened_at >= shadow.due_at
        # Whoever was opened in this bar or before it, and ended in it or later, was held then.
        others = [
            *((one.id, one.opened_at, one.closed_at) for one in now if one.opened_at is not None),
            *lives,
        ]
        is_held = any(
            other != shadow.id and begun <= opened_at and (ended is None or ended > opened_at)
            for other, begun, ended in others
        )
        if is_due and is_held:
            return voided(shadow, ReasonCode.HOLDING.label, opened_at)
        return meet(shadow, seen, market)

    def _market(self, symbol: Symbol) -> ShadowMarket | None:
        paper = self._markets.get(symbol)
        if paper is None:
            return None  # a market that is not watched has no bars either
        context = self._context
        return ShadowMarket(
            paper=paper,
            fills=self._fills,
            terms=pack_markets((paper.rules,), context.policies.costs),
            policy=context.strategy.numbers,
            timeframe=context.timeframe,
        )

    def _bars(self, symbol: Symbol, found: Sequence[ShadowTrade]) -> list[ShadowBar]:
        """Closed bars that one of the shadows has not seen, each with its columns."""
        context, made = self._context, self._context.strategy.made
        frame = context.timeframe
        seen_until = min(one.followed_until or frame.floor(one.due_at) for one in found)
        until = min(context.clock.now(), seen_until + frame.delta * _BARS_A_LOOK)
        with context.units(read_only=True) as unit:
            if not _has_bar_after(context, unit, symbol, seen_until):
                return []
            fresh = unit.candles.between(context.venue, symbol, frame, seen_until, until)
            series = unit.candles.window(
                context.venue, symbol, frame, until=until, limit=made.window_bars + len(fresh)
            )
        if not len(series):
            return []
        bars = Bars.of(series, frame)
        scored, leave = columns_of(made, bars), exit_flags(made, bars)
        return [
            bar_of(
                series.candle(index),
                series.volume[index - 1] if index else 0.0,
                scored,
                index,
                exit_flag=bool(leave[index]) if leave is not None else False,
            )
            for index in range(len(series))
            if from_ms(series.open_ms[index]) >= seen_until
        ]


def _has_bar_after(
    context: DeskContext, unit: UnitOfWork, symbol: Symbol, seen_until: datetime
) -> bool:
    newest = unit.candles.window(
        context.venue, symbol, context.timeframe, until=context.clock.now(), limit=1
    )
    return bool(len(newest)) and newest.candle(-1).opened_at >= seen_until


def _due_at(unit: UnitOfWork, veto: Approval, order: Order) -> datetime:
    """From when it could have been filled: its decision's close, or when it was asked afresh."""
    decision = unit.decisions.get(veto.decision_id) if veto.decision_id else None
    is_first = veto.round_no == 0 and decision is not None
    return decision.closed_at if is_first and decision else order.intent.created_at


def _others(unit: UnitOfWork, order: Order) -> list[Order]:
    """The other orders of the same decision: a half, a limit, new numbers."""
    source, found = order.intent.decision_id, list[Order]()
    if source is None:
        return found
    attempt = 0
    while (other := unit.orders.get(entry_id(source, attempt))) is not None:
        if other.id != order.id:
            found.append(other)
        attempt += 1
    return found
