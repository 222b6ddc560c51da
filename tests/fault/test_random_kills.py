"""kill -9 at random points of a desk in use: nothing is lost, nothing is done twice.

Six kills by default; ``CHAT_KILLS=200`` for the long run, ``CHAT_SEED`` for another one.
"""

import os

import pytest

from tests.fault.campaign import Campaign
from tests.servers.telegram import TelegramServer

KILLS = int(os.environ.get("CHAT_KILLS", "6"))
SEED = int(os.environ.get("CHAT_SEED", "20260302"))

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120 + 10 * KILLS)]


def test_killed_at_random_points_nothing_is_lost_and_nothing_done_twice(sqlite_url: str) -> None:
    with TelegramServer(query_ttl_s=10_000.0) as server:
        outcome = Campaign(server, sqlite_url, SEED).run(KILLS)
    print(outcome)  # noqa: T201 - the figures of a long run
    assert outcome.findings == []
    assert sum(outcome.deaths.values()) == KILLS
