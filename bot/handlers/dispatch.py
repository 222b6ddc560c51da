"""parse → authorise → one handler → data.

Who somebody is, is decided by the numeric user id of each single update, never by the chat it came
from and never by a name. A stranger gets no answer at all, only an audit line, and not even that
for each of a thousand tries.
"""

from datetime import datetime, timedelta

from bot.channel import Incoming
from bot.handlers.asking import Ask, Response, may, note, tell
from bot.handlers.commands import COMMANDS
from bot.handlers.factors import looks_like_code, type_code
from bot.handlers.intents import understand
from bot.handlers.presses import PRESSES
from bot.messages.callbacks import decode
from bot.messages.words import Words
from bot.policy import ChatOptions
from engine.desk.front import DeskFront
from engine.domain.desk import Person, Role
from engine.ports import Clock

_QUIET = timedelta(minutes=10)
_LINES_AN_HOUR = 60
_HOUR = timedelta(hours=1)
_TRIES_AN_HOUR = 5
_ALL_TRIES_AN_HOUR = 50


class Strangers:
    """Keeps strangers from flooding the audit trail and from guessing pairing codes.

    One line per stranger in ten minutes and sixty an hour for all of them; five codes an hour per
    stranger and fifty for all. Held in memory: a restart forgives.
    """

    def __init__(self) -> None:
        self._heard: dict[int, datetime] = {}
        self._lines: list[datetime] = []
        self._tries: list[tuple[int, datetime]] = []

    def is_worth_a_line(self, user_id: int, now: datetime) -> bool:
        """Whether this try should be written down; counts it if so."""
        self._heard = {who: at for who, at in self._heard.items() if now - at < _QUIET}
        self._lines = [at for at in self._lines if now - at < _HOUR]
        if user_id in self._heard or len(self._lines) >= _LINES_AN_HOUR:
            return False
        self._heard[user_id] = now
        self._lines.append(now)
        return True

    def may_try_code(self, user_id: int, now: datetime) -> bool:
        """Whether another pairing code may be tried; counts it if so."""
        self._tries = [(who, at) for who, at in self._tries if now - at < _HOUR]
        mine = sum(who == user_id for who, _ in self._tries)
        if mine >= _TRIES_AN_HOUR or len(self._tries) >= _ALL_TRIES_AN_HOUR:
            return False
        self._tries.append((user_id, now))
        return True


class Dispatcher:
    """Turns what a person did into a handler's response. Called on the desk's thread only."""

    def __init__(self, desk: DeskFront, *, options: ChatOptions, clock: Clock, source: str) -> None:
        self._desk = desk
        self._options = options
        self._clock = clock
        self._source = source
        self._strangers = Strangers()

    def respond(self, incoming: Incoming) -> Response:
        """What to do about an update."""
        person = self._desk.person(incoming.user_id)
        if person is None:
            return self._stranger(incoming)
        person = self._heard(incoming, person)
        if incoming.data is not None:
            return self._press(incoming, person, incoming.data)
        return self._text(incoming, person)

    def words_for(self, person: Person | None) -> Words:
        """The language of a person, or of the desk."""
        return Words.for_reader(person, self._options)

    def _heard(self, incoming: Incoming, person: Person) -> Person:
        """Who has no language yet gets that of their app, the first time they write alone."""
        if person.language or not incoming.is_private:
            return person
        language = incoming.language[:2].lower()
        return self._desk.changes.prefer("language", language, person.user_id) or person

    def _stranger(self, incoming: Incoming) -> Response:
        now = self._clock.now()
        words = incoming.text.split()
        is_pairing = incoming.is_private and len(words) == 2 and words[0] == "/start"  # noqa: PLR2004 - command and code
        if is_pairing and self._strangers.may_try_code(incoming.user_id, now):
            newcomer = self._newcomer(incoming, now)
            if self._desk.changes.join(words[1], newcomer):
                return note("invitation_asked")
            paired = self._desk.pair(words[1], newcomer)
            if paired is None:
                return Response()  # the desk has written down that the code was wrong
            return Response(replies=tell("welcome").replies, paired=paired)
        if self._strangers.is_worth_a_line(incoming.user_id, now):
            self._desk.stranger(
                incoming.user_id, "press" if incoming.data is not None else "message"
            )
        return Response()

    def _newcomer(self, incoming: Incoming, now: datetime) -> Person:
        language = Words.of(incoming.language or self._options.language, "UTC").language
        return Person(
            user_id=incoming.user_id,
            role=Role.OWNER,
            name=incoming.user_name[:64],
            chat_id=incoming.chat_id,
            language=language,
            paired_at=now,
        )

    def _press(self, incoming: Incoming, person: Person, data: str) -> Response:
        ask = self._ask(incoming, person)
        callback = decode(data)
        if callback is None:
            self._desk.stranger(incoming.user_id, "press of a button that was never made")
            return Response(answer=ask.said("press.invalid"))
        pressable = PRESSES[type(callback)]
        if not may(person, pressable.role):
            return Response(answer=ask.said("press.not_allowed"), is_alert=True)
        return pressable.handle(ask, callback)

    def _text(self, incoming: Incoming, person: Person) -> Response:
        text = incoming.text.strip()
        if not text.startswith("/"):
            return self._plain(incoming, person, text)
        name, *args = text[1:].split()[:20] or [""]
        return self._run(incoming, person, name.lower(), tuple(args))

    def _plain(self, incoming: Incoming, person: Person, text: str) -> Response:
        if looks_like_code(text):
            return self._code(incoming, person, text)
        if text.isdecimal() and self._source == "console":
            # The terminal turns the number of a living button into its press.
            return note("number_gone", number=text[:20])
        intent = understand(text, self._desk.status().symbols)
        if intent is None:
            # In a group people talk to each other, not to the desk.
            return note("not_understood") if incoming.is_private else Response()
        return self._run(incoming, person, intent.command, intent.args)

    def _code(self, incoming: Incoming, person: Person, text: str) -> Response:
        """Six digits are a code where one is awaited; in a group they may be anything else."""
        if incoming.is_private or self._desk.factors.is_awaited(person.user_id):
            return type_code(self._ask(incoming, person), text)
        return Response()

    def _run(
        self, incoming: Incoming, person: Person, name: str, args: tuple[str, ...]
    ) -> Response:
        command = COMMANDS.get(name)
        if command is None:
            return note("unknown_command", command=f"/{name[:40]}")
        if not may(person, command.role):
            return note("not_allowed", command=f"/{name}")
        return command.handle(self._ask(incoming, person, args))

    def _ask(self, incoming: Incoming, person: Person, args: tuple[str, ...] = ()) -> Ask:
        return Ask(
            desk=self._desk,
            person=person,
            words=self.words_for(person),
            clock=self._clock,
            incoming=incoming,
            source=self._source,
            args=args,
        )
