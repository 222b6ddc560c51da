"""Windows of a walk-forward: what is trained on, and the unseen stretch that follows.

    anchored   |== train ==|gap|- test -|
               |===== train =====|gap|- test -|
    rolling    |== train ==|gap|- test -|
                     |== train ==|gap|- test -|
    fixed      |- test -|- test -|- test -|       nothing is trained

- Tests adjoin, so that they can be stitched. All borders are 00:00 UTC.
- The gap is purge plus embargo. The purge is as long as a position may be held: what was entered at
  the end of a training stretch is over before the test begins, and no training label reaches into
  it (López de Prado 2018, chapter 7). The embargo leaves room for what decays more slowly, such as
  volatility.
- In fixed mode the parameters were set beforehand: the whole history is unseen by this program, and
  windows only divide the report. What the author of the parameters had seen is for the count of
  trials to say.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar

from engine.domain.errors import DataError
from engine.domain.values import require

_SHORTEST_TEST = 0.25  # of a test's length: a shorter rest joins the window before it


class Mode(StrEnum):
    """How the training stretch moves; `fixed` trains nothing."""

    ANCHORED = "anchored"
    ROLLING = "rolling"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPolicy:
    """Lengths in days; without `purge_days` it follows from how long positions may be held."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    train_days: int = field(
        default=730,
        metadata={"doc": "Days of a training stretch; the shortest one when anchored."},
    )
    test_days: int = field(
        default=182,
        metadata={"doc": "Days of an unseen stretch."},
    )
    purge_days: int | None = field(
        default=None,
        metadata={"doc": "Days left out between both; by default the longest holding time."},
    )
    embargo_days: int = field(
        default=1,
        metadata={"doc": "Days left out besides."},
    )

    def __post_init__(self) -> None:
        """Refuse stretches without length."""
        require(self.train_days >= 1, "train_days", ">= 1", self.train_days)
        require(self.test_days >= 1, "test_days", ">= 1", self.test_days)
        require((self.purge_days or 0) >= 0, "purge_days", ">= 0", self.purge_days)
        require(self.embargo_days >= 0, "embargo_days", ">= 0", self.embargo_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One training stretch and its test; all ends are exclusive. Without training both are equal.

    Training ends at `train_to` at the latest, whatever is learned: the gap follows.
    """

    index: int
    train_from: datetime
    train_to: datetime
    test_from: datetime
    test_to: datetime

    def __post_init__(self) -> None:
        """The past comes first."""
        require(
            self.train_from <= self.train_to, "train_to", f">= {self.train_from}", self.train_to
        )
        require(self.train_to <= self.test_from, "test_from", f">= {self.train_to}", self.test_from)
        require(self.test_from < self.test_to, "test_to", f"> {self.test_from}", self.test_to)


def windows(
    mode: Mode, policy: WindowPolicy, *, start: datetime, end: datetime, purge_days: int
) -> tuple[Window, ...]:
    """Divide `[start, end)`; `DataError` if it is too short for one training and one test.

    `purge_days` stands in where the policy names none.
    """
    begin, stop = _midnight_after(start), _midnight_before(end)
    purge = purge_days if policy.purge_days is None else policy.purge_days
    gap = timedelta(days=0 if mode is Mode.FIXED else purge + policy.embargo_days)
    train = timedelta(days=0 if mode is Mode.FIXED else policy.train_days)
    borders = _borders(begin + train + gap, stop, timedelta(days=policy.test_days))
    if len(borders) < 2:  # noqa: PLR2004 (a beginning and an end)
        raise DataError(
            f"{(stop - begin).days} days of history are too few for {train.days} days of training, "
            f"{gap.days} days between and a test; import more or train on less"
        )
    return tuple(
        Window(
            index=k,
            train_from=_train_from(mode, begin, test_from - gap, train),
            train_to=test_from - gap,
            test_from=test_from,
            test_to=test_to,
        )
        for k, (test_from, test_to) in enumerate(pairwise(borders))
    )


def _train_from(mode: Mode, begin: datetime, train_to: datetime, train: timedelta) -> datetime:
    if mode is Mode.ANCHORED:
        return begin
    return train_to - train


def _borders(first: datetime, stop: datetime, test: timedelta) -> list[datetime]:
    borders, at = [], first
    while at < stop:
        borders.append(at)
        at += test
    if len(borders) > 1 and stop - borders[-1] < test * _SHORTEST_TEST:
        borders.pop()
    return [*borders, stop] if borders else []


def _midnight_before(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _midnight_after(moment: datetime) -> datetime:
    floor = _midnight_before(moment)
    return floor if floor == moment else floor + timedelta(days=1)
