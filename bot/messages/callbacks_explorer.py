"""The buttons that lead around on the market, each with where it leads and where it came from.

A button is a *view* (list, card, chart, why, costs), its *place*, and the *list* behind it, so that
the way back needs no memory: not of the process, not of the chat.

    place  BTC/USDT            a market, now
           BTC/USDT@hsrk2d     its bar of 1h ("d") that closed in that minute, counted in base 36
           #0123456789ab@…     a market whose name is too long, by its fingerprint
    list   -00.                first page, no filter; timeframe, filters, page, "." and what was
           e71.BTC             searched for; empty where no list is behind
    look   d5f                 a chart's timeframe ("s": the sheet of several) and its overlays

All of them fit into 64 bytes, whatever the symbol is called.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntFlag
from typing import Final

from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.explorer import LONGEST_SEARCH, Direction, Order, Place, Wish
from engine.domain.ids import digest
from engine.domain.market import Symbol, Timeframe

_FRAMES: Final = dict(zip("abcdef", Timeframe, strict=True))
_FRAME_LETTERS: Final = {frame: letter for letter, frame in _FRAMES.items()}
_ALL_FRAMES, _SHEET = "-", "s"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_MARKET_ROOM = 22
_FINGERPRINT = 12
_MARKET = re.compile(r"[A-Z0-9$._-]{1,20}/[A-Z0-9$._-]{1,20}|#[0-9a-f]{12}")
_PLACE = re.compile(r"([^@]+)(?:@([1-9a-z][0-9a-z]{0,5})([a-f]))?")
_LIST = re.compile(r"([-a-f])([0-9a-z])(0|[1-9a-z][0-9a-z]?)\.([A-Z0-9$._/-]{0,16})")
_LOOK = re.compile(r"([a-fs])([0-9a-f]{2})")
_AMOUNT = re.compile(r"[1-9][0-9]{0,5}")
_NOT_SEARCHABLE = re.compile(r"[^A-Z0-9$._/-]")
_DIRECTIONS: Final = tuple(Direction)
_ORDERS: Final = tuple(Order)
_MOST_PAGES = 36**2


class Overlay(IntFlag):
    """What a chart shows beside the candles."""

    BANDS = 1
    AVERAGES = 2
    VOLUME = 4
    RSI = 8
    MACD = 16
    STOCH = 32
    CONE = 64


USUAL: Final = (
    Overlay.BANDS | Overlay.AVERAGES | Overlay.VOLUME | Overlay.RSI | Overlay.MACD | Overlay.CONE
)


@dataclass(frozen=True, slots=True)
class Ref:
    """A place as a button holds it: the market by name or fingerprint, the moment in minutes."""

    market: str
    minute: int | None = None
    timeframe: Timeframe | None = None

    @classmethod
    def of(cls, place: Place) -> "Ref":
        """The reference of a place; a timeframe without a moment is a chart's matter."""
        market = market_code(place.symbol)
        if place.at is None or place.timeframe is None:
            return cls(market)
        return cls(market, (place.at - _EPOCH) // _MINUTE, place.timeframe)

    def place(self, symbols: Sequence[Symbol]) -> Place | None:
        """The place among these markets; ``None`` for one that is not watched any more."""
        symbol = next((one for one in symbols if market_code(one) == self.market), None)
        if symbol is None:
            return None
        at = None if self.minute is None else _EPOCH + self.minute * _MINUTE
        return Place(symbol=symbol, timeframe=self.timeframe, at=at)


@dataclass(frozen=True, slots=True)
class Look:
    """How a chart is drawn; without a timeframe it is the sheet of several."""

    timeframe: Timeframe | None
    overlays: Overlay = USUAL

    @property
    def code(self) -> str:
        """As a button and a stored message hold it."""
        letter = _FRAME_LETTERS[self.timeframe] if self.timeframe else _SHEET
        return f"{letter}{int(self.overlays):02x}"

    @classmethod
    def read(cls, code: str) -> "Look | None":
        """What ``code`` wrote, ``None`` for anything else."""
        found = _LOOK.fullmatch(code)
        if found is None or int(found[2], 16) > sum(Overlay):
            return None
        return cls(_FRAMES.get(found[1]), Overlay(int(found[2], 16)))

    def toggled(self, overlay: Overlay) -> "Look":
        """The same chart with one overlay switched."""
        return replace(self, overlays=self.overlays ^ overlay)


@dataclass(frozen=True, slots=True)
class OpenList(AreaCallback):
    """Show a page of the list in the same message."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class OpenCard(AreaCallback):
    """Show the card of a place in the same message."""

    ref: Ref
    behind: Wish | None = None


@dataclass(frozen=True, slots=True)
class OpenWhy(AreaCallback):
    """Explain a place in the same message."""

    ref: Ref
    behind: Wish | None = None


@dataclass(frozen=True, slots=True)
class OpenChart(AreaCallback):
    """Show the chart of a place in the same message."""

    ref: Ref
    look: Look
    behind: Wish | None = None


@dataclass(frozen=True, slots=True)
class OpenCosts(AreaCallback):
    """Tell the costs of a whole amount of quote currency, below a million."""

    ref: Ref
    amount_quote: int
    behind: Wish | None = None


def market_code(symbol: Symbol) -> str:
    """A symbol's name, or a fingerprint of one that would leave no room."""
    name = str(symbol)
    return name if len(name) <= _MARKET_ROOM else f"#{digest(name)[:_FINGERPRINT]}"


def searchable(text: str) -> str:
    """What of a text can be searched for: the characters of symbols, the first sixteen."""
    return _NOT_SEARCHABLE.sub("", text.strip().upper())[:LONGEST_SEARCH]


def write_wish(wish: Wish | None) -> str:
    """A list in at most 21 characters, empty for none."""
    if wish is None:
        return ""
    frame = _FRAME_LETTERS[wish.timeframe] if wish.timeframe else _ALL_FRAMES
    filters = _DIRECTIONS.index(wish.direction) * len(_ORDERS) + _ORDERS.index(wish.order)
    page = _base36(min(wish.page, _MOST_PAGES - 1))
    return f"{frame}{_DIGITS[2 * filters + wish.proven_only]}{page}.{searchable(wish.search)}"


def read_wish(text: str) -> Wish | None:
    """What ``write_wish`` wrote; ``None`` for anything else."""
    found = _LIST.fullmatch(text)
    if found is None:
        return None
    filters, is_proven = divmod(_DIGITS.index(found[2]), 2)
    direction, order = divmod(filters, len(_ORDERS))
    if direction >= len(_DIRECTIONS):
        return None
    return Wish(
        timeframe=_FRAMES.get(found[1]),
        direction=_DIRECTIONS[direction],
        order=_ORDERS[order],
        proven_only=bool(is_proven),
        page=int(found[3], 36),
        search=found[4],
    )


def _write_ref(ref: Ref) -> str:
    if ref.minute is None or ref.timeframe is None:
        return ref.market
    return f"{ref.market}@{_base36(ref.minute)}{_FRAME_LETTERS[ref.timeframe]}"


def _read_ref(text: str) -> Ref | None:
    found = _PLACE.fullmatch(text)
    if found is None or not _MARKET.fullmatch(found[1]) or len(found[1]) > _MARKET_ROOM:
        return None
    if found[2] is None:
        return Ref(found[1])
    return Ref(found[1], int(found[2], 36), _FRAMES[found[3]])


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if number == 0:
            return digits


def _behind(text: str) -> tuple[bool, Wish | None]:
    """Whether the part can be read, and the list it names."""
    wish = read_wish(text)
    return wish is not None or not text, wish


def _read_place[C](
    make: Callable[[Ref, Wish | None], C],
) -> Callable[[Sequence[str]], C | None]:
    def read(parts: Sequence[str]) -> C | None:
        match parts:
            case [place, behind]:
                ref, (is_known, wish) = _read_ref(place), _behind(behind)
                return make(ref, wish) if ref is not None and is_known else None
        return None

    return read


def _read_list(parts: Sequence[str]) -> OpenList | None:
    wish = read_wish(parts[0]) if len(parts) == 1 else None
    return None if wish is None else OpenList(wish)


def _read_chart(parts: Sequence[str]) -> OpenChart | None:
    match parts:
        case [place, code, behind]:
            ref, look, (is_known, wish) = _read_ref(place), Look.read(code), _behind(behind)
            if ref is not None and look is not None and is_known:
                return OpenChart(ref, look, wish)
    return None


def _read_costs(parts: Sequence[str]) -> OpenCosts | None:
    match parts:
        case [place, amount, behind] if _AMOUNT.fullmatch(amount):
            ref, (is_known, wish) = _read_ref(place), _behind(behind)
            if ref is not None and is_known:
                return OpenCosts(ref, int(amount), wish)
    return None


KINDS = (
    Kind(code="xl", made_of=OpenList, write=lambda c: (write_wish(c.wish),), read=_read_list),
    Kind(
        code="xc",
        made_of=OpenCard,
        write=lambda c: (_write_ref(c.ref), write_wish(c.behind)),
        read=_read_place(OpenCard),
    ),
    Kind(
        code="xw",
        made_of=OpenWhy,
        write=lambda c: (_write_ref(c.ref), write_wish(c.behind)),
        read=_read_place(OpenWhy),
    ),
    Kind(
        code="xg",
        made_of=OpenChart,
        write=lambda c: (_write_ref(c.ref), c.look.code, write_wish(c.behind)),
        read=_read_chart,
    ),
    Kind(
        code="xs",
        made_of=OpenCosts,
        write=lambda c: (_write_ref(c.ref), str(c.amount_quote), write_wish(c.behind)),
        read=_read_costs,
    ),
)
