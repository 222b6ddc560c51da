"""What of the owner's settings a verdict depends on, as one digest.

costs and risk → ``terms_digest`` → stored with a proof, and held beside the desk's own

Entries and exits are the strategy's. Approvals and automation say who decides, not what it costs.
The model of the order book belongs to the venue, which the desk does not choose while it trades.
"""

from engine.strategy.policy import TradingPolicy
from engine.strategy.version import digest_of


def terms_digest(policies: TradingPolicy) -> str:
    """Digest of the owner's costs and sizing, 16 hex digits."""
    return digest_of([repr(policies.costs), repr(policies.risk)])
