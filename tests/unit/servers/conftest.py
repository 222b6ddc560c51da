"""A Telegram server with one person, and a real client talking to it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from telegram import Bot

from tests.servers.telegram import TelegramServer, User
from tests.unit.servers.telegram_bot import client


@pytest.fixture(autouse=True)
def _durations_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opt in to the coming type of RetryAfter.retry_after; the old one warns when it is raised."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with client(server) as running:
        yield running
