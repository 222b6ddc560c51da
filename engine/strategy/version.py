"""A strategy version: everything that turns bars into decisions to enter and leave, as one value.

rules → weights → score → thresholds → exit plan. A desk trades one version, a backtest plays one, a
proof judges one. The owner's limits, costs and approvals are not part of it: they are the desk's,
and the same for every strategy.

- ``name`` is the lineage: versions that grew out of one another, whose trials count together.
- ``version`` is what decisions are stored under. A version that a setting or a file has changed
  says so by a suffix made from what it is now, so that a proof of the original is never shown for
  the altered one.
- A strategy from a file is called ``file:<stem>`` and its version ``file:<stem>@<edition>``, where
  the edition is made from its fingerprint: it can neither join a shipped lineage nor keep its name
  when it is edited.
- ``fingerprint`` covers the code of the rules and every parameter; two versions with one
  fingerprint decide alike on the same bars. For shipped versions code means the files of the rules,
  and what these import is covered by the release; for files see ``strategy_file``.
"""

import hashlib
import inspect
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.domain.values import require
from engine.indicators.bars import Bars
from engine.kernel import Bools
from engine.strategy.columns import WINDOW_BARS, ScoreColumns, columns
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from engine.strategy.reference import ScoreReference, to_plain
from engine.strategy.signals import Rule
from engine.strategy.weights import WeightSet

type ExitRule = Callable[[Bars], Bools]
"""Bars → one flag per bar: leave at the next open. Causal, like a rule."""

_SUFFIX_LENGTH = 4
_FILE = "file:"
_EDITION = "@"
_EDITION_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyVersion:
    """What decides. ``window_bars`` is how many bars a live window needs to score its last one.

    ``exit_rule`` marks the bars of a strategy's own exits, beside those of ``exits``.
    ``code_digest`` is of the source that makes the columns.
    """

    name: str
    version: str
    timeframe: Timeframe
    rules: tuple[Rule, ...]
    weights: WeightSet
    reference: ScoreReference
    entry: EntryPolicy
    exits: ExitPolicy
    exit_rule: ExitRule | None = None
    code_digest: str = ""
    window_bars: int = WINDOW_BARS

    def __post_init__(self) -> None:
        """Rules with different codes, weights that fit them, and a window longer than they need."""
        codes = [rule.code for rule in self.rules]
        require(bool(codes), "rules", "at least one", "none")
        require(len(set(codes)) == len(codes), "rule codes", "different", sorted(codes))
        self.weights.table(tuple(codes))
        needed = max(rule.warmup_bars + rule.memory_bars for rule in self.rules)
        require(self.window_bars > needed, "window_bars", f"above {needed}", self.window_bars)
        if not self.code_digest:
            object.__setattr__(self, "code_digest", code_digest(self.rules, self.exit_rule))

    @property
    def fingerprint(self) -> str:
        """Digest of code and parameters, 16 hex digits; names and notes do not count."""
        return digest_of(
            {
                "code": self.code_digest,
                "rules": [repr(rule) for rule in self.rules],
                "parameters": self.parameters,
                "reference": to_plain(self.reference)["frames"],
            }
        )

    @property
    def is_from_file(self) -> bool:
        """Whether somebody's own file made it."""
        return self.name.startswith(_FILE)

    def as_file(self, stem: str, digest: str) -> "StrategyVersion":
        """Return this strategy as the one of a file: its lineage, and its version by content."""
        lineage = f"{_FILE}{stem}"
        made = replace(self, name=lineage, code_digest=digest)
        version = f"{lineage}{_EDITION}{made.fingerprint[:_EDITION_LENGTH]}"
        return replace(made, version=version, weights=replace(made.weights, version=version))

    @property
    def parameters(self) -> dict[str, object]:
        """What a search may change, as JSON can hold it."""
        regimes = {name: dict(weights) for name, weights in self.weights.by_regime.items()}
        return {
            "timeframe": self.timeframe.value,
            "weights": dict(self.weights.weights),
            "weights_by_regime": regimes,
            "entry": {name: getattr(self.entry, name) for name in EntryPolicy.__slots__},
            "exits": {name: getattr(self.exits, name) for name in ExitPolicy.__slots__},
        }

    def govern(self, policies: TradingPolicy) -> TradingPolicy:
        """Return the owner's policies with this strategy's entries and exits in them."""
        return replace(policies, entry=self.entry, exits=self.exits)

    def altered(
        self,
        *,
        timeframe: Timeframe | None = None,
        entry: EntryPolicy | None = None,
        exits: ExitPolicy | None = None,
        weights: WeightSet | None = None,
    ) -> "StrategyVersion":
        """Return the version with these parts exchanged; its name tells if that changed anything.

        A weight set brings its own version along: it is what a person approved.

        On another timeframe rules that count bars read as many of the new bars, so the strategy
        becomes slower or faster. Where rules count days (they have a method ``at``), it stays the
        same one: horizons keep their days, the bars of the time stop and of the live window are
        counted anew, and the exits' multiples of the average true range grow by √(own ÷ new
        timeframe), because a range grows with the root of time: the stop stays about as far from
        the price. Thresholds stay. Exits that are given are taken as they are. The owner's
        cooldowns are counted in bars and are not part of this.
        """
        base = self.version if weights is None else weights.version
        moved = self if timeframe is None else _on(self, timeframe)
        changed = replace(
            moved,
            version=base,
            entry=entry or self.entry,
            exits=exits or moved.exits,
            weights=weights or self.weights,
        )
        kept = replace(self, version=base, weights=changed.weights)
        if changed.fingerprint == kept.fingerprint:
            return kept
        return replace(changed, version=f"{base}+{changed.fingerprint[:_SUFFIX_LENGTH]}")


@runtime_checkable
class _CountsDays(Protocol):
    """A rule whose lengths are days."""

    def at(self, timeframe: Timeframe) -> Rule:
        """Return the same rule for bars of this length."""
        ...


def _on(strategy: StrategyVersion, timeframe: Timeframe) -> StrategyVersion:
    """Return a strategy on another timeframe; see ``altered``."""
    if not any(isinstance(rule, _CountsDays) for rule in strategy.rules):
        return replace(strategy, timeframe=timeframe)
    ratio = strategy.timeframe.ms / timeframe.ms
    return replace(
        strategy,
        timeframe=timeframe,
        rules=tuple(
            rule.at(timeframe) if isinstance(rule, _CountsDays) else rule for rule in strategy.rules
        ),
        exits=_exits_on(strategy.exits, ratio),
        window_bars=max(WINDOW_BARS, math.ceil(strategy.window_bars * ratio)),
    )


def _exits_on(exits: ExitPolicy, ratio: float) -> ExitPolicy:
    """Return the same exits where ``ratio`` bars are what one was."""
    changes: dict[str, float] = {}
    for name in ("stop_atr_multiple", "target_atr_multiple", "trailing_atr_multiple"):
        multiple = getattr(exits, name)
        if multiple is not None:
            changes[name] = multiple * math.sqrt(ratio)
    if exits.time_stop_bars is not None:
        changes["time_stop_bars"] = max(1, round(exits.time_stop_bars * ratio))
    return replace(exits, **changes)  # type: ignore[arg-type]


def lineage_of(version: str) -> str:
    """Name of the lineage in a version such as ``score-2`` or ``file:mine@1a2b3c``."""
    if version.startswith(_FILE):
        return version.rpartition(_EDITION)[0] or version
    name, _, number = version.rpartition("-")
    return name if name and number.isdigit() else version


def columns_of(
    strategy: StrategyVersion,
    bars: Bars,
    *,
    higher: Iterable[ScoreColumns] = (),
    keep_values: bool = False,
) -> ScoreColumns:
    """Score every bar as the strategy does; see ``columns``."""
    return columns(
        bars,
        strategy.weights,
        strategy.reference,
        rules=strategy.rules,
        higher=tuple(higher),
        keep_values=keep_values,
    )


def exit_flags(strategy: StrategyVersion, bars: Bars) -> Bools | None:
    """Return the strategy's own exits, one flag per bar, or ``None`` if it has no such rule.

    ``InvalidValueError`` if the rule's answer is not one flag per bar.
    """
    if strategy.exit_rule is None:
        return None
    flags = np.asarray(strategy.exit_rule(bars))
    if flags.shape != (len(bars),) or flags.dtype != np.bool_:
        raise InvalidValueError(
            f"exits of {strategy.version}", f"{len(bars)} booleans", f"{flags.dtype}{flags.shape}"
        )
    return flags


def code_digest(rules: Iterable[Rule], exit_rule: ExitRule | None = None) -> str:
    """Digest of the source files of the rules and the exit rule."""
    made_of: set[object] = {type(rule) for rule in rules}
    if exit_rule is not None:
        made_of.add(exit_rule)
    files = {inspect.getsourcefile(part) or "" for part in made_of}  # type: ignore[arg-type]
    sources = sorted(_source_digest(file) for file in files)
    return digest_of(sources)


@cache
def _source_digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def digest_of(value: object) -> str:
    """Digest of anything JSON can hold, 16 hex digits; the order of keys does not count."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
