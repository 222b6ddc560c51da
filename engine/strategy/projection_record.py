"""How often projected bands held: on any bars, and the record that ships with the method.

bars → a projection every ``horizon`` bars, each from the bars before it only → inside or not → rate

Choices:
- A hit is the close that ends the horizon, inside the band of that close. Horizons do not overlap,
  so that one move is not counted twice.
- Bands are made by the very function that draws them, from the window it would have had.
- The shipped record is what ``docs/research/projection.py`` measured on years after those that the
  method was made on. Markets move together, so its outcomes are far fewer than ``n`` says.
- What the file marks as ``seen`` is not told: there the method was changed after a look at the very
  years that it is measured on.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.projection import HitRate, NoProjection
from engine.domain.values import from_ms, require, to_ms
from engine.indicators.bars import Bars
from engine.strategy.projection import FEWEST_BARS, LEVEL, METHOD, VERSION, moves

MOST_HORIZONS = 60
_WHOLE = 1e-9
_FILE = "projection_1_hits.json"


class Outcome(NamedTuple):
    """What came of one projection.

    ``share`` is the part of the drawn moves that were smaller than the real one, 0 to 1: the close
    lay inside every band of a higher level. ``is_up`` tells its direction, ``storm`` how volatile
    it was at the start compared with the window's mean (1 is as usual).
    """

    made_ms: int
    end_ms: int
    share: float
    is_up: bool
    storm: float

    def is_inside(self, level: float) -> bool:
        """Whether the close lay in the band of probability ``level``."""
        return self.share < level - _WHOLE

    @property
    def rank(self) -> float:
        """Probability that was given to a lower close: even over 0 to 1 if all is well."""
        return (1 + self.share) / 2 if self.is_up else (1 - self.share) / 2


def outcome(bars: Bars, made_at: int, horizon_bars: int, *, seed: int) -> Outcome | None:
    """Project from the close of bar ``made_at`` and see what came; ``None`` if refused."""
    end = made_at + horizon_bars
    require(0 <= made_at < end < len(bars), "horizon", f"inside {len(bars)} bars", (made_at, end))
    seen = bars.between(max(0, made_at + 1 - METHOD.window_bars(bars.timeframe)), made_at + 1)
    drawn = moves(seen, horizon_bars, seed=seed)
    if isinstance(drawn, NoProjection):
        return None
    move = float(np.log(bars.close[end] / bars.close[made_at]))
    smaller = int(np.count_nonzero(np.abs(drawn.paths[:, -1]) < abs(move)))
    return Outcome(
        made_ms=int(bars.close_ms[made_at]),
        end_ms=int(bars.close_ms[end]),
        share=smaller / len(drawn.paths),
        is_up=move > 0,
        storm=drawn.sigma_now / drawn.sigma_usual if drawn.sigma_usual else 1.0,
    )


def measure(
    bars: Bars, horizon_bars: int, level: float = LEVEL, *, seed: int = 0, most: int = MOST_HORIZONS
) -> HitRate | None:
    """Count hits over the last ``most`` whole horizons of ``bars``; ``None`` if none fits.

    The last horizon ends with the last bar; the first is projected from at least ``FEWEST_BARS``.
    A millisecond each.
    """
    places = range(len(bars) - 1 - horizon_bars, FEWEST_BARS - 2, -horizon_bars)[:most]
    found = [outcome(bars, place, horizon_bars, seed=seed) for place in reversed(places)]
    known = [one for one in found if one is not None]
    return hit_rate(known, horizon_bars, level) if known else None


def hit_rate(
    outcomes: Sequence[Outcome], horizon_bars: int, level: float = LEVEL, *, markets: int = 1
) -> HitRate:
    """Sum up outcomes of one horizon, at least one."""
    return HitRate(
        level=level,
        horizon_bars=horizon_bars,
        inside=sum(one.is_inside(level) for one in outcomes),
        n=len(outcomes),
        markets=markets,
        data_from=from_ms(min(one.made_ms for one in outcomes)),
        data_to=from_ms(max(one.end_ms for one in outcomes)),
    )


def shipped_rate(timeframe: Timeframe, horizon_bars: int) -> HitRate | None:
    """The record of the 80 % band on unseen years, ``None`` for what was not measured on any."""
    return _shipped().get((timeframe, horizon_bars))


def to_plain(timeframe: Timeframe, rate: HitRate) -> dict[str, Any]:
    """Return what JSON can hold; the shipped file has a list of these, each marked if ``seen``."""
    return {
        "timeframe": str(timeframe),
        "horizon_bars": rate.horizon_bars,
        "level": rate.level,
        "inside": rate.inside,
        "n": rate.n,
        "markets": rate.markets,
        "from_ms": to_ms(rate.data_from),
        "to_ms": to_ms(rate.data_to),
    }


@cache
def _shipped() -> dict[tuple[Timeframe, int], HitRate]:
    text = resources.files("engine.strategy").joinpath(_FILE).read_text(encoding="utf-8")
    plain = json.loads(text)
    require(plain["version"] == VERSION, "version of the record", VERSION, plain["version"])
    return {
        (Timeframe(row["timeframe"]), row["horizon_bars"]): HitRate(
            level=row["level"],
            horizon_bars=row["horizon_bars"],
            inside=row["inside"],
            n=row["n"],
            markets=row["markets"],
            data_from=from_ms(row["from_ms"]),
            data_to=from_ms(row["to_ms"]),
        )
        for row in plain["rates"]
        if not row["seen"]
    }
