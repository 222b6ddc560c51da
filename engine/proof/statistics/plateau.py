"""Whether the chosen parameters stand on a plateau or on a needle.

trials with parameters → those a few grid steps from the chosen ones → share that keeps most of the
chosen performance

An edge that vanishes when a length goes from 20 to 22 was fitted to noise. Steps count the distinct
values that the search tried, so that 10, 20, 40, 80 are one step apart like 1, 2, 3, 4. Parameters
that are no numbers must agree. The chosen trial itself is not its own neighbour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from engine.domain.desk import Json
from engine.domain.values import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """The neighbourhood of a choice; `share` of it keeps `keep` of the chosen performance.

    `worst` and `median` are the neighbours' performance over the chosen one. All three are `None`
    where there is no neighbour, or where the choice itself earned nothing that could be kept.
    """

    neighbours: int
    keep: float
    share: float | None
    worst: float | None
    median: float | None


def plateau(
    parameters: Sequence[Mapping[str, Json]],
    performance: Sequence[float],
    *,
    chosen: int,
    reach: int = 1,
    keep: float = 0.7,
) -> Plateau:
    """Measure the trials within `reach` grid steps of trial `chosen` in every parameter."""
    require(len(parameters) == len(performance), "performance", "one per trial", len(performance))
    require(0 <= chosen < len(parameters), "chosen", f"0 to {len(parameters) - 1}", chosen)
    require(reach >= 1, "reach", ">= 1", reach)
    require(0.0 < keep <= 1.0, "keep", "above 0, at most 1", keep)
    near = [k for k in _near(parameters, chosen, reach) if k != chosen]
    own = performance[chosen]
    if not near or own <= 0.0:
        return Plateau(neighbours=len(near), keep=keep, share=None, worst=None, median=None)
    kept = np.array([performance[k] for k in near]) / own
    return Plateau(
        neighbours=len(near),
        keep=keep,
        share=float(np.mean(kept >= keep)),
        worst=float(kept.min()),
        median=float(np.median(kept)),
    )


def _near(parameters: Sequence[Mapping[str, Json]], chosen: int, reach: int) -> list[int]:
    own = parameters[chosen]
    near = [k for k, trial in enumerate(parameters) if trial.keys() == own.keys()]
    for name in own:
        column = {k: parameters[k][name] for k in near}
        near = _alike(column, chosen, reach)
    return near


def _alike(column: Mapping[int, Json], chosen: int, reach: int) -> list[int]:
    """Return the trials whose value of one parameter is near that of the chosen trial."""
    numbers = {k: value for k, value in column.items() if _is_number(value)}
    if chosen not in numbers:
        return [k for k, value in column.items() if value == column[chosen]]
    grid = sorted(set(numbers.values()))
    place = grid.index(numbers[chosen])
    return [k for k, value in numbers.items() if abs(grid.index(value) - place) <= reach]


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
