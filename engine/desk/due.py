"""What is due between two instants: a pure function, so that replay can iterate what a timer wakes.

A bar-close is due ``settle_delay`` after the close, because a venue needs a moment to publish it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from engine.domain.market import Timeframe


def due_closes(
    after: datetime, until: datetime, timeframe: Timeframe, settle_delay: timedelta = timedelta(0)
) -> Iterator[datetime]:
    """Closes of ``timeframe`` in ``(after, until − settle_delay]``, oldest first."""
    close = timeframe.floor(after) + timeframe.delta
    while close <= until - settle_delay:
        yield close
        close += timeframe.delta


def is_due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether something that runs every so often should run again; the first time is at once."""
    return last is None or now - last >= every
