"""What the store knows about the proof of a strategy version, and the daily look at its drift.

first close of a UTC day → equity since the version became active → ``drift.compare`` → a note, and
a message on the day on which results and proof part, or come together again

- A verdict counts for exactly the code and parameters it was made about (the version's name and
  fingerprint), under the owner's costs and sizing, with all of the desk's markets in it, and on
  candles of the desk's venue or of one that the owner has named. Any other is shown, and says why
  it does not count.
- Of those, the one on the most data counts: days on which the desk's markets have candles, summed.
  Markets that are not traded here add nothing, however many a verdict has. On as much the newest
  counts. A failed verdict is one, too: no later pass on a shorter stretch takes its place, for a
  stretch can be picked.
- None counts while the store has fewer trials or verdicts than the audit trail says were added.
- When the traded version became active is noted by the first look that sees it. A fingerprint that
  was changed and changed back starts anew.
- Drift is computed once a day and noted; cards and ``/status`` read the note.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from math import isclose, prod
from typing import Any

from engine.desk.closed import last_close
from engine.desk.context import DeskContext
from engine.desk.drift import compare, paper_days
from engine.desk.research_trail import gap
from engine.desk.tell import tell_notice
from engine.domain.desk import AuditEvent, Json
from engine.domain.proof import Proof
from engine.domain.research import Drift, DriftState, ProofView, Stale
from engine.domain.values import from_ms, to_ms
from engine.ports import UnitOfWork
from engine.strategy.owner import terms_digest
from engine.strategy.shipped import shipped_strategies
from engine.strategy.version import StrategyVersion

_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a verdict has to be about: rules, the owner's terms, venues and markets."""

    version: str
    fingerprint: str
    terms: str
    symbols: frozenset[str]
    venues: frozenset[str]

    def stale(self, proof: Proof) -> Stale | None:
        """Why a verdict does not count, if so."""
        if (proof.strategy_version, proof.fingerprint) != (self.version, self.fingerprint):
            return Stale.RULES
        if proof.metrics.get("terms") != self.terms:
            return Stale.TERMS
        if proof.venue not in self.venues:
            return Stale.VENUE
        covered = all(proof.days_of([symbol]) for symbol in self.symbols)
        return None if covered else Stale.MARKETS


def held_of(context: DeskContext, made: StrategyVersion) -> Held:
    """What a verdict about a version must be about to count on this desk."""
    return Held(
        version=made.version,
        fingerprint=made.fingerprint,
        terms=terms_digest(context.policies),
        symbols=frozenset(str(symbol) for symbol in context.symbols),
        venues=frozenset((context.venue, *context.proof_venues)),
    )


def current_proof(unit: UnitOfWork, held: Held) -> Proof | None:
    """The verdict that counts: of those about just this, the newest one on the most data."""
    fitting = [one for one in unit.proofs.all() if held.stale(one) is None]
    if not fitting or gap(unit):
        return None
    return max(fitting, key=lambda one: (one.days_of(held.symbols), one.made_at))


def proof_of(context: DeskContext, unit: UnitOfWork, version: str) -> Proof | None:
    """The verdict about a version that decided; one that is not traded any more has none."""
    made = context.strategy.made
    if version != made.version:
        return None
    return current_proof(unit, held_of(context, made))


def proof_view(context: DeskContext, version: str | None) -> ProofView | None:
    """What is known about a version (the traded one by default); ``None`` for an unknown one."""
    made = _version(context, version)
    with context.units(read_only=True) as unit:
        name = made.version if made is not None else version or ""
        held = held_of(context, made) if made is not None else None
        current = current_proof(unit, held) if held else None
        shown = current or unit.proofs.latest(name)
        if made is None and shown is None:
            return None
        is_own = name == context.strategy.version
        return ProofView(
            strategy_version=name,
            proof=shown,
            is_current=current is not None,
            trials=_trials(unit, shown) if shown else 0,
            drift=noted_drift(unit, context.venue, current) if is_own and current else None,
            daily_returns=_returns_of(unit, shown) if shown else (),
            stale=_why_stale(unit, held, shown) if shown and not current else None,
        )


def _why_stale(unit: UnitOfWork, held: Held | None, proof: Proof) -> Stale:
    if gap(unit):
        return Stale.GAP
    return (held.stale(proof) if held else None) or Stale.RULES


def verdict_of(unit: UnitOfWork, proof: Proof) -> ProofView:
    """A verdict as it was reached."""
    return ProofView(
        strategy_version=proof.strategy_version,
        proof=proof,
        is_current=True,
        trials=proof.trials,
        drift=None,
        daily_returns=_returns_of(unit, proof),
    )


def _trials(unit: UnitOfWork, proof: Proof) -> int:
    """What had been tried then, and what was seen of the lineage since.

    The store alone would not do: a shipped version's research counts trials that are not in it.
    """
    return proof.trials + sum(one.seen_at > proof.made_at for one in unit.trials.of(proof.lineage))


def _returns_of(unit: UnitOfWork, proof: Proof) -> tuple[float, ...]:
    """The stored returns that a verdict was about: those of the same days and the same total."""
    total = proof.metrics.get("return_fraction")
    if not isinstance(total, float):
        return ()
    for trial in reversed(unit.trials.of(proof.lineage)):
        is_same_time = trial.first_day == proof.data_from.date()
        if is_same_time and isclose(_compounded(trial.daily_returns), total, abs_tol=_SAME):
            return trial.daily_returns
    return ()


def _compounded(returns: tuple[float, ...]) -> float:
    return prod(1.0 + one for one in returns) - 1.0


def known_versions(context: DeskContext) -> tuple[str, ...]:
    """Versions that may be asked for: the traded one first, then the shipped ones."""
    shipped = [made.version for made in shipped_strategies().values()]
    return tuple(dict.fromkeys((context.strategy.version, *shipped)))


def _version(context: DeskContext, wanted: str | None) -> StrategyVersion | None:
    """The desk's own by its full version only: settings alter it, a name means the shipped one."""
    own = context.strategy.made
    if wanted in (None, "", own.version):
        return own
    made = (*shipped_strategies().values(), own)
    return next((one for one in made if wanted in (one.version, one.name)), None)


def noted_drift(unit: UnitOfWork, venue: str, proof: Proof | None) -> Drift | None:
    """The last look at the results on a venue, if it was taken beside this proof."""
    noted = unit.desk.note(_key(venue))
    if proof is None or not isinstance(noted, dict) or noted.get("proof") != proof.id:
        return None
    return _read(noted.get("drift"))


class DriftWatch:
    """Looks at the paper results once a day."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def look(self) -> str:
        """Compare if a day has ended since the last look, or if the verdict is another."""
        context, made = self._context, self._context.strategy.made
        with context.units(read_only=True) as unit:
            closed = last_close(unit, context.venue, [context.timeframe])
            noted = unit.desk.note(_key(context.venue))
            proof = current_proof(unit, held_of(context, made))
        if closed is None:
            return "no close yet"
        before = noted if isinstance(noted, dict) else {}
        today = f"{closed:%Y-%m-%d}"
        seen = (before.get("fingerprint"), before.get("day"), before.get("proof"))
        if seen == (made.fingerprint, today, proof.id if proof else None):
            return str(before.get("told", "unproven"))
        return self._compare(before, today, closed, proof)

    def _compare(
        self, before: dict[str, Any], today: str, now: datetime, proof: Proof | None
    ) -> str:
        context, made = self._context, self._context.strategy.made
        is_same = before.get("fingerprint") == made.fingerprint
        since = from_ms(before["since"]) if is_same else context.clock.now()
        drift = self._measure(since, now, proof)
        told = drift.state if drift else "unproven"
        note: dict[str, Json] = {
            "fingerprint": made.fingerprint,
            "since": to_ms(since),
            "day": today,
            "proof": proof.id if proof else None,
            "drift": _written(drift) if drift else None,
            "told": str(told),
        }
        last = _read(before.get("drift")) if is_same else None
        with context.units() as unit:
            unit.desk.put_note(_key(context.venue), note)
            if drift is not None:
                self._tell(unit, last, drift)
            unit.commit()
        return str(told)

    def _measure(self, since: datetime, now: datetime, proof: Proof | None) -> Drift | None:
        if proof is None or proof.predicted is None:
            return None
        context = self._context
        midnight = datetime.combine(since.date(), time(0), since.tzinfo)
        with context.units(read_only=True) as unit:
            points = unit.book.equity(context.venue, midnight)
        return compare(paper_days(points, since, now), proof.predicted, since)

    def _tell(self, unit: UnitOfWork, last: Drift | None, drift: Drift) -> None:
        """Only when it parts, and when it comes together again."""
        was_apart = last is not None and last.state.is_apart
        side = last.state if last is not None else None
        if drift.state.is_apart and drift.state is not side:
            name = f"drift_{drift.state}"
        elif was_apart and drift.state is DriftState.INSIDE:
            name = "drift_inside"
        else:
            return
        context = self._context
        now, version = context.wall.now(), context.strategy.version
        values: dict[str, Json] = {
            "version": version,
            "days": drift.days,
            "daily_mean": drift.daily_mean,
            "daily_low": drift.daily_low,
            "daily_high": drift.daily_high,
        }
        cause = f"{context.venue}:{context.strategy.made.fingerprint}:{drift.until}"
        tell_notice(unit, name, values, cause=cause, at=now)
        unit.audit.append(
            AuditEvent(at=now, actor="desk", action=name, subject=version, detail=values)
        )


def _key(venue: str) -> str:
    return f"drift:{venue}"


def _written(drift: Drift) -> dict[str, Json]:
    return {
        "state": drift.state.value,
        "since": to_ms(drift.since),
        "until": drift.until.isoformat() if drift.until else None,
        "days": drift.days,
        "needed_days": drift.needed_days,
        "daily_mean": drift.daily_mean,
        "predicted_mean": drift.predicted_mean,
        "daily_low": drift.daily_low,
        "daily_high": drift.daily_high,
    }


def _read(noted: Any) -> Drift | None:  # noqa: ANN401 - a note is any JSON
    if not isinstance(noted, dict):
        return None
    until = noted["until"]
    return Drift(
        **{
            **noted,
            "state": DriftState(noted["state"]),
            "since": from_ms(noted["since"]),
            "until": date.fromisoformat(until) if until else None,
        }
    )
