"""What the engine needs from the world, as small protocols; adapters live outside the core.

Every port's docstring is its contract: order, empties, errors, idempotence. The contract suites in
``tests/contract`` hold every adapter, fake or real, against it.
"""

from engine.ports.desk import AuditStore, DeskStore, Inbox, Outbox
from engine.ports.market import CandleStore, QuarantineStore, ScoreStore, WeightStore
from engine.ports.research import CalibrationStore, ProofStore, ResearchStore, TrialStore
from engine.ports.trading import ApprovalStore, BookStore, DecisionStore, OrderStore, PaperStore
from engine.ports.unit import UnitOfWork, Units
from engine.ports.world import (
    Broker,
    CandleSource,
    Clock,
    MarketData,
    Narration,
    Narrator,
    TokenSource,
)

__all__ = [
    "ApprovalStore",
    "AuditStore",
    "BookStore",
    "Broker",
    "CalibrationStore",
    "CandleSource",
    "CandleStore",
    "Clock",
    "DecisionStore",
    "DeskStore",
    "Inbox",
    "MarketData",
    "Narration",
    "Narrator",
    "OrderStore",
    "Outbox",
    "PaperStore",
    "ProofStore",
    "QuarantineStore",
    "ResearchStore",
    "ScoreStore",
    "TokenSource",
    "TrialStore",
    "UnitOfWork",
    "Units",
    "WeightStore",
]
