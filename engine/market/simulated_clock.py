"""The simulated market's own time: faster than the wall's, and it can stand still.

Wall clock × speed → simulated now. While a question to a person is open the market is held: it
waits, so that nobody misses an hour of market by reading a card. Holds are counted: with two
questions open it goes on when both are answered. Expiry of questions runs on the wall's clock.
Only one process has such a clock; the others follow what it notes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from engine.domain.errors import InvalidValueError
from engine.domain.values import require, require_utc
from engine.ports import Clock


class SimulatedClock:
    """``speed`` simulated seconds per second of ``wall``; safe to read from several threads."""

    def __init__(self, *, wall: Clock, start: datetime, speed: float) -> None:
        require_utc("start", start)
        require(speed > 0, "speed", "> 0", speed)
        self._wall = wall
        self._speed = speed
        self._lock = Lock()
        self._anchor = wall.now()
        self._at_anchor = start
        self._holds = 0

    def now(self) -> datetime:
        """The simulated moment."""
        with self._lock:
            return self._now()

    @property
    def is_held(self) -> bool:
        """Whether the market stands still."""
        return self._holds > 0

    def hold(self) -> None:
        """Stand still until as many ``release`` calls as there were ``hold`` calls."""
        with self._lock:
            self._rebase()
            self._holds += 1

    def release(self) -> None:
        """Take one hold back; ``InvalidValueError`` if there is none."""
        with self._lock:
            if self._holds == 0:
                raise InvalidValueError("holds", ">= 1 before a release", 0)
            self._rebase()
            self._holds -= 1

    def wall_s_until(self, moment: datetime) -> float | None:
        """Seconds on the wall until ``moment`` comes, at least 0; ``None`` while held."""
        with self._lock:
            if self._holds:
                return None
            return max(0.0, (moment - self._now()).total_seconds() / self._speed)

    def _now(self) -> datetime:
        if self._holds:
            return self._at_anchor
        passed_s = (self._wall.now() - self._anchor).total_seconds()
        return self._at_anchor + timedelta(seconds=passed_s * self._speed)

    def _rebase(self) -> None:
        self._at_anchor, self._anchor = self._now(), self._wall.now()


class FollowedClock:
    """The simulated market's time in a process that does not run it, as the one that does noted it.

    It is exact while a question is open, because the market stands still then; between closes it
    is that of the last one.
    """

    def __init__(self, noted_time: Callable[[], datetime]) -> None:
        self._noted_time = noted_time

    def now(self) -> datetime:
        """The simulated moment, read anew each time."""
        return self._noted_time()
