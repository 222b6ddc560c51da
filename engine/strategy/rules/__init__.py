"""The shipped signal rules, one file each; a new file here is found without touching another.

A module of this package offers its rule as ``RULE``. Order is by code, so that columns,
contributions and tests agree on every machine.
"""

import importlib
import pkgutil
from functools import cache

from engine.domain.values import require
from engine.strategy.signals import ShippedRule


@cache
def shipped_rules() -> tuple[ShippedRule, ...]:
    """Every rule of this package, sorted by code; ``InvalidValueError`` if two share a code."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found: list[ShippedRule] = [
        importlib.import_module(f"{__name__}.{name}").RULE for name in names
    ]
    codes = [rule.code for rule in found]
    require(len(set(codes)) == len(codes), "rule codes", "different", sorted(codes))
    return tuple(sorted(found, key=lambda rule: rule.code))
