"""What |net| usually is: the scale of the score and the grid of its rank, stored with a version.

``measure`` over reference bars → ``FrameReference`` → JSON in the package → ``columns``.

- The scale s is the 99.9th percentile of |net|: an unscaled |net| rarely passes 40 of 100, so its
  range would never be used. ``score = min(100, 100 · |net| / s)``.
- The grid holds |net| at chosen fractions of the reference bars, closer together where alerts are
  decided. A rank is read off it by linear interpolation.
- The shipped figures come from eight pairs, 2018 to 2023, by ``docs/research/reference_scale.py``;
  4h and 1d are resampled from 1h. Shorter timeframes use the grid of 1h: it is the nearest one
  there is, and its ``n`` says how many bars it rests on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.values import require
from engine.indicators.bars import Floats

_SCALE_FRACTION = 0.999
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReference:
    """Distribution of |net| over ``n`` bars of one timeframe.

    ``net[i]`` is the value below which the fraction ``fractions[i]`` of the bars lie; both rise.
    """

    timeframe: Timeframe
    n: int
    scale: float
    fractions: tuple[float, ...]
    net: tuple[float, ...]

    def __post_init__(self) -> None:
        """A positive scale, a grid from 0 to 1 that rises."""
        require(self.scale > 0, "scale of the score", "> 0", self.scale)
        sizes = (len(self.fractions), len(self.net))
        require(sizes[0] == sizes[1] > 1, "grid", "two columns of one length", sizes)
        ends = (self.fractions[0], self.fractions[-1])
        require(ends == (0.0, 1.0), "grid fractions", "from 0 to 1", ends)
        for name in ("fractions", "net"):
            column = getattr(self, name)
            require(list(column) == sorted(column), f"grid {name}", "rising", column[:3])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReference:
    """References of one strategy version by timeframe; 1h is always among them."""

    version: str
    frames: Mapping[Timeframe, FrameReference]

    def __post_init__(self) -> None:
        """1h serves the timeframes that have none of their own."""
        require(Timeframe.H1 in self.frames, "reference timeframes", "with 1h", [*self.frames])

    def of(self, timeframe: Timeframe) -> FrameReference:
        """Return the reference of a timeframe, or that of 1h where it has none."""
        return self.frames.get(timeframe, self.frames[Timeframe.H1])


def measure(net: Floats, timeframe: Timeframe) -> FrameReference:
    """Summarise the signed ``net`` of reference bars, warm-up excluded."""
    require(net.size > 0, "reference bars", "more than 0", net.size)
    magnitude = np.abs(net)
    fractions = _grid()
    values = np.quantile(magnitude, fractions)
    return FrameReference(
        timeframe=timeframe,
        n=int(net.size),
        scale=round(float(np.quantile(magnitude, _SCALE_FRACTION)), _DIGITS),
        fractions=fractions,
        net=tuple(round(float(v), _DIGITS) for v in values),
    )


def _grid() -> tuple[float, ...]:
    coarse = [i / 100 for i in range(99)]
    fine = [0.99 + i / 1_000 for i in range(9)]
    finest = [0.999 + i / 10_000 for i in range(10)]
    return (*coarse, *(round(f, 4) for f in fine + finest), 1.0)


def to_plain(reference: ScoreReference) -> dict[str, Any]:
    """Return what JSON can hold; ``from_plain`` reads it back."""
    frames = {
        str(timeframe): {"n": f.n, "scale": f.scale, "fractions": f.fractions, "net": f.net}
        for timeframe, f in reference.frames.items()
    }
    return {"version": reference.version, "frames": frames}


def from_plain(plain: Mapping[str, Any]) -> ScoreReference:
    """Read what ``to_plain`` wrote."""
    frames = {
        Timeframe(name): FrameReference(
            timeframe=Timeframe(name),
            n=frame["n"],
            scale=frame["scale"],
            fractions=tuple(frame["fractions"]),
            net=tuple(frame["net"]),
        )
        for name, frame in plain["frames"].items()
    }
    return ScoreReference(version=plain["version"], frames=MappingProxyType(frames))


def rank_threshold(per_day: float, *, symbols: int, timeframe: Timeframe) -> float:
    """Return the rank above which ``symbols`` markets show ``per_day`` opportunities a day.

    Both directions count. At most every bar is shown, at least none: 0 to 1.
    """
    require(per_day >= 0, "opportunities a day", ">= 0", per_day)
    require(symbols > 0, "symbols", "> 0", symbols)
    bars = symbols * Timeframe.D1.ms / timeframe.ms
    return 1.0 - min(1.0, per_day / bars)


@cache
def default_reference() -> ScoreReference:
    """Return the shipped reference, of version ``score-1``."""
    return packaged_reference("score-1")


def packaged_reference(version: str) -> ScoreReference:
    """Return the reference that the package has for a version."""
    name = f"reference_{version.replace('-', '_')}.json"
    text = resources.files("engine.strategy").joinpath(name).read_text(encoding="utf-8")
    return from_plain(json.loads(text))
