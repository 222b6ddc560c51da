"""Weight sets: how much each signal counts in the score, normalised to sum to 1.

A set is a version and a weight per code. Codes are those of the rules (``RSI``) and, for joined
higher timeframes, their names (``4h``). A set may differ by regime. It is a value: a change is a
new version, and which version is active is a row that only a person's approval changes.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from engine.domain.errors import InvalidValueError
from engine.domain.values import require
from engine.indicators.bars import Floats
from engine.strategy.columns_market import REGIMES
from engine.strategy.rules import shipped_rules

DEFAULT_VERSION = "score-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """Weights of one version; ``by_regime`` replaces them all in the regimes it names.

    Any non-negative finite figures with a positive sum are taken and normalised. A code that is not
    named counts 0: it is computed and shown, but gives no points.
    """

    version: str
    weights: Mapping[str, float]
    by_regime: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def __post_init__(self) -> None:
        """Normalise; refuse negative, infinite or all-zero weights and unknown regimes."""
        for regime in self.by_regime:
            _require_known("regime", regime, REGIMES)
        regimes = {name: _normalised(set_) for name, set_ in self.by_regime.items()}
        object.__setattr__(self, "weights", _normalised(self.weights))
        object.__setattr__(self, "by_regime", MappingProxyType(regimes))

    def table(self, codes: tuple[str, ...]) -> Floats:
        """Return weights as [regime, code], in the order of ``REGIMES`` and ``codes``.

        ``InvalidValueError``, with a suggestion, if the set names a code that is not among them.
        """
        rows = [self.by_regime.get(regime, self.weights) for regime in REGIMES]
        for row in rows:
            for code in row:
                _require_known("signal code", code, codes)
        return np.array([[row.get(code, 0.0) for code in codes] for row in rows])


def default_weights() -> WeightSet:
    """Return the shipped set: what each rule file proposes."""
    proposed = {rule.code: rule.default_weight for rule in shipped_rules()}
    return WeightSet(version=DEFAULT_VERSION, weights=proposed)


def _normalised(weights: Mapping[str, float]) -> Mapping[str, float]:
    for code, weight in weights.items():
        ok = math.isfinite(weight) and weight >= 0
        require(ok, f"weight of {code}", "finite and >= 0", weight)
    total = math.fsum(weights.values())
    require(total > 0, "sum of weights", "> 0", total)
    return MappingProxyType({code: weight / total for code, weight in weights.items()})


def _require_known(what: str, name: str, known: Iterable[str]) -> None:
    names = tuple(known)
    if name in names:
        return
    by_lower = {known_name.lower(): known_name for known_name in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    hint = f" (did you mean {by_lower[near[0]]}?)" if near else ""
    raise InvalidValueError(what, "one of " + ", ".join(names) + hint, name)
