"""The documented rates, with a little to spare."""

import pytest

from bot.pacing import Pacer
from bot.policy import Rates


def test_one_message_a_second_per_chat() -> None:
    pacer = Pacer(Rates())
    assert pacer.wait_s(1, 0.0) == 0.0
    pacer.count(1, 0.0)
    assert pacer.wait_s(1, 0.5) == pytest.approx(0.54)
    assert pacer.wait_s(2, 0.5) == 0.0
    assert pacer.wait_s(1, 1.04) == 0.0


def test_thirty_a_second_over_all_chats() -> None:
    pacer = Pacer(Rates())
    for chat_id in range(1, 31):
        assert pacer.wait_s(chat_id, 0.0) == 0.0
        pacer.count(chat_id, 0.0)
    assert pacer.wait_s(31, 0.0) == pytest.approx(1.04)
    assert pacer.wait_s(31, 1.04) == 0.0


def test_twenty_a_minute_in_a_group() -> None:
    pacer = Pacer(Rates(chat_per_s=100))
    for number in range(20):
        pacer.count(-5, float(number))
    assert pacer.wait_s(-5, 20.0) == pytest.approx(62.4 - 20)
    assert pacer.wait_s(-5, 62.5) == 0.0
    assert pacer.wait_s(5, 20.0) == 0.0


def test_a_wait_the_service_asked_for_holds_for_that_chat() -> None:
    pacer = Pacer(Rates())
    pacer.hold(1, 10.0)
    pacer.hold(1, 5.0)
    assert pacer.wait_s(1, 4.0) == 6.0
    assert pacer.wait_s(2, 4.0) == 0.0
