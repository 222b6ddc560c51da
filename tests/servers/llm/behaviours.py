"""What a model server does with one request: answer well, or fail in one of the known ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Say:
    """A complete answer. ``model`` is what the server claims wrote it (default: as asked)."""

    text: str
    model: str = ""
    input_tokens: int = 120
    output_tokens: int = 40
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP error with the vendor's error body."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    error_type: str = ""
    message: str = "loopback says no"


@dataclass(frozen=True, slots=True)
class Hang:
    """Accept the request and say nothing, until the client leaves or the server stops."""


@dataclass(frozen=True, slots=True)
class Drip:
    """Send one byte now and then, for ever: every read succeeds, the answer never comes."""

    every_s: float = 0.02


@dataclass(frozen=True, slots=True)
class Cut:
    """Begin the answer and drop the connection."""

    text: str


@dataclass(frozen=True, slots=True)
class Truncate:
    """Stop at the output limit."""

    text: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Decline, in the vendor's way."""

    text: str = "I cannot help with that."


@dataclass(frozen=True, slots=True)
class Garbage:
    """Status 200 with a body of another world."""

    body: bytes = b"<html><body>It works!</body></html>"
    content_type: str = "text/html"


type Behaviour = Say | Status | Hang | Drip | Cut | Truncate | Refuse | Garbage
