"""The only readers of the time, and the only source of unguessable tokens.

``SystemClock`` is the world's; ``ReplayClock`` is set by whoever drives a rehearsal. A simulated
market has a clock of its own, driven by the market.
"""

import secrets
from datetime import UTC, datetime

from engine.domain.errors import InvalidValueError
from engine.domain.values import require_utc


class SystemClock:
    """The computer's clock; when it is set back, the time stands still until it has caught up."""

    def __init__(self) -> None:
        self._latest = datetime.now(UTC)

    def now(self) -> datetime:
        """The present moment, never before one already told."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest


class ReplayClock:
    """A clock that stands until it is moved forward."""

    def __init__(self, start: datetime) -> None:
        require_utc("start", start)
        self._now = start

    def now(self) -> datetime:
        """The moment it was last moved to."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Move forward; ``InvalidValueError`` for a step back."""
        require_utc("moment", moment)
        if moment < self._now:
            raise InvalidValueError("replay time", f">= {self._now}", moment)
        self._now = moment


class SecretTokens:
    """Tokens from the operating system's random source."""

    def token(self) -> str:
        """Twelve bytes as sixteen URL-safe characters."""
        return secrets.token_urlsafe(12)
