"""What steers the desk now: which strategy version, under which limits, in which mode.

configuration file → stored overrides over it → active weights → ``Chosen`` → ``Steered``, which all
use cases read through their context

- There is one place that holds it, and it is replaced as a whole between two use cases: nothing
  ever sees the new limits with the old strategy.
- A change is a commit that leaves its number in the note ``steering``. Every process of the desk
  compares that note with the number it has taken up, so that a press in one steers the other.
- A strategy on other candles, or one that needs more history than was loaded, waits for the next
  start; limits and mode never wait. Decisions carry the version that made them, whichever it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import structlog

from engine.desk.overrides import layered
from engine.domain.desk import Mode
from engine.ports import UnitOfWork, Units
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion, lineage_of
from engine.strategy.weights import WeightSet

_log = structlog.get_logger(__name__)

STRATEGY_KEY = "strategy.name"
MODE_KEY = "trading.mode"
_NOTE = "steering"

type Adjust = Callable[[StrategyVersion], StrategyVersion]
"""What the settings alter in the strategy they name."""


def unaltered(made: StrategyVersion) -> StrategyVersion:
    """Return the strategy as it is."""
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What the configuration file says.

    ``strategy`` is as it was made; ``adjust`` puts the settings' thresholds and exits over it,
    after the weights. ``offered`` are the versions that may be traded in its place, by lineage.
    """

    strategy: StrategyVersion
    policies: TradingPolicy
    mode: Mode
    adjust: Adjust = unaltered
    offered: Mapping[str, StrategyVersion] = field(default_factory=lambda: MappingProxyType({}))

    def base(self, name: str) -> StrategyVersion | None:
        """The version of a lineage as it was made; the configured one is always among them."""
        return self.strategy if name == self.strategy.name else self.offered.get(name)

    def made(self, base: StrategyVersion, weights: WeightSet | None) -> StrategyVersion:
        """A version with these weights; settings alter the configured strategy and no other."""
        weighted = base if weights is None else base.altered(weights=weights)
        return self.adjust(weighted) if base.name == self.strategy.name else weighted


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is in force by the file and what people changed since."""

    strategy: StrategyVersion
    policies: TradingPolicy
    mode: Mode


def chosen_now(unit: UnitOfWork, configured: Configured) -> Chosen:
    """What is in force as of this transaction.

    ``ConfigurationError`` if a limit that people set does not fit the file any more: the desk must
    not start with a milder one instead.
    """
    overrides = {one.key: one for one in unit.overrides.all()}
    named = overrides.get(STRATEGY_KEY)
    base = configured.base(named.value) if named else configured.strategy
    if base is None:
        _log.warning("strategy_not_there", wanted=named and named.value, used="the configured one")
        base = configured.strategy
    mode = overrides.get(MODE_KEY)
    return Chosen(
        strategy=configured.made(base, stored_weights(unit, base)),
        policies=layered(configured.policies, overrides.values()),
        mode=Mode(mode.value) if mode else configured.mode,
    )


def stored_weights(unit: UnitOfWork, base: StrategyVersion) -> WeightSet | None:
    """The weights a person made active for this lineage; those of a file stand in the file."""
    if base.is_from_file:
        return None
    for row in unit.weights.all():
        if row.active and lineage_of(row.version) == base.name:
            return WeightSet(version=row.version, weights=row.weights)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered[S]:
    """What all use cases read: a packed strategy ``S`` with its policies, and the mode.

    ``waiting`` is a strategy version that was chosen and comes with the next start.
    """

    strategy: S
    mode: Mode
    waiting: str = ""


class Steering[S]:
    """The one place that holds what steers the desk; see the module for when it changes.

    ``pack`` makes the strategy that use cases read; ``fits`` says whether a version can be taken up
    without a restart in the place of the one that is traded.
    """

    def __init__(
        self,
        configured: Configured,
        *,
        start: Chosen,
        pack: Callable[[StrategyVersion, TradingPolicy], S],
    ) -> None:
        self._configured = configured
        self._pack = pack
        self._traded = start.strategy
        self._policies = start.policies
        self._taken: str | None = None
        self._now = Steered(strategy=pack(start.strategy, start.policies), mode=start.mode)

    @property
    def now(self) -> Steered[S]:
        """What is in force."""
        return self._now

    @property
    def configured(self) -> Configured:
        """What the file says."""
        return self._configured

    def pack_again(self) -> None:
        """Pack what is in force anew: what it is packed with, the venue's rules, has changed."""
        self._now = replace(self._now, strategy=self._pack(self._traded, self._policies))

    def take_up(self, units: Units) -> bool:
        """Look whether people have changed something, and steer by it; tells if they had."""
        with units(read_only=True) as unit:
            noted = unit.desk.note(_NOTE)
            if noted == self._taken:
                return False
            chosen = chosen_now(unit, self._configured)
        can_be = fits(self._traded, chosen.strategy)
        self._traded = chosen.strategy if can_be else self._traded
        self._policies = chosen.policies
        self._now = Steered(
            strategy=self._pack(self._traded, chosen.policies),
            mode=chosen.mode,
            waiting="" if can_be else chosen.strategy.version,
        )
        self._taken = noted if isinstance(noted, str) else None
        _log.info(
            "steering_taken_up",
            strategy=self._traded.version,
            mode=chosen.mode.value,
            waiting=self._now.waiting,
        )
        return True


def fits(traded: StrategyVersion, chosen: StrategyVersion) -> bool:
    """Whether a version can take the place of the traded one without a restart."""
    is_loaded = chosen.window_bars <= traded.window_bars
    return chosen.timeframe is traded.timeframe and is_loaded


def mark_changed(unit: UnitOfWork, number: str) -> None:
    """Tell every process that there is something to take up, in the commit that changed it."""
    unit.desk.put_note(_NOTE, number)
