"""What the audit trail says about the store of research, so that nothing is taken out unseen.

trials or a verdict are added → one hash-chained line with how many, and how many there are then →
a store that holds fewer has lost some, and no verdict counts until they are back

Deliberate choices:
- The total is what the last line says plus what was added, never the store's own count alone: one
  more entry after a deletion would otherwise make the loss the new truth.
- It is only compared here, which costs two counts and one line; `cryptotrader audit verify` looks
  whether the trail itself was changed.
- More than the trail says is no loss: rows of before it was kept, or two programs that added at the
  same time on PostgreSQL.
"""

from datetime import datetime

from engine.domain.desk import AuditEvent
from engine.ports import UnitOfWork

_SUBJECT = "research store"
_ADDED = "research_added"


def note_added(
    unit: UnitOfWork, *, at: datetime, actor: str, trials: int = 0, proofs: int = 0
) -> None:
    """Write that so many were added just now; call it in the transaction that adds them."""
    if not trials and not proofs:
        return
    told_trials, told_proofs = _told(unit)
    detail = {
        "trials_added": trials,
        "proofs_added": proofs,
        "trials": max(told_trials + trials, unit.trials.count()),
        "proofs": max(told_proofs + proofs, unit.proofs.count()),
    }
    unit.audit.append(
        AuditEvent(at=at, actor=actor, action=_ADDED, subject=_SUBJECT, detail=detail)
    )


def gap(unit: UnitOfWork) -> str:
    """What is missing from the store, and how to mend it, in a sentence; "" if nothing is."""
    told = zip(("trials", "verdicts"), _told(unit), strict=True)
    kept = (unit.trials.count(), unit.proofs.count())
    short = [
        f"{there} of {said} {what}"
        for (what, said), there in zip(told, kept, strict=True)
        if there < said
    ]
    if not short:
        return ""
    return (
        f"the database holds {' and '.join(short)} that the audit trail says were added; "
        "restore the backup that has them all (see `cryptotrader db backup --help`)"
    )


def _told(unit: UnitOfWork) -> tuple[int, int]:
    """Trials and verdicts that there were at the last line; 0 where there is none."""
    line = unit.audit.latest(_SUBJECT)
    if line is None:
        return 0, 0
    trials, proofs = (line.event.detail.get(name) for name in ("trials", "proofs"))
    return (
        trials if isinstance(trials, int) else 0,
        proofs if isinstance(proofs, int) else 0,
    )
