"""Settings of the chat refuse what cannot work, and secrets stay secret."""

import pytest

from bot.policy import ChatOptions, Rates, TelegramOptions
from engine.domain.desk import Role
from engine.domain.errors import ConfigurationError, InvalidValueError
from engine.domain.secret_text import SecretText

TOKEN = SecretText("7001:AA-secret")


def test_a_secret_is_shown_by_nobody() -> None:
    options = TelegramOptions(token=TOKEN)
    for shown in (str(TOKEN), repr(TOKEN), f"{TOKEN}", repr(options), str(options)):
        assert "secret" not in shown
    assert TOKEN.reveal() == "7001:AA-secret"
    assert SecretText("7001:AA-secret") == TOKEN


def test_a_bot_needs_a_token() -> None:
    with pytest.raises(InvalidValueError, match="telegram token"):
        TelegramOptions(token=SecretText(""))


def test_a_person_has_one_role() -> None:
    with pytest.raises(InvalidValueError, match="one role each"):
        TelegramOptions(token=TOKEN, owners=(1,), viewers=(1,))


def test_people_come_from_the_lists() -> None:
    people = TelegramOptions(token=TOKEN, owners=(1,), approvers=(2,), viewers=(3,)).people("de")
    assert [(p.user_id, p.role, p.chat_id, p.language) for p in people] == [
        (1, Role.OWNER, 1, "de"),
        (2, Role.APPROVER, 2, "de"),
        (3, Role.VIEWER, 3, "de"),
    ]


def test_an_unknown_zone_is_named_with_an_example() -> None:
    with pytest.raises(ConfigurationError, match="Europe/Berlin"):
        ChatOptions(zone_name="Mars/Olympus")


@pytest.mark.parametrize("changes", [{"language": "fr"}, {"theme": "pink"}])
def test_unknown_languages_and_themes_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError):
        ChatOptions(**changes)  # type: ignore[arg-type]  # texts only


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="chat_per_s"):
        Rates(chat_per_s=0)
