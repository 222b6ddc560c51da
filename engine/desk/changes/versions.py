"""Strategy versions, weights and calibrations, as people choose them.

A strategy version is a lineage with one of its stored weight sets; choosing it says which lineage
is traded and makes that set active. Weights are another set of the traded lineage. Whatever is
chosen, its verdict stands beside the question: unproven is said there, loudly.
"""

from collections.abc import Iterator, Mapping

from engine.desk.changes.levers import Applied, Planned, Refusal, put_override
from engine.desk.context import DeskContext
from engine.desk.proofs import current_proof, held_of
from engine.desk.steering import STRATEGY_KEY, chosen_now
from engine.domain.changes import Change, ChangeWish, Facts, VersionRow
from engine.domain.desk import Json
from engine.domain.desk import WeightSet as StoredWeights
from engine.ports import UnitOfWork
from engine.strategy.edge import is_fit
from engine.strategy.version import StrategyVersion, lineage_of
from engine.strategy.weights import WeightSet

_PLACES = 6


class StrategyLever:
    """Which version is traded."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """``value`` is a version, or a lineage for the one that came with the program."""
        now = chosen_now(unit, self._context.steering.configured).strategy
        wanted = next(
            (m for m in candidates(self._context, unit) if wish.value in (m.version, m.name)), None
        )
        if wanted is None:
            known = ", ".join(one.version for one in candidates(self._context, unit))
            return Refusal(
                reason="unknown_strategy", values={"strategy": wish.value, "known": known}
            )
        return Planned(
            before=_named(now),
            after=_named(wanted),
            evidence={"proof": proof_word(self._context, unit, wanted)},
            needs_code=True,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Trade this lineage with these weights."""
        configured = self._context.steering.configured
        name = str(change.after["name"])
        put_override(
            unit,
            change,
            applied,
            key=STRATEGY_KEY,
            value=name,
            file_value=configured.strategy.name,
        )
        base = configured.base(name)
        if base is not None and not base.is_from_file:
            _activate(unit, base, str(change.after["weights"]), applied)


class WeightsLever:
    """Which weights of the traded strategy are active."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """``value`` is a stored version of the traded lineage."""
        now = chosen_now(unit, self._context.steering.configured).strategy
        if now.is_from_file:
            return Refusal(reason="weights_in_file", values={"strategy": now.version})
        found = {
            made.weights.version: made
            for made in candidates(self._context, unit)
            if made.name == now.name
        }
        wanted = found.get(wish.value)
        if wanted is None:
            known = ", ".join(found)
            return Refusal(reason="unknown_weights", values={"weights": wish.value, "known": known})
        return Planned(
            before=_weighed(now),
            after=_weighed(wanted),
            evidence={"proof": proof_word(self._context, unit, wanted)},
            needs_code=True,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Make them the active ones."""
        version = str(change.after["weights"])
        base = self._context.steering.configured.base(lineage_of(version))
        if base is not None:
            _activate(unit, base, version, applied)


class CalibrationLever:
    """Which calibration says what a score is worth."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """``value`` is a stored calibration; one of other code or parameters would not be used."""
        stored = unit.calibrations.all()
        wanted = next((one for one in stored if one.version == wish.value), None)
        if wanted is None:
            known = ", ".join(one.version for one in stored)
            return Refusal(
                reason="unknown_calibration", values={"calibration": wish.value, "known": known}
            )
        active = unit.calibrations.active(wanted.strategy_version, wanted.timeframe)
        now = chosen_now(unit, self._context.steering.configured).strategy
        return Planned(
            before={"calibration": active.version if active else None},
            after={"calibration": wanted.version},
            evidence={
                "strategy": wanted.strategy_version,
                "is_fit": wanted.strategy_version == now.version and is_fit(wanted, now),
            },
            needs_code=True,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Put it to use."""
        del applied
        unit.calibrations.activate(str(change.after["calibration"]))


def candidates(context: DeskContext, unit: UnitOfWork) -> tuple[StrategyVersion, ...]:
    """Every version that may be traded: the shipped, the configured, and their stored weights."""
    configured = context.steering.configured
    bases = {**configured.offered, configured.strategy.name: configured.strategy}
    rows = tuple(unit.weights.all())
    return tuple(made for base in bases.values() for made in _with_weights(context, base, rows))


def version_rows(context: DeskContext, unit: UnitOfWork) -> tuple[VersionRow, ...]:
    """The candidates as they are listed; the active one is what the desk was told to trade."""
    active = chosen_now(unit, context.steering.configured).strategy
    notes = {row.version: row.note for row in unit.weights.all()}
    return tuple(
        VersionRow(
            version=made.version,
            name=made.name,
            timeframe=made.timeframe.value,
            weights=dict(made.weights.weights),
            note=notes.get(made.weights.version, ""),
            proof=proof_word(context, unit, made),
            is_active=made.fingerprint == active.fingerprint and made.version == active.version,
        )
        for made in candidates(context, unit)
    )


def proof_word(context: DeskContext, unit: UnitOfWork, made: StrategyVersion) -> str:
    """What the verdict that counts says: ``passed``, ``failed``, or ``none``."""
    proof = current_proof(unit, held_of(context, made))
    if proof is None:
        return "none"
    return "passed" if proof.passed else "failed"


def _with_weights(
    context: DeskContext, base: StrategyVersion, rows: tuple[StoredWeights, ...]
) -> Iterator[StrategyVersion]:
    configured = context.steering.configured
    own = [row for row in rows if lineage_of(row.version) == base.name]
    if base.is_from_file:
        own = []
    if all(row.version != base.weights.version for row in own):
        yield configured.made(base, None)
    for row in own:
        yield configured.made(base, WeightSet(version=row.version, weights=row.weights))


def _activate(unit: UnitOfWork, base: StrategyVersion, version: str, applied: Applied) -> None:
    """Make a weight set active; the one that came with the program is written down first."""
    if version == base.weights.version:
        stored = {row.version for row in unit.weights.all()}
        if version not in stored:
            unit.weights.add(
                StoredWeights(
                    version=version,
                    weights=dict(base.weights.weights),
                    note="shipped with the program",
                    created_at=applied.at,
                )
            )
    unit.weights.activate(version)


def _named(made: StrategyVersion) -> Facts:
    return {
        "name": made.name,
        "version": made.version,
        "weights": made.weights.version,
        "timeframe": made.timeframe.value,
        "fingerprint": made.fingerprint,
    }


def _weighed(made: StrategyVersion) -> Facts:
    shares: Mapping[str, float] = made.weights.weights
    table: dict[str, Json] = {code: round(share, _PLACES) for code, share in shares.items()}
    return {"weights": made.weights.version, "shares": table, "fingerprint": made.fingerprint}
