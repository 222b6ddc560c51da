"""Questions about a strategy, and how its paper results stand beside its proof.

a person's wish → ``ResearchJob`` → ``ResearchView``; a version → ``ProofView`` with its ``Drift``
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from engine.domain.market import Timeframe
from engine.domain.proof import Proof, ResearchJob


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestWish:
    """What to play. Without ``strategy`` the desk's own; without days everything stored.

    ``start`` is the first day (UTC), ``end`` the first one that is not played any more.
    """

    strategy: str = ""
    timeframe: Timeframe | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResearchOutcome:
    """Answer to a wish, or to a button of a job; ``reason`` names a refusal.

    ``job`` is the one that was made, or the one that was there already. ``limit`` is how many may
    be open at once, ``known`` what could have been asked for.
    """

    done: bool
    reason: str = ""
    job: ResearchJob | None = None
    limit: int = 0
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResearchView:
    """A job as it stands; ``ahead`` of it others wait or run.

    ``proof`` is the newest verdict about exactly the version that was played; ``verdict`` what a
    job of kind ``prove`` reached, as it was then.
    """

    job: ResearchJob
    ahead: int
    proof: Proof | None = None
    verdict: "ProofView | None" = None


class DriftState(StrEnum):
    """Where the mean of the paper results stands; outside is below or above the interval."""

    TOO_EARLY = "too_early"
    INSIDE = "inside"
    BELOW = "below"
    ABOVE = "above"

    @property
    def is_apart(self) -> bool:
        """Whether results and proof have parted."""
        return self in (DriftState.BELOW, DriftState.ABOVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Results of ``days`` whole UTC days, up to and including ``until``, beside the proof.

    Returns are fractions per day. ``daily_mean`` is what was earned (``None`` before a whole day
    has passed); with the proof right, 95 of 100 such means lie from ``daily_low`` to
    ``daily_high``. ``needed_days`` are counted before anything is judged.
    """

    state: DriftState
    since: datetime
    until: date | None
    days: int
    needed_days: int
    daily_mean: float | None
    predicted_mean: float
    daily_low: float | None
    daily_high: float | None


class Stale(StrEnum):
    """Why a verdict does not count here: its rules, costs and sizing, markets, or venue.

    ``GAP`` is none of the verdict's: trials or verdicts are missing from the store.
    """

    RULES = "rules"
    TERMS = "terms"
    MARKETS = "markets"
    VENUE = "venue"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """What is known about a strategy version: the verdict that counts, else its newest, if any.

    ``is_current`` tells whether that verdict is about the very code and parameters that the program
    has under this name now, and the desk's costs, sizing, markets and venue; ``stale`` why not.
    ``trials`` counts what was tried when it was made, and in the lineage since (0 without a
    verdict).
    ``daily_returns`` are those that the verdict was about, one per day from its first day, empty
    where they are not stored.
    """

    strategy_version: str
    proof: Proof | None
    is_current: bool
    trials: int
    drift: Drift | None
    daily_returns: tuple[float, ...] = ()
    stale: Stale | None = None
