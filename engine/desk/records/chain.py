"""Whether the audit trail is whole, without reading all of it at every question.

a job reads everything, at the start and once a day → the end it found (number, hash) is remembered
→ a question reads on from there, a bounded number of lines → error or how far it holds.

Choices:
- What is remembered is a mark in memory and never in the database: whoever can change the trail
  could change a stored mark with it. It lives as long as the process, so that a start reads all.
- A change before the mark would be reported as whole until somebody reads it again. So everything
  is read again once a day, and the lines that a piece of evidence rests on are checked each time,
  wherever they are. `cryptotrader audit verify` reads all of it at once.
- A break that was found stays reported until a full reading finds the trail whole again.
- The full reading is done in pieces, each in its own unit of work, on a thread of its own: the desk
  answers meanwhile.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

import structlog

from engine.domain.desk import AuditMark
from engine.domain.errors import DataError
from engine.ports import Clock, UnitOfWork, Units

_log = structlog.get_logger()

_AT_ONCE = 10_000
"""Lines that a question may read: about a sixth of a second."""
_PIECE = 5_000
_DAY = timedelta(days=1)
_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """How many lines were found whole, how many nobody has looked at yet, and the first break."""

    lines: int
    left: int = 0
    error: str = ""


type LookAtChain = Callable[[UnitOfWork, Iterable[int]], ChainState]


class ChainWatch:
    """Remembers how far the trail was found whole. For any thread.

    ``at_once`` lines are read for a question, ``piece`` in one unit of the full reading.
    """

    def __init__(
        self, units: Units, wall: Clock, *, at_once: int = _AT_ONCE, piece: int = _PIECE
    ) -> None:
        self._at_once = at_once
        self._piece = piece
        self._units = units
        self._wall = wall
        self._lock = Lock()
        self._mark = AuditMark()
        self._read_at: datetime | None = None
        self._error = ""

    def look(self) -> str:
        """Read everything if it is time to, else what is new. A job's work.

        Raises ``DataError`` with the first break, for as long as the trail is broken.
        """
        now, wait = self._wall.now(), _AGAIN if self._error else _DAY
        if self._read_at is None or now - self._read_at >= wait:
            self._read_all(now)
        elif not self._error:
            self._read_on(self._mark)
        if self._error:
            raise DataError(self._error)
        return f"{self._mark.number} lines whole"

    def looking(self) -> LookAtChain:
        """How to look at the trail in a unit that is opened after this call.

        Not in one that is open: another thread may have read on beyond what that one sees.
        """
        return partial(self._state, self._mark)

    def _state(self, mark: AuditMark, unit: UnitOfWork, cited: Iterable[int] = ()) -> ChainState:
        """The trail as far as it is known, with some lines that are checked in any case."""
        try:
            unit.audit.verify_lines(cited)
            found = unit.audit.verify_from(mark, self._at_once)
        except DataError as err:
            self._broken(str(err))
            return ChainState(lines=mark.number, error=str(err))
        self._advance(found)
        newest = unit.audit.tail(1)
        left = newest[0].number - found.number if newest else 0
        return ChainState(lines=found.number, left=left, error=self._error)

    def _read_all(self, now: datetime) -> None:
        end = self._read_on(AuditMark())
        with self._lock:
            self._read_at = now
            if end is not None:
                self._error = ""

    def _read_on(self, mark: AuditMark) -> AuditMark | None:
        """Read to the end, piece by piece; ``None`` if it is broken."""
        try:
            while True:
                with self._units(read_only=True) as unit:
                    found = unit.audit.verify_from(mark, self._piece)
                if found == mark:
                    break
                mark = found
        except DataError as err:
            self._broken(str(err))
            return None
        self._advance(mark)
        return mark

    def _advance(self, found: AuditMark) -> None:
        with self._lock:
            if found.number > self._mark.number:
                self._mark = found

    def _broken(self, error: str) -> None:
        with self._lock:
            if error != self._error:
                _log.critical("audit_trail_broken", detail=error)
            self._error = error


def whole_chain(unit: UnitOfWork, cited: Iterable[int] = ()) -> ChainState:
    """The whole trail, read here and now; its lines are checked with it."""
    del cited
    try:
        return ChainState(lines=unit.audit.verify())
    except DataError as err:
        newest = unit.audit.tail(1)
        return ChainState(lines=newest[0].number if newest else 0, error=str(err))
