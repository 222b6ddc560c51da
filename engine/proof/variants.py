"""Variants of a strategy by name of what differs: one language for search, sweep and stored trials.

    {"entry.min_score": 40, "exits.time_stop_bars": null, "rules.RSI.length": 21}
    {"entry": {"min_score": 40}, …}                              the same, nested

names → the parts of a `StrategyVersion` → a new version, named after what it became

- What can be named: `timeframe`, `weights.CODE`, `weights_by_regime.REGIME.CODE`, `entry.FIELD`,
  `exits.FIELD`, and `rules.CODE.FIELD` for rules that are dataclasses. Naming a weight replaces
  that weight, the rest stays and all are normalised again; a whole mapping of weights replaces the
  set.
- A name that is not there is refused, with the nearest that is: a misspelt parameter would else be
  searched for a night without effect.
- Rules that count days (they have a method `at`) always count the bars of the variant's timeframe,
  whatever a stored rule says: parameters of one timeframe can be read on another.
"""

import dataclasses
import difflib
import functools
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, cast

from engine.domain.desk import Json
from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.strategy.signals import Rule
from engine.strategy.version import StrategyVersion
from engine.strategy.weights import WeightSet

type Changes = Mapping[str, Json]
type Tree = dict[str, Any]

_HEADS = ("timeframe", "weights", "weights_by_regime", "entry", "exits", "rules")
_SUFFIX_LENGTH = 4
_DIGITS = 12
_MOST_NAMES = 12


def varied(strategy: StrategyVersion, changes: Changes) -> StrategyVersion:
    """Return the strategy with these parameters; `InvalidValueError` for what it does not have."""
    return named(strategy, altered(strategy, changes))


def altered(strategy: StrategyVersion, changes: Changes) -> StrategyVersion:
    """Return what `varied` does under the old name: a digest costs more than a sweep's variant."""
    tree = as_tree(changes)
    for head in tree:
        _require_known("parameter", head, _HEADS)
    timeframe = _timeframe(tree.get("timeframe", strategy.timeframe))
    stays = timeframe is strategy.timeframe
    moved = strategy if stays else strategy.altered(timeframe=timeframe)
    return replace(
        moved,
        version=strategy.version,
        rules=_rules(moved.rules, tree.get("rules", {}), timeframe),
        weights=_weights(strategy, tree),
        entry=_replaced("entry", strategy.entry, tree.get("entry", {})),
        exits=_replaced("exits", moved.exits, tree.get("exits", {})),
    )


def named(base: StrategyVersion, changed: StrategyVersion) -> StrategyVersion:
    """Return the changed strategy under the base's version, with a suffix if it decides otherwise.

    The suffix is made from what it is, so the same variant has the same name everywhere.
    """
    if changed.fingerprint == base.fingerprint:
        return base
    suffix = changed.fingerprint[:_SUFFIX_LENGTH]
    return replace(changed, version=f"{base.version}+{suffix}")


def parameters_of(strategy: StrategyVersion) -> dict[str, Json]:
    """Return everything `varied` needs to make this strategy from another of its lineage."""
    rules = {rule.code: fields_of(rule) for rule in strategy.rules}
    found = {**strategy.parameters, "rules": {code: has for code, has in rules.items() if has}}
    return cast("dict[str, Json]", found)


def fields_of(rule: Rule) -> dict[str, Json]:
    """Return the parameters of a rule that JSON can hold, by name."""
    part = cast("Any", rule)
    if not dataclasses.is_dataclass(part):
        return {}
    found = {one.name: getattr(rule, one.name) for one in dataclasses.fields(part) if one.init}
    return {
        name: value
        for name, value in found.items()
        if name != "code" and (value is None or isinstance(value, int | float | str))
    }


def as_tree(changes: Changes) -> Tree:
    """Return dotted names as nested mappings; nested ones stay."""
    tree: Tree = {}
    for name, value in changes.items():
        *heads, last = name.split(".")
        place = tree
        for head in heads:
            place = place.setdefault(head, {})
        if isinstance(value, Mapping):
            place.setdefault(last, _Whole()).update(_wholes(value))
        else:
            place[last] = value
    return tree


class _Whole(dict[str, Any]):
    """A mapping that was given as one, not gathered from dotted names."""


def _wholes(value: Mapping[str, Any]) -> "_Whole":
    return _Whole({k: _wholes(v) if isinstance(v, Mapping) else v for k, v in value.items()})


def as_names(changes: Changes) -> dict[str, Json]:
    """Return nested parameters under dotted names, numbers rounded to twelve digits."""
    flat: dict[str, Json] = {}

    def walk(prefix: str, value: Json) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                walk(f"{prefix}.{name}" if prefix else name, inner)
        else:
            flat[prefix] = round(value, _DIGITS) if isinstance(value, float) else value

    walk("", cast("Json", dict(changes)))
    return flat


def value_of(strategy: StrategyVersion, name: str) -> Json:
    """Return the value that a parameter has; `InvalidValueError` if there is no such parameter."""
    names = as_names(parameters_of(strategy))
    _require_known("parameter", name, names)
    return names[name]


def _weights(strategy: StrategyVersion, tree: Tree) -> WeightSet:
    own = strategy.weights
    codes = [rule.code for rule in strategy.rules]
    given = tree.get("weights_by_regime", {})
    weights = _merged(dict(own.weights), tree.get("weights", {}))
    whole = isinstance(given, _Whole)
    regimes = {} if whole else {name: dict(of) for name, of in own.by_regime.items()}
    for name, changes in given.items():
        regimes[name] = _merged(regimes.get(name, weights), changes)
    for of in (weights, *regimes.values()):
        for code in of:
            _require_known("signal code", code, codes)
    same = weights == dict(own.weights) and regimes == {
        n: dict(w) for n, w in own.by_regime.items()
    }
    return own if same else replace(own, weights=weights, by_regime=regimes)


def _merged(weights: dict[str, float], changes: Tree) -> dict[str, float]:
    return dict(changes) if isinstance(changes, _Whole) else {**weights, **changes}


def _timeframe(name: object) -> Timeframe:
    try:
        return Timeframe(str(name))
    except ValueError as err:
        raise InvalidValueError("timeframe", f"one of {', '.join(Timeframe)}", name) from err


def _rules(rules: tuple[Rule, ...], changes: Tree, timeframe: Timeframe) -> tuple[Rule, ...]:
    for code in changes:
        _require_known("rule", code, [rule.code for rule in rules])
    return tuple(
        _on(_replaced(f"rules.{rule.code}", rule, changes[rule.code]), timeframe)
        if rule.code in changes
        else rule
        for rule in rules
    )


def _on(rule: Rule, timeframe: Timeframe) -> Rule:
    at = getattr(rule, "at", None)
    return rule if at is None else cast("Rule", at(timeframe))


def _replaced[T](what: str, part: T, changes: Tree) -> T:
    if not changes:
        return part
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        raise InvalidValueError(what, "a dataclass, to be varied", type(part).__name__)
    kinds = _kinds(type(part))
    for name in changes:
        _require_known(f"parameter of {what}", name, kinds)
    # 3 and 3.0 are one parameter: they must not make two trials.
    given = {
        name: float(value) if type(value) is int and "float" in kinds[name] else value
        for name, value in changes.items()
    }
    try:
        return cast("T", replace(part, **given))
    except TypeError as err:
        raise InvalidValueError(what, "parameters of their own kinds", changes) from err


@functools.cache
def _kinds(part: type[Any]) -> Mapping[str, str]:
    """The parameters of a part and how their types are written."""
    return {one.name: str(one.type) for one in dataclasses.fields(part) if one.init}


def _require_known(what: str, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    short = len(names) <= _MOST_NAMES
    known_ones = "one of " + ", ".join(names) if short else f"one of the {len(names)} there are"
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise InvalidValueError(what, known_ones + hint, name)
