"""A clock that stands until a test moves it, and tokens that can be read in a test's output."""

import itertools
from datetime import datetime, timedelta

from engine.domain.values import require, require_utc


class HandClock:
    """See ``engine.ports.Clock``; moved by hand, never back."""

    def __init__(self, start: datetime) -> None:
        require_utc("start", start)
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        require(moment >= self._now, "moment", f">= {self._now}", moment)
        self._now = moment

    def advance(self, **by: float) -> datetime:
        """Move forward by the keywords of ``timedelta``; returns the new moment."""
        self.move_to(self._now + timedelta(**by))
        return self._now


class CountedTokens:
    """See ``engine.ports.TokenSource``; unlike real ones they can be guessed."""

    def __init__(self, prefix: str = "token") -> None:
        self._prefix = prefix
        self._numbers = itertools.count(1)

    def token(self) -> str:
        return f"{self._prefix}-{next(self._numbers):06d}"
