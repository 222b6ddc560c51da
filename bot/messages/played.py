"""The stored result of a backtest, read one figure at a time; what is missing is a dash."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.messages.markup import Html
from bot.messages.words import Words
from engine.domain.desk import Json


@dataclass(frozen=True, slots=True)
class Played:
    """The document of a finished backtest; an empty one before it is finished."""

    document: Mapping[str, Json]

    @property
    def version(self) -> str:
        """The strategy version that was played."""
        return self.text("strategy_version")

    @property
    def is_simulated(self) -> bool:
        """Whether the candles were made up."""
        return self.document.get("simulated") is True

    def text(self, *path: str) -> str:
        """A value as text, "" if there is none."""
        value = self._at(path)
        return "" if value is None else str(value)

    def number(self, *path: str) -> Decimal | None:
        """A value as a number, ``None`` if it is none."""
        value = self._at(path)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return Decimal(repr(value))

    def percent(self, words: Words, *path: str, signed: bool = False) -> str:
        """A fraction as per cent."""
        number = self.number(*path)
        return "–" if number is None else words.percent(number, signed=signed)

    def ratio(self, words: Words, *path: str) -> str:
        """A figure without a unit."""
        number = self.number(*path)
        return "–" if number is None else words.number(number, 2)

    def count(self, words: Words, *path: str) -> str:
        """A whole number."""
        number = self.number(*path)
        return "–" if number is None else words.number(number, 0)

    def money(self, words: Words, *path: str) -> str:
        """An amount in the account's currency."""
        number = self.number(*path)
        return "–" if number is None else words.money(number, self.text("quote"))

    def costs(self, words: Words) -> str:
        """Fees, slippage and funding together."""
        parts = [self.number("metrics", f"{name}_quote") for name in _COSTS]
        known = [part for part in parts if part is not None]
        return words.money(sum(known, Decimal(0)), self.text("quote")) if known else "–"

    def described(self, words: Words) -> Html:
        """On which candles it was played."""
        symbols = self._at(("symbols",))
        return words(
            "research.played_on",
            markets=len(symbols) if isinstance(symbols, list) else 0,
            timeframe=self.text("timeframe"),
            start=self.text("data", "from")[:10],
            end=self.text("data", "to")[:10],
        )

    def _at(self, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - whatever a stored document holds
        value: Any = self.document
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


_COSTS = ("fees", "slippage", "funding")
