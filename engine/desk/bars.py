"""Resting orders of a paper venue meet every closed bar once, also the ones that come late.

A close whose bar is absent (the venue was late, unreachable, or its row was quarantined) leaves a
debt: the opening of the first bar not met, remembered per symbol in the database. The next bar pays
it, by meeting all bars stored since, oldest first. Otherwise a stop that was passed and recovered
from while the venue was away would never have been hit on paper, and would have been in life.

A debt is a time, so it outlives a change of the strategy's timeframe.

A bar that is stored after a later one was met (a hole filled by ``data import``) is not met any
more: the stop may have been raised by the later bar, and would be held against a low of before.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from engine.desk.context import DeskContext
from engine.domain.market import Candle, Symbol
from engine.domain.orders import OrderReport
from engine.domain.values import from_ms, to_ms


class BarVenue(Protocol):
    """A venue whose resting orders are filled by closed bars (paper); live venues need none."""

    def has_resting(self, symbol: Symbol) -> bool:
        """Whether an order of the symbol waits for a price."""
        ...

    def on_bars(
        self, symbol: Symbol, bars: Iterable[tuple[Candle, float]]
    ) -> Iterator[OrderReport]:
        """Let resting orders meet closed bars, oldest first, each with the volume before it.

        Yields what changed; it has to be booked before the next is asked for.
        """
        ...

    def on_quote(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Let resting orders meet the present price; returns what changed."""
        ...


class BarMeeting:
    """Lets the orders of one paper venue meet the bars of its decision timeframe."""

    def __init__(self, context: DeskContext, paper: BarVenue) -> None:
        self._context = context
        self._paper = paper

    def meet(self, closed_at: datetime) -> None:
        """Meet the bars up to ``closed_at`` of every symbol; repeating it changes nothing."""
        owed = self._owed()
        left = dict(owed)
        for symbol in self._context.symbols:
            name = str(symbol)
            opened_at = closed_at - self._context.timeframe.delta
            after = min(from_ms(owed[name]), opened_at) if name in owed else opened_at
            if self._meet_after(symbol, after, closed_at):
                left.pop(name, None)
            elif self._paper.has_resting(symbol):
                left.setdefault(name, to_ms(opened_at))
            else:
                left.pop(name, None)
        if left != owed:
            with self._context.units() as unit:
                unit.desk.put_note(self._key, dict(left))
                unit.commit()

    def _meet_after(self, symbol: Symbol, after: datetime, closed_at: datetime) -> bool:
        """Meet the bars that closed in ``(after, closed_at]``; False without the newest of them."""
        context, frame = self._context, self._context.timeframe
        with context.units(read_only=True) as unit:
            bars = unit.candles.window(
                context.venue,
                symbol,
                frame,
                until=closed_at,
                limit=(closed_at - after) // frame.delta + 2,
            )
        if not len(bars) or bars.candle(-1).closed_at(frame) != closed_at:
            return False
        met = (
            (bars.candle(place), bars.volume[place - 1] if place else 0.0)
            for place in range(len(bars))
            if bars.candle(place).closed_at(frame) > after
        )
        for report in self._paper.on_bars(symbol, met):
            context.gateway.settle(report)
        return True

    def _owed(self) -> dict[str, int]:
        """The opening of the first bar not met, in ms, of the symbols that owe one."""
        with self._context.units(read_only=True) as unit:
            noted = unit.desk.note(self._key)
        if not isinstance(noted, dict):
            return {}
        return {name: ms for name, ms in noted.items() if isinstance(ms, int)}

    @property
    def _key(self) -> str:
        return f"bars_owed:{self._context.venue}"
