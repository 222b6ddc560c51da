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
from bot.messages.changes import change_line, change_presses
from bot.messages.markup import Html
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.ids import DecisionId
from engine.domain.inbox import InboxRow
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
    presses = _entry_presses(telling, row)
    return Rendered(
        text=lines(
            words(
                "inbox.reminder",
                about=about(words, row),
                time=words.clock_beside(row.expires_at, row.asked_at),
            ),
        ),
        keyboard=(tuple(button(label, press) for label, press in presses),) if presses else (),
    )


def about(words: Words, row: InboxRow) -> Html:
    """What a question is about, in its area's words."""
    teller = ROWS.get(row.area)
    return teller.line(words, row) if teller else Html(row.id)


def _open(words: Words, row: InboxRow, rank: int, names: Mapping[int, str]) -> Html:
    agreed = ", ".join(names.get(one, str(one)) for one in row.agreed)
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
    by = row.decided_by
    return words(
        "inbox.ended",
        about=about(words, row),
        state=words.named("inbox_states", row.state),
        who=words.raw("card.nobody") if by is None else names.get(by, str(by)),
        time=words.clock(row.decided_at or row.asked_at),
    )


def _buttons(telling: Telling, row: InboxRow, rank: int) -> tuple[Button, ...]:
    teller = ROWS.get(row.area)
    presses = teller.presses(telling, row) if teller else ()
    return tuple(button(f"{rank} {label}", press) for label, press in presses)


def _entry(words: Words, row: InboxRow) -> Html:
    facts = row.facts
    return words(
        "inbox.entry",
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
