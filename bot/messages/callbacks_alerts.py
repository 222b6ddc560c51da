"""The buttons of alerts and watched markets.

``1:al:u:n0123…:4:l0`` moves a line up, made for the alert's fourth edition and pressed on page 0 of
the list; ``s0`` is the alert's own message, ``f3`` that of its third firing. ``1:aq:7:2`` is a
page, ``1:ao:1h:BTC/USDT`` offers lines, ``1:av:>:70000:BTC/USDT`` sets one, ``1:ab:u:1h:BTC/USDT``
one at a band, ``1:wm:1:BTC/USDT`` watches.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.alert_measures import Measured, Relation, plain
from engine.domain.ids import digest
from engine.domain.market import Symbol, Timeframe

_BANDS = {"u": Measured.BB_UPPER, "l": Measured.BB_LOWER}
_BAND_LETTERS = {band: letter for letter, band in _BANDS.items()}
_ALERT = re.compile(r"n[0-9a-f]{20}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}")
_USER = re.compile(r"0|[1-9][0-9]{0,18}")
_PLACE = re.compile(r"([slf])(0|[1-9][0-9]{0,5})")
_LINE = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,11}[1-9])?")
_MARKET = re.compile(r"[A-Z0-9$._-]{1,20}/[A-Z0-9$._-]{1,20}|#[0-9a-f]{12}")
_MARKET_ROOM = 24


class Verb(StrEnum):
    """What is done with an alert."""

    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"
    UP = "up"
    DOWN = "down"


_VERBS = dict(zip("prduw", Verb, strict=True))
_LETTERS = {verb: letter for letter, verb in _VERBS.items()}


class Shown(StrEnum):
    """Which message a button stands under: the list, the alert's own, that of a firing."""

    LIST = "l"
    SINGLE = "s"
    FIRING = "f"


@dataclass(frozen=True, slots=True)
class ChangeAlert(AreaCallback):
    """Pause, resume, delete, or move the line of an alert as it was at this edition.

    ``shown`` is the message that is told anew; ``number`` its page, or the firing's number.
    """

    verb: Verb
    alert_id: str
    edition: int
    shown: Shown
    number: int = 0


@dataclass(frozen=True, slots=True)
class ListAlerts(AreaCallback):
    """A page of a person's alerts."""

    user_id: int
    page: int


@dataclass(frozen=True, slots=True)
class OfferLevels(AreaCallback):
    """Offer lines of a market; ``market`` is a ``market_code``."""

    timeframe: Timeframe
    market: str


@dataclass(frozen=True, slots=True)
class SetLevel(AreaCallback):
    """Set an alert on a price."""

    relation: Relation
    line: Decimal
    market: str


@dataclass(frozen=True, slots=True)
class SetBand(AreaCallback):
    """Set an alert on a close beyond a Bollinger band."""

    band: Measured
    timeframe: Timeframe
    market: str


@dataclass(frozen=True, slots=True)
class WatchMarket(AreaCallback):
    """Watch a market, or stop."""

    on: bool
    market: str


def market_code(symbol: Symbol) -> str:
    """A market as a button holds it: its name, or the fingerprint of one that is too long."""
    name = str(symbol)
    return name if len(name) <= _MARKET_ROOM else f"#{digest(name)[:12]}"


def find_market(code: str, symbols: Sequence[Symbol]) -> Symbol | None:
    """The market of a button; ``None`` for one that is not watched any more."""
    return next((symbol for symbol in symbols if market_code(symbol) == code), None)


def set_level(symbol: Symbol, relation: Relation, line: Decimal) -> SetLevel | None:
    """The button of a line; ``None`` for one with too many digits."""
    if not _LINE.fullmatch(plain(line)) or not line:
        return None
    return SetLevel(relation, Decimal(plain(line)), market_code(symbol))


def _read_change(parts: Sequence[str]) -> ChangeAlert | None:
    match parts:
        case [letter, number, edition, place] if letter in _VERBS:
            found = _PLACE.fullmatch(place)
            if _ALERT.fullmatch(number) and _NUMBER.fullmatch(edition) and found:
                shown, page = Shown(found[1]), int(found[2])
                return ChangeAlert(_VERBS[letter], number, int(edition), shown, page)
    return None


def _read_list(parts: Sequence[str]) -> ListAlerts | None:
    match parts:
        case [user_id, page] if _USER.fullmatch(user_id) and _NUMBER.fullmatch(page):
            return ListAlerts(int(user_id), int(page))
    return None


def _read_offer(parts: Sequence[str]) -> OfferLevels | None:
    match parts:
        case [frame, market] if frame in set(Timeframe) and _MARKET.fullmatch(market):
            return OfferLevels(Timeframe(frame), market)
    return None


def _read_level(parts: Sequence[str]) -> SetLevel | None:
    match parts:
        case [relation, line, market] if relation in set(Relation) and _LINE.fullmatch(line):
            if Decimal(line) and _MARKET.fullmatch(market):
                return SetLevel(Relation(relation), Decimal(line), market)
    return None


def _read_band(parts: Sequence[str]) -> SetBand | None:
    match parts:
        case [letter, frame, market] if letter in _BANDS and frame in set(Timeframe):
            if _MARKET.fullmatch(market):
                return SetBand(_BANDS[letter], Timeframe(frame), market)
    return None


def _read_watch(parts: Sequence[str]) -> WatchMarket | None:
    match parts:
        case [("0" | "1") as on, market] if _MARKET.fullmatch(market):
            return WatchMarket(on == "1", market)
    return None


KINDS: tuple[Kind[Any], ...] = (
    Kind(
        code="al",
        made_of=ChangeAlert,
        write=lambda c: (_LETTERS[c.verb], c.alert_id, str(c.edition), f"{c.shown}{c.number}"),
        read=_read_change,
    ),
    Kind(
        code="aq",
        made_of=ListAlerts,
        write=lambda c: (str(c.user_id), str(c.page)),
        read=_read_list,
    ),
    Kind(
        code="ao",
        made_of=OfferLevels,
        write=lambda c: (c.timeframe, c.market),
        read=_read_offer,
    ),
    Kind(
        code="av",
        made_of=SetLevel,
        write=lambda c: (c.relation, plain(c.line), c.market),
        read=_read_level,
    ),
    Kind(
        code="ab",
        made_of=SetBand,
        write=lambda c: (_BAND_LETTERS[c.band], c.timeframe, c.market),
        read=_read_band,
    ),
    Kind(
        code="wm",
        made_of=WatchMarket,
        write=lambda c: ("1" if c.on else "0", c.market),
        read=_read_watch,
    ),
)
