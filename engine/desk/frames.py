"""Keeps the bars of timeframes on which nothing is decided: for charts, lists and explanations.

a timer → per timeframe, when a bar has closed → the collector → stored bars. The strategy's own
timeframe is the business of the close cycle, which these bars must not delay: they are asked for a
minute later, when the venue's allowance is no longer needed for the decision.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from engine.desk.context import DeskContext
from engine.desk.cycle import Collect
from engine.domain.market import Timeframe

_AFTER_CLOSE = timedelta(minutes=1)
_TRIES = 3


class FurtherFrames:
    """Collects closed bars of ``frames`` for all symbols; it waits for the venue."""

    def __init__(self, context: DeskContext, collect: Collect, frames: Iterable[Timeframe]) -> None:
        self._context = context
        self._collect = collect
        self._frames = tuple(frames)
        self._tried: dict[Timeframe, tuple[datetime, int]] = {}

    def look(self) -> str:
        """Collect what has closed since the last look; bars that are late are asked for again."""
        until = self._context.clock.now() - _AFTER_CLOSE
        own = self._context.timeframe
        due = [(frame, frame.floor(until)) for frame in self._frames if frame is not own]
        late = [self._bring(frame, close) for frame, close in due if self._is_due(frame, close)]
        return f"{len(late)} closes, {sum(late)} markets late"

    def _is_due(self, frame: Timeframe, close: datetime) -> bool:
        known, tries = self._tried.get(frame, (None, 0))
        return known != close or tries < _TRIES

    def _bring(self, frame: Timeframe, close: datetime) -> int:
        """How many markets are late."""
        collected = self._collect(self._context.symbols, frame, close)
        late = sum(not one.is_fresh for one in collected)
        known, tries = self._tried.get(frame, (None, 0))
        before = tries if known == close else 0
        self._tried[frame] = (close, before + 1 if late else _TRIES)
        return late
