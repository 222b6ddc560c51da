"""What the engine needs from the world, as small protocols; adapters live outside the core.

Every port's docstring is its contract: order, empties, errors, idempotence. The contract suites in
``tests/contract`` hold every adapter, fake or real, against it.
"""

from engine.ports.alerts import AlertStore, PriceFeed, WatchStore
from engine.ports.changes import ChangeStore, OverrideStore
from engine.ports.delivery import DeliveryStore
from engine.ports.desk import AuditStore, DeskStore, Inbox, Outbox
from engine.ports.factors import FactorStore
from engine.ports.market import CandleStore, QuarantineStore, ScoreStore, WeightStore
from engine.ports.records import RecordStore, ShadowStore
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
    "AlertStore",
    "ApprovalStore",
    "AuditStore",
    "BookStore",
    "Broker",
    "CalibrationStore",
    "CandleSource",
    "CandleStore",
    "ChangeStore",
    "Clock",
    "DecisionStore",
    "DeliveryStore",
    "DeskStore",
    "FactorStore",
    "Inbox",
    "MarketData",
    "Narration",
    "Narrator",
    "OrderStore",
    "Outbox",
    "OverrideStore",
    "PaperStore",
    "PriceFeed",
    "ProofStore",
    "QuarantineStore",
    "RecordStore",
    "ResearchStore",
    "ScoreStore",
    "ShadowStore",
    "TokenSource",
    "TrialStore",
    "UnitOfWork",
    "Units",
    "WatchStore",
    "WeightStore",
]
