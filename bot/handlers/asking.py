"""What a handler is given and what it gives back.

A handler runs on the desk's thread, makes its call to the desk, and returns data: what to tell and
how to answer a press. It writes no text and sends nothing; the inbox stores its replies in one
commit with the update's end, so that neither is ever there without the other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.channel import Incoming
from bot.messages.markup import plain
from bot.messages.words import Words
from engine.desk.front import DeskFront
from engine.domain.desk import Delivery, Json, Person, Priority, Role
from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol
from engine.ports import Clock

_RANK = {Role.VIEWER: 0, Role.APPROVER: 1, Role.OWNER: 2}


def may(person: Person, least: Role) -> bool:
    """Whether a person's role is at least this one."""
    return _RANK[person.role] >= _RANK[least]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Something to tell in the chat it was asked in.

    Without a ``subject`` it is about the update itself. ``in_place`` edits the message whose button
    was pressed.
    """

    kind: str
    payload: Mapping[str, Json] = field(default_factory=dict)
    subject: str = ""
    delivery: Delivery = Delivery.NEW
    priority: Priority = Priority.ANSWER
    in_place: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Everything a handler wants done. ``strips`` takes the pressed message's buttons away.

    ``about`` is the subject the pressed message speaks of. A copy that the outbox does not know of
    (its delivery was never confirmed) is adopted; where another message speaks of the subject, the
    copy is told its ``farewell``. ``erases`` takes the person's own message away, because it holds
    a code.
    """

    replies: tuple[Reply, ...] = ()
    answer: str = ""
    is_alert: bool = False
    strips: bool = False
    about: str = ""
    farewell: Reply | None = None
    erases: bool = False
    paired: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A person's command or press, understood and authorised."""

    desk: DeskFront
    person: Person
    words: Words
    clock: Clock
    incoming: Incoming
    source: str
    args: Sequence[str] = ()

    @property
    def request_id(self) -> str:
        """The same update gives the same id, so that the desk does nothing twice."""
        return f"{self.source}:{self.incoming.update_id}"

    def symbol(self, text: str) -> Symbol | None:
        """One of the desk's markets, written ``BTC/USDT``, ``btc-usdt`` or just ``btc``."""
        return find_symbol(self.desk.status().symbols, text)

    def said(self, name: str, **values: object) -> str:
        """A text without markup, for the answer to a press."""
        return plain(self.words(name, **values))


type Handle = Callable[[Ask], Response]


def tell(kind: str, **payload: Json) -> Response:
    """A response of one reply."""
    return Response(replies=(Reply(kind=kind, payload=payload),))


def note(text: str, **values: Json) -> Response:
    """A response of one sentence."""
    return Response(replies=(note_reply(text, **values),))


def note_reply(text: str, **values: Json) -> Reply:
    """One sentence as a reply."""
    return Reply(kind="notice", payload={"text": text, "values": dict(values)})


def find_symbol(symbols: Sequence[Symbol], text: str) -> Symbol | None:
    """The market a text names, by its full name or by its base currency."""
    wanted = text.strip().upper()
    by_base = next((symbol for symbol in symbols if symbol.base == wanted), None)
    if by_base is not None:
        return by_base
    try:
        symbol = Symbol.parse(wanted)
    except InvalidValueError:
        return None
    return symbol if symbol in symbols else None
