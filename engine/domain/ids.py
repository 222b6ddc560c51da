"""Typed ids, made from inputs so that doing a thing twice gives the same id.

An id is a prefix and the first 20 hexadecimal digits (80 bits) of a SHA-256 over its inputs; short
enough for a chat and for a venue's client order id. Secrets that must not be guessable (approval
tokens, pairing codes) are not ids: they come from a ``TokenSource``.
"""

import hashlib
from datetime import datetime
from typing import NewType

from engine.domain.values import to_ms

DecisionId = NewType("DecisionId", str)
IntentId = NewType("IntentId", str)
ApprovalId = NewType("ApprovalId", str)
FillId = NewType("FillId", str)
TradeId = NewType("TradeId", str)
MessageId = NewType("MessageId", str)
ChangeId = NewType("ChangeId", str)

_DIGITS = 20
_SEPARATOR = "\x1f"


def digest(*parts: object) -> str:
    """Hexadecimal SHA-256 over the parts' text, unambiguous about where one ends."""
    return hashlib.sha256(_SEPARATOR.join(str(part) for part in parts).encode()).hexdigest()


def decision_id(
    venue: str, symbol: object, timeframe: object, closed_at: datetime, strategy_version: str
) -> DecisionId:
    """Id of the decision on one symbol at one close."""
    key = digest(venue, symbol, timeframe, to_ms(closed_at), strategy_version)
    return DecisionId(f"d{key[:_DIGITS]}")


def intent_id(source: str, purpose: str, attempt: int = 0) -> IntentId:
    """Id of an order intent; also its client order id at the venue.

    ``source`` is the decision, the position or the command (with its update id) that wants it.
    """
    return IntentId(f"o{digest(source, purpose, attempt)[:_DIGITS]}")


def approval_id(order: IntentId, round_no: int) -> ApprovalId:
    """Id of the ``round_no``-th question about one order."""
    return ApprovalId(f"a{digest(order, round_no)[:_DIGITS]}")


def fill_id(order: IntentId, sequence: int) -> FillId:
    """Id of the ``sequence``-th fill of an order, for venues that give none."""
    return FillId(f"f{digest(order, sequence)[:_DIGITS]}")


def trade_id(entry: IntentId) -> TradeId:
    """Id of the round trip that an entry order opened."""
    return TradeId(f"t{digest(entry)[:_DIGITS]}")


def message_id(kind: str, subject: str, cause: object) -> MessageId:
    """Id of an outbox message: the same cause never queues the same message twice."""
    return MessageId(f"m{digest(kind, subject, cause)[:_DIGITS]}")


def research_id(request: object) -> str:
    """Id of the research job that a request asks for; the same request is one job."""
    return f"r{digest(request)[:_DIGITS]}"


def change_id(request: object) -> ChangeId:
    """Id of the change that a request asks for; the same request is one change."""
    return ChangeId(f"c{digest(request)[:_DIGITS]}")
