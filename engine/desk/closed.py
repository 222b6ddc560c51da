"""Which close was done last, as the database remembers it."""

from collections.abc import Iterable
from datetime import datetime

from engine.domain.market import Timeframe
from engine.domain.values import from_ms, to_ms
from engine.ports import UnitOfWork


def last_close(
    unit: UnitOfWork, venue: str, timeframes: Iterable[Timeframe] = tuple(Timeframe)
) -> datetime | None:
    """The newest close that was done for a venue, on any of these timeframes."""
    noted = (unit.desk.note(_key(venue, timeframe)) for timeframe in timeframes)
    return max((from_ms(ms) for ms in noted if isinstance(ms, int)), default=None)


def note_close(unit: UnitOfWork, venue: str, timeframe: Timeframe, closed_at: datetime) -> None:
    """Remember that a close is done."""
    unit.desk.put_note(_key(venue, timeframe), to_ms(closed_at))


def _key(venue: str, timeframe: Timeframe) -> str:
    return f"last_close:{venue}:{timeframe}"
