"""What a renderer is given, and what it gives back.

payload (ids and numbers) → renderer reads today's truth from the desk → ``Rendered``: HTML, buttons
and the view of a picture that is drawn later, elsewhere. A renderer runs on the desk's thread, so
it must be quick and never draw.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.channel import Button, Keyboard
from bot.charts.qr import QrPicture
from bot.charts.views import CardPicture, ChartPicture, PortfolioPicture
from bot.charts.views_backtest import BacktestPicture
from bot.charts.views_explorer import BoardPicture, FramesPicture, WhyPicture
from bot.charts.views_proof import ProofPicture
from bot.charts.views_records import TradePicture, VetoPicture
from bot.messages.callbacks import Callback, encode
from bot.messages.markup import Html
from bot.messages.words import Words
from bot.policy import ChatOptions
from engine.desk.front import DeskFront
from engine.domain.desk import Json, Person, Role
from engine.domain.ids import IntentId, TradeId
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import Trade
from engine.ports import Units

type Picture = (
    CardPicture
    | ChartPicture
    | PortfolioPicture
    | TradePicture
    | VetoPicture
    | BacktestPicture
    | ProofPicture
    | QrPicture
    | BoardPicture
    | WhyPicture
    | FramesPicture
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A message before it is sent; the view of its picture is drawn later.

    ``covered`` are the ids of the rows that a list found room for; ``None`` is all of them.
    """

    text: Html
    keyboard: Keyboard = ()
    picture: Picture | None = None
    picture_name: str = "picture"
    document: bytes | None = field(default=None, repr=False)
    document_name: str = ""
    covered: frozenset[str] | None = None


class Facts(Protocol):
    """What renderers look up beside the desk's own answers."""

    def order(self, order_id: str) -> tuple[Order, tuple[Fill, ...]] | None:
        """An order and its fills."""
        ...

    def trade(self, trade_id: str) -> Trade | None:
        """A closed trade."""
        ...


class StoredFacts:
    """``Facts`` from the database and the desk."""

    def __init__(self, desk: DeskFront, units: Units) -> None:
        self._desk = desk
        self._units = units

    def order(self, order_id: str) -> tuple[Order, tuple[Fill, ...]] | None:
        """An order and its fills."""
        number = IntentId(order_id)
        with self._units(read_only=True) as unit:
            order = unit.orders.get(number)
            return None if order is None else (order, tuple(unit.orders.fills(number)))

    def trade(self, trade_id: str) -> Trade | None:
        """A closed trade."""
        with self._units(read_only=True) as unit:
            return unit.records.trade(TradeId(trade_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message to be told to one chat. ``reader`` is ``None`` in a group.

    ``wants_picture`` is false for an edit that keeps the picture there is. ``shown_at`` is the time
    of a message that a newer one is about to replace: it is told for the last time, without
    buttons, and speaks of what it was about.
    """

    desk: DeskFront
    facts: Facts
    words: Words
    options: ChatOptions
    payload: Mapping[str, Json] = field(default_factory=dict)
    reader: Person | None = None
    wants_picture: bool = True
    shown_at: datetime | None = None

    @property
    def may_decide(self) -> bool:
        """Whether the buttons of questions make sense here."""
        return self.reader is None or self.reader.role is not Role.VIEWER

    def text(self, key: str) -> str:
        """A payload value as text, "" if there is none."""
        value = self.payload.get(key)
        return "" if value is None else str(value)

    def number(self, key: str) -> int:
        """A payload value as a whole number, 0 if there is none."""
        value = self.payload.get(key)
        return value if isinstance(value, int) else 0


type Renderer = Callable[[Telling], Rendered | None]
"""``None``: there is nothing to tell any more, because the subject is gone."""


def button(label: str, callback: Callback) -> Button:
    """A button that says ``callback`` when pressed."""
    return Button(text=label, data=encode(callback))


def lines(*parts: str) -> Html:
    """Lines under each other; empty ones are left out."""
    return Html("\n".join(part for part in parts if part))
