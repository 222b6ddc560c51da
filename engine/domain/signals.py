"""What the indicators say about one bar, and the score made of it."""

from dataclasses import dataclass
from decimal import Decimal

from engine.domain.values import require

_FULL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One indicator on one bar: side −1, 0 or +1, strength 0–100, its values and a sentence."""

    code: str
    side: int
    strength: float
    values: tuple[tuple[str, float], ...]
    reason: str

    def __post_init__(self) -> None:
        """Side and strength are in range."""
        require(self.side in (-1, 0, 1), "side", "-1, 0 or 1", self.side)
        require(0 <= self.strength <= _FULL, "strength", "0 to 100", self.strength)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Signed points that one indicator gives to the score; they sum to the score exactly."""

    code: str
    weight: Decimal
    points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score of one bar.

    ``signed`` is −100 to 100 with the direction as its sign, quantised to 0.01 and equal to the sum
    of the contributions; ``rank_fraction`` is the share of ``rank_n`` reference bars that were
    weaker; ``agreement_fraction`` the share of active weight on the winning side.
    """

    signed: Decimal
    contributions: tuple[Contribution, ...]
    agreement_fraction: Decimal
    rank_fraction: Decimal
    rank_n: int
    regime: str
    threshold_rank_fraction: Decimal

    def __post_init__(self) -> None:
        """The contributions sum to the score, which is in range."""
        total = sum((c.points for c in self.contributions), Decimal(0))
        require(total == self.signed, "sum of contributions", f"the score {self.signed}", total)
        require(abs(self.signed) <= _FULL, "score", "-100 to 100", self.signed)

    @property
    def points(self) -> Decimal:
        """The unsigned score, 0–100."""
        return abs(self.signed)

    @property
    def direction(self) -> int:
        """+1 for long, −1 for short, 0 for neither."""
        return (self.signed > 0) - (self.signed < 0)
