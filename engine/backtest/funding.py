"""Payments between the two sides of a perpetual contract, as a column of the replay.

events (moment, rate) → `funding_column` → basis points per bar.

A payment falls due at a moment and is owed by whoever holds then. The replay charges at closes, so
an event belongs to the first bar that closes at or after it: on a grid of hours the eight-hourly
payments are exact; in longer bars those of one bar are charged together at its close, to what is
held there. An entry decided at that close fills after it and does not pay.
"""

from dataclasses import dataclass

import numpy as np

from engine.domain.values import require
from engine.kernel import Floats, Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Funding:
    """Payments of one symbol, oldest first: epoch ms, and what a long pays in basis points.

    A negative rate is received.
    """

    at_ms: Ints
    rate_bps: Floats

    def __post_init__(self) -> None:
        """Refuse columns of different lengths, times that fall, and rates that are no number."""
        require(len(self.at_ms) == len(self.rate_bps), "rate_bps", "as at_ms", len(self.rate_bps))
        in_order = bool(np.all(np.diff(self.at_ms) >= 0))
        require(in_order, "at_ms", "in order of time", self.at_ms)
        known = bool(np.all(np.isfinite(self.rate_bps)))
        require(known, "rate_bps", "finite", self.rate_bps)


def funding_column(funding: Funding, open_ms: Ints, bar_ms: int) -> Floats:
    """Return what a long that is held at each close pays, in basis points of its value there.

    Events up to the open of the first bar, and after the last close, are nobody's.
    """
    column = np.zeros(len(open_ms))
    if len(open_ms):
        place = np.searchsorted(open_ms + bar_ms, funding.at_ms)
        ours = (funding.at_ms > open_ms[0]) & (place < len(open_ms))
        np.add.at(column, place[ours], funding.rate_bps[ours])
    return column
