"""The parameters of one call, however they were sent: query, form, multipart or JSON.

Reading follows the real server: a number that does not parse is its default, a number out of range
is clamped, and "true", "yes" and "1" are true.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.servers.telegram.errors import bad_request

_TRUE = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """Texts by name, and files by field name."""

    values: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return the text, empty when absent."""
        return self.values.get(name, "")

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a clamped number."""
        try:
            value = int(self.values[name])
        except (KeyError, ValueError):
            return default
        return min(max(value, low), high)

    def flag(self, name: str) -> bool:
        """Return a truth value; absent is false."""
        return self.text(name).lower() in _TRUE

    def json(self, name: str, what: str) -> object:
        """Return decoded JSON, None when absent; `what` names it in the 400."""
        raw = self.text(name)
        if not raw:
            return None
        try:
            return json.loads(raw)
        except ValueError as err:
            raise bad_request(f"can't parse {what} JSON object") from err

    def items(self, name: str, what: str) -> list[object] | None:
        """Return a decoded JSON array, None when absent."""
        value = self.json(name, what)
        if value is None or isinstance(value, list):
            return value
        raise bad_request(f"expected an Array of {what}")
