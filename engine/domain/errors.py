"""The one error tree.

::

    CryptotraderError
    ├── InvalidValueError        a domain value was built from impossible parts
    ├── IllegalTransitionError   a life cycle was asked for a step its table does not have
    ├── ConfigurationError       a setting is missing or wrong           (exit 2)
    ├── UsageError               a command was called wrongly            (exit 2)
    ├── DataError                a file or a candle cannot be used       (exit 1)
    ├── SafetyRefusedError       a safety rule said no                   (exit 3)
    │   └── WriterLockHeldError  another engine works on this database
    ├── DatabaseError            the database cannot do what was asked   (exit 4)
    │   ├── SchemaOutdatedError  migrations are missing
    │   └── ConflictError        a compare-and-set found another state
    └── ServiceError             something outside did not serve us      (exit 4)
        ├── VenueError
        │   ├── VenueUnavailableError   transient: time-out, 5xx, rate limit; try later
        │   ├── VenueRejectedError      permanent: it understood and refused
        │   ├── VenueAnswerError        it answered nonsense (HTML, missing fields)
        │   ├── UnknownSymbolError      it does not trade this symbol
        │   └── UnsupportedTimeframeError
        └── ChatError            the chat service refused or is away (raised and handled in bot)

Adapters raise the leaves, translated from vendor errors with ``from``; use cases let them pass;
the three edges (job, handler, main) log them with context, audit them and tell the person.
A refusal to trade is a value (``ReasonCode``), never an exception. Messages are built from typed
arguments and say what, where and what to do.
"""

from datetime import timedelta


class CryptotraderError(Exception):
    """Base of every error this project raises on purpose."""

    exit_code = 1


class InvalidValueError(CryptotraderError, ValueError):
    """A domain value was built from impossible parts."""

    def __init__(self, what: str, expected: str, actual: object) -> None:
        super().__init__(f"{what} must be {expected}, was {actual!r}")


class IllegalTransitionError(CryptotraderError):
    """A life cycle was asked for a step that its transition table does not have."""

    def __init__(self, what: str, current: str, wanted: str) -> None:
        super().__init__(f"{what} cannot go from {current} to {wanted}")


class ConfigurationError(CryptotraderError):
    """A setting is missing or wrong; the message names file, key, value and remedy."""

    exit_code = 2


class UsageError(CryptotraderError):
    """A command was called wrongly; the message carries an example."""

    exit_code = 2


class DataError(CryptotraderError):
    """A file or a candle cannot be used; the message names the place."""


class SafetyRefusedError(CryptotraderError):
    """A safety rule said no to a command (not to a trade: that is a value)."""

    exit_code = 3


class WriterLockHeldError(SafetyRefusedError):
    """Another engine works on this database."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            f"another engine holds this database: {holder}; stop it first or use another database"
        )
        self.holder = holder


class DatabaseError(CryptotraderError):
    """The database cannot do what was asked."""

    exit_code = 4


class SchemaOutdatedError(DatabaseError):
    """Migrations are missing; ``cryptotrader db upgrade`` mends it."""


class ConflictError(DatabaseError):
    """A compare-and-set found another state than the caller had read."""


class ServiceError(CryptotraderError):
    """Something outside did not serve us."""

    exit_code = 4


class VenueError(ServiceError):
    """A trading venue failed us; ``venue`` is its configured name."""

    def __init__(self, venue: str, detail: str) -> None:
        super().__init__(f"{venue}: {detail}")
        self.venue = venue
        self.detail = detail


class VenueUnavailableError(VenueError):
    """Transient: time-out, dropped connection, 5xx or rate limit. ``retry_after`` when known."""

    def __init__(self, venue: str, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(venue, detail)
        self.retry_after = retry_after


class VenueRejectedError(VenueError):
    """Permanent: the venue understood the request and refused it."""


class VenueAnswerError(VenueError):
    """The venue answered something that is not its protocol (HTML, missing fields)."""


class UnknownSymbolError(VenueError):
    """The venue does not trade this symbol."""


class UnsupportedTimeframeError(VenueError):
    """The venue has no candles of this timeframe."""


class ChatError(ServiceError):
    """The chat service refused or is away."""
