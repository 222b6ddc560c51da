"""Evidence for one trade: every step from candle to fill, with hashes, and what was re-checked.

A step is a fact with its hash; a finding is a comparison that was made just now: with the audit
trail, whose lines are chained, or with a number worked out again from the facts before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.domain.desk import Json
from engine.domain.values import require_utc


class StepKind(StrEnum):
    """The steps of a trade, in their order."""

    CANDLES = "candles"
    DECISION = "decision"
    CHECKS = "checks"
    QUESTION = "question"
    ANSWER = "answer"
    ORDER = "order"
    SUBMITTED = "submitted"
    FILL = "fill"
    LEDGER = "ledger"
    TRADE = "trade"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStep:
    """One fact; ``facts`` are plain values by name, ``lines`` numbers of the audit trail."""

    kind: StepKind
    id: str
    at: datetime | None
    hash: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    lines: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Time is UTC."""
        if self.at is not None:
            require_utc("at", self.at)


class FindingKind(StrEnum):
    """What was compared."""

    CANDLES = "candles"
    DECISION = "decision"
    ORDER = "order"
    FILL = "fill"
    LEDGER = "ledger"
    TRADE = "trade"


class Verdict(StrEnum):
    """``UNSEALED``: the trail holds nothing to compare with (written by an older program).

    ``ADDED``: what was sealed holds to the last bit, and bars that were absent then have been
    stored since.
    """

    HOLDS = "holds"
    ADDED = "added"
    BROKEN = "broken"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One comparison about one row; ``detail`` says expected and found where they differ.

    ``added`` is how many bars were stored since the seal was made.
    """

    kind: FindingKind
    id: str
    verdict: Verdict
    detail: str = ""
    added: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRef:
    """A line of the trail that speaks of the trade."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything about one trade. ``chain_error`` is empty when the trail is intact.

    ``chain_left`` lines behind ``chain_lines`` are still to be looked at.
    """

    subject: str
    steps: tuple[EvidenceStep, ...]
    findings: tuple[Finding, ...]
    lines: tuple[AuditRef, ...]
    chain_lines: int
    chain_error: str = ""
    chain_left: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether the chain holds and nothing was found broken."""
        broken = any(one.verdict is Verdict.BROKEN for one in self.findings)
        return not self.chain_error and not broken
