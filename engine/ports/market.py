"""Stores of what the market showed: candles, refused rows, scores, weights."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from engine.domain.desk import QuarantinedCandle, ScoreRow, WeightSet
from engine.domain.market import CandleSeries, Symbol, Timeframe


class CandleStore(Protocol):
    """Clean candles, one row per venue, symbol, timeframe and open time."""

    def add(self, venue: str, symbol: Symbol, timeframe: Timeframe, candles: CandleSeries) -> int:
        """Insert; a row that is there already is replaced. Returns how many were new."""
        ...

    def window(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, *, until: datetime, limit: int
    ) -> CandleSeries:
        """The last ``limit`` bars that have closed at or before ``until``, oldest first."""
        ...

    def between(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> CandleSeries:
        """Bars that open in ``[start, end)``, oldest first."""
        ...

    def venues(self) -> Sequence[str]:
        """Names of the venues that have candles, sorted."""
        ...

    def coverage(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, int, datetime, datetime]]:
        """Symbol, timeframe, count, first and last open time of everything stored."""
        ...

    def spans(self, venue: str) -> Sequence[tuple[Symbol, Timeframe, datetime, datetime]]:
        """``coverage`` without the count, which takes as long as the bars are many."""
        ...

    def mark_empty(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, open_times: Iterable[datetime]
    ) -> None:
        """Remember that the venue was asked and has no such bars."""
        ...

    def empty_marks(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Sequence[datetime]:
        """Remembered empty bars that open in ``[start, end)``."""
        ...


class QuarantineStore(Protocol):
    """Rows the firewall refused."""

    def add(self, rows: Iterable[QuarantinedCandle]) -> None:
        """Keep them; the same row seen again is not kept twice."""
        ...

    def recent(self, limit: int) -> Sequence[QuarantinedCandle]:
        """Newest first."""
        ...


class ScoreStore(Protocol):
    """Signal history: every bar's sides, strengths and score."""

    def add(self, rows: Iterable[ScoreRow]) -> None:
        """Insert; a bar that is there already stays as it is."""
        ...

    def latest(self, venue: str, timeframe: Timeframe) -> Sequence[ScoreRow]:
        """The newest row of every symbol, strongest first."""
        ...

    def history(
        self, venue: str, symbol: Symbol, timeframe: Timeframe, limit: int
    ) -> Sequence[ScoreRow]:
        """The last ``limit`` rows of a symbol, oldest first."""
        ...


class WeightStore(Protocol):
    """Versions of the score's weights."""

    def add(self, weights: WeightSet) -> None:
        """Insert a new version; ``ConflictError`` if the version exists with other weights."""
        ...

    def activate(self, version: str) -> None:
        """Make it the one active version."""
        ...

    def all(self) -> Sequence[WeightSet]:
        """Every version, oldest first."""
        ...
