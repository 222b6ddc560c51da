"""Settings of the chat: who may talk to the desk, in which words, and how fast it may answer.

The owner's file is read in ``config``, which never imports this room; ``main`` builds these values
from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.domain.desk import Person, Role
from engine.domain.errors import ConfigurationError
from engine.domain.secret_text import SecretText
from engine.domain.values import require

LANGUAGES = ("en", "de", "es")
TELEGRAM_URL = "https://api.telegram.org/bot"
TELEGRAM_FILE_URL = "https://api.telegram.org/file/bot"
_LONGEST_POLL_S = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What may be sent; the defaults are what the Bot API's FAQ documents.

    ``global_per_s`` counts all chats together, ``group_per_min`` counts groups only.
    """

    global_per_s: int = 30
    chat_per_s: float = 1.0
    group_per_min: int = 20

    def __post_init__(self) -> None:
        """A rate of nothing would never send."""
        for name in ("global_per_s", "chat_per_s", "group_per_min"):
            require(getattr(self, name) > 0, name, "> 0", getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """How the desk speaks, whatever the channel: language of who has none, IANA time zone.

    A press that is still being worked on after ``answer_within_s`` is answered by saying so.
    """

    language: str = "en"
    zone_name: str = "UTC"
    theme: str = "dark"
    answer_within_s: float = 0.2

    def for_reader(self, reader: Person | None) -> "ChatOptions":
        """These options as one person has set them; a group's are the desk's."""
        if reader is None:
            return self
        return replace(
            self,
            language=reader.language if reader.language in LANGUAGES else self.language,
            zone_name=reader.zone or self.zone_name,
            theme=reader.theme or self.theme,
        )

    def __post_init__(self) -> None:
        """Known language, known zone."""
        require(self.language in LANGUAGES, "language", f"one of {LANGUAGES}", self.language)
        require(self.theme in ("dark", "light"), "theme", "dark or light", self.theme)
        try:
            ZoneInfo(self.zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as err:
            raise ConfigurationError(
                f"time zone {self.zone_name!r} is not known; write one like Europe/Berlin"
            ) from err


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramOptions:
    """A bot at Telegram. Ids are numeric user ids; ``chats`` are groups that are told everything.

    ``topics`` maps a group to the topic in which it is told, where it is a forum.

    ``base_url`` and ``base_file_url`` point to a self-hosted Bot API server.
    """

    token: SecretText
    base_url: str = TELEGRAM_URL
    base_file_url: str = TELEGRAM_FILE_URL
    owners: tuple[int, ...] = ()
    approvers: tuple[int, ...] = ()
    viewers: tuple[int, ...] = ()
    chats: tuple[int, ...] = ()
    topics: Mapping[int, int] = field(default_factory=dict)
    poll_timeout_s: int = 25
    request_timeout_s: float = 10.0
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        """A token is there, nobody has two roles, the poll fits Telegram's limit."""
        require(bool(self.token), "telegram token", "given", "")
        ids = (*self.owners, *self.approvers, *self.viewers)
        require(len(set(ids)) == len(ids), "user ids", "in one role each", sorted(ids))
        require(
            0 <= self.poll_timeout_s <= _LONGEST_POLL_S,
            "poll_timeout_s",
            f"0 to {_LONGEST_POLL_S}",
            self.poll_timeout_s,
        )

    def people(self, language: str = "en") -> tuple[Person, ...]:
        """The configured people; a private chat has the number of its person."""
        roles = (
            (Role.OWNER, self.owners),
            (Role.APPROVER, self.approvers),
            (Role.VIEWER, self.viewers),
        )
        return tuple(
            Person(user_id=number, role=role, name=str(number), chat_id=number, language=language)
            for role, numbers in roles
            for number in numbers
        )
