"""Buttons of sizes and of the inbox; texts that are codes, and texts that are not."""

import pytest

from bot.handlers.factors import looks_like_code
from bot.messages.callbacks import Callback, decode, encode
from bot.messages.callbacks_approvals import (
    KINDS,
    SHARES,
    AnswerInInbox,
    ChooseSize,
    HideSizes,
    OfferSizes,
)
from bot.secrecy import may_hold_code
from engine.domain.views import Press

TOKEN = "abc-DEF_0123456x"
LONGEST = "x" * 40

EVERY: list[Callback] = [
    *(made(token) for made in (OfferSizes, HideSizes) for token in (TOKEN, LONGEST)),
    *(ChooseSize(LONGEST, percent) for percent in SHARES),
    *(AnswerInInbox(LONGEST, press) for press in (Press.APPROVE, Press.REJECT)),
]


@pytest.mark.parametrize("callback", EVERY, ids=str)
def test_what_is_written_is_read_again(callback: Callback) -> None:
    data = encode(callback)
    assert len(data.encode()) <= 64
    assert decode(data) == callback


def test_every_kind_is_tried_here() -> None:
    assert {type(callback) for callback in EVERY} == {kind.made_of for kind in KINDS}


@pytest.mark.parametrize(
    "data",
    [
        "1:sz",
        "1:sz:short",
        f"1:sz:{TOKEN}:x",
        f"1:sp:{TOKEN}",
        f"1:sp:{TOKEN}:100",
        f"1:sp:{TOKEN}:025",
        f"1:sp:{TOKEN}:٢٥",
        f"1:ia:l:{TOKEN}",
        f"1:ia:a:{TOKEN}:x",
        "1:il:x",
    ],
)
def test_garbled_and_forged_buttons_mean_nothing(data: str) -> None:
    assert decode(data) is None


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        "123 456",
        "123\u00a0456",
        "123-456",
        " 123456 ",
        "abcd-efgh-2345-wxyz",
        "ABCD-EFGH-2345-WXYZ",
        "abcd\u2013efgh\u20132345\u2013wxyz",
        "abcd efgh 2345 wxyz",
        "abcdefgh2345wxyz",
    ],
)
def test_six_digits_and_recovery_codes_look_like_codes(text: str) -> None:
    assert looks_like_code(text)
    assert may_hold_code(f"/totp off {text}")


@pytest.mark.parametrize("text", ["12 34 56", "abcd efgh ijkl wxyz now", "abcdefghijklwxyz"])
def test_what_may_be_a_mistyped_code_is_not_kept_either(text: str) -> None:
    assert may_hold_code(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "1234567",
        "１２３４５６",
        "12 3456",
        "123456 please",
        "abcd-efgh-2345",
        "abcdefgh",
        "what does that mean",
        "accountabilities",
    ],
)
def test_anything_else_is_talk(text: str) -> None:
    assert not looks_like_code(text)
