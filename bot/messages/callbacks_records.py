"""The buttons of the records: curves, positions and their stops, trades, exports, evidence.

``1:pc:week`` draws a period, ``1:sm:ORDER`` shows where a stop may go, ``1:ms:ORDER:64000.5`` moves
it there, ``1:td:TRADE`` shows a trade, ``1:tp:2`` a page, ``1:po`` the positions, ``1:ex:trades``
sends a table, ``1:au:ID`` evidence, ``1:aj:ID`` all of it as a document. A stop's button carries
the order that opened the position and the price it shows, so that it can move no other stop, and
to no other place.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.ids import IntentId, TradeId
from engine.domain.records import ExportWhat, Period

_ORDER = re.compile(r"o[0-9a-f]{20}")
_TRADE = re.compile(r"t[0-9a-f]{20}")
_ANY = re.compile(r"[adot][0-9a-f]{20}")
_PRICE = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
_PAGE = re.compile(r"0|[1-9][0-9]{0,6}")


def is_record_id(text: str) -> bool:
    """Whether this reads like the id of a trade, decision, order or approval."""
    return _ANY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ShowCurve(AreaCallback):
    """Draw the equity of another period in the same message."""

    period: Period


@dataclass(frozen=True, slots=True)
class ShowStops(AreaCallback):
    """Where the stop of the position that this order opened may go."""

    entry_order_id: IntentId


@dataclass(frozen=True, slots=True)
class MoveStop(AreaCallback):
    """Move the stop of the position that this order opened to exactly this price."""

    entry_order_id: IntentId
    price: Decimal


@dataclass(frozen=True, slots=True)
class ShowPositions(AreaCallback):
    """The open positions in the same message."""


@dataclass(frozen=True, slots=True)
class ShowTrades(AreaCallback):
    """A page of closed trades in the same message."""

    page: int


@dataclass(frozen=True, slots=True)
class ShowTrade(AreaCallback):
    """One closed trade."""

    trade_id: TradeId


@dataclass(frozen=True, slots=True)
class SendExport(AreaCallback):
    """Send a whole table as a document."""

    what: ExportWhat


@dataclass(frozen=True, slots=True)
class ShowEvidence(AreaCallback):
    """Evidence for the trade of this id."""

    subject: str


@dataclass(frozen=True, slots=True)
class SendEvidence(AreaCallback):
    """The same evidence whole, as a document."""

    subject: str


def _order(made: Callable[[IntentId], Any]) -> Callable[[Sequence[str]], Any]:
    def read(parts: Sequence[str]) -> object:
        fits = len(parts) == 1 and _ORDER.fullmatch(parts[0])
        return made(IntentId(parts[0])) if fits else None

    return read


def _read_period(parts: Sequence[str]) -> ShowCurve | None:
    fits = len(parts) == 1 and parts[0] in set(Period)
    return ShowCurve(Period(parts[0])) if fits else None


def _read_stop(parts: Sequence[str]) -> MoveStop | None:
    match parts:
        case [order, price] if _ORDER.fullmatch(order) and _PRICE.fullmatch(price):
            return MoveStop(IntentId(order), Decimal(price)) if Decimal(price) > 0 else None
    return None


def _read_page(parts: Sequence[str]) -> ShowTrades | None:
    fits = len(parts) == 1 and _PAGE.fullmatch(parts[0])
    return ShowTrades(int(parts[0])) if fits else None


def _read_trade(parts: Sequence[str]) -> ShowTrade | None:
    fits = len(parts) == 1 and _TRADE.fullmatch(parts[0])
    return ShowTrade(TradeId(parts[0])) if fits else None


def _read_export(parts: Sequence[str]) -> SendExport | None:
    fits = len(parts) == 1 and parts[0] in set(ExportWhat)
    return SendExport(ExportWhat(parts[0])) if fits else None


def _subject(made: Callable[[str], Any]) -> Callable[[Sequence[str]], Any]:
    def read(parts: Sequence[str]) -> object:
        return made(parts[0]) if len(parts) == 1 and is_record_id(parts[0]) else None

    return read


KINDS: tuple[Kind[Any], ...] = (
    Kind(code="pc", made_of=ShowCurve, write=lambda one: (one.period,), read=_read_period),
    Kind(
        code="sm",
        made_of=ShowStops,
        write=lambda one: (one.entry_order_id,),
        read=_order(ShowStops),
    ),
    Kind(
        code="ms",
        made_of=MoveStop,
        write=lambda one: (one.entry_order_id, f"{one.price:f}"),
        read=_read_stop,
    ),
    Kind(
        code="po",
        made_of=ShowPositions,
        write=lambda _: (),
        read=lambda parts: None if parts else ShowPositions(),
    ),
    Kind(code="tp", made_of=ShowTrades, write=lambda one: (str(one.page),), read=_read_page),
    Kind(code="td", made_of=ShowTrade, write=lambda one: (one.trade_id,), read=_read_trade),
    Kind(code="ex", made_of=SendExport, write=lambda one: (one.what,), read=_read_export),
    Kind(
        code="au",
        made_of=ShowEvidence,
        write=lambda one: (one.subject,),
        read=_subject(ShowEvidence),
    ),
    Kind(
        code="aj",
        made_of=SendEvidence,
        write=lambda one: (one.subject,),
        read=_subject(SendEvidence),
    ),
)
