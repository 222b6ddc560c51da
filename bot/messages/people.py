"""People of the desk: the list, one of them with the roles they could have, and an invitation."""

from bot.channel import Keyboard
from bot.messages.callbacks_changes import ROLES, ChooseRole, ShowPerson
from bot.messages.changes import role_name
from bot.messages.markup import Html
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.changes import NOBODY, PersonRow
from engine.domain.desk import Role
from engine.domain.values import from_ms

_SHOWN = 30
_NAME_CHARS = 30
_TERMINAL = 0


def render_people(telling: Telling) -> Rendered | None:
    """Everybody, or the one of ``payload["user_id"]``; for owners in private chats only."""
    reader, words = telling.reader, telling.words
    if reader is None or reader.role is not Role.OWNER:
        return None
    rows = telling.desk.changes.people()
    chosen = telling.number("user_id")
    one = next((row for row in rows if row.person.user_id == chosen), None)
    if chosen and one is not None:
        return Rendered(
            text=lines(_person(words, one), words("people.choose")), keyboard=_roles(words, one)
        )
    return Rendered(
        text=lines(
            words("people.head", count=len(rows)),
            *(_person(words, row) for row in rows[:_SHOWN]),
            words("people.how"),
        ),
        keyboard=_people(rows[:_SHOWN]),
    )


def _person(words: Words, row: PersonRow) -> Html:
    person = row.person
    return words(
        "people.line",
        name=person.name,
        id=person.user_id,
        role=role_name(words, person.role.value),
        origin=words("people.from_file") if row.from_file else "",
    )


def _people(rows: tuple[PersonRow, ...]) -> Keyboard:
    """A button for everybody who can be changed here."""
    changeable = [
        row.person for row in rows if not row.from_file and row.person.user_id != _TERMINAL
    ]
    return tuple(
        (button(f"👤 {one.name[:_NAME_CHARS]}", ShowPerson(one.user_id)),) for one in changeable
    )


def _roles(words: Words, row: PersonRow) -> Keyboard:
    person = row.person
    wanted = [role for role in ROLES if role != person.role.value]
    choices = tuple(
        (
            button(
                words.raw("buttons.remove") if role == NOBODY else words.raw(f"roles.{role}"),
                ChooseRole(person.user_id, role),
            ),
        )
        for role in wanted
    )
    return (*choices, (button(words.raw("buttons.previous"), ShowPerson(0)),))


def render_invitation(telling: Telling) -> Rendered | None:
    """The code, for the owner who made it."""
    reader, words = telling.reader, telling.words
    if reader is None or reader.role is not Role.OWNER:
        return None
    return Rendered(
        text=lines(
            words("people.invitation", role=role_name(words, telling.text("role"))),
            words("people.invitation_code", code=telling.text("code")),
            words("people.invitation_end", time=words.moment(from_ms(telling.number("until_ms")))),
        )
    )
