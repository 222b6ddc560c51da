"""Why the desk does not trade with money: the first of the rules that is not fulfilled.

proof of this very version → paper results beside it → live execution
"""

from collections.abc import Iterable

from engine.desk.proofs import Held, current_proof, noted_drift
from engine.desk.research_trail import gap
from engine.domain.market import Symbol
from engine.domain.proof import Proof
from engine.domain.research import DriftState, Stale
from engine.ports import Units
from engine.strategy.owner import terms_digest
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion

_REMEDY = 'set trading.mode = "paper"'


def live_refusal(
    units: Units,
    strategy: StrategyVersion,
    venue: str,
    *,
    policies: TradingPolicy,
    symbols: Iterable[Symbol],
    proof_venues: Iterable[str] = (),
) -> str:
    """What stands between this strategy version and live trading, in a sentence for people."""
    held = Held(
        version=strategy.version,
        fingerprint=strategy.fingerprint,
        terms=terms_digest(policies),
        symbols=frozenset(str(symbol) for symbol in symbols),
        venues=frozenset((venue, *proof_venues)),
    )
    with units(read_only=True) as unit:
        proof = current_proof(unit, held)
        newest = unit.proofs.latest(strategy.version)
        drift = noted_drift(unit, venue, proof)
        lost = gap(unit)
    if lost:
        return f"live trading needs a proof that can be checked: {lost}"
    missing = _unproved(held, proof, newest)
    if missing:
        return (
            f"live trading needs a passed proof of {strategy.version}: {missing}; "
            f"run `cryptotrader prove --strategy {_spec(strategy)}` or {_REMEDY}"
        )
    if drift is None or drift.state is DriftState.TOO_EARLY:
        days = f"{drift.days} of {drift.needed_days} days" if drift else "none yet"
        return f"live trading needs paper results beside the proof, and there are {days}; {_REMEDY}"
    if drift.state is not DriftState.INSIDE:
        return (
            f"live trading needs paper results inside the interval of the proof: over {drift.days} "
            f"days they are {drift.state} it ({drift.daily_mean:+.5f} a day, expected "
            f"{drift.daily_low:+.5f} to {drift.daily_high:+.5f}); {_REMEDY}"
        )
    return f"live execution is not built yet, though {strategy.version} is proved; {_REMEDY}"


def _spec(strategy: StrategyVersion) -> str:
    """What ``--strategy`` takes: a shipped name, or a file that only its owner knows."""
    stem = strategy.name.removeprefix("file:")
    return f"{stem}.py" if strategy.is_from_file else stem


def _unproved(held: Held, proof: Proof | None, newest: Proof | None) -> str:
    """Why there is no passed proof of these very rules; "" if there is one."""
    if proof is not None and proof.passed:
        return ""
    if proof is not None:
        failed = ", ".join(one.name for one in proof.failed)
        return f"it failed on {proof.made_at:%Y-%m-%d} ({failed})"
    if newest is not None:
        return f"the one of {newest.made_at:%Y-%m-%d} is {_of_what(held, newest)}"
    return "there is none"


def _of_what(held: Held, proof: Proof) -> str:
    """What a verdict is about that does not count here."""
    match held.stale(proof):
        case Stale.TERMS:
            return "for other costs or position sizes than these"
        case Stale.MARKETS:
            return "without some of these markets"
        case Stale.VENUE:
            return (
                f"made on candles of {proof.venue or 'an unknown venue'} "
                "(see strategy.proof_venues)"
            )
        case _:
            return (
                "of another state of its code or settings "
                f"({proof.fingerprint}, now {held.fingerprint})"
            )
