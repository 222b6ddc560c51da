"""Why the desk does not trade with money: the first of the rules that is not fulfilled.

proof of this very version → paper results beside it → live execution
"""

from engine.desk.proofs import current_proof, noted_drift
from engine.domain.proof import Proof
from engine.domain.research import DriftState
from engine.ports import Units
from engine.strategy.version import StrategyVersion

_REMEDY = 'set trading.mode = "paper"'


def live_refusal(units: Units, strategy: StrategyVersion, venue: str) -> str:
    """What stands between this strategy version and live trading, in a sentence for people."""
    with units(read_only=True) as unit:
        proof = current_proof(unit, strategy.version, strategy.fingerprint)
        newest = unit.proofs.latest(strategy.version)
        drift = noted_drift(unit, venue, proof)
    missing = _unproved(strategy, proof, newest)
    if missing:
        return f"live trading needs a passed proof of {strategy.version}: {missing}; {_REMEDY}"
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


def _unproved(strategy: StrategyVersion, proof: Proof | None, newest: Proof | None) -> str:
    """Why there is no passed proof of these very rules; "" if there is one."""
    if proof is not None and proof.passed:
        return ""
    if proof is not None:
        failed = ", ".join(one.name for one in proof.failed)
        return f"it failed on {proof.made_at:%Y-%m-%d} ({failed})"
    if newest is not None:
        return (
            f"the one of {newest.made_at:%Y-%m-%d} is of another state of its code or settings "
            f"({newest.fingerprint}, now {strategy.fingerprint})"
        )
    return "there is none; run `cryptotrader prove`"
