"""What steers the desk, asked and changed: strategy, weights, limits, mode, brakes.

A wish becomes a question that the desk itself queues for everybody, in the same commit; these
handlers only say why there is none.
"""

import re

from bot.handlers.amounts import asked_back
from bot.handlers.asking import Ask, Reply, Response, may, note, tell
from bot.messages.callbacks_changes import (
    AnswerChange,
    ChooseMode,
    ChooseVersion,
    ShowLimits,
    version_ref,
)
from engine.desk.changes.book import change_subject
from engine.domain.alert_measures import plain
from engine.domain.changes import Change, ChangeKind, ChangeOutcome, ChangeResult, ChangeWish
from engine.domain.desk import Role
from engine.domain.typed import TwoReadings, read_number

_LOUD = (
    ChangeResult.REFUSED,
    ChangeResult.SUPERSEDED,
    ChangeResult.EXPIRED,
    ChangeResult.NOT_ALLOWED,
    ChangeResult.TERMINAL_WANTED,
)
_OF_PROOF = ("code_", "terminal_")
_LIMIT_ARGS = 2
_NUMERIC = re.compile(r"[+−-]?[0-9][0-9.,'’_ eE+-]*%?")  # what is no word, tier or switch


def strategy(ask: Ask) -> Response:
    """Which version is traded, and which could be; with a version: ask for it."""
    if not ask.args:
        return tell("strategies", about="strategy")
    return asked(ChangeWish(kind=ChangeKind.STRATEGY, value=ask.args[0]), ask)


def weights(ask: Ask) -> Response:
    """The weights of the traded strategy; with a version: ask for them."""
    if not ask.args:
        return tell("strategies", about="weights")
    return asked(ChangeWish(kind=ChangeKind.WEIGHTS, value=ask.args[0]), ask)


def limits(ask: Ask) -> Response:
    """Limits in force, and where each comes from; with a name and a value: change one."""
    if not ask.args:
        return tell("limits", page="risk")
    if len(ask.args) < _LIMIT_ARGS:
        return note("limits_usage")
    key, *words = ask.args
    value = " ".join(words)
    if _NUMERIC.fullmatch(value):
        number = read_number(value, marks="%")
        if isinstance(number, TwoReadings):
            return asked_back(number)
        if number is None:
            return note("limits_usage")
        value = f"{plain(number)}{'%' if value.endswith('%') else ''}"
    return asked(ChangeWish(kind=ChangeKind.LIMIT, subject=key, value=value), ask)


def mode(ask: Ask) -> Response:
    """What the desk may do; with a mode: ask for it."""
    if not ask.args:
        return tell("mode")
    return asked(ChangeWish(kind=ChangeKind.MODE, value=ask.args[0].lower()), ask)


def rearm(ask: Ask) -> Response:
    """Ask to go on after the drawdown limit."""
    return asked(ChangeWish(kind=ChangeKind.REARM), ask)


def answer_change(ask: Ask, pressed: AnswerChange) -> Response:
    """Answer a question about the desk, in its own message or where it is listed."""
    outcome = ask.desk.changes.press(pressed.token, pressed.verdict, ask.person.user_id)
    again = _shown_again(outcome, pressed)
    return Response(
        replies=(again,) if again else (),
        answer=said(ask, outcome),
        is_alert=outcome.result in _LOUD,
        strips=outcome.result is ChangeResult.UNKNOWN_TOKEN and again is None,
        about=change_subject(outcome.change.id) if outcome.change and again is None else "",
        farewell=_as_it_stands(outcome.change) if outcome.change and again is None else None,
        paired=outcome.person,
    )


def _as_it_stands(change: Change) -> Reply:
    """The question as it stands, in the message that was pressed."""
    return Reply(kind="change", payload={"change_id": change.id}, in_place=True)


def _shown_again(outcome: ChangeOutcome, pressed: AnswerChange) -> Reply | None:
    """A list is listed again; a late press means that its message was not up to date."""
    if pressed.is_listed:
        return Reply(kind="approvals", in_place=True)
    is_late = outcome.result in (ChangeResult.ALREADY_DECIDED, ChangeResult.EXPIRED)
    if outcome.change is None or not is_late:
        return None
    return _as_it_stands(outcome.change)


def choose_version(ask: Ask, pressed: ChooseVersion) -> Response:
    """Ask for a version out of the list."""
    rows = ask.desk.changes.versions()
    version = next((row.version for row in rows if version_ref(row.version) == pressed.ref), "")
    kind = ChangeKind(pressed.kind)
    return _pressed(ask, ChangeWish(kind=kind, value=version or pressed.ref))


def choose_mode(ask: Ask, pressed: ChooseMode) -> Response:
    """Ask for a mode."""
    return _pressed(ask, ChangeWish(kind=ChangeKind.MODE, value=pressed.mode.value))


def show_limits(ask: Ask, pressed: ShowLimits) -> Response:
    """Show another section in the same message."""
    del ask
    return Response(replies=(Reply(kind="limits", payload={"page": pressed.page}, in_place=True),))


def wished(ask: Ask, wish: ChangeWish) -> ChangeOutcome:
    """Make a wish for whoever asks."""
    return ask.desk.changes.propose(wish, ask.person.user_id, request_id=ask.request_id)


def said(ask: Ask, outcome: ChangeOutcome) -> str:
    """What an outcome is called in the answer to a press."""
    result = outcome.result
    if result is ChangeResult.REFUSED:
        return ask.said(f"notices.change_{outcome.reason}", **outcome.values)
    if result.value.startswith(_OF_PROOF):
        return ask.said(f"press.{result}", **outcome.values)
    return ask.said(f"changes.result_{result}")


def _pressed(ask: Ask, wish: ChangeWish) -> Response:
    outcome = wished(ask, wish)
    return Response(answer=said(ask, outcome), is_alert=outcome.result in _LOUD)


def asked(wish: ChangeWish, ask: Ask) -> Response:
    """Make a wish by a command, and answer it."""
    if not may(ask.person, Role.APPROVER):
        return note("change_not_allowed")
    return told(wished(ask, wish), ask)


def told(outcome: ChangeOutcome, ask: Ask) -> Response:
    """The answer to a command; nothing where the question speaks for itself, in private chats."""
    match outcome.result:
        case ChangeResult.ASKED if outcome.reason:
            return note(f"change_{outcome.reason}")
        case ChangeResult.ASKED | ChangeResult.APPLIED | ChangeResult.NEXT_START:
            return Response() if ask.incoming.is_private else note("change_in_private")
        case ChangeResult.REFUSED:
            return note(f"change_{outcome.reason}", **outcome.values)
        case _ if outcome.change is not None:
            return _ended(outcome.change, ask)
        case _:
            return note("change_not_allowed")


def _ended(change: Change, ask: Ask) -> Response:
    """A command that is delivered again after its question has ended: how it ended."""
    if not ask.incoming.is_private:
        return note("change_in_private")
    return Response(replies=(Reply(kind="change", payload={"change_id": change.id}),))
