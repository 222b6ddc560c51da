"""Injectable faults: what goes wrong with a call, for which method, and how often.

A fault says three things: whether the call takes effect, what comes back, and when. Rules are
consulted in the order they were added; each call meets at most one.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.servers.telegram.errors import ApiError, too_many_requests

ANY_METHOD = "*"
SENDS = ("sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup")
EDITS = ("editMessageText", "editMessageCaption", "editMessageMedia", "editMessageReplyMarkup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail. Without `status` and `drop` the real answer is sent, late or slowly."""

    name: str
    effect: bool
    wait_s: float = 0.0
    status: int | None = None
    body: bytes = b""
    content_type: str = "application/json"
    drop: bool = False
    trickle_s: float = 0.0


def refusal(error: ApiError) -> Fault:
    """Refuse with any API error, without effect."""
    body = json.dumps(error.as_json()).encode()
    return Fault(name=f"refused {error.code}", effect=False, status=error.code, body=body)


def too_many(retry_after_s: int) -> Fault:
    """429 with `retry_after`."""
    return refusal(too_many_requests(retry_after_s))


def server_error(status: int = 500, *, effect: bool = False, html: bool = False) -> Fault:
    """500 or 502; `html` answers as a gateway does, not as the API does."""
    text = {500: "Internal Server Error", 502: "Bad Gateway"}.get(status, "Service Unavailable")
    body = json.dumps(ApiError(status, text).as_json()).encode()
    if html:
        body = f"<html><body><h1>{status} {text}</h1></body></html>".encode()
    kind = "text/html" if html else "application/json"
    return Fault(name=f"error {status}", effect=effect, status=status, body=body, content_type=kind)


def hang(seconds: float, *, effect: bool = True) -> Fault:
    """Answer after `seconds`, the effect being immediate; without effect, drop the line then."""
    return Fault(name=f"hang {seconds} s", effect=effect, wait_s=seconds, drop=not effect)


def drop_before_effect() -> Fault:
    """Break the connection without having done anything."""
    return Fault(name="dropped before the effect", effect=False, drop=True)


def drop_after_effect() -> Fault:
    """Do it, then break the connection: the ambiguous case."""
    return Fault(name="dropped after the effect", effect=True, drop=True)


def slow_body(seconds: float) -> Fault:
    """Do it and send the answer byte by byte over `seconds`."""
    return Fault(name=f"slow body {seconds} s", effect=True, trickle_s=seconds)


def malformed(*, effect: bool = True, body: bytes = b'{"ok":true,"result":{"mess') -> Fault:
    """Answer 200 with a body that is not JSON."""
    return Fault(name="malformed answer", effect=effect, status=200, body=body)


@dataclass(slots=True)
class FaultRule:
    """A fault bound to calls; `hits` tells how often it struck, `left` None means without end."""

    methods: frozenset[str]
    fault: Fault
    left: int | None
    skip: int
    when: Callable[[Mapping[str, str]], bool] | None
    hits: int = 0


@dataclass(slots=True)
class FaultPlan:
    """All rules in force; not thread-safe, the world's lock covers it."""

    rules: list[FaultRule] = field(default_factory=list)

    def take(self, method: str, params: Mapping[str, str]) -> Fault | None:
        """Return the fault that meets this call and use it up."""
        for rule in self.rules:
            if rule.left != 0 and _matches(rule, method, params):
                if rule.skip:
                    rule.skip -= 1
                    continue
                rule.hits += 1
                rule.left = None if rule.left is None else rule.left - 1
                return rule.fault
        return None


def method_set(methods: str | Iterable[str]) -> frozenset[str]:
    """Return lower-case names; the Bot API does not care about case."""
    names = [methods] if isinstance(methods, str) else methods
    return frozenset(name.lower() for name in names)


def _matches(rule: FaultRule, method: str, params: Mapping[str, str]) -> bool:
    named = ANY_METHOD in rule.methods or method.lower() in rule.methods
    return named and (rule.when is None or rule.when(params))
