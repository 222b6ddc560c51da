"""What the chat service has confirmed of each message, so that nothing is told to it twice.

sent or edited → digest of words, buttons and picture → the next edit is compared with it before it
goes out. Held in memory, for the newest messages: after a restart the service is asked, and answers
that nothing is modified.

An edit on its way is of unknown outcome. The digest is forgotten when it leaves, and kept only when
its answer comes and nothing else has changed the message meanwhile.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from bot.channel import Outgoing

_SIZE = 4096


@dataclass(frozen=True, slots=True)
class _Told:
    words: bytes
    photo: bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class Leaving:
    """A change on its way: what the message said before, if that is known."""

    before: _Told | None


class ToldMemory:
    """The newest messages' digests, by chat and number."""

    def __init__(self, size: int = _SIZE) -> None:
        self._size = size
        self._told: OrderedDict[tuple[int, int], _Told | Leaving] = OrderedDict()

    def says(self, chat_id: int, number: int, message: Outgoing) -> bool:
        """Whether the message is known to say this; an edit without a picture keeps what there is.

        ``False`` where nothing is known.
        """
        told = self._told.get((chat_id, number))
        if not isinstance(told, _Told) or told.words != _words(message):
            return False
        return message.photo is None or told.photo == _hash(message.photo)

    def leave(self, chat_id: int, number: int) -> Leaving:
        """A change is about to go out; what the message says is unknown from now on."""
        told = self._told.pop((chat_id, number), None)
        leaving = Leaving(told if isinstance(told, _Told) else None)
        self._put(chat_id, number, leaving)
        return leaving

    def arrived(self, chat_id: int, number: int, message: Outgoing, leaving: Leaving) -> None:
        """The change was confirmed, unless another has left since."""
        if self._told.get((chat_id, number)) is not leaving:
            return
        before = leaving.before.photo if leaving.before is not None else None
        photo = before if message.photo is None else _hash(message.photo)
        self._put(chat_id, number, _Told(_words(message), photo))

    def sent(self, chat_id: int, number: int, message: Outgoing) -> None:
        """A new message was confirmed."""
        photo = None if message.photo is None else _hash(message.photo)
        self._put(chat_id, number, _Told(_words(message), photo))

    def _put(self, chat_id: int, number: int, told: _Told | Leaving) -> None:
        self._told[chat_id, number] = told
        self._told.move_to_end((chat_id, number))
        while len(self._told) > self._size:
            self._told.popitem(last=False)


def _words(message: Outgoing) -> bytes:
    said = (message.text, message.is_plain, message.keyboard)
    return _hash(repr(said).encode("utf-8", "replace"))


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
