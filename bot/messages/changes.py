"""Changes of the desk: the one message of a question, and its line in the inbox.

The message says what is in force and what would be, who asks and why, and in the end how it ended,
by whom and when; what speaks against it (an unproven strategy) is a line of its own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.channel import Keyboard
from bot.messages.callbacks import Callback
from bot.messages.callbacks_changes import AnswerChange
from bot.messages.markup import Html, one_line
from bot.messages.names import called
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.changes import NOBODY, Change, ChangeKind, ChangeView, Facts, Verdict
from engine.domain.desk import Json, Role
from engine.domain.ids import ChangeId
from engine.domain.inbox import InboxRow
from engine.domain.lifecycles import ApprovalState

_OFF = "off"
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a change is about, whether it comes from the question or from the inbox."""

    kind: ChangeKind
    subject: str
    before: Facts
    after: Facts
    evidence: Facts
    names: Mapping[int, str]


type Head = Callable[[Words, Matter], list[Html]]


def render_change(telling: Telling) -> Rendered | None:
    """The change of ``payload["change_id"]`` as it stands."""
    view = telling.desk.changes.view(ChangeId(telling.text("change_id")))
    if view is None:
        return None
    words, change = telling.words, view.change
    return Rendered(
        text=lines(
            *_HEADS[change.kind](words, _matter(view)),
            _asked(words, view),
            words("changes.reason", reason=one_line(change.reason)) if change.reason else "",
            *_state(words, view),
        ),
        keyboard=_buttons(telling, change),
    )


def changed(words: Words, view: ChangeView) -> Html:
    """What a change is about, in one line: what is in force and what would be."""
    return _HEADS[view.change.kind](words, _matter(view))[0]


def change_line(words: Words, row: InboxRow) -> Html:
    """What a change is about, in one line of the inbox."""
    facts = row.facts
    matter = Matter(
        kind=ChangeKind(str(facts["kind"])),
        subject=str(facts["subject"]),
        before=_table(facts["before"]),
        after=_table(facts["after"]),
        evidence=_table(facts["evidence"]),
        names={},
    )
    return _HEADS[matter.kind](words, matter)[0]


def change_presses(telling: Telling, row: InboxRow) -> tuple[tuple[str, Callback], ...]:
    """The verdicts of a change that is listed."""
    if not _may_answer(telling):
        return ()
    raw, token = telling.words.raw, str(row.facts["token"])
    return tuple(
        (raw(f"buttons.{verdict}"), AnswerChange(token, verdict, is_listed=True))
        for verdict in Verdict
    )


def _matter(view: ChangeView) -> Matter:
    change = view.change
    return Matter(
        kind=change.kind,
        subject=change.subject,
        before=change.before,
        after=change.after,
        evidence=change.evidence,
        names=view.names,
    )


def _table(facts: Json) -> dict[str, Json]:
    return facts if isinstance(facts, dict) else {}


def _may_answer(telling: Telling) -> bool:
    return telling.reader is None or telling.reader.role is Role.OWNER


def shown_limit(words: Words, key: str, value: str) -> str:
    """A limit as people read it: shares in percent, words in their language."""
    name = key.partition(".")[2]
    if value == _OFF:
        return words.raw("limits.off")
    if name.endswith("_fraction"):
        return words.percent(Decimal(value), digits=2).replace(",00", "").replace(".00", "")
    if words.knows(f"limit_words.{value}"):
        return words.raw(f"limit_words.{value}")
    return words.quantity(Decimal(value)) if _PLAIN_NUMBER.fullmatch(value) else value


def limit_name(words: Words, key: str) -> Html:
    """What a limit is called."""
    return words.named("limit_names", key.partition(".")[2])


def _strategy(words: Words, change: Matter) -> list[Html]:
    before, after = change.before, change.after
    head = words("changes.head_strategy", before=before["version"], after=after["version"])
    frames = words("changes.timeframe", before=before["timeframe"], after=after["timeframe"])
    moved = [frames] if before["timeframe"] != after["timeframe"] else []
    return [head, *moved, _proof(words, change)]


def _weights(words: Words, change: Matter) -> list[Html]:
    before, after = change.before, change.after
    rows = []
    old, new = _shares(before.get("shares")), _shares(after.get("shares"))
    for code in dict.fromkeys((*old, *new)):
        was, will = old.get(code, Decimal(0)), new.get(code, Decimal(0))
        mark = "" if was == will else " ←"
        rows.append(Html(f"{one_line(code)} {words.percent(was)} → {words.percent(will)}{mark}"))
    head = words("changes.head_weights", before=before["weights"], after=after["weights"])
    return [head, *rows, _proof(words, change)]


def _calibration(words: Words, change: Matter) -> list[Html]:
    before = change.before["calibration"] or words.raw("changes.nothing")
    after = change.after["calibration"]
    head = words("changes.head_calibration", before=before, after=after)
    fits = bool(change.evidence.get("is_fit"))
    return [head, Html("") if fits else words("changes.calibration_of_another")]


def _limit(words: Words, change: Matter) -> list[Html]:
    key = str(change.after["key"])
    head = words(
        "changes.head_limit",
        name=limit_name(words, key),
        before=shown_limit(words, key, str(change.before["value"])),
        after=shown_limit(words, key, str(change.after["value"])),
    )
    ends = bool(change.evidence.get("ends_proof"))
    return [head, words("changes.ends_proof") if ends else Html("")]


def _mode(words: Words, change: Matter) -> list[Html]:
    before, after = (words.named("mode", str(f["value"])) for f in (change.before, change.after))
    return [words("changes.head_mode", before=before, after=after)]


def _person(words: Words, change: Matter) -> list[Html]:
    before, after = (role_name(words, str(f["role"])) for f in (change.before, change.after))
    head = words(
        "changes.head_person",
        name=change.evidence.get("name") or change.subject,
        id=change.subject,
        before=before,
        after=after,
    )
    invited = bool(change.evidence.get("invited"))
    powers = str(change.after["role"])
    return [
        head,
        words("changes.invited") if invited else Html(""),
        words(f"changes.powers_{powers}") if powers != NOBODY else Html(""),
    ]


def _kill_off(words: Words, change: Matter) -> list[Html]:
    since = str(change.before.get("since") or "")
    time = words.moment(datetime.fromisoformat(since)) if since else "–"
    by = _actor(words, change.names, str(change.evidence.get("killed_by") or ""))
    return [words("changes.head_kill_off", time=time, who=by)]


def _rearm(words: Words, change: Matter) -> list[Html]:
    peak = Decimal(str(change.before["peak_equity_quote"]))
    quote = str(change.evidence.get("quote") or "")
    return [words("changes.head_rearm", peak=words.money(peak, quote))]


_HEADS: Mapping[ChangeKind, Head] = {
    ChangeKind.STRATEGY: _strategy,
    ChangeKind.WEIGHTS: _weights,
    ChangeKind.CALIBRATION: _calibration,
    ChangeKind.LIMIT: _limit,
    ChangeKind.MODE: _mode,
    ChangeKind.PERSON: _person,
    ChangeKind.KILL_OFF: _kill_off,
    ChangeKind.REARM: _rearm,
}


def role_name(words: Words, role: str) -> Html:
    """A role, or the word for nobody."""
    return words("changes.nobody") if role == NOBODY else words.named("roles", role)


def proof_line(words: Words, proof: str) -> Html:
    """What the verdict says about a version; anything but a pass is said loudly."""
    return words(f"changes.proof_{proof}")


def _proof(words: Words, change: Matter) -> Html:
    return proof_line(words, str(change.evidence.get("proof") or "none"))


def _state(words: Words, view: ChangeView) -> list[Html]:
    change = view.change
    if change.is_open:
        agreed = ", ".join(called(words, view.names, one) for one in change.approvers)
        votes = words(
            "changes.votes", have=len(change.approvers), needed=change.needed, who=agreed or "–"
        )
        return [
            votes if change.needed > 1 else Html(""),
            words("changes.needs_code") if change.needs_code else Html(""),
            words("changes.pending", time=words.moment(change.expires_at)),
        ]
    when = words.moment(change.decided_at) if change.decided_at else "–"
    who = ", ".join(called(words, view.names, one) for one in change.approvers)
    return [
        words(
            f"changes.state_{change.state}",
            who=who or called(words, view.names, change.decided_by),
            time=when,
            note=_note(words, change),
        )
    ]


def _note(words: Words, change: Change) -> Html:
    if not change.note or change.state not in (ApprovalState.REFUSED, ApprovalState.SUPERSEDED):
        return Html("")
    name = f"notices.change_{change.note}"
    told = words(name) if words.knows(name) else words.named("change_notes", change.note)
    return Html(f": {told}")


def _buttons(telling: Telling, change: Change) -> Keyboard:
    if not change.is_open or not _may_answer(telling) or telling.shown_at is not None:
        return ()
    raw = telling.words.raw
    return (
        tuple(
            button(raw(f"buttons.{verdict}"), AnswerChange(change.token, verdict))
            for verdict in Verdict
        ),
    )


def _actor(words: Words, names: Mapping[int, str], actor: str) -> str:
    """Who turned a switch, from the trail's ``person:1``."""
    number = actor.removeprefix("person:")
    return called(words, names, int(number)) if number.isdecimal() else actor or "–"


def _asked(words: Words, view: ChangeView) -> Html:
    """Who asks; nothing where it was applied at once, and the end says it."""
    change = view.change
    if change.decided_at == change.created_at:
        return Html("")
    return words(
        "changes.asked",
        who=called(words, view.names, change.asked_by),
        time=words.moment(change.created_at),
    )


def _shares(table: Json) -> dict[str, Decimal]:
    found = table if isinstance(table, dict) else {}
    return {code: Decimal(str(share)) for code, share in found.items()}
