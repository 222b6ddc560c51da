"""Who may do what: ``/people`` and ``/invite``, in private chats only, because they show ids."""

from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.handlers.changes import said, told, wished
from bot.messages.callbacks_changes import ChooseRole, ShowPerson
from engine.domain.changes import NOBODY, ChangeKind, ChangeResult, ChangeWish
from engine.domain.desk import Role
from engine.domain.values import to_ms

_ROLE_ARGS = 2
_REMOVE = ("remove", NOBODY)


def people(ask: Ask) -> Response:
    """Everybody the desk knows; with an id and a role: let in, change, or remove."""
    if not ask.incoming.is_private:
        return note("private_only")
    if not ask.args:
        return tell("people", user_id=0)
    if len(ask.args) != _ROLE_ARGS:
        return note("people_usage")
    user_id, role = ask.args
    value = NOBODY if role.lower() in _REMOVE else role.lower()
    wish = ChangeWish(kind=ChangeKind.PERSON, subject=user_id, value=value)
    return told(wished(ask, wish), ask)


def invite(ask: Ask) -> Response:
    """Make a one-time code with which somebody asks to be let in."""
    if not ask.incoming.is_private:
        return note("private_only")
    roles = set(Role)
    if len(ask.args) != 1 or ask.args[0].lower() not in roles:
        return note("invite_usage")
    made = ask.desk.changes.invite(Role(ask.args[0].lower()), ask.person.user_id)
    if made is None:
        return note("change_too_many_invitations")
    return tell("invitation", code=made.code, role=made.role.value, until_ms=to_ms(made.expires_at))


def show_person(ask: Ask, pressed: ShowPerson) -> Response:
    """Show one person, or the list again, in the same message."""
    if not ask.incoming.is_private:
        return Response(answer=ask.said("notices.private_only"))
    payload = {"user_id": pressed.user_id}
    return Response(replies=(Reply(kind="people", payload=payload, in_place=True),))


def choose_role(ask: Ask, pressed: ChooseRole) -> Response:
    """Ask for a role, or take one away at once."""
    wish = ChangeWish(kind=ChangeKind.PERSON, subject=str(pressed.user_id), value=pressed.role)
    outcome = wished(ask, wish)
    is_refused = outcome.result is ChangeResult.REFUSED
    again = Reply(kind="people", payload={"user_id": 0}, in_place=True)
    is_listed = ask.incoming.is_private and not is_refused
    return Response(
        replies=(again,) if is_listed else (),
        answer=said(ask, outcome),
        is_alert=is_refused,
        paired=outcome.person,
    )
