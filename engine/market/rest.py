"""How long a venue that does not answer is left alone: longer and longer, until it answers.

A dead venue would otherwise hold every caller for a whole deadline, symbol after symbol.
"""

import threading
from collections.abc import Callable

_FIRST_S = 5.0
_LONGEST_S = 30.0


class Rest:
    """Shared by all calls of one venue, over all threads.

    A call notes ``count`` when it begins. Of several that end in vain together only the first makes
    the rest longer: they all found the same thing.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lasts_s = 0.0
        self._until = 0.0
        self._count = 0

    @property
    def count(self) -> int:
        """How many rests there have been."""
        return self._count

    @property
    def is_doubtful(self) -> bool:
        """Whether the venue has not answered since it was last given up."""
        return self._lasts_s > 0

    @property
    def left_s(self) -> float:
        """Seconds until it may be asked again; not above zero when it may."""
        return self._until - self._monotonic() if self.is_doubtful else 0.0

    def begin(self, count: int) -> None:
        """A call that began at ``count`` was in vain."""
        with self._lock:
            if count != self._count:
                return
            self._count += 1
            self._lasts_s = min(_LONGEST_S, 2 * self._lasts_s or _FIRST_S)
            self._until = self._monotonic() + self._lasts_s

    def end(self) -> None:
        """The venue has answered."""
        with self._lock:
            self._lasts_s = 0.0
