"""The figures of ``bench chat``: ranks by hand, verdicts, and one real round that is not slow."""

import asyncio
from pathlib import Path

import pytest

from main.bench import chat, chat_worker
from main.bench.chat import percentile
from main.bench.chat_client import running_service


def test_a_percentile_is_one_of_the_values_by_nearest_rank() -> None:
    seconds = [0.5, 0.1, 0.4, 0.2, 0.3]
    assert percentile(seconds, 0.5) == 0.3
    assert percentile(seconds, 0.99) == 0.5
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert percentile([7.0], 0.5) == 7.0


def test_a_wait_beyond_its_limit_fails() -> None:
    slow = chat._delay("answer", [0.31], 100)
    quick = chat._delay("card", [1.9], 100)
    verdicts = {one.name: one.verdict for one in chat._targets((quick, slow), None)}
    assert verdicts == {"card, p99": "PASS", "answer, p99": "FAIL"}


@pytest.mark.timeout(180)
def test_a_card_is_asked_pressed_and_filled_over_a_service_of_its_own(tmp_path: Path) -> None:
    with running_service() as client:
        found = asyncio.run(chat_worker._delay(tmp_path, client, 3, 1))
    assert {name: len(values) for name, values in found.items()} == {
        "card": 1,
        "answer": 1,
        "fill": 1,
    }
    assert all(value > 0 for values in found.values() for value in values)
