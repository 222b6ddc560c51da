"""A venue that hangs holds nobody for longer than they can wait."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine.domain.errors import VenueAnswerError, VenueUnavailableError
from engine.domain.market import MarketRules, OrderBook, Quote, Symbol
from engine.market.bounded import BoundedMarket
from engine.market.known_rules import presumed

BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
TEN = Decimal(10)


class SlowMarket:
    """Answers when it is let; counts who has asked."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []

    def quote(self, symbol: Symbol) -> Quote | None:
        self.asked.append(str(symbol))
        self.may_answer.wait()
        return Quote(symbol=symbol, at=NOW, bid=TEN, ask=TEN, last=TEN)

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        raise VenueAnswerError("slow", f"no book of {symbol}")

    def rules(self, symbol: Symbol) -> MarketRules:
        return presumed(symbol)


@pytest.fixture
def slow() -> Iterator[SlowMarket]:
    market = SlowMarket()
    yield market
    market.may_answer.set()


@pytest.fixture
def prompt(slow: SlowMarket) -> Iterator[BoundedMarket]:
    market = BoundedMarket(slow, venue="slow", patience_s=0.05)
    yield market
    market.close()


def test_answers_and_errors_of_a_venue_that_is_there_are_its_own(slow: SlowMarket) -> None:
    market = BoundedMarket(slow, venue="slow", patience_s=30)
    slow.may_answer.set()
    quote = market.quote(BTC)
    assert quote is not None
    assert quote.last == TEN
    with pytest.raises(VenueAnswerError, match="no book of BTC/USDT"):
        market.order_book(BTC)
    assert market.rules(BTC) == presumed(BTC)
    market.close()


def test_one_wait_is_all_that_a_venue_that_hangs_costs(
    slow: SlowMarket, prompt: BoundedMarket
) -> None:
    with pytest.raises(VenueUnavailableError, match=r"slow: has not answered in 0\.05 s"):
        prompt.quote(BTC)
    for symbol in (BTC, ETH, ETH):
        with pytest.raises(VenueUnavailableError, match="quote of BTC/USDT"):
            prompt.quote(symbol)
    assert slow.asked == ["BTC/USDT"]


def test_prices_come_again_when_the_overdue_answer_has_come(
    slow: SlowMarket, prompt: BoundedMarket
) -> None:
    with pytest.raises(VenueUnavailableError):
        prompt.quote(BTC)
    slow.may_answer.set()
    quote = None
    while quote is None:
        try:
            quote = prompt.quote(ETH)
        except VenueUnavailableError:
            continue
    assert quote.symbol == ETH


def test_the_same_question_of_two_callers_is_asked_once(slow: SlowMarket) -> None:
    market = BoundedMarket(slow, venue="slow", patience_s=30)
    heard: list[Quote | None] = []
    callers = [threading.Thread(target=lambda: heard.append(market.quote(BTC))) for _ in range(2)]
    for caller in callers:
        caller.start()
    while not slow.asked:
        pass
    slow.may_answer.set()
    for caller in callers:
        caller.join()
    assert len(heard) == 2
    assert len(slow.asked) <= 2  # the second caller may have come after the answer
    market.close()
