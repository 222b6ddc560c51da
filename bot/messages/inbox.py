"""The inbox: everything that waits for a person, oldest first, and what has ended last.

Each area brings its line and its buttons (``ROWS``); the list itself knows neither entries nor
changes. An answer given here lists again in place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.channel import Button
from bot.messages.callbacks import Callback, ShowCard
from bot.messages.callbacks_approvals import AnswerInInbox
from bot.messages.callbacks_delivery import ShowScreen
from bot.messages.changes import change_line, change_presses
from bot.messages.markup import Html, escape
from bot.messages.names import called, end_name
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.approvals import read_expiry_note
from engine.domain.ids import DecisionId
from engine.domain.inbox import InboxRow
from engine.domain.lifecycles import ApprovalState
from engine.domain.views import Press

_SHOWN = 10
_ENDED = 5

type Line = Callable[[Words, InboxRow], Html]
type Presses = Callable[[Telling, InboxRow], tuple[tuple[str, Callback], ...]]
"""Labels and buttons of an open row; the list puts the row's number before each label."""


@dataclass(frozen=True, slots=True)
class RowTeller:
    """How one area's rows look: what each is about, and its buttons."""

    line: Line
    presses: Presses


def render_inbox(telling: Telling) -> Rendered:
    """Open questions with their own buttons, then the last ends."""
    words, inbox = telling.words, telling.desk.inbox
    rows, ended = inbox.open(), inbox.ended(_ENDED)
    names = {person.user_id: person.name for person in telling.desk.people()}
    shown = rows[:_SHOWN]
    head = words("approvals.head", count=len(rows)) if rows else words("approvals.none")
    return Rendered(
        text=lines(
            head,
            *(_open(words, row, rank, names) for rank, row in enumerate(shown, start=1)),
            words("inbox.ended_head") if ended else "",
            *(_ended(words, row, names) for row in ended),
        ),
        keyboard=tuple(
            row for rank, one in enumerate(shown, start=1) if (row := _buttons(telling, one, rank))
        ),
    )


def render_reminder(telling: Telling) -> Rendered | None:
    """A question that is about to expire; nothing once it has ended."""
    number, words = telling.text("approval_id"), telling.words
    row = next((one for one in telling.desk.inbox.open() if one.id == number), None)
    if row is None:
        return None
    teller = ROWS.get(row.area)
    presses = teller.presses(telling, row) if teller else ()
    others = len(telling.desk.inbox.open()) - 1
    every = (button(words.raw("screens.approvals"), ShowScreen("approvals")),) if others else ()
    own = tuple(button(label, press) for label, press in presses)
    return Rendered(
        text=lines(
            words(
                "inbox.reminder",
                about=about(words, row),
                time=words.clock_beside(row.expires_at, row.asked_at),
            ),
        ),
        keyboard=tuple(row for row in (own, every) if row),
    )


def about(words: Words, row: InboxRow) -> Html:
    """What a question is about, in its area's words."""
    teller = ROWS.get(row.area)
    return teller.line(words, row) if teller else Html(row.id)


def _open(words: Words, row: InboxRow, rank: int, names: Mapping[int, str]) -> Html:
    agreed = ", ".join(called(words, names, one) for one in row.agreed)
    votes = words("inbox.votes", have=len(row.agreed), needed=row.needed, who=agreed or "–")
    return words(
        "inbox.open",
        rank=rank,
        about=about(words, row),
        asked=words.clock_beside(row.asked_at, row.expires_at),
        time=words.clock_beside(row.expires_at, row.asked_at),
        votes=Html(f" · {votes}") if row.needed > 1 else "",
    )


def _ended(words: Words, row: InboxRow, names: Mapping[int, str]) -> Html:
    who = _who(words, row, names)
    return words(
        "inbox.ended",
        about=about(words, row),
        state=words(end_name(words, "inbox_states.", row.state, row.facts.get("note"))),
        who=Html(f"{who} · ") if who else "",
        time=words.moment(row.decided_at or row.asked_at),
    )


def _who(words: Words, row: InboxRow, names: Mapping[int, str]) -> Html:
    """Everybody who agreed, else who decided: a person, an owner's rule, or nobody at all."""
    rule = read_expiry_note(str(row.facts.get("note") or ""))
    if rule is not None:
        name, why = rule
        by_rule = words("inbox.by_rule", rule=words.named("expiry_rules", name))
        return words("inbox.rule_nothing", rule=by_rule) if why else by_rule
    people = row.agreed if row.state == ApprovalState.APPROVED else ()
    if not people and row.decided_by is None:
        return Html("")
    return escape(", ".join(called(words, names, one) for one in people or (row.decided_by,)))


def _buttons(telling: Telling, row: InboxRow, rank: int) -> tuple[Button, ...]:
    teller = ROWS.get(row.area)
    presses = teller.presses(telling, row) if teller else ()
    return tuple(button(f"{rank} {label}", press) for label, press in presses)


def _entry(words: Words, row: InboxRow) -> Html:
    facts = row.facts
    return words(
        "inbox.entry" if facts.get("asked_by") is None else "inbox.purchase",
        symbol=facts["symbol"],
        notional=words.money(Decimal(str(facts["notional"])), str(facts["quote"])),
        price=words.price(Decimal(str(facts["price"]))),
    )


def _entry_presses(telling: Telling, row: InboxRow) -> tuple[tuple[str, Callback], ...]:
    raw, token, decision = telling.words.raw, str(row.facts["token"]), row.facts["decision_id"]
    found: list[tuple[str, Callback]] = []
    if telling.may_decide:
        found = [
            (raw(f"buttons.{press}"), AnswerInInbox(token, press))
            for press in (Press.APPROVE, Press.REJECT)
        ]
    if decision is not None:
        found.append((raw("buttons.card"), ShowCard(DecisionId(str(decision)))))
    return tuple(found)


ROWS: Mapping[str, RowTeller] = {
    "approval": RowTeller(_entry, _entry_presses),
    "change": RowTeller(change_line, change_presses),
}
