"""A button says one thing, in at most 64 bytes, and nothing else can be read into it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.callbacks import (
    REJECT_REASONS,
    Answer,
    AskWhy,
    Callback,
    CancelResearch,
    ClosePosition,
    ConfirmBuy,
    RepeatResearch,
    ShowCard,
    ShowDecisionChart,
    SwapChart,
    confirm_buy,
    decode,
    encode,
    matches,
    swap_chart,
)
from engine.clock import SecretTokens
from engine.domain.errors import InvalidValueError
from engine.domain.ids import DecisionId, IntentId
from engine.domain.market import Symbol, Timeframe
from engine.domain.views import Press

DECISION = DecisionId("d" + "0123456789abcdef0123")
ORDER = IntentId("o" + "0123456789abcdef0123")
JOB = "r" + "0123456789abcdef0123"
TOKEN = "abc-DEF_0123456x"
LONGEST = Symbol("A" * 32, "B" * 32)

EVERY: list[Callback] = [
    *(Answer(TOKEN, press) for press in Press),
    *(Answer(TOKEN, Press.REJECT, reason) for reason in REJECT_REASONS),
    AskWhy(DECISION),
    ShowCard(DECISION),
    ShowDecisionChart(DECISION),
    SwapChart(Timeframe.M15, "BTC/USDT"),
    ClosePosition(ORDER),
    CancelResearch(JOB),
    RepeatResearch(JOB, "backtest"),
    RepeatResearch(JOB, "prove"),
    ConfirmBuy(2**40, 1_800_000_000, Decimal("250.5"), "BTC/USDT"),
]


@pytest.mark.parametrize("callback", EVERY, ids=str)
def test_what_is_written_is_read_again(callback: Callback) -> None:
    data = encode(callback)
    assert len(data.encode()) <= 64
    assert decode(data) == callback


def test_every_kind_of_button_is_told_apart() -> None:
    assert len({encode(callback) for callback in EVERY}) == len(EVERY)


@given(st.text(max_size=80))
def test_nobody_else_writes_a_button_by_chance(data: str) -> None:
    callback = decode(data)
    assert callback is None or encode(callback) == data


@pytest.mark.parametrize(
    "data",
    [
        "",
        "1",
        "1:",
        "a:token",
        "2:a:" + TOKEN,
        "1:a:",
        "1:a:short",
        f"1:a:{TOKEN}:more",
        f"1:z:{TOKEN}",
        f"1:n:{TOKEN}:because",
        "1:w:d0123",
        "1:w:o0123456789abcdef0123",
        "1:x:d0123456789abcdef0123",
        "1:t:7h:BTC/USDT",
        "1:t:1h:btc/usdt",
        "1:t:1h:BTC/USDT:x",
        "1:p:1",
        "1:k:r0123",
        "1:g:d0123456789abcdef0123",
        "1:v:r0123456789abcdef0123:backtest",
        "1:b:1:2:0:BTC/USDT",
        "1:b:1:2:1e9:BTC/USDT",
        "1:b:1:2:NaN:BTC/USDT",
        "1:b:1:2:٣:BTC/USDT",
        "1:a:" + "x" * 61,
    ],
)
def test_garbled_and_forged_buttons_mean_nothing(data: str) -> None:
    assert decode(data) is None


def test_the_desks_own_tokens_fit() -> None:
    for _ in range(100):
        answer = Answer(SecretTokens().token(), Press.APPROVE)
        assert decode(encode(answer)) == answer


@pytest.mark.parametrize("symbol", [Symbol("BTC", "USDT"), Symbol("A" * 29, "USDT"), LONGEST])
def test_a_long_symbol_is_named_by_its_fingerprint(symbol: Symbol) -> None:
    swap = swap_chart(symbol, Timeframe.M15)
    buy = confirm_buy(symbol, Decimal("123456789012.12345678"), update_id=2**31, expires_s=2**32)
    for callback in (swap, buy):
        read = decode(encode(callback))
        assert read == callback
        assert matches(callback.market, symbol)
        assert not matches(callback.market, Symbol("ETH", "USDT"))


def test_what_does_not_fit_is_refused_when_written() -> None:
    with pytest.raises(InvalidValueError, match="at most 64 bytes"):
        encode(SwapChart(Timeframe.H1, str(LONGEST)))
