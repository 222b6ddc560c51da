"""Which version of the score is active: the one a person approved, else the shipped one."""

from engine.domain.desk import WeightSet as StoredWeights
from engine.ports import Clock, Units
from engine.strategy.weights import WeightSet, default_weights


def active_weights(units: Units) -> WeightSet:
    """The active version of a database; the shipped one where none was ever written down."""
    with units(read_only=True) as unit:
        active = next((row for row in unit.weights.all() if row.active), None)
    if active is None:
        return default_weights()
    return WeightSet(version=active.version, weights=active.weights)


def keep_weights(units: Units, wall: Clock) -> WeightSet:
    """The active version; on a first start the shipped one is written down and made active."""
    weights = active_weights(units)
    with units() as unit:
        if not unit.weights.all():
            unit.weights.add(
                StoredWeights(
                    version=weights.version,
                    weights=dict(weights.weights),
                    note="shipped with the program",
                    created_at=wall.now(),
                )
            )
            unit.weights.activate(weights.version)
            unit.commit()
    return weights
